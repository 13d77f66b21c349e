"""The file-system contract on local disk and on S3."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from emr_nb.errors import DiskFullError, PathIsDirectoryError
from emr_nb.files.local import LocalFileSystem
from emr_nb.model import FilePath
from emr_nb.testing.filesystems import (
    DeniedContract,
    FileSystemContract,
    every_entry,
    names,
)


class TestLocal(FileSystemContract):
    makes_parents = False

    @pytest.fixture
    def fs(self) -> LocalFileSystem:
        return LocalFileSystem()

    @pytest.fixture
    def root(self, tmp_path: Path) -> FilePath:
        return FilePath("file", "", str(tmp_path))

    def test_a_name_that_is_not_utf8_round_trips(self, fs, root):
        Path(root.key, os.fsdecode(b"caf\xe9")).write_bytes(b"x")
        (entry,) = every_entry(fs, root)
        assert b"".join(fs.read(entry.path)) == b"x"
        fs.rm(entry.path)
        assert names(fs, root) == set()

    def test_links_are_removed_and_replaced_not_followed(self, fs, root, tmp_path):
        outside = tmp_path / "outside"
        outside.mkdir()
        (outside / "kept").write_text("kept")
        inner = tmp_path / "inner"
        inner.mkdir()
        (inner / "dirlink").symlink_to(outside)
        (inner / "filelink").symlink_to(outside / "kept")
        fs.write(FilePath("file", "", str(inner / "filelink")), [b"new"], overwrite=True)
        fs.rm(FilePath("file", "", str(inner)), recursive=True)
        assert (outside / "kept").read_text() == "kept"

    def test_a_link_to_nowhere_is_listed(self, fs, root, tmp_path):
        (tmp_path / "dangling").symlink_to("/no/where")
        (entry,) = every_entry(fs, root)
        assert entry.kind == "symlink"

    def test_overwriting_keeps_permissions(self, fs, root, tmp_path):
        path = root.child("secret")
        fs.write(path, [b"1"])
        (tmp_path / "secret").chmod(0o600)
        assert fs.write(path, [b"2"], overwrite=True).permissions == "600"

    def test_a_closing_slash_means_a_directory(self, fs, root):
        fs.mkdir(root.child("dir/"))
        with pytest.raises(PathIsDirectoryError):
            fs.write(root.child("dir/"), [b"x"])

    def test_a_full_disk_leaves_nothing(self, fs, root, tmp_path):
        resource = pytest.importorskip("resource")
        import signal

        def chunks() -> Iterable[bytes]:
            for _ in range(100):
                yield b"x" * 100_000

        # the kernel refuses bytes beyond this size as it does on a full disk
        old = resource.getrlimit(resource.RLIMIT_FSIZE)
        ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, old[1]))
        try:
            with pytest.raises(DiskFullError):
                fs.write(root.child("big"), chunks())
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, old)
            signal.signal(signal.SIGXFSZ, ignored)
        assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may do everything to local files")
class TestLocalDenied(DeniedContract):
    @pytest.fixture
    def fs(self) -> LocalFileSystem:
        return LocalFileSystem()

    @pytest.fixture
    def denied(self, tmp_path: Path) -> Iterator[FilePath]:
        folder = tmp_path / "closed"
        folder.mkdir(mode=0)
        yield FilePath("file", "", str(folder))
        folder.chmod(0o700)
