"""Spark's types, as its schema JSON spells them, to Arrow types and to Spark's own type text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from emr_nb.errors import ResultError

if TYPE_CHECKING:
    import pyarrow as pa

SparkType = str | Mapping[str, Any]

_DECIMAL = re.compile(r"decimal\((\d+),\s*(-?\d+)\)")
_MONTHS = frozenset({"interval year", "interval month", "interval year to month"})
_TEXTS = {"integer": "int", "long": "bigint", "short": "smallint", "byte": "tinyint"}


def arrow_type(kind: SparkType, zone: str) -> pa.DataType:
    """Return the Arrow type of a Spark type; `zone` is the session's time zone.

    Calendar intervals are structs of months, days and microseconds, since Arrow's own have
    nanoseconds and would overflow. Raises ResultError for a type that is not known.
    """
    if isinstance(kind, str):
        return _atomic(kind, zone)
    import pyarrow as pa

    match kind["type"]:
        case "array":
            element = arrow_type(kind["elementType"], zone)
            return pa.list_(_inner("element", element, nullable=bool(kind["containsNull"])))
        case "map":
            # `map()` has keys of no type; Arrow needs one, and there is no key to have it
            named = "string" if kind["keyType"] in ("void", "null") else kind["keyType"]
            key = pa.field("key", arrow_type(named, zone), nullable=False)
            value = arrow_type(kind["valueType"], zone)
            return pa.map_(key, _inner("value", value, nullable=bool(kind["valueContainsNull"])))
        case "struct":
            return pa.struct([arrow_field(field, zone) for field in kind["fields"]])
        case "udt":
            return arrow_type(kind["sqlType"], zone)
        case other:
            raise _unknown(str(other))


def _inner(name: str, kind: pa.DataType, *, nullable: bool) -> pa.Field:
    import pyarrow as pa

    return pa.field(name, kind, nullable or pa.types.is_null(kind))


def arrow_field(field: Mapping[str, Any], zone: str) -> pa.Field:
    """Return the Arrow field of a field of Spark's schema JSON."""
    import pyarrow as pa

    kind = arrow_type(field["type"], zone)
    # Arrow knows no null column that is not nullable; Spark does (`select null` in a union)
    return pa.field(field["name"], kind, bool(field["nullable"]) or pa.types.is_null(kind))


def _atomic(kind: str, zone: str) -> pa.DataType:
    import pyarrow as pa

    if match := _DECIMAL.fullmatch(kind):
        return pa.decimal128(int(match[1]), int(match[2]))
    if kind in _MONTHS:
        return pa.month_day_nano_interval()
    if kind.startswith("interval "):
        return pa.duration("us")
    if kind.startswith(("string", "char", "varchar")):
        return pa.string()
    if kind.startswith("time("):
        return pa.time64("ns")
    simple = {
        "boolean": pa.bool_,
        "byte": pa.int8,
        "short": pa.int16,
        "integer": pa.int32,
        "long": pa.int64,
        "float": pa.float32,
        "double": pa.float64,
        "binary": pa.binary,
        "date": pa.date32,
        "timestamp": lambda: pa.timestamp("us", zone),
        "timestamp_ntz": lambda: pa.timestamp("us"),
        "void": pa.null,
        "null": pa.null,
        "interval": _calendar,
        "variant": _variant,
    }
    if kind not in simple:
        raise _unknown(kind)
    return simple[kind]()


def _calendar() -> pa.DataType:
    import pyarrow as pa

    return pa.struct(
        [
            pa.field("months", pa.int32(), nullable=False),
            pa.field("days", pa.int32(), nullable=False),
            pa.field("microseconds", pa.int64(), nullable=False),
        ]
    )


def _variant() -> pa.DataType:
    import pyarrow as pa

    return pa.struct(
        [
            pa.field("value", pa.binary(), nullable=False),
            pa.field("metadata", pa.binary(), nullable=False),
        ]
    )


def _unknown(kind: str) -> ResultError:
    return ResultError(
        f"The Spark type {kind!r} cannot be brought back",
        advice="Cast the column in the query, for example to string.",
    )


def type_text(kind: SparkType) -> str:
    """Return a type as Spark's SQL spells it (`simpleString`)."""
    if isinstance(kind, str):
        return _TEXTS.get(kind, kind)
    match kind["type"]:
        case "array":
            return f"array<{type_text(kind['elementType'])}>"
        case "map":
            return f"map<{type_text(kind['keyType'])},{type_text(kind['valueType'])}>"
        case "struct":
            fields = (f"{field['name']}:{type_text(field['type'])}" for field in kind["fields"])
            return f"struct<{','.join(fields)}>"
        case _:
            return str(kind.get("class") or kind.get("pyClass") or kind["type"])
