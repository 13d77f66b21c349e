"""Write the values of Arrow columns as text, exactly: what a table on a page shows."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from emr_nb.wording import count

if TYPE_CHECKING:
    import pyarrow as pa

CELL_CHARS = 4000
_HEX_BYTES = 16


def kind(type_: pa.DataType) -> str:
    """Return how a column is drawn: number, text, boolean, time, binary, nested or null."""
    from pyarrow import types

    tests: tuple[tuple[str, tuple[Callable[[Any], bool], ...]], ...] = (
        ("null", (types.is_null,)),
        ("boolean", (types.is_boolean,)),
        ("number", (types.is_integer, types.is_floating, types.is_decimal)),
        ("time", (types.is_temporal,)),
        ("binary", (types.is_binary, types.is_large_binary, types.is_fixed_size_binary)),
        ("nested", (types.is_nested,)),
    )
    return next((name for name, is_ in tests if any(test(type_) for test in is_)), "text")


def column_texts(column: pa.ChunkedArray | pa.Array) -> list[str | None]:
    """Return the texts of a column; None for null. Long texts are cut and say so."""
    from pyarrow import types

    type_ = column.type
    if types.is_timestamp(type_):
        return _timestamps(column)
    if types.is_float32(type_) or types.is_float16(type_):
        import numpy as np

        narrow = np.float32 if types.is_float32(type_) else np.float16
        return [None if v is None else _float(str(narrow(v)), v) for v in column.to_pylist()]
    if types.is_duration(type_) or types.is_interval(type_):
        return [None if v is None else str(v) for v in column]
    return [None if v is None else _cut(_text(v)) for v in column.to_pylist()]


def rows_of(table: pa.Table, start: int = 0, length: int | None = None) -> list[list[str | None]]:
    """Return rows of a table as texts."""
    part = table.slice(start, length)
    columns = [column_texts(column) for column in part.columns]
    return [list(row) for row in zip(*columns, strict=True)] if columns else []


def _timestamps(column: pa.ChunkedArray | pa.Array) -> list[str | None]:
    """Write timestamps, with the offset from UTC where the type has a zone."""
    import pyarrow.compute as pc

    zoned = column.type.tz is not None
    texts = pc.strftime(column, format="%Y-%m-%d %H:%M:%S%z" if zoned else "%Y-%m-%d %H:%M:%S")
    return [None if text is None else _tidy_time(text, zoned) for text in texts.to_pylist()]


def _tidy_time(text: str, zoned: bool) -> str:
    stamp, offset = (text[:-5], text[-5:]) if zoned else (text, "")
    whole, dot, fraction = stamp.partition(".")
    fraction = fraction.rstrip("0")
    stamp = f"{whole}.{fraction}" if dot and fraction else whole
    return f"{stamp}{offset[:3]}:{offset[3:]}" if offset else stamp


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _float(repr(value), value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, bytes):
        head = value[:_HEX_BYTES].hex().upper()
        more = len(value) > _HEX_BYTES
        return f"0x{head}… ({count(len(value))} bytes)" if more else f"0x{head}"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, list | tuple | dict):
        return _nested(value)
    return str(value)


def _float(text: str, value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return text


def _nested(value: Any) -> str:
    """Write arrays, structs and maps (lists of pairs in Arrow) as JSON-like text."""
    if value is None:
        return "null"
    if isinstance(value, dict):
        inner = ", ".join(f"{_quoted(k)}: {_nested(v)}" for k, v in value.items())
        return f"{{{inner}}}"
    if isinstance(value, list):
        if value and all(isinstance(v, tuple) and len(v) == 2 for v in value):
            inner = ", ".join(f"{_nested(k)}: {_nested(v)}" for k, v in value)
            return f"{{{inner}}}"
        return f"[{', '.join(_nested(v) for v in value)}]"
    if isinstance(value, bool | int | float | Decimal):
        return _text(value)
    if isinstance(value, timedelta):
        return _quoted(str(value))
    return _quoted(_text(value))


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _cut(text: str) -> str:
    if len(text) <= CELL_CHARS:
        return text
    return f"{text[:CELL_CHARS]}… (+{count(len(text) - CELL_CHARS)} characters)"
