"""What catalogs answered, kept for a while; each question is asked once at a time."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass
from typing import Any

from emr_nb.errors import DeadlineExceededError
from emr_nb.server.calls import Calls

KEPT = 300.0  # seconds that an answer is given without asking again
_MOST = 4000  # answers, over all clusters
_THREADS = 3  # at once for one source of a cluster, so that a slow one holds up no other
_WAITING = 64

Source = tuple[str, str]  # a cluster's id, a source's name
Names = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Look:
    """One answer, and when it was asked for (monotonic)."""

    found: Any
    at: float

    @property
    def age(self) -> float:
        return time.monotonic() - self.at


class Looks:
    """Answers by source and question. A question that takes too long goes on behind."""

    def __init__(self, kept: float = KEPT) -> None:
        self._seconds = kept
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[Source, Names], Look] = OrderedDict()
        self._asked: dict[tuple[Source, Names], Future[Look]] = {}
        self._calls: dict[Source, Calls] = {}
        self._rounds: dict[Source, int] = {}

    def peek(self, source: Source, names: Names) -> Look | None:
        """Return an answer that is kept."""
        with self._lock:
            found = self._kept.get((source, names))
        return found if found is not None and found.age < self._seconds else None

    def get(
        self, source: Source, names: Names, look: Callable[[], Any], seconds: float, what: str
    ) -> Look:
        """Return the answer that is kept, or what `look` gives; raises what it raises.

        Raises DeadlineExceededError when it has not come within `seconds`, ServerBusyError.
        """
        found = self.peek(source, names)
        if found is not None:
            return found
        asked = self._ask(source, names, look)
        if wait((asked,), seconds).done:
            return asked.result()
        raise DeadlineExceededError(
            f"{what} did not come within {seconds:.1f} s",
            sent=True,
            where=source[1],
            advice="It is still asked for: try again in a moment.",
        )

    def forget(self, source: Source) -> None:
        """Ask for all of a source anew from now on."""
        with self._lock:
            self._rounds[source] = self._rounds.get(source, 0) + 1
            for key in [key for key in self._kept if key[0] == source]:
                del self._kept[key]
            for key in [key for key in self._asked if key[0] == source]:
                del self._asked[key]

    def close(self) -> None:
        """Ask for nothing more."""
        with self._lock:
            calls = list(self._calls.values())
        for one in calls:
            one.close()

    # -- inside ---------------------------------------------------------------------------

    def _ask(self, source: Source, names: Names, look: Callable[[], Any]) -> Future[Look]:
        key = (source, names)
        with self._lock:
            asked = self._asked.get(key)
            if asked is not None:
                return asked
            calls = self._calls.setdefault(source, Calls("catalog", _THREADS, _WAITING))
            round_ = self._rounds.get(source, 0)
            made = calls.submit(lambda: Look(look(), time.monotonic()))
            self._asked[key] = made
        made.add_done_callback(lambda done: self._came(key, done, round_))
        return made

    def _came(self, key: tuple[Source, Names], done: Future[Look], round_: int) -> None:
        with self._lock:
            if self._asked.get(key) is done:
                del self._asked[key]
            if done.cancelled() or done.exception() is not None:
                return
            if self._rounds.get(key[0], 0) != round_:
                return  # it may tell what was there before the refresh
            self._kept[key] = done.result()
            self._kept.move_to_end(key)
            while len(self._kept) > _MOST:
                self._kept.popitem(last=False)
