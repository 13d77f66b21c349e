"""The threads on which the synchronous core runs: bounded, so that the event loop never waits."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from emr_nb.errors import ServerBusyError

T = TypeVar("T")

THREADS = 32
WAITING = 64
_REST = 30.0  # seconds after which a thread without work ends


class Calls:
    """At most `threads` calls at once, `waiting` more in a queue; what is above is refused.

    The threads are daemons: a call that hangs in a store does not keep Jupyter from ending.
    """

    def __init__(self, name: str, threads: int = THREADS, waiting: int = WAITING) -> None:
        self._name = name
        self._threads = threads
        self._waiting = waiting
        self._queue: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None]
        self._queue = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._inside = 0  # calls that wait or run
        self._living = 0
        self._closed = False

    async def run(self, work: Callable[[], T]) -> T:
        """Run it on a thread and await it; raises ServerBusyError at once where all is full."""
        return await asyncio.wrap_future(self.submit(work))

    def submit(self, work: Callable[[], T]) -> Future[T]:
        """Have it run; raises ServerBusyError."""
        done: Future[T] = Future()
        with self._lock:
            if self._closed or self._inside >= self._threads + self._waiting:
                raise ServerBusyError(
                    f"{self._inside} calls are at work or wait",
                    where="the Jupyter server",
                    advice="Try again in a moment; a store or cluster may be slow to answer.",
                )
            self._inside += 1
            starts = self._living < min(self._inside, self._threads)
            self._living += starts
            self._queue.put((done, work))  # within the lock: a thread that ends sees it
        if starts:
            threading.Thread(target=self._work, name=f"emr_nb-{self._name}", daemon=True).start()
        return done

    def close(self) -> None:
        """Take no more; what waits is cancelled, what runs ends by its own deadline."""
        with self._lock:
            self._closed = True
            living = self._living
        for _ in range(living):
            self._queue.put(None)

    def _work(self) -> None:
        while True:
            try:
                found = self._queue.get(timeout=_REST)
            except queue.Empty:
                found = None
            if found is None:
                with self._lock:
                    if self._queue.empty() or self._closed:
                        self._living -= 1
                        return
                continue
            self._do(*found)

    def _do(self, done: Future[Any], work: Callable[[], Any]) -> None:
        try:
            if self._closed or not done.set_running_or_notify_cancel():
                done.cancel()
                return
            try:
                answer = work()
            except BaseException as error:  # noqa: BLE001 - raised again where it is awaited
                done.set_exception(error)
            else:
                done.set_result(answer)
        finally:
            with self._lock:
                self._inside -= 1
