"""Bring an array that a carrier had to spell otherwise into the type it stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emr_nb.errors import ResultError

if TYPE_CHECKING:
    import pyarrow as pa


def conform(column: pa.ChunkedArray, target: pa.DataType) -> pa.ChunkedArray:
    """Return the column in the target type: structs by position, entries as maps, months.

    Values never change: only names, nullability and the shape of what stands for a type do.
    Raises ResultError when the arrays cannot stand for that type.
    """
    import pyarrow as pa

    if column.type.equals(target):
        return column
    chunks = [_array(chunk, target) for chunk in column.chunks]
    return pa.chunked_array(chunks, target)


def _array(array: pa.Array, target: pa.DataType) -> pa.Array:
    import pyarrow as pa

    kind, types = array.type, pa.types
    if kind.equals(target):
        return array
    if types.is_null(kind):
        return pa.nulls(len(array), target)
    if types.is_int32(kind) and target == pa.month_day_nano_interval():
        return _months(array)
    if types.is_struct(kind) and types.is_struct(target):
        return _struct(array, target)
    if types.is_list(kind) and types.is_list(target):
        return _list(array, target)
    if (types.is_list(kind) or types.is_map(kind)) and types.is_map(target):
        return _map(array, target)
    if types.is_timestamp(kind) and types.is_timestamp(target) and kind.unit == target.unit:
        return (
            array.cast(target) if (kind.tz is None) == (target.tz is None) else _fail(kind, target)
        )
    if types.is_large_string(kind) or types.is_large_binary(kind):
        return array.cast(target)
    return _fail(kind, target)


def _fail(kind: pa.DataType, target: pa.DataType) -> pa.Array:
    raise ResultError(
        f"A column came as {kind}, which cannot stand for {target}",
        advice="Cast the column in the query, for example to string.",
    )


def _validity(array: pa.Array) -> pa.Array | None:
    return array.is_null() if array.null_count else None


def _struct(array: pa.Array, target: pa.DataType) -> pa.Array:
    import pyarrow as pa

    if array.type.num_fields != target.num_fields:
        return _fail(array.type, target)
    fields = list(target)
    children = [_array(array.field(at), field.type) for at, field in enumerate(fields)]
    if not fields:
        return pa.array([None if null else {} for null in array.is_null().to_pylist()], target)
    return pa.StructArray.from_arrays(children, fields=fields, mask=_validity(array))


def _list(array: pa.Array, target: pa.DataType) -> pa.Array:
    import pyarrow as pa

    values = _array(_child(array), target.value_type)
    return pa.ListArray.from_arrays(_offsets(array), values, type=target, mask=_validity(array))


def _map(array: pa.Array, target: pa.DataType) -> pa.Array:
    import pyarrow as pa

    if pa.types.is_map(array.type):
        keys, items = array.keys, array.items
        start, end = _bounds(array)
        keys, items = keys[start:end], items[start:end]
    else:
        entries = _child(array)
        keys, items = entries.field(0), entries.field(1)
    keys, items = _array(keys, target.key_type), _array(items, target.item_type)
    return pa.MapArray.from_arrays(_offsets(array), keys, items, type=target, mask=_validity(array))


def _bounds(array: pa.Array) -> tuple[int, int]:
    offsets = array.offsets
    return (offsets[0].as_py(), offsets[-1].as_py()) if len(offsets) else (0, 0)


def _child(array: pa.Array) -> pa.Array:
    start, end = _bounds(array)
    return array.values[start:end]


def _offsets(array: pa.Array) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    offsets = array.offsets
    if not len(offsets):
        return pa.array([0], pa.int32())
    start = offsets[0]
    return pc.subtract(offsets, start) if start.as_py() or offsets.offset else offsets


def _months(array: pa.Array) -> pa.Array:
    """Spell int32 months as Arrow's (months, days, nanoseconds) triples, without loss."""
    import numpy as np
    import pyarrow as pa

    made = np.zeros(len(array), dtype=[("months", "<i4"), ("days", "<i4"), ("nanos", "<i8")])
    made["months"] = array.fill_null(0).to_numpy(zero_copy_only=False)
    valid = array.is_valid()
    bits = valid.buffers()[1] if array.null_count else None
    kind = pa.month_day_nano_interval()
    return pa.Array.from_buffers(kind, len(array), [bits, pa.py_buffer(made.tobytes())])
