"""Delta's types as Arrow's. Source: delta-io/delta PROTOCOL.md, "Schema Serialization Format"."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from emr_nb.files.preview.damage import DamageError

if TYPE_CHECKING:
    import pyarrow as pa

_DEEP = 24
_DECIMAL = re.compile(r"decimal\(\s*(\d{1,2})\s*,\s*(-?\d{1,2})\s*\)$")


def schema_of(told: Any) -> tuple[pa.Schema, dict[str, str], list[str]]:
    """Return the schema, the names that files have for its columns, and notes."""
    import pyarrow as pa

    notes: list[str] = []
    fields = _fields(told, 0, notes)
    stored = {}
    for one in told["fields"]:
        meta = one.get("metadata")
        physical = meta.get("delta.columnMapping.physicalName") if isinstance(meta, dict) else None
        if isinstance(physical, str):
            stored[str(one["name"])] = physical
    return pa.schema(fields), stored, notes


def _fields(told: Any, depth: int, notes: list[str]) -> list[pa.Field]:
    import pyarrow as pa

    fields = told.get("fields") if isinstance(told, dict) else None
    if not isinstance(fields, list) or not all(
        isinstance(f, dict) and "name" in f and "type" in f for f in fields
    ):
        raise DamageError("it has a schema without fields")
    return [
        pa.field(
            str(f["name"]), _type(f["type"], depth + 1, notes), f.get("nullable", True) is True
        )
        for f in fields
    ]


def _type(told: Any, depth: int, notes: list[str]) -> pa.DataType:
    import pyarrow as pa

    if depth > _DEEP:
        raise DamageError("it has a schema that is nested too deep")
    if isinstance(told, dict):
        kind = told.get("type")
        if kind == "struct":
            return pa.struct(_fields(told, depth, notes))
        if kind == "array":
            return pa.list_(_type(told.get("elementType"), depth + 1, notes))
        if kind == "map":
            key = _type(told.get("keyType"), depth + 1, notes)
            return pa.map_(key, _type(told.get("valueType"), depth + 1, notes))
    text = str(told)
    if (plain := _plain().get(text)) is not None:
        return plain
    if (match := _DECIMAL.match(text)) and 0 < int(match[1]) <= 38:
        return pa.decimal128(int(match[1]), int(match[2]))
    notes.append(f"The type {text[:80]!r} has none of Arrow's: it shows as binary.")
    return pa.binary()


def _plain() -> dict[str, pa.DataType]:
    import pyarrow as pa

    return {
        "string": pa.string(),
        "long": pa.int64(),
        "integer": pa.int32(),
        "short": pa.int16(),
        "byte": pa.int8(),
        "float": pa.float32(),
        "double": pa.float64(),
        "boolean": pa.bool_(),
        "binary": pa.binary(),
        "date": pa.date32(),
        "timestamp": pa.timestamp("us", "UTC"),
        "timestamp_ntz": pa.timestamp("us"),
        "void": pa.null(),
    }
