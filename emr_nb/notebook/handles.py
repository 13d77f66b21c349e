"""The handle of a cell that runs beside the notebook: `await df`, `df.result()`, `df.cancel()`."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Sequence
from typing import Any, Protocol

from emr_nb.errors import StatementCancelledError
from emr_nb.model import CancelOutcome, Progress
from emr_nb.notebook.look import plural, seconds

_TICK = 0.2  # a waiting main thread notices an interrupt


class Work(Protocol):
    """What a handle asks of the cell that runs (notebook.async_cells.AsyncCell)."""

    tag: str
    cell: str
    session: str
    code: str
    output: str

    @property
    def tags(self) -> Sequence[str]: ...
    @property
    def progress(self) -> Progress | None: ...
    def cancel(self) -> CancelOutcome: ...
    def is_running_cell(self) -> bool: ...
    def say(self, text: str) -> None: ...


class Handle:
    """A cell that runs beside the notebook; every method may be called from any thread.

    `result()` and `await` give what `-o` brings (without -o the Result, or None), or raise
    the cell's error. Interrupting them leaves the cell running.
    """

    def __init__(self, work: Work) -> None:
        self._work = work
        self._began = time.monotonic()
        self._ended = 0.0
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._waiters: list[Callable[[], None]] = []
        self._value: Any = None
        self._rows: int | None = None
        self._error: BaseException | None = None

    # -- what it is -----------------------------------------------------------------------

    @property
    def tag(self) -> str:
        """The statement's tag, as `%emr cancel` takes it."""
        return self._work.tag

    @property
    def tags(self) -> Sequence[str]:
        """The tags of all its statements that have begun, in order."""
        return self._work.tags

    @property
    def cell(self) -> str:
        """The cell that began it, such as `[7]`."""
        return self._work.cell

    @property
    def session(self) -> str:
        return self._work.session

    @property
    def code(self) -> str:
        return self._work.code

    @property
    def has_name(self) -> bool:
        """Whether -o gave it to a variable."""
        return bool(self._work.output)

    @property
    def rows(self) -> int | None:
        """How many rows the result has, once it is there."""
        return self._rows

    @property
    def elapsed(self) -> float:
        """The seconds since its start, or those that it took."""
        return (self._ended or time.monotonic()) - self._began

    @property
    def state(self) -> str:
        """`starting`, `queued`, `running`, `fetching`, then `done`, `failed` or `cancelled`."""
        if not self._over.is_set():
            progress = self._work.progress
            return progress.phase if progress is not None else "starting"
        if self._error is None:
            return "done"
        return "cancelled" if isinstance(self._error, StatementCancelledError) else "failed"

    @property
    def queued_behind(self) -> int:
        """How many statements of its session run before it."""
        progress = self._work.progress
        waits = progress is not None and progress.phase == "queued" and not self.done()
        return (progress.queued_behind or 0) if waits and progress is not None else 0

    # -- what one does with it ------------------------------------------------------------

    def done(self) -> bool:
        """Tell whether it has ended, well or not."""
        return self._over.is_set()

    def result(self, timeout: float | None = None) -> Any:
        """Wait for the value; raises the cell's error, TimeoutError after `timeout` seconds."""
        self._wait(timeout)
        if self._error is not None:
            raise self._error
        return self._value

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """Wait for the end; return the cell's error, None for a cell that went well."""
        self._wait(timeout)
        return self._error

    def cancel(self) -> CancelOutcome:
        """Cancel it on the cluster, keeping the session; say truthfully what came of it."""
        return CancelOutcome.ALREADY_ENDED if self.done() else self._work.cancel()

    def __await__(self) -> Generator[Any, None, Any]:
        return self._awaited().__await__()

    def __repr__(self) -> str:
        words = [f"job {self.tag[:8]}", self.state]
        if self.queued_behind:
            words[1] = f"queued behind {self.queued_behind}"
        if self._rows is not None:
            words.append(plural(self._rows, "row"))
        if self._error is not None and self.state == "failed":
            words.append(str(self._error).partition("\n")[0])
        return " · ".join([*words, seconds(self.elapsed)])

    def _ipython_display_(self) -> None:
        """Show one line; in its own cell the progress line is that line already."""
        if not self._work.is_running_cell():
            self._work.say(repr(self))

    # -- for the cell that runs -----------------------------------------------------------

    def succeed(self, value: Any, rows: int | None) -> None:
        """End well."""
        self._value, self._rows = value, rows
        self._end()

    def fail(self, error: BaseException) -> None:
        """End with an error."""
        self._error = error
        self._end()

    # -- inside ---------------------------------------------------------------------------

    def _end(self) -> None:
        with self._lock:
            self._ended = time.monotonic()
            self._over.set()
            waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            waiter()

    def _wait(self, timeout: float | None) -> None:
        until = None if timeout is None else time.monotonic() + timeout
        try:
            while not self._over.wait(_TICK if until is None else self._left(until)):
                if until is not None and time.monotonic() >= until:
                    raise TimeoutError(f"{self!r}: it has not ended within {timeout} s")
        except KeyboardInterrupt:
            self._runs_on()
            raise

    @staticmethod
    def _left(until: float) -> float:
        return min(_TICK, max(0.0, until - time.monotonic()))

    async def _awaited(self) -> Any:
        import asyncio  # who awaits has it; loading the extension shall not wait for it

        loop = asyncio.get_running_loop()
        ended = loop.create_future()

        def tell() -> None:
            if not ended.done():
                ended.set_result(None)

        def waiter() -> None:
            try:
                loop.call_soon_threadsafe(tell)
            except RuntimeError:  # its loop is closed: nobody waits any more
                return

        with self._lock:
            if not self._over.is_set():
                self._waiters.append(waiter)
            else:
                ended.set_result(None)
        try:
            while not ended.done():  # a kernel's loop notices an interrupt only when it wakes
                await asyncio.wait((ended,), timeout=_TICK)
        except (asyncio.CancelledError, KeyboardInterrupt):
            self._runs_on()
            raise
        return self.result()

    def _runs_on(self) -> None:
        if not self.done():
            self._work.say(
                f"The wait was interrupted; job {self.tag[:8]} runs on. "
                f"Wait for it again, or stop it: %emr cancel {self.tag[:8]}"
            )


class Handles:
    """The handles of one notebook, in the order of their start."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._handles: list[Handle] = []

    def add(self, handle: Handle) -> None:
        with self._lock:
            self._handles.append(handle)

    def all(self) -> list[Handle]:
        with self._lock:
            return list(self._handles)

    def find(self, tag: str) -> Handle | None:
        """Return the one whose tag begins so."""
        found = [h for h in self.all() if tag and h.tag.startswith(tag)]
        return found[0] if len(found) == 1 else None

    def forget_ended(self) -> int:
        """Let go of those that have ended, and of what they hold; return how many."""
        with self._lock:
            before = len(self._handles)
            self._handles = [h for h in self._handles if not h.done()]
            return before - len(self._handles)
