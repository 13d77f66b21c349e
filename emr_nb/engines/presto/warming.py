"""Keeps the queries of a kernel that is gone until its cell runs again, or nobody will.

The server drops a query that nobody asks for in 5 min; between the attach, which finds it, and
the cell that takes its rows a user may be away for longer.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field

from emr_nb.engines.asked import place_of
from emr_nb.engines.presto.client import PrestoClient
from emr_nb.engines.presto.session import ROWS_READ
from emr_nb.engines.presto.state import ClientState
from emr_nb.errors import EmrError
from emr_nb.journal import OPEN_STATES, Journal, StatementRow, owner_is_gone
from emr_nb.transport.base import Deadline

_REQUEST_SECONDS = 10.0


@dataclass
class Warming:
    """Touches queries on a thread each; usable from several threads.

    One is left alone when a living kernel has taken it over, when it has ended, or after
    `seconds`.
    """

    client: PrestoClient
    journal: Journal
    every: float
    seconds: float
    _tags: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _closed: threading.Event = field(default_factory=threading.Event)

    def keep(self, row: StatementRow, state: ClientState, prefix: str) -> None:
        """Keep a row's query, unless that is done already."""
        with self._lock:
            if row.tag in self._tags or not owner_is_gone(row):
                return
            self._tags.add(row.tag)
        threading.Thread(
            target=self._run, args=(row.tag, state, prefix), name="emr_nb-warm", daemon=True
        ).start()

    def close(self) -> None:
        """Keep nothing any more."""
        self._closed.set()

    # -- inside ---------------------------------------------------------------------------

    def _run(self, tag: str, state: ClientState, prefix: str) -> None:
        until = time.monotonic() + self.seconds
        try:
            while not self._closed.wait(self.every) and time.monotonic() < until:
                with suppress(EmrError):  # the cell that takes it tells what is wrong
                    row = self.journal.find(tag)
                    if row is None or row.state not in OPEN_STATES or not owner_is_gone(row):
                        return
                    deadline = Deadline.after(_REQUEST_SECONDS)
                    self.client.touch(
                        place_of(row).removeprefix(ROWS_READ), state, prefix, deadline
                    )
        finally:
            with self._lock:
                self._tags.discard(tag)
