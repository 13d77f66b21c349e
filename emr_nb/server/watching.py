"""The pollers of live state: the journal and the local clusters, only while a page watches."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from emr_nb.errors import EmrError

if TYPE_CHECKING:
    from emr_nb.server.state import ServerState

log = logging.getLogger(__name__)

_TICK = 1.0
_OVERLAP = 3.0  # seconds looked back: a row's time is taken before another process writes it


class Watcher:
    """One thread that tells pages of changed statements and local clusters, within a second."""

    def __init__(self, state: ServerState) -> None:
        self._state = state
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None
        self._seen: dict[str, float] = {}
        self._since = 0.0
        self._version: tuple[int, int] | None = None
        self._local: bytes = b""

    def want(self) -> None:
        """Watch for as long as a page does."""
        with self._lock:
            if self._thread is None and not self._closed.is_set():
                self._since = time.time()
                self._thread = threading.Thread(target=self._run, name="emr_nb-watch", daemon=True)
                self._thread.start()

    def close(self) -> None:
        self._closed.set()

    def look(self) -> None:
        """Tell what has changed since the last look."""
        hub = self._state.hub
        if hub.watched("statements"):
            self._statements()
        if hub.watched("local"):
            self._locals()
        if hub.watched("clusters"):
            self._state.board.want()

    def _run(self) -> None:
        topics = ("statements", "local", "clusters")
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

    def _statements(self) -> None:
        from emr_nb.server.history import view

        journal = self._state.journal
        version = journal.version()
        if version == self._version:
            return
        self._version = version
        rows = journal.changed(self._since - _OVERLAP)
        for row in rows:
            if self._seen.get(row.tag) != row.updated:
                self._state.hub.publish("statements", row.tag, view(row))
        self._seen = {row.tag: row.updated for row in rows}
        if rows:
            self._since = max(row.updated for row in rows)

    def _locals(self) -> None:
        import msgspec

        from emr_nb.server.local import local_list

        found = local_list(self._state)
        now = msgspec.json.encode(found)
        if now != self._local:
            self._local = now
            self._state.hub.publish("local", "", found)
