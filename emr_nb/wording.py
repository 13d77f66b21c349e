"""How sizes, times, counts and foreign names are written for a reader."""

from __future__ import annotations

import unicodedata
from datetime import datetime


def count(number: int) -> str:
    """Write a whole number with thousands marked."""
    return f"{number:,}"


def plural(number: int, noun: str) -> str:
    """Write a count with its noun."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def size(number: int | None) -> str:
    """Write bytes in binary units, as `hdfs dfs -ls -h` does."""
    if number is None:
        return ""
    value = float(number)
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if value < 1024 or unit == "TiB":
            return f"{number} B" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    raise AssertionError("unreachable")


def moment(value: datetime | None) -> str:
    """Write a time in the reader's zone."""
    return "" if value is None else f"{value.astimezone():%Y-%m-%d %H:%M}"


def printable(text: str) -> str:
    """Make control and direction characters of foreign names visible instead of active."""
    if text.isprintable():
        return text
    return "".join(
        c if c.isprintable() or unicodedata.category(c) in ("Lo", "Mn", "Mc") else ascii(c)[1:-1]
        for c in text
    )


def printable_lines(text: str) -> str:
    """Make a text of several lines safe to show."""
    return "\n".join(printable(line) for line in text.splitlines())
