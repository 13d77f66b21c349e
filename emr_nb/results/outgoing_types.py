"""How each Arrow type travels to Spark: what Parquet holds, what Spark reads, what it becomes.

Struct fields go by position (`f0`…): Spark matches Parquet's names without regard to case,
and refuses two of one name. The true names come back by a cast, which goes by position too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from emr_nb.results.types import SparkType

if TYPE_CHECKING:
    import pyarrow as pa

DECIMAL_DIGITS = 38  # Spark's most
_MONTHS = "interval year to month"
_SPAN = "interval day to second"
_TIME_OF_DAY = "Spark before 4.1 has no type for a time of day; cast it to string, or to a duration"


class UnsendableError(ValueError):
    """A type or value that no Spark type holds exactly; the caller names the column."""


@dataclass(frozen=True)
class Way:
    """One type's way: `parquet` is None where nothing is written (a column of nulls).

    `read` is the type as Spark reads it, `final` the same with the true names of struct
    fields; `convert` makes Parquet's array of the local one, exactly, or raises
    pyarrow.ArrowInvalid or UnsendableError. `kind` is `plain`, `void`, `list`, `map` or
    `struct`, `inner` what is inside.
    """

    parquet: pa.DataType | None
    read: SparkType
    final: SparkType
    convert: Callable[[pa.Array], pa.Array]
    kind: str = "plain"
    inner: tuple[Way, ...] = field(default=())

    @property
    def has_void(self) -> bool:
        """Whether nulls without a type are inside: Parquet has no such type."""
        return self.kind == "void" or any(way.has_void for way in self.inner)

    def expression(self, value: str, depth: int = 0) -> str:
        """Return SQL that makes nulls of no type of what stands for them in Parquet."""
        if not self.has_void:
            return value
        item = f"x{depth}"
        if self.kind == "list":
            inside = self.inner[0].expression(item, depth + 1)
            return f"transform({value}, {item} -> {inside})"
        if self.kind == "map":
            inside = self.inner[1].expression(item, depth + 1)
            return f"transform_values({value}, (k{depth}, {item}) -> {inside})"
        if self.kind == "struct":
            parts = ", ".join(
                f"'f{at}', {way.expression(f'{value}.f{at}', depth)}"
                for at, way in enumerate(self.inner)
            )
            return f"if(isnull({value}), null, named_struct({parts}))"
        return "null"


def way_of(kind: pa.DataType) -> Way:
    """Return how a type travels; raises UnsendableError for one that cannot."""
    import pyarrow as pa
    import pyarrow.compute as pc

    types = pa.types
    if types.is_null(kind):
        return Way(None, "void", "void", lambda array: array, "void")
    if types.is_dictionary(kind):
        way = way_of(kind.value_type)
        # the values first: Arrow cannot decode a dictionary of string views
        return replace(way, convert=lambda array: way.convert(array.dictionary).take(array.indices))
    if types.is_run_end_encoded(kind):
        way = way_of(kind.value_type)
        return replace(way, convert=lambda array: way.convert(pc.run_end_decode(array)))
    if types.is_nested(kind):
        from emr_nb.results.outgoing_nested import nested_way

        return nested_way(kind)
    if kind == pa.month_day_nano_interval():
        return Way(pa.int32(), _MONTHS, _MONTHS, months)
    if types.is_duration(kind):
        return Way(pa.int64(), _SPAN, _SPAN, _microseconds)
    found = _atomic(kind)
    if found is None:
        raise UnsendableError(_refusal(kind))
    parquet, spark = found
    if parquet.equals(kind):
        return Way(parquet, spark, spark, lambda array: array)
    return Way(parquet, spark, spark, lambda array: array.cast(parquet, safe=True))


def _atomic(kind: pa.DataType) -> tuple[pa.DataType, str] | None:
    """Return Parquet's type and Spark's; unsigned integers go one size up, exactly."""
    import pyarrow as pa

    types = pa.types
    simple = {
        "bool": (pa.bool_(), "boolean"),
        "int8": (pa.int8(), "byte"),
        "int16": (pa.int16(), "short"),
        "int32": (pa.int32(), "integer"),
        "int64": (pa.int64(), "long"),
        "uint8": (pa.int16(), "short"),
        "uint16": (pa.int32(), "integer"),
        "uint32": (pa.int64(), "long"),
        "uint64": (pa.decimal128(20, 0), "decimal(20,0)"),
        "halffloat": (pa.float32(), "float"),
        "float": (pa.float32(), "float"),
        "double": (pa.float64(), "double"),
        "date32[day]": (pa.date32(), "date"),
        "date64[ms]": (pa.date32(), "date"),
    }
    if found := simple.get(str(kind)):
        return found
    if types.is_decimal(kind):
        return _decimal(kind.precision, kind.scale)
    if types.is_timestamp(kind):
        zoned = kind.tz is not None
        return pa.timestamp("us", "UTC" if zoned else None), (
            "timestamp" if zoned else "timestamp_ntz"
        )
    if types.is_string(kind) or types.is_large_string(kind) or str(kind) == "string_view":
        return pa.string(), "string"
    if "binary" in str(kind) and not isinstance(kind, pa.BaseExtensionType):
        return pa.binary(), "binary"
    return None


def _decimal(precision: int, scale: int) -> tuple[pa.DataType, str]:
    import pyarrow as pa

    if scale < 0:
        precision, scale = precision - scale, 0
    digits = min(max(precision, scale), DECIMAL_DIGITS)  # the cast tells what does not fit
    if scale > DECIMAL_DIGITS:
        raise UnsendableError(f"it has {scale} digits behind the point; Spark's decimals have 38")
    return pa.decimal128(digits, scale), f"decimal({digits},{scale})"


def _refusal(kind: pa.DataType) -> str:
    import pyarrow as pa

    if pa.types.is_time(kind):
        return _TIME_OF_DAY
    if isinstance(kind, pa.BaseExtensionType):
        return "Spark has no such type; cast it to its storage, or to string"
    return "Spark has no such type; cast it, for example to string"


def _microseconds(array: pa.Array) -> pa.Array:
    """Return a duration's microseconds, as Spark keeps them in Parquet."""
    import pyarrow as pa

    return array.cast(pa.duration("us"), safe=True).view(pa.int64())


def months(array: pa.Array) -> pa.Array:
    """Return the months of intervals that have nothing else."""
    import numpy as np
    import pyarrow as pa

    size = len(array)
    layout = [("months", "<i4"), ("days", "<i4"), ("nanos", "<i8")]
    values = array.buffers()[1]
    raw = np.frombuffer(values, layout, count=size, offset=16 * array.offset) if size else (
        np.zeros(0, layout)
    )  # fmt: skip
    null = array.is_null().to_numpy(zero_copy_only=False)
    if (((raw["days"] != 0) | (raw["nanos"] != 0)) & ~null).any():
        raise UnsendableError(
            "it has days or nanoseconds beside months, which no Spark interval keeps together; "
            "send them as columns of their own"
        )
    return pa.array(raw["months"], pa.int32(), mask=null)
