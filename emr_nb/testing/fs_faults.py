"""Hostile names, paths of the wrong kind, several writers, interrupts: the contract of faults."""

from __future__ import annotations

import random
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

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
from emr_nb.model import FilePath
from emr_nb.testing.fs_helpers import at_once, content, every_entry, names

LONG_NAMES = ("x" * 255, "é" * 127, "😀" * 63, "%" * 255, "+" * 200 + "?" * 55)
HOSTILE_NAMES = (
    *("...", "${HOME}", "$(id)", "`id`", "'; drop table t; --", "{a,b}", "a*b", "*", "[a]"),
    *("a\\..\\..\\b", "\u200fx", "<script>alert(1)</script>".replace("/", "_"), "\ufeffx", "a\rb"),
)
_LETTERS = (
    "abcXYZ0189 .-_~!@#$%^&*()+={}[]|\\;\"'<>,?`éßñ漢字ひ한😀🏳️\u0301\u202e\u200d\u00a0\t\x01\x7f"
)
_WRONG_KIND = (PathNotFoundError, PathNotDirectoryError, PathIsDirectoryError, PathExistsError)


def random_names(seed: int, number: int, without: str = "") -> list[str]:
    """Return different names of odd letters, the same for a seed; none is `.` or `..`."""
    chance = random.Random(seed)  # noqa: S311 -- names, no secrets
    letters = [c for c in _LETTERS if c not in without]
    made: dict[str, None] = {}
    while len(made) < number:
        name = "".join(chance.choices(letters, k=chance.randint(1, 40)))
        if name.strip(".") and name not in made:
            made[name] = None
    return list(made)


class HostileContract:
    """Names come back letter by letter, whatever they spell elsewhere."""

    refused_names: frozenset[str] = frozenset()
    refused_letters = ""  # that no name of this store can have

    def refuses(self, name: str) -> bool:
        """Tell whether the store cannot have a name; one that it refuses stands for its kind."""
        ends = "trailing " in self.refused_names and name[-1:] <= " "  # as Java's trim cuts
        return ends or name in self.refused_names or any(c in name for c in self.refused_letters)

    @pytest.mark.parametrize("name", [*HOSTILE_NAMES, *LONG_NAMES])
    def test_hostile_names(self, fs: FileSystem, root: FilePath, name: str) -> None:
        path = root.child(name)
        if self.refuses(name):
            with pytest.raises((FileError, UsageError)):
                fs.write(path, [b"x"])
            return
        fs.write(path, [name.encode()])
        assert [entry.path for entry in every_entry(fs, root)] == [path]
        assert content(fs, path) == name.encode()
        fs.rm(path)
        assert names(fs, root) == set()

    @pytest.mark.parametrize("seed", [1, 2, 3])
    def test_random_names_round_trip(self, fs: FileSystem, root: FilePath, seed: int) -> None:
        found_names = random_names(seed, 24, self.refused_letters)
        wanted = [name for name in found_names if not self.refuses(name)]

        def work(number: int) -> None:
            for name in wanted[number::8]:
                fs.write(root.child(name), [name.encode()])

        at_once(work)
        found = {entry.name: entry for entry in every_entry(fs, root)}
        assert sorted(found) == sorted(wanted)
        for name, entry in found.items():
            assert content(fs, entry.path) == name.encode()
            assert fs.info(entry.path).path == entry.path


class MixUpContract:
    """A file where a folder is meant, and the other way, is told as what it is."""

    files_hold_names = False  # True: `file/below` is a name like any other, as in S3

    def test_below_a_file(self, fs: FileSystem, root: FilePath) -> None:
        file = root.child("file")
        fs.write(file, [b"kept"])
        for act in (lambda: fs.info(file.child("x")), lambda: content(fs, file.child("x"))):
            with pytest.raises(_WRONG_KIND):
                act()
        if not self.files_hold_names:
            with pytest.raises(_WRONG_KIND):
                fs.write(file.child("x"), [b"x"])
            with pytest.raises(_WRONG_KIND):
                fs.mkdir(file.child("x"))
        assert content(fs, file) == b"kept"

    def test_a_folder_is_no_file(self, fs: FileSystem, root: FilePath) -> None:
        folder = root.child("dir")
        fs.mkdir(folder)
        fs.write(folder.child("in"), [b"kept"])
        with pytest.raises(PathIsDirectoryError):
            content(fs, folder, 0, 1)
        with pytest.raises((PathExistsError, PathIsDirectoryError)):
            fs.write(folder, [b"x"])
        with pytest.raises(_WRONG_KIND):
            fs.mv(root.child("dir").child("in"), root.child("dir"))
        assert content(fs, folder.child("in")) == b"kept"


class RaceContract:
    """Who reads or writes at the same time sees one whole file or the other."""

    def test_two_who_overwrite_leave_one_whole_file(self, fs: FileSystem, root: FilePath) -> None:
        path = root.child("race")
        fs.write(path, [b"old"])
        wrong: list[EmrError] = []

        def work(number: int) -> None:
            try:
                fs.write(path, [bytes([65 + number]) * 400_000] * 3, overwrite=True)
            except EmrError as error:  # being told to wait is no damage
                wrong.append(error)

        at_once(work, 2)
        assert len(wrong) < 2
        found = content(fs, path)
        assert len(found) == 1_200_000
        assert len(set(found)) == 1
        assert names(fs, root) == {"race"}

    def test_a_reader_beside_a_writer_sees_no_half(self, fs: FileSystem, root: FilePath) -> None:
        path = root.child("file")
        fs.write(path, [b"a" * 100_000])
        started, go_on = threading.Event(), threading.Event()

        def chunks() -> Iterator[bytes]:
            yield b"b" * 100_000
            started.set()
            assert go_on.wait(60)
            yield b"b" * 100_000

        writer = threading.Thread(target=lambda: fs.write(path, chunks(), overwrite=True))
        writer.start()
        try:
            assert started.wait(60)
            assert content(fs, path) == b"a" * 100_000
            assert fs.info(path).size == 100_000
        finally:
            go_on.set()
            writer.join()
        assert content(fs, path) == b"b" * 200_000


class InterruptContract:
    """An interrupt leaves a name as it was, or with the whole file; the store goes on."""

    delays = (0.0, 0.002, 0.01, 0.03, 0.1, 0.3)  # seconds after which it comes

    @pytest.mark.parametrize("at", [0, 1, 3])
    def test_between_chunks(self, fs: FileSystem, root: FilePath, at: int) -> None:
        """Before the first byte, in the middle, and behind the last one."""

        def chunks() -> Iterator[bytes]:
            for number in range(3):
                if number == at:
                    raise KeyboardInterrupt
                yield b"x" * 300_000
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            fs.write(root.child("file"), chunks())
        assert names(fs, root) == set()

    def test_in_a_read(self, fs: FileSystem, root: FilePath) -> None:
        fs.write(root.child("file"), [b"x" * 3_000_000])
        reader = fs.read(root.child("file"))
        next(iter(reader))
        throw: Callable[[BaseException], object] | None = getattr(reader, "throw", None)
        if throw is not None:
            with pytest.raises(KeyboardInterrupt):
                throw(KeyboardInterrupt())
        assert content(fs, root.child("file"), 0, 3) == b"xxx"

    @pytest.mark.skipif(sys.platform == "win32", reason="needs an alarm")
    def test_at_any_moment_of_a_write(self, fs: FileSystem, root: FilePath) -> None:
        path, new = root.child("file"), [b"n" * 1_000_000] * 4
        for delay in self.delays:
            fs.write(path, [b"old"], overwrite=True)
            with suppress(KeyboardInterrupt), interrupted_after(delay):
                fs.write(path, new, overwrite=True)
            assert content(fs, path) in (b"old", b"n" * 4_000_000)
        fs.write(path, [b"again"], overwrite=True)
        assert content(fs, path) == b"again"

    @pytest.mark.skipif(sys.platform == "win32", reason="needs an alarm")
    def test_at_any_moment_of_a_move(self, fs: FileSystem, root: FilePath) -> None:
        for number, delay in enumerate(self.delays):
            path, target = root.child(f"from{number}"), root.child(f"to{number}")
            fs.write(path, [b"kept"])
            with suppress(KeyboardInterrupt), interrupted_after(delay / 10):
                fs.mv(path, target)
            left = names(fs, root) & {path.name, target.name}
            assert left  # nothing is lost; a store that copies may have both
            assert all(content(fs, root.child(name)) == b"kept" for name in left)


@contextmanager
def interrupted_after(delay: float) -> Iterator[None]:
    """Raise KeyboardInterrupt in the main thread after some seconds, as a kernel does."""

    def handler(_: int, __: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, max(delay, 1e-6))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
