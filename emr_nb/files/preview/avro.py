"""Avro's object container files: header, blocks, and records, read from the front."""

from __future__ import annotations

import bz2
import json
import lzma
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from emr_nb.files.preview import prefix
from emr_nb.files.preview.avro_types import Cursor, Types
from emr_nb.files.preview.body import Body
from emr_nb.files.preview.compact import CutError
from emr_nb.files.preview.damage import BudgetSpentError, DamageError
from emr_nb.files.preview.model import Group, Options
from emr_nb.files.preview.source import Source

if TYPE_CHECKING:
    import pyarrow as pa

MAGIC = b"Obj\x01"
_SYNC = 16
_HEADER = 16 * 1024
_MOST_HEADER = 4 * 1024 * 1024
_FIRST = 64 * 1024  # of a block, inflated
_LOOKED = 64  # blocks whose counts are looked at


class AvroFile:
    """One container file; raises DamageError on a header that is none."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.meta, self._begin = self._header()
        self._sync = source.exactly(self._begin - _SYNC, _SYNC, "its header")
        self.codec = self.meta.get("avro.codec", b"null").decode("ascii", "replace")
        try:
            self.schema_json: Any = json.loads(self.meta.get("avro.schema", b""))
        except (ValueError, RecursionError) as error:
            raise DamageError("its header has no schema that can be read") from error
        types = Types()
        self._typed = types.of(self.schema_json)
        self.notes = types.notes
        self.blocks: list[Group] = []
        self.ended = False  # whether `blocks` are all there are

    def schema(self) -> pa.Schema:
        """Return the schema; what is no record is one column `value`."""
        import pyarrow as pa

        if pa.types.is_struct(self._typed.arrow):
            return pa.schema(list(self._typed.arrow))
        return pa.schema([pa.field("value", self._typed.arrow)])

    def records(self) -> Iterator[Any]:
        """Yield the decoded records; bytes are read and inflated as they are needed."""
        cursor = Cursor()
        for start, size, count in self.walk():
            reach, at, done = _FIRST, 0, 0
            while done < count:
                data = self._inflated(start, size, reach)
                cursor.data, cursor.at = data, at
                try:
                    while done < count:
                        record = self._typed.decode(cursor)
                        at, done = cursor.at, done + 1
                        yield record
                        cursor.data, cursor.at = data, at
                except CutError as error:
                    if len(data) < reach:
                        raise DamageError("a block ends in the middle of a record") from error
                    reach *= 4

    def walk(self) -> Iterator[tuple[int, int, int]]:
        """Yield each block's data as (start, size, records), keeping them as `blocks`."""
        at, number = self._begin, 0
        self.blocks, self.ended = [], False
        while at < self._source.size:
            head = Cursor(self._source.read(at, 20))
            try:
                count, size = head.long(), head.long()
            except CutError as error:
                raise DamageError("it ends in the middle of a block's header") from error
            start = at + head.at
            if count < 0 or size < 0:
                raise DamageError(f"a block has {count:,} records and {size:,} bytes")
            end = self._source.exactly(start + size, _SYNC, "the end of a block")
            if end != self._sync:
                raise DamageError(f"the block at byte {at:,} does not end where it says")
            self.blocks.append(Group(number, count, at, start + size + _SYNC - at))
            yield start, size, count
            at, number = start + size + _SYNC, number + 1
        self.ended = True

    def _header(self) -> tuple[dict[str, bytes], int]:
        size = _HEADER
        while True:
            data = self._source.read(0, size)
            cursor = Cursor(data, len(MAGIC))
            if data[: len(MAGIC)] != MAGIC:
                raise DamageError("it does not begin with Obj and 1")
            try:
                return self._pairs(cursor), cursor.at
            except CutError as error:
                if len(data) < size or size >= _MOST_HEADER:
                    raise DamageError("it ends in the middle of its header") from error
                size *= 4

    @staticmethod
    def _pairs(cursor: Cursor) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        while count := cursor.long():
            if count < 0:
                cursor.long()
            for _ in range(abs(count)):
                key = cursor.take(cursor.long()).decode("utf-8", "replace")
                found[key] = cursor.take(cursor.long())
        cursor.take(_SYNC)
        return found

    def _inflated(self, start: int, size: int, reach: int) -> bytes:
        """Return the first bytes of a block's data."""
        if reach > prefix.MOST:
            raise BudgetSpentError(f"a record takes more than {prefix.MOST:,} bytes")
        if self.codec == "null":
            return self._source.exactly(start, min(size, reach), "a block")
        given = min(size, max(4096, reach // 4))
        while True:
            made = self._codec(self._source.exactly(start, given, "a block"), reach)
            if len(made) >= reach or given == size:
                return made[:reach]
            given = min(size, given * 4)

    def _codec(self, data: bytes, reach: int) -> bytes:
        try:
            if self.codec == "deflate":
                return zlib.decompressobj(-15).decompress(data, reach)
            if self.codec == "bzip2":
                return bz2.BZ2Decompressor().decompress(data, reach)
            if self.codec == "xz":
                return lzma.LZMADecompressor(memlimit=2**27).decompress(data, reach)
        except (zlib.error, OSError, lzma.LZMAError, ValueError, EOFError) as error:
            raise DamageError(f"a block cannot be decompressed ({error})") from error
        if self.codec == "snappy":
            return prefix.snappy(data, reach)
        if self.codec == "zstandard":
            return prefix.zstd(data, reach)
        raise DamageError(f"its codec {self.codec[:40]!r} is not known")


def read(source: Source, options: Options) -> Body:
    """Return the schema, the first blocks and the first rows."""
    file = AvroFile(source)
    schema = file.schema()
    rows: list[Any] = []
    notes = list(file.notes)
    try:
        for record in file.records():
            if len(rows) >= options.rows:
                break
            rows.append(record)
    except BudgetSpentError as error:
        notes.append(f"Only {len(rows):,} rows are shown: {error}.")
    table = _table(file, schema, rows)
    blocks = _look_on(file, source)
    total = sum(b.rows or 0 for b in blocks) if file.ended else None
    if total is None:
        notes.append(
            "Avro has no footer: how many rows there are is not known without reading all."
        )
    return Body(
        "Avro",
        schema,
        table,
        total_rows=total,
        compression="" if file.codec == "null" else file.codec,
        unit="block",
        groups=tuple(blocks),
        notes=tuple(notes),
    )


def schema_of(source: Source) -> tuple[pa.Schema, int | None]:
    """Return the schema; the number of rows is not told."""
    return AvroFile(source).schema(), None


def _look_on(file: AvroFile, source: Source) -> list[Group]:
    """Go over the blocks' heads, as far as a few requests reach; returns those that were met."""
    before = source.count
    try:
        for number, _ in enumerate(file.walk()):
            if number >= _LOOKED or source.count - before > 8 * source.step:
                break
    except (DamageError, BudgetSpentError):
        file.ended = False  # what was wanted of the file is there
    return file.blocks


def _table(file: AvroFile, schema: pa.Schema, rows: list[Any]) -> pa.Table:
    import pyarrow as pa

    if not rows:
        return schema.empty_table()
    if not pa.types.is_struct(file._typed.arrow):
        rows = [{"value": row} for row in rows]
    columns = [pa.array([row[f.name] for row in rows], f.type) for f in schema]
    return pa.Table.from_arrays(columns, schema=schema) if len(schema) else (
        pa.table({}, schema=schema)
    )  # fmt: skip
