"""What a preview is: frozen dataclasses, exact types, and notes on all that was left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from emr_nb.model import FilePath

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Options:
    """What may be asked of a preview.

    `rows` first rows are wanted; `delimiter` (one character) and `header` are for delimited
    text, None lets them be found; `budget` is the most bytes to read of one file.
    """

    rows: int = 20
    delimiter: str | None = None
    header: bool | None = None
    budget: int = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ColumnStats:
    """What a footer tells of one column in one row group or stripe; None where it does not.

    `name` is dotted for nested columns; `least` and `greatest` are values of the column's type,
    without `exact` bounds of them, which the writer cut short.
    """

    name: str
    nulls: int | None = None
    least: Any = None
    greatest: Any = None
    distinct: int | None = None
    compressed: int | None = None
    uncompressed: int | None = None
    codec: str = ""
    encodings: tuple[str, ...] = ()
    exact: bool = True


@dataclass(frozen=True, slots=True)
class Group:
    """A row group, stripe, block or record batch, in a folder a file; bytes as they are stored.

    `name` is a file's, below the folder.
    """

    number: int
    rows: int | None
    offset: int
    bytes: int
    uncompressed: int | None = None
    columns: tuple[ColumnStats, ...] = ()
    name: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One state of a table of Iceberg, Delta or Hudi; `id` as its format spells it."""

    id: str
    when: datetime | None = None
    operation: str = ""
    current: bool = False
    summary: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Difference:
    """How the schema of one part differs from that of the first.

    `kind` is `type`, `missing` (the part has no such column), `extra` (the first part has
    none), or `format`; `expected` and `found` are types or formats as texts.
    """

    part: str
    column: str
    kind: str
    expected: str = ""
    found: str = ""

    def __str__(self) -> str:
        if self.kind == "missing":
            return f"{self.part}: has no column {self.column!r} ({self.expected})"
        if self.kind == "extra":
            return f"{self.part}: has a column {self.column!r} ({self.found}) of its own"
        what = f"column {self.column!r}" if self.kind == "type" else "the file"
        return f"{self.part}: {what} is {self.found}, not {self.expected}"


@dataclass(frozen=True, slots=True)
class Image:
    """A picture: its size in pixels, and its bytes where they are few enough to be shown."""

    mime: str
    width: int
    height: int
    data: bytes | None = None


@dataclass(frozen=True)
class Preview:
    """What a file or a folder of parts holds, without having been read.

    `schema` is Arrow's; `rows` the first rows, without the columns that a note names as not
    read; `total_rows` None where nothing tells it without reading all; `read` counts the
    bytes that came from the store; `unit` says what `groups` are.
    """

    path: FilePath
    format: str
    schema: pa.Schema
    rows: pa.Table
    size: int = 0
    read: int = 0
    total_rows: int | None = None
    compression: str = ""
    unit: str = ""
    groups: tuple[Group, ...] = ()
    files: int = 1
    partitions: tuple[str, ...] = ()
    snapshots: tuple[Snapshot, ...] = ()
    differences: tuple[Difference, ...] = ()
    notes: tuple[str, ...] = ()
    image: Image | None = None

    @property
    def whole(self) -> bool:
        """Whether `rows` are all there are."""
        return self.total_rows is not None and self.total_rows <= self.rows.num_rows
