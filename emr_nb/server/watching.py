"""The pollers of live state: the journal and the local clusters, only while a page watches."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from emr_nb.errors import EmrError
from emr_nb.journal import owner_is_gone

if TYPE_CHECKING:
    from emr_nb.journal import RunRow, StatementRow
    from emr_nb.server.state import ServerState

log = logging.getLogger(__name__)

_TICK = 1.0
_MOST_OPEN = 200  # statements whose kernels are looked after
_OVERLAP = 3.0  # seconds looked back: a row's time is taken before another process writes it


class _Row(Protocol):
    @property
    def updated(self) -> float: ...


R = TypeVar("R", bound=_Row)


class _Told(Generic[R]):
    """Which rows of one table have been told; each change is told once."""

    def __init__(self, since: float) -> None:
        self._since = since
        self._seen: list[R] = []

    def tell(self, changed: Callable[[float], Sequence[R]], tell: Callable[[R], None]) -> None:
        """Tell what has changed since the last time."""
        rows = changed(self._since - _OVERLAP)
        for row in rows:
            if row not in self._seen:
                tell(row)
        self._seen = list(rows)
        if rows:
            self._since = max(row.updated for row in rows)


class Watcher:
    """One thread that tells pages of changed statements and local clusters, within a second."""

    def __init__(self, state: ServerState) -> None:
        self._state = state
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None
        self._told = _since(0.0)
        self._version: tuple[int, int] | None = None
        self._local: bytes = b""
        self._open: Sequence[StatementRow] = ()
        self._gone: frozenset[str] = frozenset()

    def want(self) -> None:
        """Watch for as long as a page does."""
        with self._lock:
            if self._thread is None and not self._closed.is_set():
                self._told = _since(time.time())
                self._thread = threading.Thread(target=self._run, name="emr_nb-watch", daemon=True)
                self._thread.start()

    def close(self) -> None:
        self._closed.set()

    def look(self) -> None:
        """Tell what has changed since the last look."""
        hub = self._state.hub
        if hub.watched("statements") or hub.watched("runs"):
            self._journal()
        if hub.watched("local"):
            self._locals()
        if hub.watched("clusters"):
            self._state.board.want()

    def _run(self) -> None:
        topics = ("statements", "runs", "local", "clusters")
        while not self._closed.wait(_TICK):
            with self._lock:
                if not any(self._state.hub.watched(topic) for topic in topics):
                    self._thread = None
                    return
            try:
                self.look()
            except EmrError as error:
                log.warning("live state cannot be read: %s", error.what)
            except Exception:
                log.exception("live state cannot be read")

    def _journal(self) -> None:
        """Tell the rows that have changed since the last look, where any has."""
        journal = self._state.journal
        version = journal.version()
        if version != self._version:
            self._version = version
            self._told["statements"].tell(journal.changed, self._statement)
            self._told["runs"].tell(journal.runs.changed, self._run_of)
            self._open = journal.statements(open_only=True, limit=_MOST_OPEN)
        self._orphans()

    def _orphans(self) -> None:
        """Tell statements whose kernel has ended: no row changes with that."""
        gone = {row.tag: row for row in self._open if owner_is_gone(row)}
        for tag in gone.keys() - self._gone:
            self._statement(gone[tag])
        self._gone = frozenset(gone)

    def _statement(self, row: StatementRow) -> None:
        from emr_nb.server.history import view

        self._state.hub.publish("statements", row.tag, view(row))

    def _run_of(self, row: RunRow) -> None:
        from emr_nb.server.recovered import view

        self._state.hub.publish("runs", row.run, view(row))

    def _locals(self) -> None:
        import msgspec

        from emr_nb.server.local import local_list

        found = local_list(self._state)
        now = msgspec.json.encode(found)
        if now != self._local:
            self._local = now
            self._state.hub.publish("local", "", found)


def _since(when: float) -> dict[str, _Told[Any]]:
    return {topic: _Told(when) for topic in ("statements", "runs")}
