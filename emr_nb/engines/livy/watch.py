"""Look at one statement until it has ended, through whatever the service does meanwhile."""

from __future__ import annotations

import contextlib
import random
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from emr_nb.engines.livy.client import LivyClient
from emr_nb.engines.livy.lost import lost
from emr_nb.engines.livy.pace import FIRST, Pace, Patience
from emr_nb.engines.livy.queue import Queue
from emr_nb.engines.livy.wire import SessionView, StatementView
from emr_nb.engines.waits import interruptible
from emr_nb.errors import (
    AuthenticationError,
    HttpStatusError,
    SessionLostError,
    TransportError,
)
from emr_nb.model import Event, Log, Progress
from emr_nb.transport.base import Deadline, Retry

_STUCK_LOOKS = 3  # looks at an idle session whose statement still runs


@dataclass
class Watch:
    """The looks at one statement. `woken` makes the next one come at once."""

    client: LivyClient
    session: int
    statement: int
    began: float  # monotonic
    patience: Patience
    view: StatementView | None = None
    woken: threading.Event = field(default_factory=threading.Event)
    _pace: Pace = field(default_factory=lambda: Pace(random.Random()))  # noqa: S311 - jitter
    _failing_since: float | None = None
    _failures: int = 0
    _noticed: bool = False
    _idle_looks: int = 0
    _half_since: float | None = None
    _session_at: float = 0.0
    _alive_at: float = 0.0
    _told_at: float = 0.0
    _queue: Queue | None = None

    def events(self) -> Iterator[Event]:
        """Yield progress until the statement has ended; `view` is the last look.

        Raises SessionLostError, and TransportError when Livy stays away for two minutes.
        """
        now = time.monotonic()
        self._session_at = self._alive_at = now
        delay = FIRST
        while not self._ended:
            with interruptible():
                self.woken.wait(delay)
            self.woken.clear()
            try:
                self._look()
            except TransportError as error:
                yield from self._away(error)
                delay = self._pace.delay_away(self._elapsed, self._failures)
                continue
            if self._noticed:
                yield Log(("Livy answers again.",))
            self._failures, self._failing_since, self._noticed = 0, None, False
            if self._ended:
                return
            yield from self._tell()
            self._check()
            delay = self._pace.delay(self._elapsed)

    # -- inside ---------------------------------------------------------------------------

    @property
    def _elapsed(self) -> float:
        return time.monotonic() - self.began

    @property
    def _ended(self) -> bool:
        """Whether the statement has ended and shows its output; bounded, should none come."""
        if self.view is None or not self.view.ended:
            return False
        if not self.view.half:
            return True
        self._half_since = self._half_since or time.monotonic()
        return time.monotonic() - self._half_since > self.patience.half

    def _look(self) -> None:
        view = self.client.statement(
            self.session,
            self.statement,
            deadline=Deadline.after(self.patience.look),
            retry=Retry.NEVER,
        )
        if view is None:
            raise SessionLostError(
                f"Session {self.session} does not hold statement {self.statement} any more: "
                "it keeps the last 100, or it is another session under the same number",
                where=self.client.where,
                advice="`%emr sessions` shows what is there.",
            )
        self.view = view

    def _tell(self) -> Iterator[Event]:
        """Yield a Progress, ten a second at most."""
        now = time.monotonic()
        assert self.view is not None
        if now - self._told_at < self.patience.event_every:
            return
        self._told_at = now
        if not self.view.waiting:
            fraction = self.view.progress if 0 < self.view.progress < 1 else None
            yield Progress("running", self._elapsed, fraction)
            return
        self._queue = self._queue or Queue(self.client, self.session, self.statement)
        yield Progress("queued", self._elapsed, queued_behind=self._queue.length())

    def _check(self) -> None:
        """Now and then look at the session: dead, idle beside a running statement, in use."""
        now = time.monotonic()
        if now - self._alive_at > self.patience.alive_every:
            self._alive_at = now
            with contextlib.suppress(TransportError):
                self.client.connect(self.session, Deadline.after(self.patience.look))
        if now - self._session_at < self.patience.session_every:
            return
        self._session_at = now
        with contextlib.suppress(TransportError):
            view = self.client.session(self.session, Deadline.after(self.patience.look))
            self._judge(view)

    def _judge(self, session: SessionView) -> None:
        if session.gone:
            raise lost(self.client, session)
        # a waiting statement beside an idle session is no sign: its interpreter is starting
        stuck = session.state == "idle" and self.view is not None and not self.view.waiting
        self._idle_looks = self._idle_looks + 1 if stuck else 0
        if self._idle_looks < _STUCK_LOOKS:
            return
        self._look()  # read again: it may have ended between the two looks
        if self.view and not self.view.ended:
            raise SessionLostError(
                f"Livy lost track of statement {self.statement}: the session is idle and the "
                f"statement still {self.view.state}; its result will not come",
                where=f"session {self.session}, {self.client.where}",
                advice="Its variables are there: see what the cell has done, then run it again.",
            )

    def _away(self, error: TransportError) -> Iterator[Event]:
        """Bear a failed look: the statement has not failed. Raises past the budget."""
        now = time.monotonic()
        self._failures += 1
        self._failing_since = self._failing_since or now
        if isinstance(error, AuthenticationError):
            raise error
        if isinstance(error, HttpStatusError) and error.status not in (429, 502, 503, 504):
            self._ask_session(error)
        away = now - self._failing_since
        if away > self.patience.notice and not self._noticed:
            self._noticed = True
            reason = str(error).partition("\n")[0]
            yield Log((f"Livy has not answered for {away:.0f} s ({reason}); still trying.",))
        if away > self.patience.away:
            raise error

    def _ask_session(self, error: HttpStatusError) -> None:
        """Livy answered and could not look: its session may be dead."""
        try:
            session = self.client.session(self.session, Deadline.after(self.patience.look))
        except TransportError:
            return
        if session.gone:
            raise lost(self.client, session) from error
