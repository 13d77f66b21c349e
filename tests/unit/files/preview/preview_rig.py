"""Files with every type, how a test looks at them, and a store that counts what is read."""

import datetime as dt
import decimal
import random
import tarfile
from pathlib import Path

import pyarrow as pa
import pytest

from emr_nb.errors import FileFormatError, ReplyLostError
from emr_nb.files.local import LocalFileSystem
from emr_nb.files.preview import Options, Preview, preview
from emr_nb.model import FilePath

RECORDED = Path(__file__).parent / "recorded"


def look(path: Path, rows: int = 20, fs=None, **options) -> Preview:
    """Preview a local path."""
    where = FilePath("file", "", str(path))
    return preview(fs or LocalFileSystem(), where, Options(rows=rows, **options))


def refused(path: Path, **options) -> str:
    """Return the words of the refusal, which names the path."""
    with pytest.raises(FileFormatError) as caught:
        look(path, **options)
    assert str(path) in str(caught.value)
    return str(caught.value)


def unpacked(name: str, into: Path) -> Path:
    """Unpack a recorded table."""
    with tarfile.open(RECORDED / f"{name}.tar.xz") as pack:
        pack.extractall(into)
    return into / name


class CountingStore(LocalFileSystem):
    """The local disk, which counts the bytes and the requests."""

    def __init__(self) -> None:
        super().__init__()
        self.bytes = self.requests = 0

    def read(self, path, start=0, length=None):
        self.requests += 1
        for piece in super().read(path, start, length):
            self.bytes += len(piece)
            yield piece


class FailingStore(LocalFileSystem):
    """The local disk, whose reads fail from the n-th on."""

    def __init__(self, good: int) -> None:
        self.good = good

    def read(self, path, start=0, length=None):
        self.good -= 1
        if self.good < 0:
            raise ReplyLostError("the line was cut", where=str(path))
        return super().read(path, start, length)


def every_type(rows: int, *, seed: int = 1) -> pa.Table:
    """Return a table with nulls in nearly every column."""
    chance = random.Random(seed)
    moment = dt.datetime.fromisoformat("2020-01-01")

    def some(values, type_=None):
        return pa.array([None if chance.random() < 0.2 else v for v in values], type_)

    number = range(rows)
    return pa.table(
        {
            "i8": some([i % 100 for i in number], pa.int8()),
            "u32": some(number, pa.uint32()),
            "i64": some(number, pa.int64()),
            "f": some([i / 7 for i in number], pa.float32()),
            "d": pa.array([chance.random() for _ in number], pa.float64()),
            "b": some([i % 3 == 0 for i in number], pa.bool_()),
            "s": some([f"näme {i % 50}" for i in number], pa.string()),
            "unique": pa.array([f"{chance.random()}" for _ in number], pa.string()),
            "bin": some([bytes([i % 256]) * (i % 20) for i in number], pa.binary()),
            "fixed": pa.array([i.to_bytes(5) for i in number], pa.binary(5)),
            "dec": some([decimal.Decimal(i) / 100 for i in number], pa.decimal128(20, 2)),
            "day": some([dt.date(2020, 1, 1) + dt.timedelta(i % 900) for i in number], pa.date32()),
            "ts": some(
                [moment + dt.timedelta(seconds=i) for i in number],
                pa.timestamp("us", "Europe/Berlin"),
            ),
            "list": some([list(range(i % 5)) for i in number], pa.list_(pa.int64())),
            "lists": some(
                [[[j] * j for j in range(i % 4)] for i in number], pa.list_(pa.list_(pa.int64()))
            ),
            "struct": some(
                [{"a": i, "b": None if i % 3 else f"x{i}"} for i in number],
                pa.struct({"a": pa.int64(), "b": pa.string()}),
            ),
            "map": some(
                [[(f"k{j}", j) for j in range(i % 3)] for i in number],
                pa.map_(pa.string(), pa.int64()),
            ),
            "structs": some(
                [[{"x": j, "y": [j]} for j in range(i % 3)] for i in number],
                pa.list_(pa.struct({"x": pa.int64(), "y": pa.list_(pa.int64())})),
            ),
            "nothing": pa.nulls(rows),
        }
    )


def agrees(found: Preview, table: pa.Table, rows: int = 20) -> None:
    """Assert that the first rows and the schema are those of the table."""
    assert found.schema.names == table.schema.names
    assert found.schema.types == table.schema.types
    assert found.rows.schema.types == table.schema.types, found.notes
    assert found.rows.to_pylist() == table.slice(0, rows).to_pylist()
