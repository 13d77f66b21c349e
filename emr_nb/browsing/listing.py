"""A folder's entries as its pages arrive, and windows of them in any order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from emr_nb.browsing.choosing import tests_of
from emr_nb.browsing.columns import FileColumn, sort_key
from emr_nb.errors import EmrError
from emr_nb.files.base import FileSystem
from emr_nb.model import FileEntry, FilePath

MAX_ROWS = 500


@dataclass(frozen=True, slots=True)
class Window:
    """Some rows of an order: `ids` count entries as they came; `total` after the filter."""

    start: int
    ids: Sequence[int]
    total: int
    seen: int


class Listing:
    """The entries of one folder; filled on one thread, read on others.

    Folders stand first in every order. What came stays where it is, so its number names it.
    """

    def __init__(
        self,
        number: int,
        path: FilePath,
        store: FileSystem,
        columns: Sequence[FileColumn],
        keep: Callable[[FileEntry], bool] | None = None,
    ) -> None:
        self.number = number
        self.path = path
        self.store = store
        self.columns = tuple(columns)
        self._keep = keep
        self.done = False
        self.error: EmrError | None = None
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._entries: list[FileEntry] = []
        self._bytes = 0
        self._folders = 0
        self._order: tuple[tuple[Any, ...], list[int]] | None = None

    def fill(self, told: Callable[[], None]) -> None:
        """List page by page until the end or `stop`; `told` is called after each page."""
        after: str | None = None
        try:
            while not self._stopped.is_set():
                page = self.store.ls(self.path, after)
                self._take(page.items)
                after = page.after
                if after is None:
                    break
                told()
        except EmrError as error:
            self.error = error
        self.done = True
        if not self._stopped.is_set():
            told()

    def stop(self) -> None:
        """Ask for no further page."""
        self._stopped.set()

    @property
    def stopped(self) -> bool:
        return self._stopped.is_set()

    def entry(self, number: int) -> FileEntry:
        """Return an entry by its number; raises IndexError."""
        if number < 0:
            raise IndexError(number)
        with self._lock:
            return self._entries[number]

    def sums(self) -> dict[str, Any]:
        """Return what has come so far."""
        with self._lock:
            files = len(self._entries) - self._folders
            return {"total": len(self._entries), "folders": self._folders, "files": files,
                    "bytes": self._bytes, "done": self.done}  # fmt: skip

    def window(self, start: int, count: int, order: Mapping[str, Any] | None, text: str) -> Window:
        """Return rows in an order; raises UsageError for a filter that cannot be read."""
        ids = self._ordered(order or {}, text)
        part = ids[start : start + min(count, MAX_ROWS)]
        return Window(start, part, len(ids), len(self._entries))

    def numbers(
        self, start: int, count: int, order: Mapping[str, Any] | None, text: str
    ) -> Sequence[int]:
        """Return the numbers of all entries of a range of rows, however long."""
        return self._ordered(order or {}, text)[start : start + count]

    def row(self, number: int, order: Mapping[str, Any] | None, text: str) -> int:
        """Return the row of an entry in an order; −1 where it is none; raises UsageError."""
        ids = self._ordered(order or {}, text)  # raises for a filter that cannot be read
        try:
            return ids.index(number)
        except ValueError:
            return -1

    def find(self, test: Callable[[FileEntry], bool]) -> int:
        """Return the number of the first entry that passes a test; −1 where none has come."""
        with self._lock:
            entries = self._entries[:]
        return next((number for number, entry in enumerate(entries) if test(entry)), -1)

    def _take(self, items: Sequence[FileEntry]) -> None:
        if self._keep is not None:
            items = [entry for entry in items if self._keep(entry)]
        with self._lock:
            self._entries.extend(items)
            self._bytes += sum(e.size for e in items)
            self._folders += sum(e.is_directory for e in items)

    def _ordered(self, order: Mapping[str, Any], text: str) -> list[int]:
        with self._lock:
            entries = self._entries[:]
            key = (len(entries), order.get("column"), bool(order.get("descending")), text)
            if self._order is not None and self._order[0] == key:
                return self._order[1]
        tests = tests_of(text, self.columns)
        ids = [n for n, e in enumerate(entries) if all(test(e) for test in tests)]
        folders = [n for n in ids if entries[n].is_directory]
        files = [n for n in ids if not entries[n].is_directory]
        made = self._sorted(folders, entries, order) + self._sorted(files, entries, order)
        with self._lock:
            self._order = (key, made)
        return made

    def _sorted(
        self, ids: list[int], entries: Sequence[FileEntry], order: Mapping[str, Any]
    ) -> list[int]:
        index = order.get("column")
        if not isinstance(index, int) or not 0 <= index < len(self.columns):
            return ids
        key = sort_key(self.columns[index])
        keyed = [(key(entries[n]), n) for n in ids]
        there = [(k, n) for k, n in keyed if not k[0]]
        there.sort(key=lambda pair: pair[0], reverse=bool(order.get("descending")))
        return [n for _, n in there] + [n for k, n in keyed if k[0]]
