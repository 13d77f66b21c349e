"""A catalog listed level by level: each level is asked for once, and kept for a while."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from emr_nb.model import CatalogNode

KEPT_SECONDS = 300.0

Look = Callable[[CatalogNode | None, float], Sequence[CatalogNode]]


class KeptCatalog:
    """What `look` lists below a node (None: the root) within so many seconds, kept for a while.

    May be asked from several threads. What was listed stays for five minutes, or until `forget`.
    """

    def __init__(
        self,
        look: Look,
        kept: float = KEPT_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._look = look
        self._seconds = kept
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[float, Sequence[CatalogNode]]] = {}
        self._forgotten = 0

    def children(
        self, parent: CatalogNode | None = None, seconds: float = 20.0
    ) -> Sequence[CatalogNode]:
        """List what is below a node; raises what its look raises."""
        key = _key(parent)
        with self._lock:
            at, known = self._kept.get(key, (float("-inf"), ()))
            before = self._forgotten
        if self._clock() - at < self._seconds:
            return known
        found = self._look(parent, seconds)
        with self._lock:
            if self._forgotten == before:  # else it may be what was there before a change
                self._kept[key] = (self._clock(), found)
        return found

    def age(self, parent: CatalogNode | None = None) -> float | None:
        """Return how many seconds ago a node's children were asked for; None if never."""
        with self._lock:
            kept = self._kept.get(_key(parent))
        return self._clock() - kept[0] if kept else None

    def forget(self) -> None:
        """Ask for everything anew from now on."""
        with self._lock:
            self._forgotten += 1
            self._kept.clear()


def _key(parent: CatalogNode | None) -> str:
    return "" if parent is None else f"{parent.kind} {parent.qualified}"
