"""An interrupt that comes inside a wait is an interrupt."""

from __future__ import annotations

import pytest

from emr_nb.engines.waits import interruptible


def broken_wait(error: BaseException) -> None:
    """As Condition.wait under `with`: the lock that is not held any more cannot be released."""
    try:
        raise error
    finally:
        raise RuntimeError("release unlocked lock")


def test_an_interrupt_that_the_lock_hides_is_seen() -> None:
    with pytest.raises(KeyboardInterrupt), interruptible():
        broken_wait(KeyboardInterrupt())


def test_another_error_of_a_lock_is_told_as_it_is() -> None:
    with pytest.raises(RuntimeError, match="release unlocked lock"), interruptible():
        broken_wait(ValueError())
