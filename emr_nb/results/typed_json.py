"""Decode the typed JSON carrier into the very Arrow types that the Arrow carrier has."""

from __future__ import annotations

import base64
import decimal
import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from emr_nb.errors import ResultError

if TYPE_CHECKING:
    import pyarrow as pa


def decode_rows(payload: bytes, schema: pa.Schema, rows: int) -> pa.Table:
    """Return the table of `rows` JSON arrays; raises ResultError where a value does not fit."""
    import pyarrow as pa

    try:
        values = json.loads(payload) if payload else []
        if len(values) != rows:
            raise ResultError(f"The result is incomplete: {len(values)} of {rows} rows came")
        columns = list(zip(*values, strict=True)) if values else [()] * len(schema)
        if len(columns) != len(schema):
            raise ResultError(f"{len(columns)} of {len(schema)} columns came")
        arrays = [_build(column, field.type) for column, field in zip(columns, schema, strict=True)]
        return pa.Table.from_arrays(arrays, schema=schema)
    except (pa.ArrowException, ValueError, TypeError, decimal.InvalidOperation) as error:
        if isinstance(error, ResultError):
            raise
        raise ResultError(f"A value of the result does not fit its column: {error}") from error


def _build(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """Build an array column by column: no value goes through a Python date or time."""
    import pyarrow as pa

    types = pa.types
    if types.is_struct(kind):
        return _struct(values, kind)
    if types.is_map(kind):
        offsets, items = _flat(values)
        keys = _build([pair[0] for pair in items], kind.key_type)
        entries = _build([pair[1] for pair in items], kind.item_type)
        return pa.MapArray.from_arrays(offsets, keys, entries, type=kind, mask=_mask(values))
    if types.is_list(kind):
        offsets, items = _flat(values)
        inner = _build(items, kind.value_type)
        return pa.ListArray.from_arrays(offsets, inner, type=kind, mask=_mask(values))
    if kind == pa.month_day_nano_interval():
        from emr_nb.results.conform import conform

        return conform(pa.chunked_array([pa.array(values, pa.int32())]), kind).combine_chunks()
    if (stored := _stored_as(kind)) is not None:
        return pa.array(values, stored).view(kind)
    convert = _converter(kind)
    return pa.array(
        [None if v is None else convert(v) for v in values] if convert else values, kind
    )


def _stored_as(kind: pa.DataType) -> pa.DataType | None:
    import pyarrow as pa

    if pa.types.is_date32(kind):
        return pa.int32()
    if pa.types.is_timestamp(kind) or pa.types.is_duration(kind) or pa.types.is_time(kind):
        return pa.int64()
    return None


def _converter(kind: pa.DataType) -> Callable[[Any], Any] | None:
    import pyarrow as pa

    if pa.types.is_decimal(kind):
        return decimal.Decimal
    if pa.types.is_floating(kind):
        return float  # "NaN", "Infinity" and "-Infinity" are texts
    if pa.types.is_binary(kind):
        return base64.b64decode
    return None


def _mask(values: Sequence[Any]) -> pa.Array | None:
    import pyarrow as pa

    nulls = [value is None for value in values]
    return pa.array(nulls, pa.bool_()) if any(nulls) else None


def _flat(values: Sequence[Any]) -> tuple[pa.Array, list[Any]]:
    import pyarrow as pa

    offsets: list[int] = [0]
    items: list[Any] = []
    for value in values:
        items.extend(value or ())
        offsets.append(len(items))
    return pa.array(offsets, pa.int32()), items


def _struct(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    import pyarrow as pa

    fields = list(kind)
    if not fields:
        return pa.array([None if value is None else {} for value in values], kind)
    missing = [None] * len(fields)
    rows = [missing if value is None else value for value in values]
    children = [_build([row[at] for row in rows], field.type) for at, field in enumerate(fields)]
    return pa.StructArray.from_arrays(children, fields=fields, mask=_mask(values))
