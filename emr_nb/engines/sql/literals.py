"""Write Python values as SQL literals of the right type, exactly; refuse what has none."""

from __future__ import annotations

import datetime as dt
import decimal
import math
import uuid
from collections.abc import Callable, Iterable
from typing import Any

from emr_nb.engines.sql.lexicon import Lexicon
from emr_nb.engines.values import plain
from emr_nb.errors import UsageError

_INT64 = 2**63
_DIGITS = 38  # of the widest decimal that any of the engines has
_KNOWN = (
    "None, bool, int, float, str, bytes, date, datetime, time, timedelta, Decimal, UUID, and lists "
    "of them (also a Series or an array)"
)


def normal(value: Any, name: str) -> Any:
    """Return the plain Python value of a parameter; raises UsageError for what is none.

    What iterates as a list of values (a tuple, set, range, Series or array) becomes a list.
    """
    value = plain(_no_missing(value), name)
    if isinstance(value, (bytearray, memoryview)):
        return bytes(value)
    for kind in (bool, int, float, str):  # of an enum's member, the value
        if isinstance(value, kind):
            return kind.__str__(value) if kind is str else kind(value)
    scalars = (bytes, dt.date, dt.time, dt.timedelta, decimal.Decimal, uuid.UUID)
    if value is None or isinstance(value, scalars):
        return value
    items = _items(value)
    if items is None:
        raise UsageError(
            f"{{{{{name}}}}} is a {type(value).__module__}.{type(value).__qualname__}: that is no "
            "SQL value",
            advice=f"Values are {_KNOWN}. Nothing was run.",
        )
    return [normal(item, f"{name}[{n}]") for n, item in enumerate(items)]


def _no_missing(value: Any) -> Any:
    root = type(value).__module__.partition(".")[0]
    return None if root == "pandas" and type(value).__name__ in ("NaTType", "NAType") else value


def _items(value: Any) -> Iterable[Any] | None:
    if isinstance(value, (list, tuple, set, frozenset, range)):
        return value
    for method in ("to_pylist", "to_list", "tolist"):  # Arrow; polars and pandas; NumPy
        convert = getattr(value, method, None)
        if convert is not None and not hasattr(value, "columns"):
            found: list[Any] = convert()
            return found if isinstance(found, list) else None
    return None


def literal(value: Any, name: str, rules: Lexicon) -> str:
    """Return the SQL literal of a plain value; raises UsageError where the dialect has none."""
    if value is None:
        return "NULL"
    if isinstance(value, list):
        items = ", ".join(literal(item, name, rules) for item in value)
        return f"ARRAY[{items}]" if rules.dialect not in ("hive", "spark") else f"array({items})"
    for kind, write in _WRITERS:
        if isinstance(value, kind):
            return write(value, name, rules)
    raise AssertionError(f"{type(value)} is no plain value")


def quoted(text: str, name: str, rules: Lexicon, quote: str = "'") -> str:
    """Return a text as a string literal."""
    return f"{quote}{inside(text, name, rules, quote)}{quote}"


def inside(
    text: str, name: str, rules: Lexicon, quote: str, *, backslash: bool | None = None
) -> str:
    """Return a text escaped for a place between these quotes; raises UsageError."""
    _check_text(text, name, rules)
    if not (rules.backslash if backslash is None else backslash):
        return text.replace(quote, quote * 2)
    # in e'…' a doubled quote is the safe one: DuckDB looks for quotes once before it parses
    text = text.replace("\\", "\\\\")
    text = text.replace(quote, f"\\{quote}" if rules.backslash else quote * 2)
    # the server replaces ${…} before it parses: the dollar must not be seen as one
    return text.replace("$", "\\u0024") if rules.variables else text


def identifier(text: str, name: str, rules: Lexicon) -> str:
    """Return a text as a quoted identifier; raises UsageError."""
    quote = rules.names[0]
    return f"{quote}{inside_name(text, name, rules, quote)}{quote}"


def inside_name(text: str, name: str, rules: Lexicon, quote: str) -> str:
    """Return a text escaped for a place inside a quoted identifier; raises UsageError."""
    _check_text(text, name, rules)
    if not text:
        raise UsageError(f"{{{{{name}}}}} is empty: that can be no name", advice="Nothing was run.")
    if rules.variables and "${" in text:
        raise UsageError(
            f"{{{{{name}}}}} has ${{ in it, which the server would replace",
            advice="A name with it cannot be written. Nothing was run.",
        )
    return text.replace(quote, quote * 2)


def text_of(value: Any, name: str) -> str:
    """Return a scalar's text as it stands inside quotes; raises UsageError for what has none."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dt.datetime):
        return _stamp(_whole_offset(value), offset=True)
    if isinstance(value, decimal.Decimal):
        return _plain_decimal(value, name)
    if isinstance(value, (str, int, float, dt.date, dt.time, uuid.UUID)):
        return str(value)
    what = "None" if value is None else f"a {type(value).__name__}"
    raise UsageError(
        f"{{{{{name}}}}} is {what}, and stands inside quotes: it has no text there",
        advice=f"Write {{{{{name}}}}} without quotes. Nothing was run.",
    )


# -- inside -------------------------------------------------------------------------------


def _check_text(text: str, name: str, rules: Lexicon) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise UsageError(
            f"{{{{{name}}}}} has half of a surrogate pair in it, which UTF-8 cannot say",
            advice="Nothing was run.",
        ) from None
    if "\0" in text and rules.dialect not in ("trino", "presto"):
        raise UsageError(
            f"{{{{{name}}}}} has a NUL character in it, which would cut the statement",
            advice="Nothing was run.",
        )


def _bool(value: bool, name: str, rules: Lexicon) -> str:
    del name, rules
    return "TRUE" if value else "FALSE"


def _int(value: int, name: str, rules: Lexicon) -> str:
    if -_INT64 < value < _INT64:
        return str(value)
    if value == -_INT64:  # its digits alone are beyond the type
        return f"CAST('{value}' AS BIGINT)"
    return _decimal(decimal.Decimal(value), name, rules)


def _float(value: float, name: str, rules: Lexicon) -> str:
    del name
    words = {math.inf: "Infinity", -math.inf: "-Infinity"}
    text = "NaN" if math.isnan(value) else words.get(value) or repr(value)
    return (
        f"DOUBLE '{text}'" if rules.dialect in ("trino", "presto") else f"CAST('{text}' AS DOUBLE)"
    )


def _plain_decimal(value: decimal.Decimal, name: str) -> str:
    if not value.is_finite():
        raise UsageError(
            f"{{{{{name}}}}} is Decimal('{value}'): no SQL decimal is that",
            advice=f"float({name}) is one for a double. Nothing was run.",
        )
    sign, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int), "a finite decimal's"
    if max(len(digits) + max(exponent, 0), -exponent) > _DIGITS:
        raise UsageError(
            f"{{{{{name}}}}} has more than {_DIGITS} digits, the most that an SQL decimal has",
            advice=f"Round it, or give its text: str({name}). Nothing was run.",
        )
    del sign
    return format(value, "f")


def _decimal(value: decimal.Decimal, name: str, rules: Lexicon) -> str:
    text = _plain_decimal(value, name)
    if rules.dialect in ("trino", "presto"):
        return f"DECIMAL '{text}'"
    whole, _, fraction = text.lstrip("-").partition(".")
    digits = len(whole.lstrip("0")) + len(fraction)
    return f"CAST('{text}' AS DECIMAL({max(digits, 1)},{len(fraction)}))"


def _bytes(value: bytes, name: str, rules: Lexicon) -> str:
    del name
    if rules.dialect == "hive":
        return f"unhex('{value.hex()}')"
    return f"from_hex('{value.hex()}')" if rules.dialect == "duckdb" else f"X'{value.hex()}'"


def _date(value: dt.date, name: str, rules: Lexicon) -> str:
    del name, rules
    return f"DATE '{value.isoformat()}'"


def _datetime(value: dt.datetime, name: str, rules: Lexicon) -> str:
    del name
    if value.utcoffset() is None:
        return f"TIMESTAMP '{_stamp(value)}'"
    if rules.dialect == "hive":
        text = _stamp(value.astimezone(dt.UTC).replace(tzinfo=None))
        return f"CAST('{text} UTC' AS TIMESTAMP WITH LOCAL TIME ZONE)"
    kind = "TIMESTAMPTZ" if rules.dialect == "duckdb" else "TIMESTAMP"
    return f"{kind} '{_stamp(_whole_offset(value), offset=True)}'"


def _whole_offset(value: dt.datetime) -> dt.datetime:
    """Return the same instant with an offset of whole minutes: engines write no seconds."""
    offset = value.utcoffset()
    return value.astimezone(dt.UTC) if offset and offset.total_seconds() % 60 else value


def _stamp(value: dt.datetime, *, offset: bool = False) -> str:
    return (value if offset else value.replace(tzinfo=None)).isoformat(" ")


def _time(value: dt.time, name: str, rules: Lexicon) -> str:
    if rules.dialect in ("hive", "spark") or value.utcoffset() is not None:
        what = "with a zone" if value.utcoffset() is not None else f"of day, which {rules.dialect} "
        what += "" if value.utcoffset() is not None else "has no type for"
        raise UsageError(
            f"{{{{{name}}}}} is a time {what}",
            advice=f"Give its text: {name}.isoformat(). Nothing was run.",
        )
    return f"TIME '{value.isoformat()}'"


def _timedelta(value: dt.timedelta, name: str, rules: Lexicon) -> str:
    micros = value // dt.timedelta(microseconds=1)
    if rules.dialect == "duckdb":
        return f"to_microseconds({micros})"
    sign, micros = "-" * (micros < 0), abs(micros)
    if rules.dialect in ("trino", "presto") and micros % 1000:
        raise UsageError(
            f"{{{{{name}}}}} has microseconds; an interval here keeps milliseconds",
            advice="Round it first. Nothing was run.",
        )
    days, rest = divmod(micros, 86_400_000_000)
    seconds, micros = divmod(rest, 1_000_000)
    clock = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    part = f".{micros // 1000:03d}" if rules.dialect in ("trino", "presto") else f".{micros:06d}"
    inner, outer = ("", sign) if rules.dialect in ("trino", "presto") else (sign, "")
    return f"INTERVAL {outer}'{inner}{days} {clock}{part}' DAY TO SECOND"


def _uuid(value: uuid.UUID, name: str, rules: Lexicon) -> str:
    del name
    return f"'{value}'" if rules.dialect in ("hive", "spark") else f"CAST('{value}' AS UUID)"


_WRITERS: tuple[tuple[type, Callable[[Any, str, Lexicon], str]], ...] = (
    (bool, _bool),
    (int, _int),
    (float, _float),
    (str, quoted),
    (bytes, _bytes),
    (dt.datetime, _datetime),
    (dt.date, _date),
    (dt.time, _time),
    (dt.timedelta, _timedelta),
    (decimal.Decimal, _decimal),
    (uuid.UUID, _uuid),
)
