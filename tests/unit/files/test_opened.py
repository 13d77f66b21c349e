"""File objects: reads from few requests, writes that appear whole or not at all."""

from __future__ import annotations

import gc
import io
import random
import threading
from pathlib import Path

import pytest

from emr_nb.errors import FileError, PathExistsError, PathIsDirectoryError, UsageError
from emr_nb.files.blocks import BLOCK, Blocks
from emr_nb.files.local import LocalFileSystem
from emr_nb.files.opened import open_file
from emr_nb.model import FilePath


@pytest.fixture
def fs() -> LocalFileSystem:
    return LocalFileSystem()


@pytest.fixture
def path(tmp_path: Path) -> FilePath:
    return FilePath("file", "", str(tmp_path / "file"))


def blocks(data: bytes) -> tuple[Blocks, list[tuple[int, int]]]:
    asked: list[tuple[int, int]] = []

    def fetch(start: int, length: int) -> list[bytes]:
        asked.append((start, length))
        return [data[start : start + length]]

    return Blocks(fetch, len(data)), asked


def test_any_range_of_any_order_is_the_files_own():
    chance = random.Random(7)
    data = chance.randbytes(50 * BLOCK + 12345)
    made, _ = blocks(data)
    for _ in range(400):
        start = chance.randrange(len(data) + 10)
        length = chance.choice([0, 1, 8, 5000, BLOCK, 3 * BLOCK, 40 * BLOCK])
        assert made.read(start, length) == data[start : start + length]
    assert len(made._kept) <= 40


def test_reading_on_takes_few_requests():
    data = bytes(64 * BLOCK)
    made, asked = blocks(data)
    for start in range(0, len(data), 10_000):
        made.read(start, 10_000)
    assert sum(length for _, length in asked) == len(data)  # nothing twice
    assert len(asked) <= 12


def test_a_footer_and_its_columns_take_few_requests():
    data = bytes(20 * BLOCK)
    made, asked = blocks(data)
    made.read(len(data) - 8, 8)
    made.read(len(data) - 20_000, 20_000)
    for start in range(0, 2 * BLOCK, 4096):
        made.read(start, 4096)
    assert len(asked) <= 4


def test_threads_share_what_is_read():
    data = random.Random(1).randbytes(8 * BLOCK)
    made, asked = blocks(data)
    wrong = []

    def work(seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(200):
            start = chance.randrange(len(data))
            if made.read(start, 1000) != data[start : start + 1000]:
                wrong.append(start)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(asked) <= 8


def test_text_and_bytes(fs, path):
    with open_file(fs, path, "w") as file:
        file.write("é\n" * 100_000)
    with open_file(fs, path) as file:
        assert file.read(3) == "é\n".encode()
        assert file.seek(-2, io.SEEK_END) == 299_998
        assert file.read() == "é\n".encode()[1:]
        assert file.tell() == 300_000
        assert file.read() == b""
    with open_file(fs, path, "r") as file:
        assert sum(line == "é\n" for line in file) == 100_000


def test_modes(fs, path, tmp_path):
    with open_file(fs, path, "xb") as file:
        file.write(b"1")
    for mode, overwrite in (("w", False), ("x", True), ("wb", False)):
        with pytest.raises(PathExistsError), open_file(fs, path, mode, overwrite=overwrite) as file:
            file.write("2" if "b" not in mode else b"2")
    with open_file(fs, path, "w", overwrite=True) as file:
        file.write("3")
    assert (tmp_path / "file").read_text() == "3"
    for mode in ("a", "r+", "rw", ""):
        with pytest.raises(UsageError, match="Mode"):
            open_file(fs, path, mode)
    with pytest.raises(PathIsDirectoryError):
        open_file(fs, FilePath("file", "", str(tmp_path)))


@pytest.mark.parametrize("mode", ["w", "wb"])
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
@pytest.mark.parametrize("size", [10, 12_000_000])
def test_an_error_inside_with_leaves_nothing(fs, path, tmp_path, mode, error, size):
    piece = "x" * size if mode == "w" else b"x" * size

    def write() -> None:
        with open_file(fs, path, mode) as file:
            file.write(piece)
            raise error

    with pytest.raises(error):
        write()
    assert list(tmp_path.iterdir()) == []
    assert not [t for t in threading.enumerate() if t.name == "emr_nb-write"]


def test_a_binary_file_that_is_never_closed_leaves_nothing(fs, path, tmp_path):
    file = open_file(fs, path, "wb")
    file.write(b"x" * 3_000_000)
    del file
    gc.collect()
    assert list(tmp_path.iterdir()) == []


def test_what_the_store_refuses_is_raised_where_it_is_written(fs, tmp_path):
    nowhere = FilePath("file", "", str(tmp_path / "no" / "where"))
    with pytest.raises(FileNotFoundError), open_file(fs, nowhere, "wb") as file:
        file.writelines([b"x" * 1_000_000] * 100)


def test_a_file_that_shrinks_under_a_reader_is_told(fs, path, tmp_path):
    (tmp_path / "file").write_bytes(b"x" * (3 * BLOCK))
    file = open_file(fs, path)
    file.read(10)
    (tmp_path / "file").write_bytes(b"x" * (2 * BLOCK))
    file.seek(2 * BLOCK + 10)
    with pytest.raises(FileError, match="ends earlier"):
        file.read(10)
