"""Type texts of Presto and Trino, read into trees, and the Arrow type of each.

The text of a column's type is the same in both engines (`map(varchar, row(a bigint))`), while
the JSON form of a signature differs between them and their versions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emr_nb.errors import ResultError

if TYPE_CHECKING:
    import pyarrow as pa

# what comes as base64: sketches of the engine's own form
BYTES = frozenset(
    {
        *("varbinary", "hyperloglog", "p4hyperloglog", "khyperloglog"),
        *("tdigest", "qdigest", "setdigest"),
    }
)
NESTED = frozenset({"array", "map", "row"})
NANOSECONDS = 9  # the most digits of a second that Arrow holds
_LONG_NAMES = (
    *("timestamp", "time"),
    *("interval year to month", "interval day to second", "double precision"),
)
_WORD = re.compile(r"\s*([A-Za-z_][\w:]*)")
_QUOTED = re.compile(r'\s*"((?:[^"]|"")*)"')
_NUMBER = re.compile(r"\s*(\d+)\s*(?=[,)])")
_ZONED = re.compile(r"\s*with(out)? time zone", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Kind:
    """A type: its name in lower case, its numbers, and the types within with their names.

    A map's are `key` and `value`, an array's is `element`, a row's are its fields; a field
    without a name has an empty one.
    """

    name: str
    numbers: tuple[int, ...] = ()
    children: tuple[tuple[str, Kind], ...] = ()

    @property
    def precision(self) -> int:
        """Digits of a second's fraction; 3 where none are told, as in Presto."""
        return self.numbers[0] if self.numbers else 3

    @property
    def is_text(self) -> bool:
        """Whether values come as the text that the engine writes, since Arrow has no such type."""
        if self.name in ("timestamp", "time", "timestamp with time zone"):
            return self.precision > NANOSECONDS
        return self.name not in BYTES and self.name not in NESTED and self.name not in _SCALARS


def parse(text: str) -> Kind:
    """Return the type that a text names; raises ResultError for what is none."""
    kind, at = _type(text, 0)
    if kind is None or text[at:].strip():
        raise ResultError(
            f"The type {text!r} cannot be read",
            advice="Cast the column in the query, for example to varchar.",
        )
    return kind


def _type(text: str, at: int) -> tuple[Kind | None, int]:
    """Read a type from here; None where no type begins."""
    name, at = _name(text, at)
    if not name:
        return None, at
    numbers: list[int] = []
    children: list[tuple[str, Kind]] = []
    if text[at : at + 1] == "(":
        at += 1
        while True:
            if found := _NUMBER.match(text, at):
                numbers.append(int(found[1]))
                at = found.end()
            else:
                child, at = _argument(text, at)
                if child is None:
                    return None, at
                children.append(child)
            at = _blank(text, at)
            mark, at = text[at : at + 1], at + 1
            if mark == ")":
                break
            if mark != ",":
                return None, at
    if name in ("timestamp", "time") and (found := _ZONED.match(text, at)):
        name, at = (name if found[1] else f"{name} with time zone"), found.end()
    if name == "double precision":
        name = "double"
    return Kind(name, tuple(numbers), _named(name, children)), at


def _named(name: str, children: list[tuple[str, Kind]]) -> tuple[tuple[str, Kind], ...]:
    names = {"array": ("element",), "map": ("key", "value")}.get(name)
    if names is None:
        return tuple(children)
    return tuple((told, kind) for told, (_, kind) in zip(names, children, strict=False))


def _name(text: str, at: int) -> tuple[str, int]:
    start = _blank(text, at)
    for name in _LONG_NAMES[2:]:
        if text[start : start + len(name)].lower() == name:
            return name, start + len(name)
    found = _WORD.match(text, at)
    return (found[1].lower(), found.end()) if found else ("", at)


def _argument(text: str, at: int) -> tuple[tuple[str, Kind] | None, int]:
    """Read a type, or a field's name and its type."""
    if found := _QUOTED.match(text, at):
        kind, end = _type(text, found.end())
        return (found[1].replace('""', '"'), kind) if kind else None, end
    kind, end = _type(text, at)
    if kind is not None and text[_blank(text, end) :][:1] in (",", ")"):
        return ("", kind), end
    if found := _WORD.match(text, at):
        kind, end = _type(text, found.end())
        return (found[1], kind) if kind else None, end
    return None, end


def _blank(text: str, at: int) -> int:
    while text[at : at + 1].isspace():
        at += 1
    return at


# -- Arrow --------------------------------------------------------------------------------

_SCALARS = frozenset(
    {
        *("boolean", "tinyint", "smallint", "integer", "int", "bigint", "real", "double"),
        *("decimal", "date", "time", "timestamp", "timestamp with time zone", "unknown"),
        *("interval year to month", "interval day to second"),
    }
)


def arrow_type(kind: Kind) -> pa.DataType:
    """Return the Arrow type of a type; instants are in UTC.

    What Arrow has no type for (times with a zone, picoseconds, uuid, ipaddress, json and
    others) is text as the engine writes it. Raises ResultError for a map whose keys the
    protocol spells ambiguously.
    """
    import pyarrow as pa

    if kind.is_text:
        return pa.string()
    if kind.name in BYTES:
        return pa.binary()
    match kind.name:
        case "array":
            return pa.list_(pa.field("element", arrow_type(kind.children[0][1])))
        case "map":
            return _map(kind)
        case "row":
            return pa.struct(
                [
                    pa.field(name or f"field{at}", arrow_type(child))
                    for at, (name, child) in enumerate(kind.children)
                ]
            )
        case "decimal":
            precision, scale = (*kind.numbers, 0)[:2] if kind.numbers else (38, 0)
            return pa.decimal128(precision, scale)
        case "time":
            return pa.time32(unit(kind)) if kind.precision <= 3 else pa.time64(unit(kind))
        case "timestamp":
            return pa.timestamp(unit(kind))
        case "timestamp with time zone":
            return pa.timestamp(unit(kind), "UTC")
    return _simple(kind.name)


def unit(kind: Kind) -> str:
    """Return Arrow's unit for a time's digits."""
    if kind.precision == 0 and kind.name != "time":
        return "s"
    return "ms" if kind.precision <= 3 else "us" if kind.precision <= 6 else "ns"


def _map(kind: Kind) -> pa.DataType:
    import pyarrow as pa

    (_, key), (_, value) = kind.children
    if key.name in NESTED or key.name == "timestamp with time zone":
        # keys come as text without quotes: ["a, b"] and ["a","b"] look the same, and so do the
        # two hours when clocks go back
        raise ResultError(
            f"A map whose keys are of type {key.name} cannot be brought back: the server "
            "spells two different keys alike",
            advice="Select map_entries(column), which keeps them apart.",
        )
    return pa.map_(pa.field("key", arrow_type(key), nullable=False), arrow_type(value))


def _simple(name: str) -> pa.DataType:
    import pyarrow as pa

    simple = {
        "boolean": pa.bool_,
        "tinyint": pa.int8,
        "smallint": pa.int16,
        "integer": pa.int32,
        "int": pa.int32,
        "bigint": pa.int64,
        "real": pa.float32,
        "double": pa.float64,
        "date": pa.date32,
        "interval year to month": pa.month_day_nano_interval,
        "interval day to second": lambda: pa.duration("ms"),
        "unknown": pa.null,
    }
    return simple[name]()
