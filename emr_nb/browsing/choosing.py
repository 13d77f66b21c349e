"""The browser's filter: words that must all hold, a column's where one is named.

`part` looks into names, `size>10m`, `modified>=2024-05-01`, `owner=hadoop` into a column.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from emr_nb.browsing.columns import FileColumn
from emr_nb.errors import UsageError
from emr_nb.model import FileEntry

Test = Callable[[FileEntry], bool]

_WORD = re.compile(r"(?P<column>[a-z]+)(?P<op><=|>=|!=|[<>=:])(?P<value>.+)")
_SIZE = re.compile(r"(?i)(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[kmgt]?)(?:i?b)?")
_UNITS = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3, "t": 1024**4}
_COMPARE: dict[str, Callable[[str, str], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


def tests_of(text: str, columns: Sequence[FileColumn]) -> list[Test]:
    """Return the tests that a filter's text stands for; raises UsageError for a bad value."""
    by_key = {c.key: c for c in columns if not c.late}
    return [_test(word, by_key, columns[0]) for word in text.split()]


def _test(word: str, by_key: dict[str, FileColumn], name: FileColumn) -> Test:
    found = _WORD.fullmatch(word)
    column = by_key.get(found["column"]) if found else None
    if found is None or column is None:
        wanted = word.casefold()
        return lambda e: wanted in name.value(e).casefold() or wanted in name.text(e).casefold()
    op, value = found["op"], found["value"]
    if column.kind == "text":
        return _of_text(column, op, value)
    low, high, beyond = _bounds(column, value)
    if op in ("=", ":"):
        return lambda e: (v := column.value(e)) is not None and low <= v < high
    if op == "!=":
        return lambda e: (v := column.value(e)) is not None and not low <= v < high
    # a day is as long as it is: after it means from its end on
    bound = low if op in ("<", ">=") else beyond
    compare = {"<": operator.lt, "<=": operator.lt, ">": operator.ge, ">=": operator.ge}[op]
    return lambda e: (v := column.value(e)) is not None and compare(v, bound)


def _of_text(column: FileColumn, op: str, value: str) -> Test:
    wanted = value.casefold()
    if op == ":":
        return lambda e: wanted in column.text(e).casefold()
    if op in ("=", "!="):
        return lambda e: (wanted in _spellings(column, e)) is (op == "=")
    compare = _COMPARE[op]
    return lambda e: compare(column.value(e).casefold(), wanted)


def _spellings(column: FileColumn, entry: FileEntry) -> tuple[str, str]:
    return column.value(entry).casefold(), column.text(entry).casefold()


def _bounds(column: FileColumn, value: str) -> tuple[Any, Any, Any]:
    """Return the least value that is meant, the least that is not equal, and the least above."""
    if column.kind == "time":
        for form, length in (("%Y-%m-%d", 1440), ("%Y-%m-%dT%H:%M", 1)):
            try:
                start = datetime.strptime(value, form).astimezone()
            except ValueError:
                continue
            end = start + timedelta(minutes=length)
            return start, end, end
        raise UsageError(
            f"{value!r} is no day", advice="Write modified>2024-05-01 or modified<2024-05-01T12:30."
        )
    found = _SIZE.fullmatch(value)
    if found is None:
        raise UsageError(f"{value!r} is no {column.title.lower()}", advice="Write size>10m.")
    unit = _UNITS[found["unit"].lower()]
    low = int(float(found["number"]) * unit)
    return low, low + unit, low + 1
