"""Look-ups that may take longer than somebody who presses Tab will wait."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from emr_nb.errors import EmrError

WAIT = 1.0
_FRESH = 20.0  # seconds that a look-up's answer is used without asking again
_MOST = 500
T = TypeVar("T")


@dataclass
class Patience(Generic[T]):
    """Look-ups on threads of their own with one deadline, their answers kept for a while."""

    wait: float = WAIT
    most: int = _MOST
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _kept: dict[str, tuple[float, list[T]]] = field(default_factory=dict)
    _running: set[str] = field(default_factory=set)

    def ask(self, key: str, look: Callable[[], Iterable[T]], fresh: float = _FRESH) -> list[T]:
        """Return what `look` finds, within the deadline; an older answer or nothing after it."""
        now = time.monotonic()
        with self._lock:
            made, kept = self._kept.get(key, (-_FRESH, []))
            if now - made < fresh or key in self._running:
                return kept
            self._running.add(key)
        done = threading.Event()
        threading.Thread(
            target=self._look, args=(key, look, done), name="emr_nb-complete", daemon=True
        ).start()
        done.wait(self.wait)
        with self._lock:
            return self._kept.get(key, (0.0, []))[1]

    def _look(self, key: str, look: Callable[[], Iterable[T]], done: threading.Event) -> None:
        found: list[T] = []
        try:
            found = [text for text, _ in zip(look(), range(self.most), strict=False)]
        except EmrError:
            found = []  # a Tab is no place for an error
        finally:
            with self._lock:
                self._kept[key] = (time.monotonic(), found)
                self._running.discard(key)
            done.set()
