"""Waits that an interrupt ends as an interrupt."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def interruptible() -> Iterator[None]:
    """Let a KeyboardInterrupt that comes inside a wait of `threading` be one.

    Condition.wait gives its lock back before it is ready for a signal: one that comes just
    then leaves it as `RuntimeError: release unlocked lock` (CPython's threading.py).
    """
    try:
        yield
    except RuntimeError as error:
        if isinstance(error.__context__, KeyboardInterrupt):
            raise KeyboardInterrupt from None
        raise
