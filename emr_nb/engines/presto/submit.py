"""Enter a statement at most once, and find out what became of it after a lost reply.

A server of our day only notes the statement at the POST: it runs when its first page is asked
for, at an address that nobody but the reply tells. So a lost reply leaves nothing behind, and
entering again is safe. An older server runs it at once; there the tag is looked for, and
nothing is sent twice.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from emr_nb.engines.presto.client import PrestoClient, Spoken, ambiguous
from emr_nb.engines.presto.pace import Patience, delay
from emr_nb.engines.presto.state import ClientState
from emr_nb.engines.presto.wire import Page
from emr_nb.errors import (
    AuthenticationError,
    ConnectFailedError,
    HttpStatusError,
    StatementOutcomeUnknownError,
    TransportError,
)
from emr_nb.transport.base import Deadline
from emr_nb.transport.failures import retry_after

_AGAIN = frozenset({429, 502, 503, 504})
_SURELY_REFUSED = frozenset({429, 503})  # by the server itself, as the protocol says


@dataclass(frozen=True)
class Submitter:
    """Enters statements; usable from several threads."""

    client: PrestoClient
    spoken: Spoken
    patience: Patience

    def submit(self, sql: str, state: ClientState, tag: str) -> tuple[Page, Mapping[str, str]]:
        """Return the first reply. Raises StatementOutcomeUnknownError when nobody can tell.

        TransportError (other than that) means that it has not been accepted.
        """
        deadline, sent, failures = Deadline.after(self.patience.settle), time.time(), 0
        while True:
            try:
                look = Deadline.after(min(self.patience.look, max(deadline.remaining, 1.0)))
                return self.client.post(sql, state, self.spoken.prefix, tag, look)
            except TransportError as error:
                failures += 1
                if not self._may_enter_again(error, tag, state, sent) or deadline.remaining <= 0:
                    raise
                asked = None
                if isinstance(error, HttpStatusError):
                    asked = retry_after(error.headers)
                time.sleep(min(delay(failures, asked), max(deadline.remaining, 0.01)))

    def _may_enter_again(
        self, error: TransportError, tag: str, state: ClientState, sent: float
    ) -> bool:
        if isinstance(error, AuthenticationError):
            return False
        if (
            isinstance(error, HttpStatusError)
            and error.status not in _AGAIN
            and (error.status < 500 or self.spoken.two_steps)
        ):
            return False
        if isinstance(error, ConnectFailedError) or self.spoken.two_steps or not ambiguous(error):
            return True
        if isinstance(error, HttpStatusError) and error.status in _SURELY_REFUSED:
            return True
        raise self._unknown(error, tag, state, sent) from error

    def _unknown(
        self, error: TransportError, tag: str, state: ClientState, sent: float
    ) -> StatementOutcomeUnknownError:
        """Return the error that names the query, where the server's list has it."""
        at = time.strftime("%H:%M:%S", time.localtime(sent))
        found = "its list of queries does not show it"
        try:
            deadline = Deadline.after(self.patience.settle)
            if told := self.client.find(tag, state, self.spoken.prefix, deadline):
                found = f"it is there as query {told.get('queryId')}, {told.get('state')}"
        except TransportError:
            found = "it does not answer"
        return StatementOutcomeUnknownError(
            f"Statement {tag[:8]} was sent at {at} and no reply came ({error.what}); {found}",
            where=self.client.where,
            advice="It is not sent again. Look whether it ran: select query_id, state from "
            f"system.runtime.queries where source = 'emr_nb/{tag}'.",
        )
