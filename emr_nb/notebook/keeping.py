"""Keeps sessions alive for a while after their last statement: Livy ends idle ones after an hour.

A living session is an active application of the cluster and keeps it from ending itself, so
it is kept for a limited time, which is shown and can be extended.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emr_nb.errors import EmrError, SessionLostError

if TYPE_CHECKING:
    from emr_nb.engines.base import Session

_AGAIN_SECONDS = 60.0  # after a server that did not answer


@dataclass
class _Kept:
    session: Session
    until: float  # seconds since the epoch: a sleeping laptop's hours count
    due: float


class KeepAlive:
    """Tells the server of the sessions in use, on a thread of its own; safe from any thread."""

    def __init__(
        self, seconds: Callable[[], float], clock: Callable[[], float] = time.time
    ) -> None:
        self._seconds = seconds
        self._clock = clock
        self._kept: dict[str, _Kept] = {}
        self._change = threading.Condition()
        self._closed = False
        self._thread: threading.Thread | None = None

    def used(self, session: Session) -> None:
        """Begin the time anew: a statement of the session has ended."""
        now = self._clock()
        with self._change:
            known = self._kept.get(session.info.name)
            until = max(now + self._seconds(), known.until if known else 0.0)
            due = known.due if known and known.session is session else now
            self._kept[session.info.name] = _Kept(session, until, due)
            self._wake()

    def keep(self, session: Session, seconds: float) -> float:
        """Keep a session for so long from now on, also shorter than before; returns until when."""
        now = self._clock()
        with self._change:
            self._kept[session.info.name] = _Kept(session, now + seconds, now)
            self._wake()
        return now + seconds

    def until(self, name: str) -> float | None:
        """Return until when a session is kept; None when it is not."""
        with self._change:
            kept = self._kept.get(name)
        return kept.until if kept and kept.until > self._clock() else None

    def forget(self, name: str) -> None:
        """Let go of a session that has ended."""
        with self._change:
            self._kept.pop(name, None)

    def close(self) -> None:
        """Keep nothing any more."""
        with self._change:
            self._closed = True
            self._kept.clear()
            self._change.notify_all()

    # -- inside ---------------------------------------------------------------------------

    def _wake(self) -> None:
        if self._thread is None and not self._closed:
            self._thread = threading.Thread(target=self._run, name="emr_nb-keep", daemon=True)
            self._thread.start()
        self._change.notify_all()

    def _run(self) -> None:
        while True:
            with self._change:
                if self._closed:
                    return
                now = self._clock()
                for name in [n for n, k in self._kept.items() if k.until <= now]:
                    del self._kept[name]
                due = [kept for kept in self._kept.values() if kept.due <= now]
                if not due:
                    nexts = [min(kept.due, kept.until) for kept in self._kept.values()]
                    # looked at now and then anyway: a suspended machine's clock jumps
                    self._change.wait(min([_AGAIN_SECONDS, *(max(0.01, n - now) for n in nexts)]))
                    continue
            for kept in due:
                self._touch(kept)

    def _touch(self, kept: _Kept) -> None:
        try:
            again = kept.session.touch()
        except SessionLostError:
            self.forget(kept.session.info.name)  # the next cell tells why
        except EmrError:
            kept.due = self._clock() + _AGAIN_SECONDS
        else:
            kept.due = self._clock() + again
