"""Writes, changes and copies: the contract of what a file system keeps."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from emr_nb.errors import (
    EmrError,
    FileError,
    PathExistsError,
    PathIsDirectoryError,
    PathNotDirectoryError,
    PathNotFoundError,
    UsageError,
)
from emr_nb.files.base import FileSystem
from emr_nb.files.copy import copy_file
from emr_nb.model import FilePath
from emr_nb.testing.fs_helpers import at_once, content, names


class WriteContract:
    """A name holds the whole file or what it held before."""

    makes_parents = True  # False: a file's folder must exist

    def test_overwrite_is_refused_unless_asked(self, fs: FileSystem, root: FilePath) -> None:
        path = root.child("once")
        fs.write(path, [b"first"])
        with pytest.raises(PathExistsError):
            fs.write(path, [b"second"])
        assert content(fs, path) == b"first"
        fs.write(path, [b"third"], overwrite=True)
        assert content(fs, path) == b"third"
        assert names(fs, root) == {"once"}

    @pytest.mark.parametrize("error", [KeyboardInterrupt, FileError, ZeroDivisionError])
    @pytest.mark.parametrize("sent", [1000, 20_000_000])
    @pytest.mark.parametrize("old", [None, b"old"])
    def test_an_interrupted_write_leaves_nothing(
        self,
        fs: FileSystem,
        root: FilePath,
        error: type[BaseException],
        sent: int,
        old: bytes | None,
    ) -> None:
        path = root.child("broken")
        if old is not None:
            fs.write(path, [old])

        def chunks() -> Iterator[bytes]:
            for _ in range(max(1, sent // 1_000_000)):
                yield b"x" * min(sent, 1_000_000)
            raise error("on purpose")

        with pytest.raises(error, match="on purpose"):
            fs.write(path, chunks(), overwrite=True)
        assert names(fs, root) == (set() if old is None else {"broken"})
        if old is not None:
            assert content(fs, path) == old

    def test_a_directory_is_not_overwritten(self, fs: FileSystem, root: FilePath) -> None:
        fs.mkdir(root.child("dir"))
        fs.write(root.child("dir").child("file"), [b"kept"])
        for overwrite in (False, True):
            with pytest.raises(PathIsDirectoryError):
                fs.write(root.child("dir"), [b"x"], overwrite=overwrite)
        assert content(fs, root.child("dir").child("file")) == b"kept"

    def test_parents(self, fs: FileSystem, root: FilePath) -> None:
        path = root.child("new").child("folder").child("file")
        if self.makes_parents:
            assert fs.write(path, [b"x"]).size == 1
            assert fs.info(root.child("new")).is_directory
        else:
            with pytest.raises(PathNotFoundError):
                fs.write(path, [b"x"])

    def test_one_of_eight_writers_wins(self, fs: FileSystem, root: FilePath) -> None:
        path = root.child("race")
        won: list[int] = []

        def work(number: int) -> None:
            try:
                fs.write(path, [bytes([65 + number]) * 50_000])
            except PathExistsError:
                return
            won.append(number)

        at_once(work)
        assert len(won) == 1
        assert content(fs, path) == bytes([65 + won[0]]) * 50_000
        assert names(fs, root) == {"race"}


class ChangeContract:
    """Making, moving and removing; nothing is replaced or removed unasked."""

    def test_mkdir_makes_parents_and_is_quiet(self, fs: FileSystem, root: FilePath) -> None:
        deep = root.child("a").child("b").child("c")
        fs.mkdir(deep)
        fs.mkdir(deep)
        assert fs.info(deep).is_directory
        assert names(fs, root) == {"a"}

    def test_mkdir_on_a_file(self, fs: FileSystem, root: FilePath) -> None:
        fs.write(root.child("file"), [b"x"])
        with pytest.raises(PathNotDirectoryError):
            fs.mkdir(root.child("file"))

    def test_mv_refuses_a_target(self, fs: FileSystem, root: FilePath) -> None:
        fs.write(root.child("a"), [b"a"])
        fs.write(root.child("b"), [b"b"])
        fs.mkdir(root.child("dir"))
        for target in ("b", "dir"):
            with pytest.raises(PathExistsError):
                fs.mv(root.child("a"), root.child(target))
        assert names(fs, root) == {"a", "b", "dir"}
        assert content(fs, root.child("b")) == b"b"

    def test_mv_of_a_directory(self, fs: FileSystem, root: FilePath) -> None:
        fs.write(self.folder(fs, root, "old").child("sub file"), [b"1"])
        fs.mv(root.child("old"), root.child("new"))
        assert names(fs, root) == {"new"}
        assert content(fs, root.child("new").child("sub file")) == b"1"

    def test_rm_refuses_a_directory_unless_recursive(self, fs: FileSystem, root: FilePath) -> None:
        folder = self.folder(fs, root, "dir")
        fs.write(folder.child("file"), [b"x"])
        fs.write(self.folder(fs, folder, "sub").child("deep"), [b"x"])
        fs.write(root.child("dir2"), [b"a name that begins like the folder's"])
        with pytest.raises(PathIsDirectoryError):
            fs.rm(folder)
        assert names(fs, folder) == {"file", "sub"}
        fs.rm(folder, recursive=True)
        assert names(fs, root) == {"dir2"}

    def folder(self, fs: FileSystem, parent: FilePath, name: str) -> FilePath:
        """Make a directory and return it."""
        fs.mkdir(parent.child(name))
        return parent.child(name)


class ThreadContract:
    """One object serves eight threads."""

    def test_eight_threads(self, fs: FileSystem, root: FilePath) -> None:
        def work(number: int) -> None:
            folder = root.child(f"t{number}")
            fs.mkdir(folder)
            data = bytes([number]) * 300_000
            for step in range(4):
                path = folder.child(f"f{step}")
                fs.write(path, [data])
                assert content(fs, path) == data
                assert content(fs, path, 10, 20) == data[10:30]
            assert names(fs, folder) == {"f0", "f1", "f2", "f3"}
            fs.rm(folder, recursive=True)

        at_once(work)
        assert names(fs, root) == set()


class CopyContract:
    """Copies stream from and to this store, byte for byte."""

    def test_copy_within(self, fs: FileSystem, root: FilePath) -> None:
        data = bytes(range(256)) * 40_000  # 10 MB: more than one part
        fs.write(root.child("source"), [data])
        seen: list[tuple[int, int | None]] = []
        entry = copy_file(
            *(fs, root.child("source"), fs, root.child("copy")),
            progress=lambda done, total: seen.append((done, total)),
        )
        assert entry.size == len(data)
        assert content(fs, root.child("copy")) == data
        assert seen[0] == (0, len(data))
        assert seen[-1] == (len(data), len(data))

    def test_copy_refuses(self, fs: FileSystem, root: FilePath) -> None:
        fs.mkdir(root.child("dir"))
        fs.write(root.child("a"), [b"a"])
        fs.write(root.child("b"), [b"b"])
        refusals: tuple[tuple[str, str, type[EmrError]], ...] = (
            ("dir", "c", PathIsDirectoryError),
            ("a", "a", UsageError),
            ("a", "b", PathExistsError),
            ("nothing", "c", PathNotFoundError),
        )
        for source, target, error in refusals:
            with pytest.raises(error):
                copy_file(fs, root.child(source), fs, root.child(target))
        assert names(fs, root) == {"dir", "a", "b"}
        assert content(fs, root.child("b")) == b"b"
