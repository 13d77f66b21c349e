"""Keeps sessions alive whose kernels are gone: those alone that the user chose to keep.

The choice stands in the journal, so that a server that was restarted goes on with it. A living
session is an active application of its cluster and keeps that from ending itself, so each is kept
for a limited time.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from emr_nb.errors import (
    ClusterNotFoundError,
    ClusterTerminatedError,
    EmrError,
    SessionLostError,
    SessionNotFoundError,
    UsageError,
)
from emr_nb.journal import SessionRow, owner_is_gone
from emr_nb.model import SessionOptions
from emr_nb.server.models.statements import KeptView
from emr_nb.wording import plural

if TYPE_CHECKING:
    from emr_nb.server.models.statements import KeepWanted
    from emr_nb.server.state import ServerState

log = logging.getLogger(__name__)

LOOK_SECONDS = 30.0  # between two looks at what is chosen
_AGAIN_SECONDS = 60.0  # after a cluster that did not answer
_GONE = (ClusterNotFoundError, ClusterTerminatedError, SessionLostError, SessionNotFoundError)


def keep(state: ServerState, asked: KeepWanted) -> KeptView:
    """Keep a session for so many hours more, 0: no longer; raises SessionNotFoundError."""
    journal, settings, now = state.journal, state.settings, time.time()
    wanted = (asked.engine, asked.session)
    rows = journal.sessions(asked.cluster)
    row = next((r for r in rows if (r.engine, r.session) == wanted), None)
    if row is None:
        raise SessionNotFoundError(
            "No kernel of this user began that session",
            where=f"{asked.cluster}, {asked.engine}",
            advice="Only sessions of your own can be kept.",
        )
    if asked.hours == 0:
        until = 0.0
    else:
        more = settings.keep_alive if asked.hours is None else asked.hours * 3600
        until = min(max(now, row.kept) + more, last_used(state, row) + settings.keep_alive_most)
        if until <= now:
            hours = plural(round(settings.keep_alive_most / 3600), "hour")
            raise UsageError(
                f"A session is kept for {hours} after its last statement, and these are over",
                where=row.name,
                advice="Run a cell in it, or set c.EmrNb.keep_alive_most.",
            )
    journal.keep_session(row, until)
    state.keeper.want()
    return KeptView(until=until or None)


def last_used(state: ServerState, row: SessionRow) -> float:
    """Return when a session's last statement ended, or it began; seconds since the epoch."""
    used = state.journal.statements(
        cluster=row.cluster, session=row.session, since=row.created, limit=1
    )
    return max(row.created, (used[0].ended or used[0].updated) if used else 0.0)


class Keeper:
    """One thread that tells clusters of the kept sessions; it begins with the first request."""

    def __init__(self, state: ServerState, every: float = LOOK_SECONDS) -> None:
        self._state = state
        self._every = every
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._due: dict[tuple[str, str, str], float] = {}

    def want(self) -> None:
        """Look now, and from then on every half minute."""
        with self._lock:
            if self._thread is None and not self._closed.is_set():
                self._thread = threading.Thread(target=self._run, name="emr_nb-keep", daemon=True)
                self._thread.start()
        self._wake.set()

    def close(self) -> None:
        """Keep nothing any more; the next server goes on."""
        self._closed.set()
        self._wake.set()

    def look(self) -> None:
        """Touch what is kept and due."""
        now = time.time()
        kept = [r for r in self._state.journal.kept_sessions(now) if owner_is_gone(r)]
        keys = {(r.cluster, r.engine, r.session): r for r in kept}
        self._due = {key: due for key, due in self._due.items() if key in keys}
        for key, row in keys.items():
            if self._due.get(key, 0.0) <= now and not self._closed.is_set():
                self._due[key] = now + self._touch(row)

    def _touch(self, row: SessionRow) -> float:
        """Return after how many seconds to touch it again."""
        try:
            engine = self._state.connections.get(row.cluster).engine(row.engine)
            session = engine.open(SessionOptions(name=row.name, create=False))
            self._state.journal.give_back_session(row)  # opening it made it ours
            if session.info.id != row.session:
                raise SessionNotFoundError("Another session has its name by now")
            return session.touch()
        except _GONE as error:
            log.info("session %s is not kept any more: %s", row.name, error.what)
            self._state.journal.keep_session(row, 0.0)
        except EmrError as error:
            log.warning("session %s cannot be kept now: %s", row.name, error.what)
        return _AGAIN_SECONDS

    def _run(self) -> None:
        while not self._closed.is_set():
            self._wake.clear()
            try:
                self.look()
            except EmrError as error:
                log.warning("kept sessions cannot be looked up: %s", error.what)
            except Exception:
                log.exception("kept sessions cannot be looked up")
            self._wake.wait(self._every)
