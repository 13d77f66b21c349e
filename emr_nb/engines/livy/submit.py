"""Send a statement at most once: after an ambiguous failure, look for its tag before anything.

Livy has no idempotence key, but ids are sequential in a session and a statement shows its
code. Every code of ours carries its tag, so the statement that a lost reply left behind can
be found, and its absence can be proved. All statements are never listed: that moves every
retained output through one RPC frame.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from emr_nb.engines.livy.client import LivyClient, message_of
from emr_nb.engines.livy.lost import lost
from emr_nb.engines.livy.payload import lacks_runner, ran_before
from emr_nb.engines.livy.wire import SessionView, StatementView
from emr_nb.errors import (
    ConnectFailedError,
    DeadlineExceededError,
    HttpStatusError,
    ReplyLostError,
    SessionError,
    SessionLostError,
    StatementOutcomeUnknownError,
    TransportError,
)
from emr_nb.transport.base import Deadline

# Changes nothing, so it may be sent any number of times; its id tells where a session stands.
_PROBE = "# emr_nb: where does this session stand?\nNone"
_PROBE_KIND = "pyspark"
_STATE = re.compile(r"Session is in state (\w+)")
_ABSENCE_PAUSE = 0.5  # between the two looks that prove an absence
_MOST_BACK = 100  # statements that Livy retains
_REFUSED_WAITS = (0.3, 1.0, 2.5)  # after 429 and 503 "not now": nothing was accepted


@dataclass
class Place:
    """The newest statement id of a session that we have seen; -1 before the first."""

    last_seen: int = -1

    def saw(self, statement: int) -> None:
        self.last_seen = max(self.last_seen, statement)


@dataclass(frozen=True)
class Submitter:
    """Sends code to one session; the caller serialises."""

    client: LivyClient
    session: int
    place: Place = field(default_factory=Place)
    timeout: float = 30.0
    settle: float = 20.0

    def submit(self, code: str, kind: str, tag: str, *, guarded: bool = True) -> StatementView:
        """Send the code, once. Raises StatementOutcomeUnknownError when nobody can tell.

        TransportError (other than that) means that it has not been accepted. What is
        `guarded` does no harm when it arrives twice (our runner refuses a tag that it has
        seen), so it is sent again once its absence is proved: a gateway may hold the first
        request back longer than we look.
        """
        sent, since = time.time(), self.place.last_seen
        for may_send_again in (guarded, False):
            try:
                return self._post(code, kind)
            except TransportError as error:
                if not ambiguous(error):
                    raise self._refused(error) from error
                if found := self._settle(tag, sent, since, error):
                    return found
                if not may_send_again:
                    raise self._unknown(tag, sent, error) from error
        raise AssertionError("the second round returns or raises")

    def find(self, tag: str, deadline: Deadline, since: int = -1) -> StatementView | None:
        """Look for the newest statement with this tag; None proves that there is none now.

        `since` is the newest id that was seen before it was sent. What was seen since then may
        have come behind it: another cell, or what refuses it.
        """
        top = self.place.last_seen
        known = top >= 0 and self._look(top, deadline)
        if found := self._forward(tag, top + 1, deadline):
            return found
        if not known:
            top, since = self._probe(deadline) - 1, -1  # what was accepted before has a smaller id
        views = self._downward(top, since, deadline)
        return next((view for view in views if is_statement_of(view.code, tag)), None)

    def earlier(self, tag: str, number: int, deadline: Deadline) -> StatementView | None:
        """Return the statement with the same tag that did begin, before this one."""
        for view in self._downward(number - 1, -1, deadline):
            output = view.output or {}
            began = not lacks_runner(output) and not ran_before(output, tag)
            if is_statement_of(view.code, tag) and began:
                return view
        return None

    # -- inside ---------------------------------------------------------------------------

    def _post(self, code: str, kind: str) -> StatementView:
        for wait in (*_REFUSED_WAITS, None):
            try:
                view = self.client.submit(self.session, code, kind, Deadline.after(self.timeout))
            except HttpStatusError as error:
                if error.status != 429 or wait is None:
                    raise
                time.sleep(wait)
            else:
                self.place.saw(view.id)
                return view
        raise AssertionError("the last wait is None")

    def _settle(
        self, tag: str, sent: float, since: int, error: TransportError
    ) -> StatementView | None:
        """Return the statement that the lost reply was about; None when there is none, twice."""
        deadline = Deadline.after(self.settle)
        try:
            found = self.find(tag, deadline, since)
            if found is None:
                time.sleep(_ABSENCE_PAUSE)
                found = self.find(tag, deadline, since)
        except SessionLostError:
            raise
        except TransportError as unclear:
            raise self._unknown(tag, sent, error) from unclear
        return found

    def _forward(self, tag: str, start: int, deadline: Deadline) -> StatementView | None:
        """Read ids upwards to the first that is not there; the newest match wins."""
        found = None
        number = start
        while view := self._look(number, deadline):
            if is_statement_of(view.code, tag):
                found = view
            self.place.saw(number)
            number += 1
        return found

    def _downward(self, top: int, since: int, deadline: Deadline) -> Iterator[StatementView]:
        """Read ids downwards, to the first that is not there or was seen before."""
        for number in range(top, max(top - _MOST_BACK, since), -1):
            view = self._look(number, deadline)
            if view is None:
                return
            yield view

    def _probe(self, deadline: Deadline) -> int:
        for _ in range(3):
            try:
                view = self.client.submit(self.session, _PROBE, _PROBE_KIND, deadline)
            except (ReplyLostError, DeadlineExceededError, HttpStatusError) as error:
                last: TransportError = error
                time.sleep(0.2)
            else:
                self.place.saw(view.id)
                return view.id
        raise last

    def _look(self, number: int, deadline: Deadline) -> StatementView | None:
        return self.client.statement(self.session, number, deadline=deadline)

    def _refused(self, error: TransportError) -> Exception:
        if isinstance(error, HttpStatusError):
            if found := _STATE.search(error.body):
                view = SessionView(self.session, "", found[1])
                if view.gone:
                    return lost(self.client, view)
            return SessionError(
                f"Livy did not accept the statement: {message_of(error)}",
                where=f"session {self.session}, {self.client.where}",
                advice="It has not run. `%emr status` shows the session.",
            )
        return error

    def _unknown(self, tag: str, sent: float, error: Exception) -> Exception:
        at = time.strftime("%H:%M:%S", time.localtime(sent))
        return StatementOutcomeUnknownError(
            f"Statement {tag[:8]} was sent at {at} and no reply came ({_first_line(error)}); "
            "whether it runs is not known, so it is not sent again",
            where=f"session {self.session}, {self.client.where}",
            advice=f"When Livy answers again, `%emr history` finds it, or says that it never ran; "
            f"in Livy's own page its code begins with {tag[:8]}.",
        )


def is_statement_of(code: str, tag: str) -> bool:
    """Tell whether this code is the statement with the tag, not one that fetches its result.

    A tag with a slash (`TAG/SEQ/INDEX`) stands for the fetch of one chunk.
    """
    tag, *chunk = tag.split("/")
    if f"emr_nb:{tag}" not in code.partition("\n")[0]:
        return False
    fetch = code.rpartition("\n")[2].partition(".")[2]
    if chunk:
        return f"chunk('{tag}', {', '.join(chunk)})" in fetch
    return f"chunk('{tag}'" not in fetch and f"release('{tag}'" not in fetch


def ambiguous(error: TransportError) -> bool:
    """Tell whether the server may have acted on a POST that failed so."""
    if isinstance(error, ConnectFailedError):
        return False
    if isinstance(error, DeadlineExceededError):
        return getattr(error, "sent", True)
    if isinstance(error, HttpStatusError):
        # Livy says so before it hands the code on to the driver
        return error.status >= 500 and "Session is in state" not in error.body
    return isinstance(error, ReplyLostError)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
