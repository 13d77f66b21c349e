"""The one Arrow type of a column of Python objects, or the reason why it has none."""

from __future__ import annotations

import datetime as dt
import decimal
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

_NUMBERS = frozenset({"int", "float"})
_PLAIN = frozenset({str, bytes, bool, dt.date, decimal.Decimal})
_NOT_FINITE = "it holds a decimal that is no finite number"


class MixedError(ValueError):
    """Values that Arrow would change without a word; the caller names the column."""


@dataclass
class _Seen:
    """The families of types at one place of nested values."""

    families: set[str] = field(default_factory=set)
    items: _Seen | None = None
    fields: dict[str, _Seen] = field(default_factory=dict)
    least: int = 0
    most: int = 0

    def look(self, value: Any, depth: int = 0) -> None:
        if depth > 100:
            raise MixedError("it is nested deeper than 100 levels")
        family = _family(value)
        if not family:
            return
        self.families.add(family)
        if family == "int":
            self.least, self.most = min(self.least, int(value)), max(self.most, int(value))
        elif family == "list":
            self.items = self.items or _Seen()
            for item in value:
                self.items.look(item, depth + 1)
        elif family == "dict":
            for key, item in value.items():
                if type(key) is not str:
                    raise MixedError(f"a dict in it has the key {key!r}, which is no text")
                self.fields.setdefault(key, _Seen()).look(item, depth + 1)

    def check(self) -> None:
        """Raise MixedError where there is more than one family."""
        if len(self.families) > 1 and not self.families <= _NUMBERS:
            raise MixedError(f"it holds {' and '.join(sorted(self.families))}")
        for inner in (*self.fields.values(), *([self.items] if self.items else [])):
            inner.check()
            if inner.wide:
                raise MixedError("it holds integers of more than 64 bits inside lists or dicts")

    @property
    def wide(self) -> bool:
        return self.least < -(2**63) or self.most >= 2**63


def type_of_objects(values: Iterable[Any]) -> pa.DataType:
    """Return the type that holds all of these exactly.

    Raises MixedError, or what pyarrow raises. Integers beyond 64 bits become decimals.
    """
    import pyarrow as pa

    kinds = set(map(type, values)) - {type(None)}
    if len(kinds) == 1 and kinds <= _PLAIN:  # most columns: no value can be another's
        if decimal.Decimal in kinds and not all(v is None or v.is_finite() for v in values):
            raise MixedError(_NOT_FINITE)
        return pa.infer_type(values, from_pandas=True)
    seen = _Seen()
    for value in values:
        seen.look(value)
    seen.check()
    if not seen.families:
        return pa.null()
    if seen.wide:
        if seen.families != {"int"} or max(-seen.least, seen.most) >= 10**38:
            raise MixedError("it holds integers that no 38 digits hold")
        return pa.decimal128(38, 0)
    return pa.infer_type(values, from_pandas=True)


def _family(value: Any) -> str:
    """Return what a value counts as; an empty text for a missing one."""
    import numpy as np

    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return ""
    if isinstance(value, (float, np.floating)):
        return "" if value != value else "float"
    if isinstance(value, decimal.Decimal):
        if not value.is_finite():
            raise MixedError(_NOT_FINITE)
        return "Decimal"
    if isinstance(value, (dt.datetime, dt.timedelta)):
        return _moment(value)
    for family, kinds in _FAMILIES:
        if isinstance(value, kinds):
            return family
    if isinstance(value, (np.bool_, np.integer)):
        return "bool" if isinstance(value, np.bool_) else "int"
    if isinstance(value, np.ndarray) and value.ndim == 1:
        return "list"
    raise MixedError(f"it holds a {type(value).__module__}.{type(value).__name__}")


def _moment(value: dt.datetime | dt.timedelta) -> str:
    if getattr(value, "nanosecond", 0) or getattr(value, "nanoseconds", 0):
        raise MixedError("it has nanoseconds, which no Spark type keeps; round it first")
    if isinstance(value, dt.timedelta):
        return "timedelta"
    return "datetime" if value.tzinfo is None else "datetime with time zone"


_FAMILIES: tuple[tuple[str, tuple[type, ...]], ...] = (
    ("bool", (bool,)),
    ("int", (int,)),
    ("str", (str,)),
    ("bytes", (bytes, bytearray)),
    ("date", (dt.date,)),
    ("time", (dt.time,)),
    ("list", (list, tuple)),
    ("dict", (dict,)),
)
