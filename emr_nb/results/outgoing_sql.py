"""How Arrow types travel to Hive and Trino: as a Parquet table below a view.

The table has plain storage types and positional names; the view has the true names, and
computes the types that the engine's Parquet reader would change or has not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from emr_nb.results.outgoing_nested import elements, nulls, spans
from emr_nb.results.outgoing_types import DECIMAL_DIGITS, UnsendableError, Way

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class SqlWay(Way):
    """A way whose `read` is the type of the table's column and `final` that of the view's.

    `view` makes the one of the other, with `{}` for the column.
    """

    view: str = "{}"

    @property
    def is_plain(self) -> bool:
        """Whether the table's column is what was sent."""
        return self.view == "{}" and self.kind != "struct" and all(w.is_plain for w in self.parts)

    @property
    def parts(self) -> tuple[SqlWay, ...]:
        return self.inner  # type: ignore[return-value]  # ways of one engine have its own inside


class Dialect(Protocol):
    """How one engine spells types."""

    name: str
    computes_inside: bool  # whether a view can compute with what is inside of arrays and maps

    def atom(self, kind: pa.DataType) -> SqlWay:
        """Return the way of a type with nothing inside; raises UnsendableError."""
        ...

    def array(self, inner: str) -> str:
        """Spell an array's type."""
        ...

    def map(self, key: str, value: str) -> str:
        """Spell a map's type."""
        ...

    def struct(self, names: Sequence[str], inner: Sequence[str]) -> str:
        """Spell the type of a struct with such fields."""
        ...

    def field(self, at: int, name: str) -> str:
        """Return what a struct's field is called in the file; raises UnsendableError."""
        ...


def sql_way(kind: pa.DataType, dialect: Dialect) -> SqlWay:
    """Return how a type travels to an engine; raises UnsendableError for one that cannot."""
    import pyarrow as pa
    import pyarrow.compute as pc

    types = pa.types
    if types.is_null(kind):
        raise UnsendableError(
            f"it has nulls alone, and no type that {dialect.name} knows; cast it to one"
        )
    if types.is_dictionary(kind):
        way = sql_way(kind.value_type, dialect)
        inner = way.convert
        return replace(way, convert=lambda array: inner(array.dictionary).take(array.indices))
    if types.is_run_end_encoded(kind):
        way = sql_way(kind.value_type, dialect)
        inner = way.convert
        return replace(way, convert=lambda array: inner(pc.run_end_decode(array)))
    if not types.is_nested(kind):
        return dialect.atom(kind)
    if types.is_struct(kind):
        return _struct(kind, dialect)
    if types.is_map(kind):
        return _map(kind, dialect)
    if hasattr(kind, "value_field"):
        return _list(kind, dialect)
    raise UnsendableError(
        f"{dialect.name} has no such type; send its parts as columns of their own"
    )


def common(kind: pa.DataType, names: Sequence[str]) -> SqlWay | None:
    """Return the way of what all engines have; None for the rest.

    `names` are the words for tinyint, smallint, integer, bigint, real, double, text and bytes.
    Unsigned integers go one size up, exactly.
    """
    import pyarrow as pa

    tiny, small, whole, big, real, double, text, binary = names
    simple = {
        "bool": (pa.bool_(), "boolean"),
        "int8": (pa.int8(), tiny),
        "int16": (pa.int16(), small),
        "int32": (pa.int32(), whole),
        "int64": (pa.int64(), big),
        "uint8": (pa.int16(), small),
        "uint16": (pa.int32(), whole),
        "uint32": (pa.int64(), big),
        "halffloat": (pa.float32(), real),
        "float": (pa.float32(), real),
        "double": (pa.float64(), double),
        "date32[day]": (pa.date32(), "date"),
        "date64[ms]": (pa.date32(), "date"),
        "string": (pa.string(), text),
        "large_string": (pa.string(), text),
        "string_view": (pa.string(), text),
    }
    if found := simple.get(str(kind)):
        return plain_way(*found)
    if pa.types.is_decimal(kind):
        return _decimal(kind.precision, kind.scale)
    if "binary" in str(kind) and not isinstance(kind, pa.BaseExtensionType):
        return plain_way(pa.binary(), binary)
    return None


def plain_way(parquet: pa.DataType, sql: str) -> SqlWay:
    """Return the way of a type that the table has as it is."""
    return SqlWay(parquet, sql, sql, lambda array: array.cast(parquet, safe=True))


def computed(
    parquet: pa.DataType,
    types: tuple[str, str],
    convert: Callable[[pa.Array], pa.Array],
    view: str,
) -> SqlWay:
    """Return the way of a type (the table's and the true one) that the view computes."""
    return SqlWay(parquet, *types, convert, view=view)


def expression(way: SqlWay, value: str, depth: int = 0) -> str:
    """Return the SQL that makes what was sent of a column, where `computes_inside` holds."""
    if way.is_plain:
        return value
    item, key = f"x{depth}", f"k{depth}"
    if way.kind == "list":
        return f"transform({value}, {item} -> {expression(way.parts[0], item, depth + 1)})"
    if way.kind == "map":
        inside = expression(way.parts[1], item, depth + 1)
        return f"transform_values({value}, ({key}, {item}) -> {inside})"
    if way.kind == "struct":
        fields = ", ".join(
            expression(part, f"{value}.f{at}", depth) for at, part in enumerate(way.parts)
        )
        return f"IF({value} IS NULL, NULL, CAST(ROW({fields}) AS {way.final}))"
    return way.view.format(value)


# -- inside -------------------------------------------------------------------------------


def _decimal(precision: int, scale: int) -> SqlWay:
    import pyarrow as pa

    if scale < 0:
        precision, scale = precision - scale, 0
    digits = min(max(precision, scale), DECIMAL_DIGITS)  # the cast tells what does not fit
    if scale > DECIMAL_DIGITS:
        raise UnsendableError(f"it has {scale} digits behind the point, and 38 are the most")
    return plain_way(pa.decimal128(digits, scale), f"decimal({digits},{scale})")


def _inside(kind: pa.DataType, dialect: Dialect) -> SqlWay:
    way = sql_way(kind, dialect)
    if not dialect.computes_inside and way.view != "{}":
        raise UnsendableError(
            f"{dialect.name} reads {kind} exactly in a column of its own alone; cast it to string, "
            "or send it as such a column"
        )
    return way


def _struct(kind: pa.DataType, dialect: Dialect) -> SqlWay:
    import pyarrow as pa

    ways = tuple(_inside(child.type, dialect) for child in kind)
    if not ways:
        raise UnsendableError("it is a struct without fields, which Parquet cannot hold")
    names = [child.name for child in kind]
    stored = [dialect.field(at, name) for at, name in enumerate(names)]
    if len(set(stored)) < len(stored):
        raise UnsendableError(f"two of its fields have one name for {dialect.name}")
    fields = [pa.field(name, way.parquet) for name, way in zip(stored, ways, strict=True)]

    def convert(array: pa.Array) -> pa.Array:
        children = [way.convert(array.field(at)) for at, way in enumerate(ways)]
        return pa.StructArray.from_arrays(children, fields=fields, mask=nulls(array))

    return SqlWay(
        pa.struct(fields),
        dialect.struct(stored, [str(way.read) for way in ways]),
        dialect.struct(names, [str(way.final) for way in ways]),
        convert,
        "struct",
        ways,
    )


def _list(kind: pa.DataType, dialect: Dialect) -> SqlWay:
    import pyarrow as pa

    way = _inside(kind.value_type, dialect)
    target = pa.list_(pa.field("element", way.parquet))

    def convert(array: pa.Array) -> pa.Array:
        values, offsets = elements(array)
        return pa.ListArray.from_arrays(
            offsets, way.convert(values), type=target, mask=nulls(array)
        )

    types = (dialect.array(str(way.read)), dialect.array(str(way.final)))
    return SqlWay(target, *types, convert, "list", (way,))


def _map(kind: pa.DataType, dialect: Dialect) -> SqlWay:
    import pyarrow as pa

    key, value = _inside(kind.key_type, dialect), _inside(kind.item_type, dialect)
    if not key.is_plain:
        raise UnsendableError(f"keys of type {kind.key_type} cannot be sent; cast them to string")
    target = pa.map_(key.parquet, value.parquet)

    def convert(array: pa.Array) -> pa.Array:
        start, end, offsets = spans(array)
        keys = key.convert(array.keys[start:end])
        items = value.convert(array.items[start:end])
        return pa.MapArray.from_arrays(offsets, keys, items, type=target, mask=nulls(array))

    return SqlWay(
        target,
        dialect.map(str(key.read), str(value.read)),
        dialect.map(str(key.final), str(value.final)),
        convert,
        "map",
        (key, value),
    )
