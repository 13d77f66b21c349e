"""Python values as JSON and back, for clients that live in another Python. Standard library."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any


@dataclass(frozen=True)
class Months:
    """An interval as clients give it: an object with years and months."""

    years: int
    months: int


@dataclass(frozen=True)
class Other:
    """A value of a type that has no spelling here."""

    text: str

    def __str__(self) -> str:
        return self.text


TOLD: dict[type, Callable[[Any], Any]] = {  # a boolean is an int too, a datetime a date
    bool: lambda value: value,
    str: lambda value: value,
    int: str,
    float: repr,
    bytes: bytes.hex,
    Decimal: str,
    dt.datetime: dt.datetime.isoformat,
    dt.date: dt.date.isoformat,
    dt.time: dt.time.isoformat,
    dt.timedelta: lambda value: [value.days, value.seconds, value.microseconds],
    dict: lambda value: [[tell(key), tell(item)] for key, item in value.items()],
    list: lambda value: [tell(item) for item in value],
    tuple: lambda value: [tell(item) for item in value],
}
READ: dict[str, Callable[[Any], Any]] = {
    "bool": bool,
    "str": str,
    "int": int,
    "float": float,
    "bytes": bytes.fromhex,
    "Decimal": Decimal,
    "datetime": dt.datetime.fromisoformat,
    "date": dt.date.fromisoformat,
    "time": dt.time.fromisoformat,
    "timedelta": lambda parts: dt.timedelta(*parts),
    "dict": lambda pairs: {hashable(read(key)): read(item) for key, item in pairs},
    "list": lambda items: [read(item) for item in items],
    "tuple": lambda items: [read(item) for item in items],
    "Months": lambda parts: Months(*parts),
    "Other": Other,
}


def tell(value: Any) -> list[Any] | None:
    """Return a value as JSON: the name of its type, and its spelling."""
    if value is None:
        return None
    for kind, spell in TOLD.items():
        if isinstance(value, kind):
            return [kind.__name__, spell(value)]
    if hasattr(value, "years") and hasattr(value, "months"):
        return ["Months", [value.years, value.months]]
    return ["Other", str(value)]


def read(told: list[Any] | None) -> Any:
    """Return the value that was told."""
    return None if told is None else READ[told[0]](told[1])


def hashable(key: Any) -> Any:
    return tuple(key) if isinstance(key, list) else key
