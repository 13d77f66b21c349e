"""Parquet: the footer whole, and the first rows by ranged reads of what they need.

The first rows are cut out of the file into a tiny one of the same schema (`parquet_pages`),
and pyarrow reads that.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from emr_nb.files.preview.body import Body
from emr_nb.files.preview.compact import (
    BINARY,
    I32,
    I64,
    LIST,
    STRUCT,
    Compact,
    CutError,
    Raw,
    encoded,
)
from emr_nb.files.preview.damage import BudgetSpentError, DamageError, first_line
from emr_nb.files.preview.model import ColumnStats, Group, Options
from emr_nb.files.preview.parquet_pages import Chunk, ColumnCutter, Cut
from emr_nb.files.preview.source import SMALL, Source

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

MAGIC = b"PAR1"
ENCRYPTED = b"PARE"
_MOST_STATS = 20_000  # column chunks whose statistics are looked at
_MOST_GROUPS = 16  # row groups that the first rows come from
_TYPES = ("BOOLEAN", "INT32", "INT64", "INT96", "FLOAT", "DOUBLE", "BYTE_ARRAY",
          "FIXED_LEN_BYTE_ARRAY")  # fmt: skip


def read(source: Source, options: Options) -> Body:
    """Return what the footer tells and the first rows; raises DamageError on a broken file."""
    footer = _footer(source)
    meta = _metadata(footer)
    schema = meta.schema.to_arrow_schema()
    groups, notes = _groups(meta)
    rows, more = _Rows(source, footer, meta, schema).first(options.rows)
    codecs = sorted({c.codec for g in groups for c in g.columns if c.codec})
    return Body(
        "Parquet",
        schema,
        rows,
        total_rows=meta.num_rows,
        compression=", ".join(c.lower() for c in codecs if c != "UNCOMPRESSED"),
        unit="row group",
        groups=groups,
        notes=(*notes, *more),
    )


def schema_of(source: Source) -> tuple[pa.Schema, int | None]:
    """Return the schema and the number of rows, reading the footer alone."""
    meta = _metadata(_footer(source))
    return meta.schema.to_arrow_schema(), meta.num_rows


def _footer(source: Source) -> bytes:
    """Return the footer's bytes, by one read where it is small."""
    end = source.tail(SMALL)
    if end[-4:] == ENCRYPTED:
        raise DamageError("its footer is encrypted, and its keys are not here")
    if len(end) < 12 or end[-4:] != MAGIC:
        raise DamageError("it does not end with PAR1, so its footer is missing")
    (length,) = struct.unpack("<I", end[-8:-4])
    if not 0 < length <= source.size - 12:
        raise DamageError(
            f"its footer should have {length:,} bytes, and the file has {source.size:,}"
        )
    if length + 8 <= len(end):
        return end[-8 - length : -8]
    return source.read(source.size - 8 - length, length + 8)[:-8]


def _metadata(footer: bytes) -> pq.FileMetaData:
    import pyarrow as pa
    import pyarrow.parquet as pq

    alone = MAGIC + footer + struct.pack("<I", len(footer)) + MAGIC
    # each element of a list takes a byte at least: absurd counts are refused before memory is
    limit = max(1, len(footer))
    opened = pq.ParquetFile(
        pa.BufferReader(alone),
        thrift_string_size_limit=limit,
        thrift_container_size_limit=limit,
    )
    meta = opened.metadata
    if meta.num_rows < 0:
        raise DamageError(f"its footer says that it has {meta.num_rows:,} rows")
    return meta


def _groups(meta: pq.FileMetaData) -> tuple[tuple[Group, ...], tuple[str, ...]]:
    """Return the row groups, the first of them with the statistics of their columns."""
    groups, notes = [], []
    for number in range(meta.num_row_groups):
        group = meta.row_group(number)
        told = (number + 1) * meta.num_columns <= _MOST_STATS
        chunks = [group.column(at) for at in range(group.num_columns)] if told else []
        stored = sum(c.total_compressed_size for c in chunks)
        groups.append(
            Group(
                number,
                group.num_rows,
                _start(chunks[0]) if chunks else 0,
                stored,
                group.total_byte_size,
                tuple(map(_stats, chunks)),
            )
        )
    if groups and not groups[-1].columns and meta.num_columns:
        known = sum(1 for g in groups if g.columns)
        notes.append(
            f"Statistics and stored bytes are those of the first {known:,} of "
            f"{len(groups):,} row groups."
        )
    total = sum(g.rows or 0 for g in groups)
    if total != meta.num_rows:
        notes.append(f"The footer says {meta.num_rows:,} rows, its row groups have {total:,}.")
    return tuple(groups), tuple(notes)


def _stats(chunk: Any) -> ColumnStats:
    told = chunk.statistics if chunk.is_stats_set else None
    least = greatest = None
    if told is not None and told.has_min_max:
        try:
            least, greatest = told.min, told.max
        except Exception:  # noqa: BLE001 -- pyarrow raises various on values that are no date or text
            told_bytes = (told.min_raw, told.max_raw)
            least, greatest = (repr(v) for v in told_bytes)
    return ColumnStats(
        chunk.path_in_schema,
        told.null_count if told is not None and told.has_null_count else None,
        least,
        greatest,
        told.distinct_count if told is not None and told.has_distinct_count else None,
        chunk.total_compressed_size,
        chunk.total_uncompressed_size,
        chunk.compression,
        tuple(map(str, chunk.encodings)),
    )


def _start(chunk: Any) -> int:
    first = chunk.data_page_offset
    if chunk.dictionary_page_offset and 0 < chunk.dictionary_page_offset < first:
        first = chunk.dictionary_page_offset
    return int(first)


class _Rows:
    """The first rows of one file."""

    def __init__(
        self, source: Source, footer: bytes, meta: pq.FileMetaData, schema: pa.Schema
    ) -> None:
        self._source, self._meta, self._schema = source, meta, schema
        self._footer = footer
        self._failed: dict[str, str] = {}

    def first(self, wanted: int) -> tuple[pa.Table, list[str]]:
        """Return the rows, and notes on columns that are not among them."""
        chosen: list[tuple[int, int]] = []
        left = wanted
        for number in range(self._meta.num_row_groups):
            rows = self._meta.row_group(number).num_rows
            if left <= 0 or len(chosen) >= _MOST_GROUPS:
                break
            if rows > 0:
                chosen.append((number, min(rows, left)))
                left -= rows
        if not chosen:
            return self._schema.empty_table(), []
        names = self._meta.schema.to_arrow_schema().names
        carved = self._carved(chosen)
        good = [n for n in names if n not in self._failed]
        notes = [f"Column {n!r} is not among the first rows: {why}."
                 for n, why in self._failed.items()]  # fmt: skip
        return _decoded(carved, self._schema, good, sum(n for _, n in chosen)), notes

    def _carved(self, chosen: Sequence[tuple[int, int]]) -> bytes:
        """Return a small Parquet file of the chosen (row group, rows)."""
        out = bytearray(MAGIC)
        groups: list[Any] = []
        for number, rows in chosen:
            chunks = self._chunks(number)
            self._source.step = max(4 * 1024, min(16 * 1024, 2**20 // max(1, len(chunks))))
            self._source.prefetch([(c.start, min(c.length, self._source.step)) for c in chunks])
            columns = []
            for chunk in chunks:
                made = self._cut(chunk, rows)
                columns.append(_column(chunk, made, len(out)))
                out += made.pages
            groups.append(
                {
                    1: (LIST, (STRUCT, columns)),
                    2: (I64, len(out)),
                    3: (I64, rows),
                }
            )
        footer = self._new_footer(groups, sum(rows for _, rows in chosen))
        return bytes(out) + footer + struct.pack("<I", len(footer)) + MAGIC

    def _cut(self, chunk: Chunk, rows: int) -> Cut:
        top = chunk.name.split(".")[0]
        try:
            if top in self._failed:
                return Cut(b"", 0, 0)
            return ColumnCutter(self._source, chunk, rows).cut()
        except (DamageError, BudgetSpentError) as error:
            self._failed[top] = str(error)
        except Exception as error:  # noqa: BLE001 -- a codec raises what it likes
            self._failed[top] = first_line(error)
        return Cut(b"", 0, 0)

    def _chunks(self, number: int) -> list[Chunk]:
        group, schema = self._meta.row_group(number), self._meta.schema
        found = []
        for at in range(group.num_columns):
            chunk, told = group.column(at), schema.column(at)
            start, length = _start(chunk), chunk.total_compressed_size
            if start < 4 or length < 0 or start + length > self._source.size:
                raise DamageError(
                    f"column {told.path!r} should lie at bytes {start:,} to {start + length:,}, "
                    f"and the file has {self._source.size:,}"
                )
            found.append(
                Chunk(
                    *(told.path, start, length, chunk.compression, told.physical_type),
                    *(told.length or 0, told.max_definition_level, told.max_repetition_level),
                )
            )
        return found

    def _new_footer(self, groups: list[Any], rows: int) -> bytes:
        reader = Compact(self._footer)
        try:
            version = reader.struct(last=2).get(1, 1)
        except CutError as error:
            raise DamageError("its footer ends in the middle of the schema") from error
        begin, end = reader.spans[2]
        fields: dict[int, tuple[int, Any]] = {
            1: (I32, version),
            2: (LIST, Raw(self._footer[begin:end])),
            3: (I64, rows),
            4: (LIST, (STRUCT, groups)),
        }
        pairs = [
            {1: (BINARY, key), 2: (BINARY, value)}
            for key, value in (self._meta.metadata or {}).items()
            if key == b"ARROW:schema"
        ]
        if pairs:
            fields[5] = (LIST, (STRUCT, pairs))
        return encoded(fields)


def _column(chunk: Chunk, made: Cut, start: int) -> dict[int, tuple[int, Any]]:
    """Return the footer's words on one column of the small file."""
    size = len(made.pages)
    meta: dict[int, tuple[int, Any]] = {
        1: (I32, _TYPES.index(chunk.physical)),
        2: (LIST, (I32, [0, 3, 8])),
        3: (LIST, (BINARY, [part.encode() for part in chunk.name.split(".")])),
        4: (I32, 0),
        5: (I64, made.values),
        6: (I64, size),
        7: (I64, size),
        9: (I64, start + made.dictionary),
    }
    if made.dictionary:
        meta[11] = (I64, start)
    return {2: (I64, start), 3: (STRUCT, meta)}


def _decoded(carved: bytes, schema: pa.Schema, names: list[str], rows: int) -> pa.Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    opened = pq.ParquetFile(pa.BufferReader(carved), pre_buffer=False)
    if not names:
        return schema.empty_table().select([])
    table = opened.read(columns=names, use_threads=False) if len(names) < len(schema) else (
        opened.read(use_threads=False)
    )  # fmt: skip
    if table.num_rows != rows:
        raise DamageError(f"its first {rows:,} rows are {table.num_rows:,}")
    table.validate(full=True)
    return table
