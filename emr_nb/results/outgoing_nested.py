"""How lists, maps and structs travel to Spark: rebuilt from their children, by position."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emr_nb.results.outgoing_types import UnsendableError, Way, way_of

if TYPE_CHECKING:
    import pyarrow as pa


def nested_way(kind: pa.DataType) -> Way:
    """Return how a nested type travels; raises UnsendableError."""
    import pyarrow as pa

    if pa.types.is_struct(kind):
        return _struct(kind)
    if pa.types.is_map(kind):
        return _map(kind)
    if hasattr(kind, "value_field"):
        return _list(kind)
    raise UnsendableError("Spark has no such type; send its parts as columns of their own")


def _inside(way: Way) -> pa.DataType:
    import pyarrow as pa

    return pa.bool_() if way.parquet is None else way.parquet


def _read(way: Way) -> Any:
    return "boolean" if way.kind == "void" else way.read


def _converted(way: Way, array: pa.Array) -> pa.Array:
    import pyarrow as pa

    return pa.nulls(len(array), pa.bool_()) if way.kind == "void" else way.convert(array)


def _struct(kind: pa.DataType) -> Way:
    import pyarrow as pa

    ways = tuple(way_of(child.type) for child in kind)
    if not ways:
        raise UnsendableError("it is a struct without fields, which Parquet cannot hold")
    fields = [pa.field(f"f{at}", _inside(way)) for at, way in enumerate(ways)]

    def convert(array: pa.Array) -> pa.Array:
        children = [_converted(way, array.field(at)) for at, way in enumerate(ways)]
        return pa.StructArray.from_arrays(children, fields=fields, mask=nulls(array))

    def spark(names: list[str], inner: list[Any]) -> dict[str, Any]:
        parts = [
            {"name": name, "type": part, "nullable": True, "metadata": {}}
            for name, part in zip(names, inner, strict=True)
        ]
        return {"type": "struct", "fields": parts}

    return Way(
        pa.struct(fields),
        spark([f.name for f in fields], [_read(way) for way in ways]),
        spark([child.name for child in kind], [way.final for way in ways]),
        convert,
        "struct",
        ways,
    )


def _list(kind: pa.DataType) -> Way:
    import pyarrow as pa

    way = way_of(kind.value_type)
    target = pa.list_(pa.field("element", _inside(way)))

    def convert(array: pa.Array) -> pa.Array:
        values, offsets = elements(array)
        return pa.ListArray.from_arrays(
            offsets, _converted(way, values), type=target, mask=nulls(array)
        )

    def spark(inner: Any) -> dict[str, Any]:
        return {"type": "array", "elementType": inner, "containsNull": True}

    return Way(target, spark(_read(way)), spark(way.final), convert, "list", (way,))


def _map(kind: pa.DataType) -> Way:
    import pyarrow as pa

    key, value = way_of(kind.key_type), way_of(kind.item_type)
    if key.has_void:
        raise UnsendableError("its keys have no type; send at least one entry, or a struct")
    target = pa.map_(_inside(key), _inside(value))

    def convert(array: pa.Array) -> pa.Array:
        start, end, offsets = spans(array)
        keys = key.convert(array.keys[start:end])
        items = _converted(value, array.items[start:end])
        return pa.MapArray.from_arrays(offsets, keys, items, type=target, mask=nulls(array))

    def spark(keys: Any, items: Any) -> dict[str, Any]:
        return {"type": "map", "keyType": keys, "valueType": items, "valueContainsNull": True}

    return Way(
        target,
        spark(_read(key), _read(value)),
        spark(key.final, value.final),
        convert,
        "map",
        (key, value),
    )


def nulls(array: pa.Array) -> pa.Array | None:
    """Return where an array has nulls; None where it has none."""
    return array.is_null() if array.null_count else None


def spans(array: pa.Array) -> tuple[int, int, pa.Array]:
    """Return where the children of an array begin and end, and its offsets from there."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not len(array):
        return 0, 0, pa.array([0], pa.int32())
    offsets = array.offsets
    start, end = offsets[0].as_py(), offsets[-1].as_py()
    return start, end, pc.subtract(offsets, offsets[0]).cast(pa.int32())


def elements(array: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Return the elements of any kind of list, and the offsets of a plain one."""
    import numpy as np
    import pyarrow as pa

    kind = array.type
    if pa.types.is_fixed_size_list(kind):
        size = kind.list_size
        first = array.offset * size
        offsets = np.arange(len(array) + 1, dtype=np.int32) * size
        return array.values[first : first + len(array) * size], pa.array(offsets, pa.int32())
    if hasattr(array, "sizes"):  # list views: the spans lie anywhere, in any order
        sizes = np.where(array.is_null(), 0, array.sizes.fill_null(0)).astype(np.int64)
        starts = array.offsets.fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
        ends = np.cumsum(sizes)
        wanted = np.arange(sizes.sum()) + np.repeat(starts - (ends - sizes), sizes)
        offsets = np.concatenate([[0], ends]).astype(np.int32)
        return array.values.take(pa.array(wanted, pa.int64())), pa.array(offsets, pa.int32())
    start, end, plain = spans(array)
    return array.values[start:end], plain
