"""Put a table together again from its frame: rows in order, types and names as in the engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from emr_nb.errors import ResultError
from emr_nb.model import Column, StatementReference
from emr_nb.results.conform import conform
from emr_nb.results.result import Result
from emr_nb.results.typed_json import decode_rows
from emr_nb.results.types import arrow_field, type_text

if TYPE_CHECKING:
    import pyarrow as pa


def assemble(
    header: Mapping[str, Any],
    payload: bytes,
    reference: StatementReference | None = None,
    spooled: pa.Table | None = None,
) -> Result:
    """Return the Result of a table frame; raises ResultError where counts or types disagree.

    `spooled` is the table of a result that came by way of a store.
    """
    fields, schema = header["schema"]["fields"], schema_of(header)
    match header["carrier"]:
        case "none":
            table = schema.empty_table()
        case "arrow":
            table = _from_stream(header, payload, schema)
        case "json":
            table = decode_rows(payload, schema, header["rows"])
        case "spool" if spooled is not None:
            table = spooled
        case other:
            raise _disagrees(f"unknown carrier {other!r}", reference)
    rows = table.num_rows if spooled is not None else int(header["rows"])
    limit = header.get("limit")
    if fields and table.num_rows != rows:
        raise _disagrees(f"{table.num_rows} of {rows} rows came", reference)
    truncated = limit is not None and (rows > limit or header["carrier"] == "none")
    return Result(
        table=table.slice(0, limit) if truncated else table,
        columns=columns_of(header),
        truncated=truncated,
        reference=reference,
        notices=_notices(header),
    )


def schema_of(header: Mapping[str, Any]) -> pa.Schema:
    """Return the Arrow schema that a header announces, in the engine's own types and names."""
    import pyarrow as pa

    return pa.schema([arrow_field(field, header["zone"]) for field in header["schema"]["fields"]])


def columns_of(header: Mapping[str, Any]) -> tuple[Column, ...]:
    """Return the columns that a header announces, with the engine's words for their types."""
    fields = header["schema"]["fields"]
    return tuple(Column(f["name"], type_text(f["type"]), bool(f["nullable"])) for f in fields)


def _notices(header: Mapping[str, Any]) -> tuple[str, ...]:
    if header["carrier"] == "none":
        return ("Schema only: no row was asked for (-n 0).",)
    denied = header.get("denied")
    return (f"The result came through the driver: {denied}",) if denied else ()


def _from_stream(header: Mapping[str, Any], payload: bytes, schema: pa.Schema) -> pa.Table:
    import pyarrow as pa

    try:
        with pa.ipc.open_stream(payload) as reader:
            batches = list(reader)
            arrived = reader.schema
    except (pa.ArrowException, KeyError) as error:
        raise _disagrees(f"the Arrow stream cannot be read: {error}", None) from error
    return in_schema(reorder(batches, header["order"]), arrived, schema)


def stream_schema(stream: bytes) -> pa.Schema:
    """Return the schema of an Arrow stream."""
    import pyarrow as pa

    try:
        with pa.ipc.open_stream(stream) as reader:
            return reader.schema
    except (pa.ArrowException, KeyError) as error:
        raise _disagrees(f"the Arrow stream cannot be read: {error}", None) from error


def in_schema(batches: Sequence[Any], arrived: pa.Schema, schema: pa.Schema) -> pa.Table:
    """Return batches as one table in the announced types; raises ResultError."""
    import pyarrow as pa

    table = pa.Table.from_batches(batches, arrived)
    if arrived.equals(schema):
        return table
    if len(arrived) != len(schema):
        raise _disagrees(f"{len(arrived)} of {len(schema)} columns came", None)
    columns = [conform(table.column(at), field.type) for at, field in enumerate(schema)]
    return pa.Table.from_arrays(columns, schema=schema)


def reorder(batches: Sequence[Any], order: Sequence[int]) -> list[Any]:
    """Return batches in row order: `order[i]` is where the i-th of them arrived."""
    if sorted(order) != list(range(len(batches))):
        raise _disagrees(f"{len(batches)} batches came, in the order {list(order)[:20]}", None)
    return [batches[at] for at in order]


def _disagrees(what: str, reference: StatementReference | None) -> ResultError:
    return ResultError(
        f"The result is incomplete or damaged: {what}",
        where=f"statement {reference.tag}" if reference else "",
        advice="Run the cell again; nothing of this result was used.",
    )
