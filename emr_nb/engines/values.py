"""Local values spelled as JSON that keeps them exactly; `remote/receive.py` reads it."""

from __future__ import annotations

import base64
import datetime as dt
import decimal
from typing import Any

from emr_nb.errors import UsageError

_DEEPEST = 100
_JSON_INT = 2**63
_KNOWN = (
    "None, bool, int, float, str, bytes, date, datetime, timedelta, Decimal, lists, tuples and "
    "dicts of them, and pandas, polars and Arrow frames"
)


def spell(value: Any, name: str, depth: int = 0) -> Any:
    """Return a value as JSON that keeps its type; raises UsageError naming the place."""
    if depth > _DEEPEST:
        raise UsageError(
            f"{name[:60]}… is nested deeper than {_DEEPEST} levels, or holds itself",
            advice="Nothing was sent.",
        )
    value = plain(value, name)
    if value is None or type(value) in (bool, str):
        return value
    if type(value) is int:
        return value if -_JSON_INT <= value < _JSON_INT else {"int": hex(value)}
    if type(value) is list:
        return [spell(item, f"{name}[{at}]", depth + 1) for at, item in enumerate(value)]
    if type(value) is tuple:
        return {"tuple": [spell(item, f"{name}[{at}]", depth + 1) for at, item in enumerate(value)]}
    if type(value) is dict:
        return {"dict": _pairs(value, name, depth)}
    return _scalar(value, name)


def _pairs(value: dict[Any, Any], name: str, depth: int) -> list[list[Any]]:
    return [
        [spell(key, f"a key of {name}", depth + 1), spell(item, f"{name}[{key!r}]", depth + 1)]
        for key, item in value.items()
    ]


def _scalar(value: Any, name: str) -> dict[str, Any]:
    if type(value) is float:
        return {"float": _hex(value)}
    if type(value) is bytes:
        return {"bytes": base64.b64encode(value).decode("ascii")}
    if type(value) is dt.date:
        return {"date": [value.year, value.month, value.day]}
    if type(value) is dt.datetime:
        return {"datetime": _datetime(value)}
    if type(value) is dt.timedelta:
        return {"timedelta": [value.days, value.seconds, value.microseconds]}
    if type(value) is decimal.Decimal:
        return {"decimal": str(value)}
    kind = type(value)
    raise UsageError(
        f"{name} is a {kind.__module__}.{kind.__qualname__}, which cannot be sent",
        advice=f"Sent are {_KNOWN}. Nothing was sent.",
    )


def _hex(value: float) -> str:
    # Java reads the same spelling, with other words for what is no number
    if value != value:
        return "NaN"
    return value.hex().replace("inf", "Infinity")


def _datetime(value: dt.datetime) -> list[Any]:
    text = (
        f"{value.year:04d}-{value.month:02d}-{value.day:02d}T{value.hour:02d}:{value.minute:02d}"
        f":{value.second:02d}.{value.microsecond:06d}"
    )
    offset = value.utcoffset()
    zone = value.tzinfo
    name = getattr(zone, "key", None) or getattr(zone, "zone", None) or ""
    if zone is dt.UTC:
        name = "UTC"
    return [text, value.fold, name, None if offset is None else offset.total_seconds()]


def plain(value: Any, name: str) -> Any:
    """Return the Python value that a NumPy scalar or a pandas timestamp equals; else itself."""
    root = type(value).__module__.partition(".")[0]
    if root == "pandas" and isinstance(value, (dt.datetime, dt.timedelta)):
        if getattr(value, "nanosecond", 0) or getattr(value, "nanoseconds", 0):
            raise UsageError(
                f"{name} has nanoseconds, which Python's own type does not keep",
                advice="Round it first. Nothing was sent.",
            )
        convert = getattr(value, "to_pydatetime", None) or value.to_pytimedelta  # type: ignore[union-attr]
        return convert()
    if root == "numpy":
        import numpy as np

        if isinstance(value, (np.bool_, np.integer, np.float16, np.float32, np.float64, np.str_)):
            return value.item()
        if isinstance(value, np.bytes_):
            return bytes(value)
    return value
