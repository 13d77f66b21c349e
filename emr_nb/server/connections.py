"""The clusters that the server itself is attached to: each once, for all pages."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from emr_nb.errors import ClusterStartingError, ClusterTerminatedError
from emr_nb.model import READY_STATES

if TYPE_CHECKING:
    from emr_nb.server.backend import Connected
    from emr_nb.server.board import Board, Known

_IDLE = 1800.0  # seconds after which an unused connection is closed


class Connections:
    """Attached clusters by id. Only what a provider lists is attached, never an address.

    So a page cannot make the server speak to a host of its choice.
    """

    def __init__(self, board: Board, connect: Callable[[Known], Connected]) -> None:
        self._board = board
        self._connect = connect
        self._lock = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}
        self._open: dict[str, Connected] = {}
        self._used: dict[str, float] = {}

    def get(self, cluster_id: str) -> Connected:
        """Return an attached cluster, attaching it on first use; no session is started.

        Raises ClusterNotFoundError, ClusterStartingError, ClusterTerminatedError, AwsError.
        """
        self._board.want(cluster_id, wait=5.0)
        known = self._board.find(cluster_id)
        self._close_idle()
        with self._lock:
            lock = self._locks.setdefault(cluster_id, threading.Lock())
        with lock:
            if cluster_id not in self._open:
                _must_be_ready(known)
                made = self._connect(known)
                with self._lock:
                    self._open[cluster_id] = made
            with self._lock:
                self._used[cluster_id] = time.monotonic()
                return self._open[cluster_id]

    def close(self) -> None:
        """Release every connection."""
        with self._lock:
            made, self._open = self._open, {}
        for connected in made.values():
            connected.close(end_sessions=False)

    def _close_idle(self) -> None:
        """Let go of what is gone, and of what nobody has used for long."""
        listed = {known.summary.id for known in self._board.known()}
        now = time.monotonic()
        with self._lock:
            old = [c for c in self._open if c not in listed
                   or now - self._used.get(c, now) > _IDLE]  # fmt: skip
            gone = [self._open.pop(c) for c in old]
        for connected in gone:
            connected.close(end_sessions=False)


def _must_be_ready(known: Known) -> None:
    summary = known.summary
    if summary.state in READY_STATES:
        return
    if summary.state.startswith("TERMINAT"):
        raise ClusterTerminatedError(
            f"{summary.name} is ending or has ended",
            where=summary.id,
            advice=summary.state_reason or "Choose another cluster.",
        )
    raise ClusterStartingError(
        f"{summary.name} is {summary.state} and not ready yet",
        where=summary.id,
        advice="It can be used once it is WAITING or RUNNING.",
    )
