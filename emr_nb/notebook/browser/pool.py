"""A few threads for questions to stores, so that a slow one keeps nobody waiting but its asker."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable


class Pool:
    """At most `most` daemon threads; what waits gives way to newer work of the same key.

    A thread ends when nothing waits, and none keeps the process from ending. The work itself
    answers its failures.
    """

    def __init__(self, name: str, most: int) -> None:
        self._name = name
        self._most = most
        self._lock = threading.Lock()
        self._waiting: OrderedDict[Hashable, Callable[[], None]] = OrderedDict()
        self._running = 0

    def put(self, key: Hashable, work: Callable[[], None]) -> None:
        """Have work done soon; returns at once."""
        with self._lock:
            self._waiting.pop(key, None)
            self._waiting[key] = work
            if self._running >= self._most:
                return
            self._running += 1
        threading.Thread(target=self._run, name=f"emr_nb-{self._name}", daemon=True).start()

    def clear(self) -> None:
        """Forget what waits; what runs goes on."""
        with self._lock:
            self._waiting.clear()

    def _run(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._running -= 1
                    return
                _, work = self._waiting.popitem(last=False)
            work()
