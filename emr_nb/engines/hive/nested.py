"""Arrays, maps and structs from the text that HiveServer2 sends of them.

Hive writes JSON whose map keys are bare where their type is no text, and whose numbers have
any size. With the type known, every value is exact. What the text does not tell stays text:
binary (written as if it were UTF-8) and unions.
"""

from __future__ import annotations

import datetime as dt
import decimal
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from emr_nb.engines.hive.types import HiveType, arrow_type
from emr_nb.errors import ResultError

if TYPE_CHECKING:
    import pyarrow as pa

_UNTOLD = frozenset({"binary", "uniontype", "interval_year_month", "interval_day_time"})
_BARE = re.compile(r"[^,\]}:]+")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_TEXTS = frozenset({"string", "varchar", "char"})
_FINER = re.compile(r"\.\d{6}\d*[1-9]")
_INTEGERS = frozenset({"tinyint", "smallint", "int", "bigint"})


def readable(kind: HiveType) -> bool:
    """Tell whether the text of this type tells its values."""
    if kind.name in _UNTOLD or not kind.known or "time zone" in kind.name:
        return False
    return all(readable(part) for part in kind.inner)


def typed_nested(column: pa.ChunkedArray, kind: HiveType) -> tuple[pa.ChunkedArray, str]:
    """Return a column of nested values in its own type, and a notice where it stays text.

    Raises ResultError for a text that is no value of the type.
    """
    import pyarrow as pa

    if not kind.known:
        return column, "is text: HiveServer2 did not tell what its values are made of"
    if not readable(kind):
        return column, f"is text: Hive's text of {kind.spelled} does not tell its values"
    target = arrow_type(kind)
    try:
        chunks = [
            pa.array([_value(text, kind) for text in chunk.to_pylist()], target)
            for chunk in column.chunks
        ]
    except _TooFine:
        return column, "is text: it has nanoseconds inside"
    except (ValueError, ArithmeticError, pa.ArrowException) as error:
        raise ResultError(
            f"A value of type {kind.spelled} cannot be read: {error}",
            advice="Cast the column in the query, for example to string.",
        ) from error
    return pa.chunked_array(chunks, target), ""


class _TooFine(Exception):  # noqa: N818 -- no error: the column stays text
    """A timestamp inside has more than microseconds."""


def _value(text: str | None, kind: HiveType) -> Any:
    if text is None:
        return None
    found, end = _read(text, 0, kind)
    if end != len(text):
        raise ValueError(f"something follows the value: {text[end : end + 40]!r}")
    return found


def _read(text: str, at: int, kind: HiveType) -> tuple[Any, int]:
    """Read one value that begins at `at`; return it and where it ends."""
    if text.startswith("null", at) and text[at + 4 : at + 5] in ("", ",", "]", "}"):
        return None, at + 4
    match kind.name:
        case "array":
            return _series(text, at, "[]", lambda place: _read(text, place, kind.inner[0]))
        case "map":
            return _series(text, at, "{}", lambda place: _entry(text, place, kind))
        case "struct":
            return _members(text, at, kind)
    return _scalar(text, at, kind)


def _series(
    text: str, at: int, marks: str, item: Callable[[int], tuple[Any, int]]
) -> tuple[list[Any], int]:
    if text[at : at + 1] != marks[0]:
        raise ValueError(f"{marks[0]} was expected at {text[at : at + 40]!r}")
    at += 1
    if text[at : at + 1] == marks[1]:
        return [], at + 1
    found = []
    while True:
        value, at = item(at)
        found.append(value)
        mark, at = text[at : at + 1], at + 1
        if mark == marks[1]:
            return found, at
        if mark != ",":
            raise ValueError(f"a value ends strangely at {text[at - 1 : at + 40]!r}")


def _entry(text: str, at: int, kind: HiveType) -> tuple[tuple[Any, Any], int]:
    key, at = _read(text, at, kind.inner[0])
    if text[at : at + 1] != ":":
        raise ValueError(f"a key has no value at {text[at : at + 40]!r}")
    value, at = _read(text, at + 1, kind.inner[1])
    return (key, value), at


def _members(text: str, at: int, kind: HiveType) -> tuple[dict[str, Any], int]:
    numbers = iter(range(len(kind.fields)))

    def member(place: int) -> tuple[Any, int]:
        number = next(numbers)
        name, place = _quoted(text, place)
        if name != kind.fields[number] or text[place : place + 1] != ":":
            raise ValueError(f"field {kind.fields[number]!r} was expected, not {name!r}")
        return _read(text, place + 1, kind.inner[number])

    try:
        values, at = _series(text, at, "{}", member)
    except StopIteration:
        raise ValueError("a struct has more fields than its type") from None
    if len(values) != len(kind.fields):
        raise ValueError("a struct has fewer fields than its type")
    return dict(zip(kind.fields, values, strict=True)), at


def _scalar(text: str, at: int, kind: HiveType) -> tuple[Any, int]:
    if kind.name in _TEXTS:
        return _quoted(text, at)
    if kind.name in ("date", "timestamp"):
        found, at = _quoted(text, at)
        return (_date(found) if kind.name == "date" else _timestamp(found)), at
    match = _BARE.match(text, at)
    if not match:
        raise ValueError(f"a value was expected at {text[at : at + 40]!r}")
    bare = match[0]
    if kind.name in _INTEGERS:
        return int(bare), match.end()
    if kind.name == "boolean":
        if bare not in ("true", "false"):
            raise ValueError(f"{bare!r} is no boolean")
        return bare == "true", match.end()
    if kind.name == "decimal":
        return decimal.Decimal(bare).quantize(_step(kind.scale), context=_EXACT), match.end()
    if kind.name in ("double", "float"):
        return float(bare), match.end()
    raise ValueError(f"{bare!r} is of type {kind.name}")


_EXACT = decimal.Context(prec=76, traps=[decimal.Inexact, decimal.InvalidOperation])


def _step(scale: int) -> decimal.Decimal:
    return decimal.Decimal(1).scaleb(-scale)


def _date(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def _timestamp(text: str) -> dt.datetime:
    if _FINER.search(text):
        raise _TooFine
    whole, dot, fraction = text.partition(".")
    return dt.datetime.fromisoformat(f"{whole}{dot}{fraction[:6].ljust(6, '0') if dot else ''}")


def _quoted(text: str, at: int) -> tuple[str, int]:
    match = _QUOTED.match(text, at)
    if not match:
        raise ValueError(f"a text was expected at {text[at : at + 40]!r}")
    raw = match[1]
    return (_ESCAPE.sub(_unescaped, raw) if "\\" in raw else raw), match.end()


def _unescaped(match: re.Match[str]) -> str:
    code, other = match[1], match[2]
    return chr(int(code, 16)) if code else _ESCAPES.get(other, other)
