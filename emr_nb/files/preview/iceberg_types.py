"""Iceberg's types as Arrow's. Source: iceberg.apache.org/spec, "Schemas and Data Types"."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from emr_nb.files.preview.damage import DamageError

if TYPE_CHECKING:
    import pyarrow as pa

_DEEP = 24
_DECIMAL = re.compile(r"decimal\(\s*(\d{1,2})\s*,\s*(\d{1,2})\s*\)$")
_FIXED = re.compile(r"fixed\[(\d{1,8})\]$")


def schema_of(told: dict[str, Any]) -> tuple[pa.Schema, dict[str, int], list[str]]:
    """Return the schema, the field ids of its columns, and notes; raises DamageError."""
    import pyarrow as pa

    notes: list[str] = []
    fields = _fields(told, 0, notes)
    ids = {
        str(f["name"]): f["id"] for f in told.get("fields") or () if isinstance(f.get("id"), int)
    }
    return pa.schema(fields), ids, notes


def _fields(told: dict[str, Any], depth: int, notes: list[str]) -> list[pa.Field]:
    import pyarrow as pa

    fields = told.get("fields")
    if not isinstance(fields, list) or not all(
        isinstance(f, dict) and "name" in f and "type" in f for f in fields
    ):
        raise DamageError("they have a schema without fields")
    return [
        pa.field(str(f["name"]), _type(f["type"], depth + 1, notes), not f.get("required"))
        for f in fields
    ]


def _type(told: Any, depth: int, notes: list[str]) -> pa.DataType:
    import pyarrow as pa

    if depth > _DEEP:
        raise DamageError("they have a schema that is nested too deep")
    if isinstance(told, dict):
        kind = told.get("type")
        if kind == "struct":
            return pa.struct(_fields(told, depth, notes))
        if kind == "list":
            inner = _type(told.get("element"), depth + 1, notes)
            return pa.list_(pa.field("element", inner, not told.get("element-required")))
        if kind == "map":
            return pa.map_(
                _type(told.get("key"), depth + 1, notes), _type(told.get("value"), depth + 1, notes)
            )
    text = str(told)
    if (plain := _plain().get(text)) is not None:
        return plain
    if (match := _DECIMAL.match(text)) and 0 < int(match[1]) <= 38:
        return pa.decimal128(int(match[1]), int(match[2]))
    if match := _FIXED.match(text):
        return pa.binary(int(match[1]))
    notes.append(f"The type {text[:80]!r} has none of Arrow's: it shows as binary.")
    return pa.binary()


def _plain() -> dict[str, pa.DataType]:
    import pyarrow as pa

    return {
        "boolean": pa.bool_(),
        "int": pa.int32(),
        "long": pa.int64(),
        "float": pa.float32(),
        "double": pa.float64(),
        "date": pa.date32(),
        "time": pa.time64("us"),
        "timestamp": pa.timestamp("us"),
        "timestamptz": pa.timestamp("us", "UTC"),
        "timestamp_ns": pa.timestamp("ns"),
        "timestamptz_ns": pa.timestamp("ns", "UTC"),
        "string": pa.string(),
        "uuid": pa.binary(16),
        "binary": pa.binary(),
        "unknown": pa.null(),
    }
