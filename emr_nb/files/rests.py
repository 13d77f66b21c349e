"""What is left of listings that came whole, until their next pages are asked for."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Generic, TypeVar

PAGE = 1000  # entries
_KEPT = 2  # listings
_SECONDS = 30.0  # what is older is listed anew

Item = TypeVar("Item")


class Rests(Generic[Item]):
    """Cuts listings into pages; shared by threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[tuple[str, str], tuple[float, Sequence[Item]]] = {}

    def take(self, folder: str, after: str | None) -> Sequence[Item] | None:
        """Return what comes after a name that ended a page; None where it is not known."""
        if after is None:
            return None
        with self._lock:
            kept, rest = self._kept.pop((folder, after), (0.0, None))
        return rest if time.monotonic() - kept < _SECONDS else None

    def keep(self, folder: str, after: str, rest: Sequence[Item]) -> None:
        """Keep what is left behind a name."""
        with self._lock:
            while len(self._kept) >= _KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[folder, after] = (time.monotonic(), rest)
