"""The contract that every FileSystem keeps, as mixin classes for pytest.

A test class inherits one or all of the mixins and gives two fixtures: `fs`, the file
system, and `root`, a fresh directory on it. What a store truly cannot do is declared in
class attributes, so that it shows.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from emr_nb.errors import (
    EmrError,
    FileError,
    PathDeniedError,
    PathExistsError,
    PathIsDirectoryError,
    PathNotDirectoryError,
    PathNotFoundError,
    UsageError,
)
from emr_nb.files.base import FileSystem
from emr_nb.files.copy import copy_file
from emr_nb.model import FileEntry, FilePath

ODD_NAMES = (
    *("plain.txt", "with blank", " leading", "trailing ", "a%b", "a%20b", "100%", "a#b", "a?b"),
    *("a+b", "a&b=c", "a;b", "a,b@c$d!e*f(g)", "a'b\"c", "a\\b", "[x]{y}|^`~", "<img onerror>"),
    *(
        "été",
        "e\u0301te\u0301",
        "漢字😀",
        "a\nb",
        "a\tb",
        "\u202etxt.exe",
        "a\u2028b",
        "..x",
        "-rf",
    ),
    *("x" * 200, "_hidden", ".hidden", "CON", "a:b", "%2e%2e", "a=1", "~user"),
)


def every_entry(fs: FileSystem, path: FilePath) -> list[FileEntry]:
    """List all pages of a directory."""
    page = fs.ls(path)
    found = list(page.items)
    while page.after is not None:
        page = fs.ls(path, page.after)
        found += page.items
    return found


def names(fs: FileSystem, path: FilePath) -> set[str]:
    """Return the names of a directory's entries."""
    return {entry.name for entry in every_entry(fs, path)}


def content(fs: FileSystem, path: FilePath, start: int = 0, length: int | None = None) -> bytes:
    """Read a range whole."""
    return b"".join(fs.read(path, start, length))


def at_once(work: Callable[[int], None], threads: int = 8) -> None:
    """Run `work(number)` in several threads and raise the first failure."""
    failures: list[BaseException] = []

    def run(number: int) -> None:
        try:
            work(number)
        except BaseException as error:
            failures.append(error)
            raise

    running = [threading.Thread(target=run, args=(number,)) for number in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    if failures:
        raise failures[0]


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

    def test_more_than_two_pages(self, fs: FileSystem, root: FilePath) -> None:
        wanted = [f"f{number:05d}" for number in range(self.many)]
        self.fill(fs, root, wanted)
        page = fs.ls(root)
        assert 0 < len(page.items) <= 1000
        assert page.after is not None
        assert [entry.name for entry in every_entry(fs, root)] == wanted


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


class FileSystemContract(
    ReadContract, WriteContract, ListContract, ChangeContract, ThreadContract, CopyContract
):
    """All of it."""


class DeniedContract:
    """What we may not do is told apart from what is not there; needs a fixture `denied`."""

    def test_denied(self, fs: FileSystem, denied: FilePath) -> None:
        for act in (
            lambda: every_entry(fs, denied),
            lambda: fs.write(denied.child("x"), [b"x"]),
            lambda: fs.mkdir(denied.child("d")),
        ):
            with pytest.raises(PathDeniedError) as caught:
                act()
            assert isinstance(caught.value, PermissionError)
