"""What `find` looks for: names, sizes, times and kinds, as find's users write them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from emr_nb.errors import UsageError
from emr_nb.files.base import FileSystem
from emr_nb.files.globs import matcher
from emr_nb.files.walking import walk
from emr_nb.model import FileEntry, FilePath

_SIZE = re.compile(r"([+-]?)(\d+)([ckKmMgGtTbB]?)")
_DAYS = re.compile(r"([+-]?)(\d+)")
_UNITS = {"": 1, "b": 1, "c": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}
_KINDS = {"f": "file", "d": "directory", "l": "symlink"}

Test = Callable[[FileEntry], bool]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Tests that an entry has to pass; empty texts test nothing."""

    name: str = ""
    iname: str = ""
    size: str = ""
    newer: datetime | None = None
    days: str = ""
    kind: str = ""
    depth: int | None = None

    def tests(self) -> list[Test]:
        """Return the tests; raises UsageError for what cannot be understood."""
        made: list[Test] = []
        if self.name:
            fits = matcher(self.name)
            made.append(lambda e: fits(e.name))
        if self.iname:
            fits_any = matcher(self.iname.lower())
            made.append(lambda e: fits_any(e.name.lower()))
        if self.size:
            made.append(_size(self.size))
        if self.newer is not None:
            limit = self.newer
            made.append(lambda e: e.modified is not None and e.modified > limit)
        if self.days:
            made.append(_days(self.days))
        if self.kind:
            kind = _KINDS.get(self.kind, self.kind)
            if kind not in _KINDS.values():
                raise UsageError(f"There is no type {self.kind!r}", advice="f, d and l are types.")
            made.append(lambda e: e.kind == kind)
        return made


def find(fs: FileSystem, path: FilePath, wanted: Wanted) -> Iterator[FileEntry]:
    """Yield all below a path that passes the tests, as it is found."""
    tests = wanted.tests()
    start = len(path.key.rstrip("/")) + 1
    for entry in walk(fs, path):
        level = entry.path.key[start:].rstrip("/").count("/") + 1
        if wanted.depth is not None and level > wanted.depth:
            continue
        if all(test(entry) for test in tests):
            yield entry


def moment_of(text: str) -> datetime | None:
    """Return the time that a text tells (`2024-01-31`, `2024-01-31 12:00`), or None.

    Without a zone it is the reader's own.
    """
    try:
        told = datetime.fromisoformat(text)
    except ValueError:
        return None
    return told.astimezone(UTC)


def _days(text: str) -> Test:
    """Count whole days since the last change, as `find -mtime` does."""
    found = _DAYS.fullmatch(text)
    if not found:
        raise UsageError(f"{text!r} is no number of days", advice="Write +30 (before), -7 or 1.")
    sign, days = found[1], int(found[2])
    now = datetime.now(UTC)

    def age(entry: FileEntry) -> int | None:
        return None if entry.modified is None else (now - entry.modified) // timedelta(days=1)

    if sign == "+":
        return lambda e: (a := age(e)) is not None and a > days
    if sign == "-":
        return lambda e: (a := age(e)) is not None and a < days
    return lambda e: age(e) == days


def _size(text: str) -> Test:
    found = _SIZE.fullmatch(text)
    if not found:
        raise UsageError(f"{text!r} is no size", advice="Write +10M, -1G or 512 (bytes).")
    sign, number, unit = found.groups()
    limit = int(number) * _UNITS[unit.lower()]
    if sign == "+":
        return lambda e: not e.is_directory and e.size > limit
    if sign == "-":
        return lambda e: not e.is_directory and e.size < limit
    return lambda e: not e.is_directory and e.size == limit
