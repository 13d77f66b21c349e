"""Hive's types, as HiveServer2 and its log spell them, and the Arrow types they become."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from emr_nb.engines.hive.thrift import text
from emr_nb.errors import ResultError

if TYPE_CHECKING:
    import pyarrow as pa

# TTypeId, by number
NAMES = (
    *("boolean", "tinyint", "smallint", "int", "bigint", "float", "double", "string"),
    *("timestamp", "binary", "array", "map", "struct", "uniontype", "user-defined", "decimal"),
    *("void", "date", "varchar", "char", "interval_year_month", "interval_day_time"),
    "timestamp with local time zone",
)
NESTED = frozenset({"array", "map", "struct", "uniontype"})
_QUALIFIED = ("varchar", "char")
_ATOM = re.compile(r"[a-z_]+(?: with local time zone)?")
_NUMBERS = re.compile(r"\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\)")
_ZONE = re.compile(r"\('[^']*'\)")


@dataclass(frozen=True, slots=True)
class HiveType:
    """One type: its name, what qualifies it, and what is inside (fields of a struct by name)."""

    name: str
    precision: int = 0
    scale: int = 0
    inner: tuple[HiveType, ...] = ()
    fields: tuple[str, ...] = ()
    spelled: str = field(default="", compare=False)

    @property
    def nested(self) -> bool:
        return self.name in NESTED

    @property
    def known(self) -> bool:
        """Whether what is inside is known; HiveServer2's own schema never tells it."""
        return not self.nested or bool(self.inner or self.fields)


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """A column of a result: its name and type."""

    name: str
    type: HiveType


def columns_of(body: Mapping[int, Any] | None) -> list[ColumnFacts]:
    """Read a TTableSchema."""
    found = []
    for column in (body or {}).get(1) or ():
        entry = column[2][1][0].get(1) or {}
        found.append(ColumnFacts(text(column[1]), _declared(entry)))
    return found


def _declared(entry: Mapping[int, Any]) -> HiveType:
    number = int(entry.get(1, 7))
    name = NAMES[number] if 0 <= number < len(NAMES) else f"type {number}"
    given = {text(k): v for k, v in ((entry.get(2) or {}).get(1) or {}).items()}
    if name == "decimal":
        precision, scale = _number(given, "precision", 10), _number(given, "scale", 0)
        return HiveType(name, precision, scale, spelled=f"decimal({precision},{scale})")
    if name in _QUALIFIED:
        length = _number(given, "characterMaximumLength", 0)
        return HiveType(name, length, spelled=f"{name}({length})" if length else name)
    return HiveType(name, spelled=name)


def _number(given: Mapping[str, Any], key: str, default: int) -> int:
    return int((given.get(key) or {}).get(1, default))


# -- types that the compiler's log tells ----------------------------------------------------


def told_types(log: Sequence[str], names: Sequence[str]) -> list[str] | None:
    """Return the columns' types as the operation's log has them; None where it has not.

    The line is `Returning Hive schema: Schema(fieldSchemas:[FieldSchema(name:…, type:…,
    comment:…), …]`. Names may hold anything, so they are matched, not searched.
    """
    joined = "\n".join(log)
    start = joined.rfind("Returning Hive schema: Schema(fieldSchemas:[")
    if start < 0:
        return None
    at = joined.index("[", start) + 1
    found = []
    for name in names:
        head = f"FieldSchema(name:{name}, type:"
        if not joined.startswith(head, at):
            return None
        end = joined.find(", comment:", at + len(head))
        close = joined.find(")", end)
        if end < 0 or close < 0:
            return None
        found.append(joined[at + len(head) : end])
        at = close + 1 + len(", ")
    return found


def parse(spelled: str) -> HiveType:
    """Read a type as Hive spells it (`map<string,array<int>>`); raises ResultError."""
    found, end = _parse(spelled, 0)
    if end != len(spelled):
        raise _unknown(spelled)
    return found


def _parse(spelled: str, at: int) -> tuple[HiveType, int]:
    match = _ATOM.match(spelled, at)
    if not match:
        raise _unknown(spelled)
    name, end = match[0], match.end()
    if name in NESTED:
        return _parse_nested(spelled, name, at, end)
    if zone := _ZONE.match(spelled, end):
        end = zone.end()
    numbers = _NUMBERS.match(spelled, end)
    precision, scale = (10, 0) if name == "decimal" else (0, 0)
    if numbers:
        precision, scale, end = int(numbers[1]), int(numbers[2] or 0), numbers.end()
    return HiveType(name, precision, scale, spelled=spelled[at:end]), end


def _parse_nested(spelled: str, name: str, at: int, end: int) -> tuple[HiveType, int]:
    if spelled[end : end + 1] != "<":
        raise _unknown(spelled)
    end += 1
    inner: list[HiveType] = []
    fields: list[str] = []
    while True:
        if name == "struct":
            colon = spelled.find(":", end)
            if colon < 0:
                raise _unknown(spelled)
            fields.append(spelled[end:colon])
            end = colon + 1
        part, end = _parse(spelled, end)
        inner.append(part)
        mark, end = spelled[end : end + 1], end + 1
        if mark == ">":
            break
        if mark != ",":
            raise _unknown(spelled)
    made = HiveType(name, 0, 0, tuple(inner), tuple(fields), spelled[at:end])
    if len(inner) != {"array": 1, "map": 2}.get(name, len(inner)):
        raise _unknown(spelled)
    return made, end


# -- Arrow ----------------------------------------------------------------------------------


def arrow_type(kind: HiveType) -> pa.DataType:
    """Return the Arrow type; what is inside a nested one must be known.

    A timestamp is in microseconds; a column with finer values becomes one in nanoseconds when
    its values are known. Raises ResultError for a type that cannot be brought.
    """
    import pyarrow as pa

    match kind.name:
        case "decimal":
            return pa.decimal128(kind.precision, kind.scale)
        case "array":
            return pa.list_(pa.field("element", arrow_type(kind.inner[0])))
        case "map":
            key = pa.field("key", arrow_type(kind.inner[0]), nullable=False)
            return pa.map_(key, pa.field("value", arrow_type(kind.inner[1])))
        case "struct":
            pairs = zip(kind.fields, kind.inner, strict=True)
            return pa.struct([pa.field(name, arrow_type(part)) for name, part in pairs])
    simple = {
        "boolean": pa.bool_,
        "tinyint": pa.int8,
        "smallint": pa.int16,
        "int": pa.int32,
        "bigint": pa.int64,
        "float": pa.float32,
        "double": pa.float64,
        "string": pa.string,
        "varchar": pa.string,
        "char": pa.string,
        "binary": pa.binary,
        "date": pa.date32,
        "timestamp": lambda: pa.timestamp("us"),
        "interval_year_month": pa.month_day_nano_interval,
        "interval_day_time": lambda: pa.duration("us"),
        "void": pa.null,
    }
    if kind.name not in simple:
        raise ResultError(
            f"The Hive type {kind.spelled or kind.name!r} cannot be brought back",
            advice="Cast the column in the query, for example to string.",
        )
    return simple[kind.name]()


def _unknown(spelled: str) -> ResultError:
    return ResultError(f"{spelled[:200]!r} is no Hive type that is known here")
