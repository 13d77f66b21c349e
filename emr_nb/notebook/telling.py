"""Tells the journal how far a statement is, for the panel of any page of this server."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

from emr_nb.errors import JournalError

if TYPE_CHECKING:
    from emr_nb.journal import Journal
    from emr_nb.model import Progress

EVERY = 1.0  # seconds between two writes
_LEAST = 0.01  # a smaller step is not worth a write


class Telling:
    """The looks at one statement; a journal that cannot be written must not stop its cell."""

    def __init__(self, journal: Journal, tag: str) -> None:
        self._journal = journal
        self._tag = tag
        self._told: float | None = None
        self._last = time.monotonic()

    def look(self, progress: Progress) -> None:
        """Write what is done of the whole, where the engine tells a true fraction."""
        fraction, now = progress.fraction, time.monotonic()
        if progress.phase != "running" or fraction is None or now - self._last < EVERY:
            return
        if self._told is not None and abs(fraction - self._told) < _LEAST:
            return
        self._told, self._last = fraction, now
        with suppress(JournalError):
            self._journal.update(self._tag, fraction=min(1.0, max(0.0, fraction)))
