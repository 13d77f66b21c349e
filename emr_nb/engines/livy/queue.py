"""How many statements of a session run before ours.

Livy shows no statement without its output, and all of them only with all outputs; so an ended
one is never looked at on purpose. A session runs its statements one at a time and in the order
of their ids: below those that wait is the one that runs, and all before it have ended.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass

from emr_nb.engines.livy.client import LivyClient
from emr_nb.engines.livy.wire import StatementView
from emr_nb.errors import TransportError
from emr_nb.transport.base import Deadline, Retry

_EVERY = 1.0
_SECONDS = 2.0


@dataclass
class Queue:
    """Counts what is before a waiting statement, once a second at most."""

    client: LivyClient
    session: int
    statement: int
    clock: Callable[[], float] = time.monotonic
    every: float = _EVERY
    _behind: int = 0
    _looked: float | None = None
    _waiting: list[int] | None = None  # those before ours that wait, as seen last, in order
    _turn: int = 0

    def length(self) -> int:
        """Return the number of statements before ours, the running one included."""
        now = self.clock()
        if self._looked is not None and now - self._looked < self.every:
            return self._behind
        self._looked = now
        with contextlib.suppress(TransportError):  # then what was seen last still stands
            self._behind = self._count()
        return self._behind

    def _count(self) -> int:
        busy = self.client.session(self.session, Deadline.after(_SECONDS)).state == "busy"
        if not busy:  # nothing runs: ours waits for its interpreter alone
            return 0
        self._waiting = self._walk_down() if self._waiting is None else self._look_again()
        return len(self._waiting) + 1

    def _walk_down(self) -> list[int]:
        """Find those that wait, from ours downwards; the running one, or an ended one, ends it."""
        found: list[int] = []
        for number in range(self.statement - 1, -1, -1):
            view = self._look(number)
            if view is None or not (view.waiting or view.cancelled):
                break
            if view.waiting:
                found.insert(0, number)
        return found

    def _look_again(self) -> list[int]:
        """Look at the first, which may have begun, and by turns at one that may be cancelled."""
        left = list(self._waiting or ())
        while left and not self._waits(left[0]):
            left.pop(0)
        if len(left) > 1:
            self._turn = self._turn % (len(left) - 1) + 1
            if not self._waits(left[self._turn]):
                left.pop(self._turn)
        return left

    def _waits(self, number: int) -> bool:
        view = self._look(number)
        return view is not None and view.waiting

    def _look(self, number: int) -> StatementView | None:
        return self.client.statement(
            self.session, number, deadline=Deadline.after(_SECONDS), retry=Retry.NEVER
        )
