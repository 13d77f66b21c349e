"""Stop a query, and say truthfully what was achieved."""

from __future__ import annotations

import contextlib
import time

from emr_nb.engines.presto.client import PrestoClient
from emr_nb.engines.presto.reading import Followed
from emr_nb.errors import TransportError
from emr_nb.model import CancelOutcome
from emr_nb.transport.base import Deadline

_LOOK = 0.03
_ENDED = frozenset({"FINISHED", "FAILED", "CANCELED"})


def cancel_query(
    client: PrestoClient, followed: Followed, query: str, seconds: float
) -> CancelOutcome:
    """Ask for a query's end, and look until it ended or `seconds` have passed."""
    deadline = Deadline.after(seconds)
    state, prefix = followed.state, followed.prefix
    with contextlib.suppress(TransportError):
        client.delete(followed.uri, state, prefix, deadline)
    while deadline.remaining > 0:
        with contextlib.suppress(TransportError):
            told = client.query(query, state, prefix, Deadline.after(min(1.0, deadline.remaining)))
            if told is None:
                return CancelOutcome.STOPPED  # it was never begun, or is forgotten by now
            if told.get("state") in _ENDED:
                return _outcome(told)
        time.sleep(min(_LOOK, deadline.remaining))
    return CancelOutcome.STILL_RUNNING


def _outcome(told: object) -> CancelOutcome:
    """Tell a query that we stopped from one that ended by itself meanwhile."""
    assert isinstance(told, dict)
    error = told.get("errorCode") or {}
    name = error.get("name") if isinstance(error, dict) else ""
    stopped = name == "USER_CANCELED" or told.get("state") == "CANCELED"
    return CancelOutcome.STOPPED if stopped else CancelOutcome.ALREADY_ENDED
