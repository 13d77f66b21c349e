"""How often we ask EMR: a sliding window of calls, and short memories of the answers.

EMR's Describe and List calls share one small limit per account and region, with every other
tool there. The promise is *at most six EMR operations in any sixty seconds* of one
`AwsAccess` (one identity, endpoint and region). All six may come at once, so an attach
(list, describe, groups or fleets, instances, auto-termination policy: five) never waits when
the minute before was quiet. The further pages of one listing belong to its operation, since
a listing that stops half-way would be wrong; they are paced instead.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from emr_nb.errors import AwsThrottledError

CALLS_PER_WINDOW = 6
WINDOW_SECONDS = 60.0
PAGE_SECONDS = 0.2
MEMORY_SECONDS = 30.0
DEFAULT_WAIT = 120.0

T = TypeVar("T")


class CallBudget:
    """Lets `calls` operations through in any `window` seconds; shared between threads.

    `clock` and `sleep` (both in seconds) are there for tests. Waiting is in slices of at most
    half a second, so an interrupt gets out at once.
    """

    def __init__(
        self,
        calls: int = CALLS_PER_WINDOW,
        window: float = WINDOW_SECONDS,
        *,
        page_gap: float = PAGE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._calls = calls
        self._window = window
        self._page_gap = page_gap
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._taken: deque[float] = deque()
        self._next_page = 0.0

    def take(self, action: str, wait: float = DEFAULT_WAIT) -> None:
        """Wait for the turn of one operation; raises AwsThrottledError after `wait` seconds."""
        end = self._clock() + wait
        while (left := self._try()) > 0:
            if self._clock() + left > end:
                raise AwsThrottledError(
                    f"{action} would be more than {self._calls} EMR calls in"
                    f" {self._window:.0f} s; the next may go out in {left:.0f} s",
                    advice="Wait and run this again; other notebooks share the same limit.",
                )
            self._sleep(min(left, 0.5))

    def room(self) -> int:
        """Return how many operations may go out now without waiting."""
        with self._lock:
            self._drop_old(self._clock())
            return self._calls - len(self._taken)

    def page(self) -> None:
        """Keep the pace between the pages of one listing."""
        with self._lock:
            now = self._clock()
            left = max(0.0, self._next_page - now)
            self._next_page = max(now, self._next_page) + self._page_gap
        if left:
            self._sleep(left)

    def _try(self) -> float:
        """Take a turn and return 0, or return the seconds until there may be one."""
        with self._lock:
            now = self._clock()
            self._drop_old(now)
            if len(self._taken) < self._calls:
                self._taken.append(now)
                return 0.0
            return max(self._taken[0] + self._window - now, 0.001)

    def _drop_old(self, now: float) -> None:
        while self._taken and self._taken[0] <= now - self._window:
            self._taken.popleft()


class Memory(Generic[T]):
    """Remembers answers for some seconds; one thread asks, the others wait for its answer."""

    def __init__(
        self, seconds: float = MEMORY_SECONDS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._seconds = seconds
        self._clock = clock
        self._guard = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}
        self._known: dict[str, tuple[float, T]] = {}

    def get(self, key: str, ask: Callable[[], T], *, fresh: bool = False) -> T:
        """Return the answer for `key`, asking when it is unknown, too old or `fresh`."""
        with self._guard:
            lock = self._locks.setdefault(key, threading.Lock())
        asked = self._clock()
        with lock:
            known = self._known.get(key)
            # an answer that arrived while we waited is fresh for us too
            oldest = asked if fresh else self._clock() - self._seconds
            if known is not None and known[0] > oldest:
                return known[1]
            answer = ask()
            self._known[key] = (self._clock(), answer)
            return answer

    def forget(self) -> None:
        """Forget everything."""
        with self._guard:
            self._known.clear()
