"""Interrupts that come while one is being dealt with."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def further_interrupts() -> Iterator[threading.Event]:
    """Turn further interrupts into an event: they must not break off what the first one began.

    On another thread than the main one, which gets none, the event is never set.
    """
    again = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield again
        return
    before = signal.signal(signal.SIGINT, lambda *_: again.set())
    try:
        yield again
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler if before is None else before)
