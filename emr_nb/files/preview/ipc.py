"""Arrow IPC: files (Feather) and streams; messages are found by ranged reads.

Source: arrow.apache.org/docs/format/Columnar.html, "Serialization and IPC".
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emr_nb.files.preview.body import Body, left_out
from emr_nb.files.preview.damage import BudgetSpentError, DamageError
from emr_nb.files.preview.flat import Table
from emr_nb.files.preview.ipc_batch import BatchHead, OddTypeError, codec_of
from emr_nb.files.preview.model import Group, Options
from emr_nb.files.preview.prefix import MOST
from emr_nb.files.preview.source import SMALL, Source

if TYPE_CHECKING:
    import pyarrow as pa

MAGIC = b"ARROW1"
CONTINUED = b"\xff\xff\xff\xff"
_SCHEMA, _DICTIONARY, _BATCH = 1, 2, 3
_MOST_HEAD = 8 * 1024 * 1024
_WHOLE = 1024 * 1024  # a batch of this size is read at once
_COUNTED = 64  # batches whose rows are asked for


@dataclass(frozen=True)
class _Message:
    kind: int
    header: Table
    offset: int
    body: int
    length: int

    @property
    def end(self) -> int:
        return self.body + self.length


def read(source: Source, options: Options) -> Body:
    """Return the schema, the batches and the first rows; raises DamageError."""
    is_file = source.read(0, len(MAGIC)) == MAGIC
    found = list(_of_file(source) if is_file else _of_stream(source, options.rows))
    schema = _schema(source, found[0])
    batches = [m for m in found if m.kind == _BATCH]
    rows, notes = _rows(source, schema, found, options.rows)
    more = _more_blocks(source, found) if is_file else []
    ended = not more if is_file else found[-1].kind == 0
    groups = tuple(_group(n, m) for n, m in enumerate(batches))
    groups += tuple(Group(len(groups) + n, None, at, size) for n, (at, size) in enumerate(more))
    if not ended:
        why = f"{len(more):,} batches were not asked" if is_file else "a stream has no footer"
        notes.append(f"How many rows there are is not known: {why}.")
    codecs = {codec_of(m.header) for m in batches} - {None}
    return Body(
        f"Arrow IPC {'file' if is_file else 'stream'}",
        schema,
        rows,
        total_rows=sum(g.rows or 0 for g in groups) if ended else None,
        compression=", ".join(sorted(c for c in codecs if c)),
        unit="record batch",
        groups=groups,
        notes=tuple(notes),
    )


def schema_of(source: Source) -> tuple[pa.Schema, int | None]:
    """Return the schema from the first message; the number of rows is not told."""
    start = 8 if source.read(0, len(MAGIC)) == MAGIC else 0
    message = _message(source, start)
    if message is None:
        raise DamageError("it holds no schema")
    return _schema(source, message), None


def _of_file(source: Source) -> Iterator[_Message]:
    """Yield the schema, all dictionaries, and the first batches of a file."""
    first = _message(source, 8)
    if first is None:
        raise DamageError("it holds no schema")
    yield first
    footer = _footer(source)
    dictionaries, batches = (footer.structs(n, "<qi4xq") for n in (2, 3))
    chosen = [*dictionaries[:_COUNTED], *batches[:_COUNTED]]
    source.prefetch([(at, min(size, _MOST_HEAD)) for at, size, _ in chosen if at > 0 and size > 0])
    for at, _, _ in chosen:
        message = _message(source, at)
        if message is None:
            raise DamageError(f"no batch begins at byte {at:,}, where its footer says")
        yield message


def _more_blocks(source: Source, found: list[_Message]) -> list[tuple[int, int]]:
    """Return (offset, bytes) of the batches that were not looked at."""
    batches = _footer(source).structs(3, "<qi4xq")
    known = sum(1 for m in found if m.kind == _BATCH)
    return [(at, head + body) for at, head, body in batches[known:]]


def _footer(source: Source) -> Table:
    end = source.tail(SMALL)
    if end[-6:] != MAGIC or source.size < 20:
        raise DamageError("it does not end with ARROW1, so its footer is missing")
    (length,) = struct.unpack("<i", end[-10:-6])
    if not 0 < length <= source.size - 20:
        raise DamageError(
            f"its footer should have {length:,} bytes, and the file has {source.size:,}"
        )
    return Table.root(source.read(source.size - 10 - length, length))


def _of_stream(source: Source, wanted: int) -> Iterator[_Message]:
    """Yield the messages up to the batch that has the last row that is wanted."""
    at, batches, rows = 0, 0, 0
    while at < source.size and batches < _COUNTED:
        message = _message(source, at)
        if message is None:
            break
        if at == 0 and message.kind != _SCHEMA:
            raise DamageError("it does not begin with a schema")
        yield message
        if message.kind == _BATCH:
            batches += 1
            rows += max(0, message.header.number(0, "<q"))
        if batches and source.size > SMALL and rows >= wanted:
            return
        at = message.end
    if at == 0:
        raise DamageError("it holds no schema")
    if batches < _COUNTED:
        yield _Message(0, Table.root(_EMPTY), at, at, 0)


_EMPTY = struct.pack("<IHHi", 8, 4, 4, 4)  # a table without fields: the end of a stream


def _message(source: Source, at: int) -> _Message | None:
    """Read one message's head; None at the end of a stream."""
    head = source.read(at, 8)
    skip = 8 if head[:4] == CONTINUED else 4
    if len(head) < skip:
        raise DamageError("it ends in the middle of a message")
    (length,) = struct.unpack("<i", head[skip - 4 : skip])
    if length == 0:
        return None
    if not 0 < length <= _MOST_HEAD:
        raise DamageError(f"a message has a head of {length:,} bytes")
    told = Table.root(source.exactly(at + skip, length, "a message"))
    header, size = told.table(2), told.number(3, "<q")
    body = at + skip + length
    if header is None or size < 0 or body + size > source.size:
        raise DamageError(f"the message at byte {at:,} should have {size:,} bytes")
    return _Message(told.number(1, "<B"), header, at, body, size)


def _schema(source: Source, message: _Message) -> pa.Schema:
    import pyarrow as pa

    if message.kind != _SCHEMA:
        raise DamageError("it does not begin with a schema")
    return pa.ipc.read_schema(
        pa.py_buffer(source.read(message.offset, message.body - message.offset))
    )


def _group(number: int, message: _Message) -> Group:
    rows = message.header.number(0, "<q")
    if rows < 0:
        raise DamageError(f"a batch has {rows:,} rows")
    return Group(number, rows, message.offset, message.end - message.offset)


def _rows(
    source: Source, schema: pa.Schema, found: list[_Message], wanted: int
) -> tuple[pa.Table, list[str]]:
    import pyarrow as pa

    chosen: list[_Message] = []
    left = wanted
    for message in found:
        if message.kind == _BATCH and left > 0:
            chosen.append(message)
            left -= message.header.number(0, "<q")
    if not chosen or not wanted:
        return schema.empty_table(), []
    dictionaries = [m for m in found if m.kind == _DICTIONARY]
    if sum(m.length for m in (*dictionaries, *chosen)) <= _WHOLE:
        return _whole(source, found[0], [*dictionaries, *chosen]).slice(0, wanted), []
    first = next((m for m in chosen if m.header.number(0, "<q") > 0), chosen[0])
    columns, fields = [], []
    problems: list[tuple[str, str]] = []
    rows = min(wanted, first.header.number(0, "<q"))
    for at, field in enumerate(schema):
        try:
            columns.append(_column(source, schema, first, at, rows))
            fields.append(field)
        except (OddTypeError, BudgetSpentError) as error:
            problems.append((field.name, str(error)))
    notes = left_out(problems)
    if rows < wanted and len(chosen) > 1:
        notes.append(f"The first rows are those of the first batch: {rows:,}.")
    return pa.Table.from_arrays(columns, schema=pa.schema(fields)), notes


def _column(source: Source, schema: pa.Schema, message: _Message, at: int, rows: int) -> pa.Array:
    head = BatchHead(source, message.header, message.body, message.length)
    for field in list(schema)[:at]:
        _pass_over(head, field.type)
    return head.column(schema.field(at).type, rows)


def _pass_over(head: BatchHead, type_: pa.DataType) -> None:
    from pyarrow import types

    if types.is_dictionary(type_):
        type_ = type_.index_type
    head.column(type_, 0, wanted=False)


def _whole(source: Source, schema: _Message, messages: list[_Message]) -> pa.Table:
    """Let pyarrow read a stream of these messages alone."""
    import pyarrow as pa

    out = io.BytesIO()
    inflated = 0
    for message in (schema, *messages):
        data = source.read(message.offset, message.end - message.offset)
        if data[:4] != CONTINUED:
            raise DamageError("its messages are of a version before 0.15")
        inflated += _inflated_size(source, message)
        out.write(data)
    if inflated > 4 * MOST:
        raise BudgetSpentError(f"its first batch takes {inflated:,} bytes when inflated")
    out.write(CONTINUED + b"\0\0\0\0")
    out.seek(0)
    return pa.ipc.open_stream(out).read_all()


def _inflated_size(source: Source, message: _Message) -> int:
    """Return what a message's compressed buffers say that they hold."""
    if message.kind == _SCHEMA:
        return 0
    batch = message.header.table(1) if message.kind == _DICTIONARY else message.header
    if batch is None:
        raise DamageError("a dictionary of it is empty")
    if codec_of(batch) is None:
        return 0
    total = 0
    for offset, length in batch.structs(2, "<qq"):
        if offset < 0 or length < 0 or offset + length > message.length:
            raise DamageError("a batch's buffer lies outside of it")
        if length:
            told = source.exactly(message.body + offset, 8, "a buffer")
            total += max(0, int.from_bytes(told, "little", signed=True))
    return total
