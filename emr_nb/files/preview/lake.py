"""What Iceberg, Delta and Hudi have in common: a schema, snapshots, and the current files."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from emr_nb.errors import FileFormatError, PathNotFoundError
from emr_nb.files.base import FileSystem
from emr_nb.files.preview import opening
from emr_nb.files.preview.damage import damaged
from emr_nb.files.preview.folder import joined
from emr_nb.files.preview.model import Group, Options, Preview, Snapshot
from emr_nb.files.preview.source import Source
from emr_nb.model import FilePath

if TYPE_CHECKING:
    import pyarrow as pa

_MOST = 32 * 1024 * 1024  # bytes of one file of metadata
_FILES = 1000  # that are listed
_TRIED = 8  # data files whose rows are asked for
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class DataFile:
    """One file of the current snapshot; `constants` are its partition's values by column."""

    path: FilePath
    size: int
    rows: int | None = None
    constants: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Lake:
    """A table as its format's metadata tell it; `ids` and `stored` find columns in files.

    `ids` has each column's field id, `stored` the name that files have for it.
    """

    format: str
    schema: pa.Schema
    files: Sequence[DataFile]
    snapshots: Sequence[Snapshot]
    total_rows: int | None = None
    total_files: int | None = None
    total_bytes: int | None = None
    partitions: Sequence[str] = ()
    notes: Sequence[str] = ()
    ids: Mapping[str, int] = field(default_factory=dict)
    stored: Mapping[str, str] = field(default_factory=dict)


class Reading:
    """Reads the small files of one table, and counts their bytes."""

    def __init__(self, fs: FileSystem, root: FilePath, format_: str) -> None:
        self.fs, self.root, self.format = fs, root, format_
        self.count = 0

    def source(self, path: FilePath, size: int | None = None) -> Source:
        """Return a file of metadata; raises FileFormatError where it is missing."""
        try:
            length = self.fs.info(path).size if size is None else size
        except PathNotFoundError as error:
            raise damaged(
                self.root, f"{self.format} table", f"{path} is missing, which its metadata name"
            ) from error
        return Source(self.fs, path, length, _MOST)

    def whole(self, path: FilePath) -> bytes:
        """Return a whole file of metadata."""
        source = self.source(path)
        if source.size > _MOST:
            raise damaged(path, f"file of {self.format}", f"it has {source.size:,} bytes")
        data = source.read(0, source.size)
        self.count += source.count
        return data

    def json(self, path: FilePath) -> dict[str, Any]:
        """Return a file of metadata that is one JSON object."""
        return self.parsed(self.whole(path), path)

    def parsed(self, data: bytes, path: FilePath) -> dict[str, Any]:
        try:
            found = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise damaged(path, f"file of {self.format}", f"it is no JSON ({error})") from error
        if not isinstance(found, dict):
            raise damaged(path, f"file of {self.format}", "it is no JSON object")
        return found


def located(text: str, root: FilePath, location: str = "") -> FilePath | None:
    """Return where a path of the metadata is now; None on another store.

    A table may have been moved or copied: what lay below its old location lies below `root`.
    """
    location = location.rstrip("/")
    if location and text.startswith(f"{location}/"):
        return below(root, text[len(location) + 1 :])
    if "://" not in text and not text.startswith(("/", "file:/")):
        return below(root, text)
    try:
        path = FilePath.parse(text, root.scheme)
    except ValueError:
        return None
    if path.scheme != root.scheme or (path.scheme == "s3" and path.authority != root.authority):
        return None
    if path.scheme == "hdfs" and path.authority != root.authority:
        return FilePath("hdfs", root.authority, path.key)  # a NameNode has several names
    return path


def below(root: FilePath, name: str) -> FilePath:
    """Return the path of something some levels below a folder."""
    found = root
    for part in name.split("/"):
        if part:
            found = found.child(part)
    return found


def moment(milliseconds: Any) -> datetime | None:
    """Return the time of so many milliseconds after 1970."""
    if not isinstance(milliseconds, int):
        return None
    try:
        return _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return None


def unescaped(path: str) -> str:
    """Return a path that a URL was made of."""
    return unquote(path)


def shown(reading: Reading, lake: Lake, options: Options) -> Preview:
    """Make the preview of a table."""
    rows, count, notes = _rows(reading, lake, options)
    groups = tuple(
        Group(n, f.rows, 0, f.size, name=_name(f.path, reading.root))
        for n, f in enumerate(lake.files[:_FILES])
    )
    many = lake.total_files if lake.total_files is not None else len(lake.files)
    if len(groups) < many:
        notes.append(f"{len(groups):,} of its {many:,} files are listed.")
    return Preview(
        reading.root,
        lake.format,
        lake.schema,
        rows,
        size=lake.total_bytes if lake.total_bytes is not None else sum(f.size for f in lake.files),
        read=reading.count + count,
        total_rows=lake.total_rows,
        unit="file",
        groups=groups,
        files=many,
        partitions=tuple(lake.partitions),
        snapshots=tuple(lake.snapshots),
        notes=(*lake.notes, *notes),
    )


def _name(path: FilePath, root: FilePath) -> str:
    whole, base = str(path), str(root).rstrip("/") + "/"
    return whole[len(base) :] if whole.startswith(base) else whole


def _rows(reading: Reading, lake: Lake, options: Options) -> tuple[pa.Table, int, list[str]]:
    tables: list[pa.Table] = []
    left, count = options.rows, 0
    notes: list[str] = []
    for file in lake.files[:_TRIED]:
        if left <= 0:
            break
        try:
            size = file.size or reading.fs.info(file.path).size
            source = Source(reading.fs, file.path, size, options.budget)
            body = opening.read(source, options)
        except (FileFormatError, PathNotFoundError) as error:
            notes.append(f"{_name(file.path, reading.root)} cannot be read: {error.what}")
            continue
        count += source.count
        notes += [n for n in body.notes if n not in notes]
        table, said = _as_table(body.rows.slice(0, left), lake, file)
        notes += [n for n in said if n not in notes]
        tables.append(table)
        left -= table.num_rows
    if tables and any(t.schema != tables[0].schema for t in tables):
        same = [t for t in tables if t.schema == tables[0].schema]
        notes.append("The first rows are those of files that have one schema.")
        tables = same
    return joined(tables, lake.schema), count, notes


def _as_table(rows: pa.Table, lake: Lake, file: DataFile) -> tuple[pa.Table, list[str]]:
    """Return a file's rows with the table's columns: renamed ones, and those that it lacks."""
    import pyarrow as pa

    by_id = {
        int(f.metadata[b"PARQUET:field_id"]): n
        for n, f in enumerate(rows.schema)
        if f.metadata and f.metadata.get(b"PARQUET:field_id", b"").isdigit()
    }
    by_name = {name: n for n, name in enumerate(rows.column_names)}
    columns, fields, notes = [], [], []
    for one in lake.schema:
        at = by_id.get(lake.ids.get(one.name, -1)) if by_id and lake.ids else None
        if at is None and not (by_id and one.name in lake.ids):
            at = by_name.get(lake.stored.get(one.name, one.name))
        type_ = one.type
        if at is None and one.name in file.constants:
            column, said = _constant(file.constants[one.name], one, rows.num_rows)
            notes += said
        elif at is None:
            column = pa.nulls(rows.num_rows, one.type)
        else:
            column, said = _cast(rows.column(at), one)
            notes += said
            type_ = column.type
        columns.append(column)
        fields.append(pa.field(one.name, type_))
    return pa.Table.from_arrays(columns, schema=pa.schema(fields)), notes


def _cast(column: pa.ChunkedArray, to: pa.Field) -> tuple[pa.ChunkedArray, list[str]]:
    import pyarrow as pa

    if column.type == to.type:
        return column, []
    try:
        return column.cast(to.type), []
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError, ValueError):
        return column, [f"Column {to.name!r} shows as its files have it: {column.type}."]


def _constant(value: Any, to: pa.Field, rows: int) -> tuple[Any, list[str]]:
    """Return a column of one value, from the text that a format may have for it."""
    import pyarrow as pa

    try:
        plain = pa.array([value] * rows, pa.string() if isinstance(value, str) else to.type)
        return plain.cast(to.type), []
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError, TypeError, ValueError):
        told = str(value)[:80]
        note = f"Column {to.name!r} is null here: its partition's value {told!r} is no {to.type}."
        return pa.nulls(rows, to.type), [note]
