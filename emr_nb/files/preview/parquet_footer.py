"""Parquet's footer, read by ourselves: row groups and their column chunks, checked.

pyarrow ends the process on some of the things that a damaged footer can say of a column chunk,
so of the footer it is shown only the schema. Source: apache/parquet-format, parquet.thrift.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from emr_nb.files.preview.compact import LIST, STRUCT, Compact, CutError, Fields
from emr_nb.files.preview.damage import DamageError

CODECS = ("UNCOMPRESSED", "SNAPPY", "GZIP", "LZO", "BROTLI", "LZ4", "ZSTD", "LZ4_RAW")
TYPES = ("BOOLEAN", "INT32", "INT64", "INT96", "FLOAT", "DOUBLE", "BYTE_ARRAY",
         "FIXED_LEN_BYTE_ARRAY")  # fmt: skip
ENCODINGS = ("PLAIN", "1", "PLAIN_DICTIONARY", "RLE", "BIT_PACKED", "DELTA_BINARY_PACKED",
             "DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY", "RLE_DICTIONARY",
             "BYTE_STREAM_SPLIT")  # fmt: skip
MOST_CHUNKS = 4000  # that are looked at
_MOST_GROUPS = 100_000
# fields of FileMetaData
_VERSION, _SCHEMA, _ROWS, _GROUPS = 1, 2, 3, 4


@dataclass(slots=True)
class RowGroup:
    """One row group; `chunks` are ColumnMetaData by field ids."""

    rows: int
    uncompressed: int
    chunks: list[Fields]


@dataclass(slots=True)
class Footer:
    """A footer as far as it was read; `more` row groups were not looked at."""

    version: int = 1
    schema: bytes = b""  # as it is encoded, a list of SchemaElement
    elements: list[Fields] = field(default_factory=list)
    rows: int = 0
    groups: list[RowGroup] = field(default_factory=list)
    more: int = 0

    @property
    def leaves(self) -> int:
        """How many columns have values of their own."""
        return sum(1 for element in self.elements[1:] if not _children(element))

    def tops(self) -> list[int]:
        """Return for each leaf the number of the column that it is of."""
        found: list[int] = []
        at = 1
        for number in range(_children(self.elements[0])):
            waiting = 1  # elements of this column that are still to come
            while waiting and at < len(self.elements):
                children = _children(self.elements[at])
                if not children:
                    found.append(number)
                waiting += children - 1
                at += 1
        return found


def _children(element: Fields) -> int:
    number = element.get(5)
    return number if isinstance(number, int) and number > 0 else 0


def read(data: bytes) -> Footer:
    """Read a footer; raises DamageError."""
    try:
        return _read(Compact(data), data)
    except CutError as error:
        raise DamageError("its footer ends too early") from error


def _read(reader: Compact, data: bytes) -> Footer:
    made = Footer(rows=-1)
    for name, kind in reader.fields():
        begin = reader.at
        if name == _GROUPS and kind == LIST:
            _groups(reader, made)
            if made.more:
                break
            continue
        value = reader.value(kind)
        if name == _VERSION and isinstance(value, int):
            made.version = value
        elif name == _SCHEMA and isinstance(value, list):
            made.schema, made.elements = data[begin : reader.at], value
        elif name == _ROWS and isinstance(value, int):
            made.rows = value
    _check(made)
    return made


def _check(made: Footer) -> None:
    if not made.elements or not all(isinstance(e, dict) for e in made.elements):
        raise DamageError("its footer has no schema")
    if made.rows < 0:
        raise DamageError(f"its footer says that it has {made.rows:,} rows")
    for number, group in enumerate(made.groups):
        if len(group.chunks) != made.leaves:
            raise DamageError(
                f"row group {number} has {len(group.chunks):,} columns, "
                f"and the schema {made.leaves:,}"
            )


def _groups(reader: Compact, made: Footer) -> None:
    kind, size = reader.list_head()
    if kind != STRUCT and size:
        raise DamageError("its footer has row groups that are none")
    chunks = 0
    for number in range(size):
        if chunks > MOST_CHUNKS or number > _MOST_GROUPS:
            made.more = size - number
            return
        made.groups.append(_group(reader.struct(1), number))
        chunks += len(made.groups[-1].chunks)


def _group(told: Fields, number: int) -> RowGroup:
    columns, rows, size = told.get(1), told.get(3), told.get(2, 0)
    if not isinstance(columns, list) or not isinstance(rows, int) or not isinstance(size, int):
        raise DamageError(f"row group {number} lacks columns or a number of rows")
    if rows < 0:
        raise DamageError(f"row group {number} has {rows:,} rows")
    return RowGroup(rows, size, [_chunk(one, number) for one in columns])


def _chunk(told: Any, number: int) -> Fields:
    meta = told.get(3) if isinstance(told, dict) else None
    if isinstance(meta, dict) and all(isinstance(meta.get(n), int) for n in (1, 4, 5, 6, 7, 9)):
        return meta
    if isinstance(told, dict) and 8 in told:
        raise DamageError("columns of it are encrypted, and their keys are not here")
    raise DamageError(f"a column of row group {number} lacks its metadata")


def start_of(chunk: Fields) -> int:
    """Return where a column chunk's first page begins."""
    first = int(chunk[9])
    dictionary = chunk.get(11)
    return dictionary if isinstance(dictionary, int) and 0 < dictionary < first else first


def named(names: tuple[str, ...], number: int) -> str:
    """Return the name of a number of the format's lists."""
    return names[number] if 0 <= number < len(names) else str(number)
