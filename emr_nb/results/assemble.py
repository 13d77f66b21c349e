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
    header: Mapping[str, Any], payload: bytes, reference: StatementReference | None = None
) -> Result:
    """Return the Result of a table frame; raises ResultError where counts or types disagree."""
    import pyarrow as pa

    fields = header["schema"]["fields"]
    schema = pa.schema([arrow_field(field, header["zone"]) for field in fields])
    match header["carrier"]:
        case "none":
            table = schema.empty_table()
        case "arrow":
            table = _from_stream(header, payload, schema)
        case "json":
            table = decode_rows(payload, schema, header["rows"])
        case other:
            raise _disagrees(f"unknown carrier {other!r}", reference)
    rows, limit = int(header["rows"]), header.get("limit")
    if fields and table.num_rows != rows:
        raise _disagrees(f"{table.num_rows} of {rows} rows came", reference)
    truncated = limit is not None and (rows > limit or header["carrier"] == "none")
    notices = ("Schema only: no row was asked for (-n 0).",) if header["carrier"] == "none" else ()
    return Result(
        table=table.slice(0, limit) if truncated else table,
        columns=tuple(Column(f["name"], type_text(f["type"]), bool(f["nullable"])) for f in fields),
        truncated=truncated,
        reference=reference,
        notices=notices,
    )


def _from_stream(header: Mapping[str, Any], payload: bytes, schema: pa.Schema) -> pa.Table:
    import pyarrow as pa

    try:
        with pa.ipc.open_stream(payload) as reader:
            batches = list(reader)
            arrived = reader.schema
    except (pa.ArrowException, KeyError) as error:
        raise _disagrees(f"the Arrow stream cannot be read: {error}", None) from error
    batches = reorder(batches, header["order"])
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
