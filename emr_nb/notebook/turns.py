"""The order of a session's cells: what stands earlier is sent earlier, from whatever thread."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Self

from emr_nb.engines.waits import interruptible

_LOOK_SECONDS = 0.1


class Turns:
    """The cells of one session that have begun and are not sent yet, oldest first."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: deque[Turn] = deque()

    def take(self) -> Turn:
        """Stand at the end; whoever takes a turn must end it."""
        turn = Turn(self)
        with self._changed:
            self._waiting.append(turn)
        return turn

    def wait(self, turn: Turn, check: Callable[[], None]) -> None:
        """Wait until all before it are sent or have failed; what `check` raises ends the wait.

        It has no deadline of its own: every step of those before it has one.
        """
        while True:
            check()
            with interruptible(), self._changed:
                if turn not in self._waiting or self._waiting[0] is turn:
                    return
                self._changed.wait(_LOOK_SECONDS)

    def end(self, turn: Turn) -> None:
        with self._changed:
            if turn in self._waiting:
                self._waiting.remove(turn)
                self._changed.notify_all()


class Turn:
    """One cell's place; as a context it ends with the block, if not before."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns

    def wait(self, check: Callable[[], None] = lambda: None) -> None:
        """Wait for it; an interrupt, and what `check` raises, ends the wait."""
        self._turns.wait(self, check)

    def end(self) -> None:
        """Let the next one go; calling it again does nothing."""
        self._turns.end(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()
