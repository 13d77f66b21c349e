"""Parquet: the footer whole, and the first rows by ranged reads of what they need.

The first rows are cut out of the file into a tiny one of the same schema (`parquet_pages`),
and pyarrow reads that.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from emr_nb.errors import EmrError
from emr_nb.files.preview import parquet_footer
from emr_nb.files.preview.body import Body, left_out
from emr_nb.files.preview.compact import BINARY, I32, I64, LIST, STRUCT, Raw, encoded
from emr_nb.files.preview.damage import BudgetSpentError, DamageError, first_line
from emr_nb.files.preview.model import Group, Options
from emr_nb.files.preview.parquet_footer import Footer
from emr_nb.files.preview.parquet_pages import Chunk, ColumnCutter, Cut
from emr_nb.files.preview.parquet_stats import stats_of
from emr_nb.files.preview.source import SMALL, Source

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

MAGIC = b"PAR1"
ENCRYPTED = b"PARE"
_MOST_GROUPS = 16  # row groups that the first rows come from


def read(source: Source, options: Options, skipped: tuple[str, ...] = ()) -> Body:
    """Return what the footer tells and the first rows; raises DamageError on a broken file.

    `skipped` are the beginnings of dotted names that are not among the rows.
    """
    data = _footer(source)
    footer = parquet_footer.read(data)
    opened = _opened(data)
    schema = opened.schema_arrow
    groups, notes = _groups(footer, _leaves(opened), schema)
    rows, more = _Rows(source, footer, opened, skipped).first(options.rows)
    codecs = sorted({c.codec for g in groups for c in g.columns})
    return Body(
        "Parquet",
        schema,
        rows,
        total_rows=footer.rows,
        compression=", ".join(c.lower() for c in codecs if c != "UNCOMPRESSED"),
        unit="row group",
        groups=groups,
        notes=(*notes, *more),
    )


def schema_of(source: Source) -> tuple[pa.Schema, int | None]:
    """Return the schema and the number of rows, reading the footer alone."""
    opened = _opened(_footer(source))
    return opened.schema_arrow, opened.metadata.num_rows


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


def _opened(footer: bytes) -> pq.ParquetFile:
    """Let pyarrow read the schema; of nothing else it is asked, see parquet_footer."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    alone = MAGIC + footer + struct.pack("<I", len(footer)) + MAGIC
    # each element of a list takes a byte at least: absurd counts are refused before memory is
    limit = max(1, len(footer))
    return pq.ParquetFile(
        pa.BufferReader(alone),
        thrift_string_size_limit=limit,
        thrift_container_size_limit=limit,
    )


def _leaves(opened: pq.ParquetFile) -> list[tuple[str, str]]:
    """Return (dotted name, physical type) of the columns in order."""
    told = opened.schema
    columns = [told.column(at) for at in range(len(told.names))]
    return [(c.path, c.physical_type) for c in columns]


def _groups(
    footer: Footer, leaves: Sequence[tuple[str, str]], schema: pa.Schema
) -> tuple[tuple[Group, ...], list[str]]:
    """Return the row groups with the statistics of their columns."""
    types = {f.name: f.type for f in schema}
    groups: list[Group] = []
    for number, group in enumerate(footer.groups):
        columns = tuple(
            stats_of(chunk, name, physical, types)
            for chunk, (name, physical) in zip(group.chunks, leaves, strict=True)
        )
        start = parquet_footer.start_of(group.chunks[0]) if group.chunks else 0
        stored = sum(chunk[7] for chunk in group.chunks)
        groups.append(Group(number, group.rows, start, stored, group.uncompressed, columns))
    notes = []
    known = len(groups)
    if footer.more:
        groups += [Group(known + n, None, 0, 0) for n in range(min(footer.more, 100_000))]
        notes.append(f"The first {known:,} of {known + footer.more:,} row groups are told of.")
    bounds = dict.fromkeys(c.name for g in groups for c in g.columns if not c.exact)
    if bounds:
        notes.append(f"Least and greatest are bounds, cut short, of {', '.join(bounds)}.")
    total = sum(g.rows or 0 for g in groups)
    if not footer.more and total != footer.rows:
        notes.append(f"The footer says {footer.rows:,} rows, its row groups have {total:,}.")
    return tuple(groups), notes


class _Rows:
    """The first rows of one file."""

    def __init__(
        self, source: Source, footer: Footer, opened: pq.ParquetFile, skipped: tuple[str, ...]
    ) -> None:
        self._source, self._footer, self._skipped = source, footer, skipped
        self._columns = opened.schema
        self._schema: pa.Schema = opened.schema_arrow
        self._pairs: dict[bytes, bytes] = opened.metadata.metadata or {}
        self._failed: dict[int, str] = {}
        self._tops = footer.tops()
        if len(self._tops) != footer.leaves or len(self._schema) <= max(self._tops, default=-1):
            raise DamageError("its schema is not a tree")

    def first(self, wanted: int) -> tuple[pa.Table, list[str]]:
        """Return the rows, and notes on columns that are not among them."""
        chosen: list[tuple[int, int]] = []
        left = wanted
        for number, group in enumerate(self._footer.groups):
            rows = group.rows
            if left <= 0 or len(chosen) >= _MOST_GROUPS:
                break
            if rows > 0:
                chosen.append((number, min(rows, left)))
                left -= rows
        if not chosen:
            return self._schema.empty_table(), []
        carved = self._carved(chosen)
        notes = left_out([(self._schema.names[top], why) for top, why in self._failed.items()])
        good = [
            leaf
            for leaf, top in enumerate(self._tops)
            if top not in self._failed and not self._is_skipped(self._columns.column(leaf).path)
        ]
        return _decoded(carved, self._schema, good, sum(n for _, n in chosen)), notes

    def _carved(self, chosen: Sequence[tuple[int, int]]) -> bytes:
        """Return a small Parquet file of the chosen (row group, rows)."""
        out = bytearray(MAGIC)
        groups: list[Any] = []
        for number, rows in chosen:
            chunks = self._chunks(number)
            self._source.step = max(4 * 1024, min(16 * 1024, 2**20 // max(1, len(chunks))))
            self._prefetch(number, chunks)
            columns = []
            for chunk, top in zip(chunks, self._tops, strict=True):
                made = self._cut(chunk, top, rows)
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

    def _prefetch(self, number: int, chunks: Sequence[Chunk]) -> None:
        """Ask for the beginnings of all dictionaries and first pages at a time."""
        step = self._source.step
        begins = [(c.start, min(c.length, step)) for c in chunks]
        for chunk, meta in zip(chunks, self._footer.groups[number].chunks, strict=True):
            if chunk.start < meta[9] < chunk.start + chunk.length:
                begins.append((meta[9], min(step, chunk.start + chunk.length - meta[9])))
        self._source.prefetch(begins)

    def _is_skipped(self, name: str) -> bool:
        return name.startswith(self._skipped)

    def _cut(self, chunk: Chunk, top: int, rows: int) -> Cut:
        try:
            if top in self._failed or self._is_skipped(chunk.name):
                return Cut(b"", 0, 0)
            return ColumnCutter(self._source, chunk, rows).cut()
        except (DamageError, BudgetSpentError) as error:
            self._failed[top] = str(error)
        except EmrError:
            raise  # the store's
        except Exception as error:  # noqa: BLE001 -- a codec raises what it likes
            self._failed[top] = first_line(error)
        return Cut(b"", 0, 0)

    def _chunks(self, number: int) -> list[Chunk]:
        found = []
        for at, meta in enumerate(self._footer.groups[number].chunks):
            told = self._columns.column(at)
            start, length = parquet_footer.start_of(meta), meta[7]
            if start < 4 or length < 0 or start + length > self._source.size:
                raise DamageError(
                    f"column {told.path!r} should lie at bytes {start:,} to {start + length:,}, "
                    f"and the file has {self._source.size:,}"
                )
            codec = parquet_footer.named(parquet_footer.CODECS, meta[4])
            found.append(
                Chunk(
                    *(told.path, start, length, codec, told.physical_type),
                    *(told.length or 0, told.max_definition_level, told.max_repetition_level),
                )
            )
        return found

    def _new_footer(self, groups: list[Any], rows: int) -> bytes:
        fields: dict[int, tuple[int, Any]] = {
            1: (I32, self._footer.version),
            2: (LIST, Raw(self._footer.schema)),
            3: (I64, rows),
            4: (LIST, (STRUCT, groups)),
        }
        pairs = [
            {1: (BINARY, key), 2: (BINARY, value)}
            for key, value in self._pairs.items()
            if key == b"ARROW:schema"
        ]
        if pairs:
            fields[5] = (LIST, (STRUCT, pairs))
        return encoded(fields)


def _column(chunk: Chunk, made: Cut, start: int) -> dict[int, tuple[int, Any]]:
    """Return the footer's words on one column of the small file."""
    size = len(made.pages)
    meta: dict[int, tuple[int, Any]] = {
        1: (I32, parquet_footer.TYPES.index(chunk.physical)),
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


def _decoded(carved: bytes, schema: pa.Schema, leaves: list[int], rows: int) -> pa.Table:
    """Read these leaves; by number, as names may have dots in them."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not leaves:
        return schema.empty_table().select([])
    opened = pq.ParquetFile(pa.BufferReader(carved), pre_buffer=False)
    table = opened.reader.read_all(column_indices=leaves, use_threads=False)
    if table.num_rows != rows:
        raise DamageError(f"its first {rows:,} rows are {table.num_rows:,}")
    return table
