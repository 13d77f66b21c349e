"""Bytes and listings: the contract of what a file system tells."""

from __future__ import annotations

from contextlib import suppress

import pytest

from emr_nb.errors import EmrError, FileError, PathIsDirectoryError, PathNotFoundError
from emr_nb.files.abilities import Beginnings
from emr_nb.files.base import FileSystem
from emr_nb.model import FilePath
from emr_nb.testing.fs_helpers import ODD_NAMES, at_once, content, every_entry, names


class ReadContract:
    """Bytes come back exactly, whole and by range."""

    def test_round_trip(self, fs: FileSystem, root: FilePath) -> None:
        path = root.child("data.bin")
        entry = fs.write(path, [b"hello ", b"", b"world"])
        assert (entry.path, entry.kind, entry.size) == (path, "file", 11)
        assert content(fs, path) == b"hello world"
        assert fs.info(path).size == 11
        assert fs.info(path).modified is not None

    def test_zero_bytes(self, fs: FileSystem, root: FilePath) -> None:
        path = root.child("empty")
        assert fs.write(path, []).size == 0
        assert content(fs, path) == b""
        assert content(fs, path, 5, 10) == b""

    def test_ranges(self, fs: FileSystem, root: FilePath) -> None:
        data = bytes(range(256)) * 400
        path = root.child("ranges")
        fs.write(path, [data])
        for start, length in ((0, 1), (0, 0), (5, 10), (102_399, 1), (102_390, 100), (200_000, 5)):
            assert content(fs, path, start, length) == data[start : start + length]
        assert content(fs, path, 100_000) == data[100_000:]

    def test_many_chunks_and_more_than_one_part(self, fs: FileSystem, root: FilePath) -> None:
        piece = bytes(range(251)) * 4001  # about 1 MB, no period that a block size shares
        path = root.child("large")
        assert fs.write(path, (piece for _ in range(20))).size == 20 * len(piece)
        pieces = list(fs.read(path))
        assert b"".join(pieces) == piece * 20
        assert max(map(len, pieces)) <= 8 * 1024 * 1024  # streamed, not collected
        assert content(fs, path, len(piece) * 9 - 3, 6) == piece[-3:] + piece[:3]

    def test_a_reader_may_stop_early(self, fs: FileSystem, root: FilePath) -> None:
        path = root.child("half")
        fs.write(path, [b"x" * 3_000_000])
        reader = fs.read(path)
        assert next(iter(reader))
        del reader
        assert content(fs, path, 0, 3) == b"xxx"

    def test_missing(self, fs: FileSystem, root: FilePath) -> None:
        gone = root.child("no").child("where")
        for act in (
            lambda: content(fs, gone),
            lambda: fs.info(gone),
            lambda: every_entry(fs, gone),
            lambda: fs.rm(gone),
            lambda: fs.rm(gone, recursive=True),
            lambda: fs.mv(gone, root.child("target")),
        ):
            with pytest.raises(PathNotFoundError) as caught:
                act()
            assert isinstance(caught.value, FileNotFoundError)
            assert "where" in str(caught.value)

    def test_a_directory_is_not_read(self, fs: FileSystem, root: FilePath) -> None:
        fs.mkdir(root.child("dir"))
        with pytest.raises(PathIsDirectoryError):
            content(fs, root.child("dir"))


class ListContract:
    """Names are true, pages are complete."""

    refused_names: frozenset[str] = frozenset()  # names that the store cannot have
    many = 2_500  # more than two pages

    def fill(self, fs: FileSystem, folder: FilePath, wanted: list[str]) -> None:
        """Make small files; a store may have a faster way."""

        def work(number: int) -> None:
            for name in wanted[number::8]:
                fs.write(folder.child(name), [b"x"])

        at_once(work)

    @pytest.mark.parametrize("name", ODD_NAMES)
    def test_odd_names(self, fs: FileSystem, root: FilePath, name: str) -> None:
        path = root.child(name)
        if name in self.refused_names:
            with pytest.raises(FileError):
                fs.write(path, [b"x"])
            return
        fs.write(path, [name.encode()])
        assert [entry.path for entry in every_entry(fs, root)] == [path]
        assert fs.info(path).name == name
        assert content(fs, path) == name.encode()
        assert [entry.path for entry in every_entry(fs, path)] == [path]  # a file lists itself
        moved = root.child("moved " + name[:190])
        fs.mv(path, moved)
        assert names(fs, root) == {moved.name}
        fs.rm(moved)
        assert names(fs, root) == set()

    @pytest.mark.parametrize("name", ["with blank", "a%20b", "a+b", "été", "a?b#c"])
    def test_odd_directories(self, fs: FileSystem, root: FilePath, name: str) -> None:
        folder = root.child(name)
        fs.mkdir(folder)
        fs.write(folder.child("inner " + name), [b"x"])
        (entry,) = every_entry(fs, root)
        assert (entry.name, entry.kind) == (name, "directory")
        assert names(fs, entry.path) == {"inner " + name}
        assert names(fs, folder) == {"inner " + name}

    def test_kinds(self, fs: FileSystem, root: FilePath) -> None:
        fs.mkdir(root.child("empty"))
        fs.write(root.child("file"), [b"12345"])
        found = {entry.name: (entry.kind, entry.size) for entry in every_entry(fs, root)}
        assert found == {"empty": ("directory", 0), "file": ("file", 5)}
        assert every_entry(fs, root.child("empty")) == []
        assert fs.info(root).is_directory

    @pytest.mark.parametrize("after", [":", "'Ú¿", "\0", "../x", "\n", "🦆" * 100])
    def test_a_text_that_no_page_gave_as_its_end(
        self, fs: FileSystem, root: FilePath, after: str
    ) -> None:
        """A page that remembers one from yesterday is refused, or gets what comes after it."""
        self.fill(fs, root, ["0", "a", "b"])
        with suppress(EmrError):
            page = fs.ls(root, after)
            assert {entry.name for entry in page.items} <= {"0", "a", "b"}
            assert page.after is None

    def test_more_than_two_pages(self, fs: FileSystem, root: FilePath) -> None:
        wanted = [f"f{number:05d}" for number in range(self.many)]
        self.fill(fs, root, wanted)
        page = fs.ls(root)
        assert 0 < len(page.items) <= 1000
        assert page.after is not None
        assert [entry.name for entry in every_entry(fs, root)] == wanted
        if isinstance(fs, Beginnings):  # without the pages before
            begun = [name for name in wanted if name.startswith("f024")]
            assert [entry.name for entry in fs.beginning(root, "f024").items] == begun
            assert [entry.name for entry in fs.beginning(root, wanted[-1]).items] == wanted[-1:]
            assert fs.beginning(root, "g").items == []
