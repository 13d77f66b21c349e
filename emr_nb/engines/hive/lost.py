"""What to say of a session, or a statement, that HiveServer2 has forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emr_nb.errors import (
    EmrError,
    SessionLostError,
    StatementOutcomeUnknownError,
    TransportError,
)

if TYPE_CHECKING:
    from emr_nb.engines.hive.service import Handle
    from emr_nb.engines.hive.session import HiveSession


def session_lost(session: HiveSession) -> SessionLostError:
    """Return the error for a session that its server knows no more; it names what is gone."""
    memory = session.memory
    names = sorted(memory.temporary.values())
    memory.lost()
    gone = f"; with it went {', '.join(names)}" if names else ""
    again = " Its SET and USE are applied again then." if any(memory.again()) else ""
    return SessionLostError(
        f"HiveServer2 does not know session {session.handle.shown} any more: it was restarted, "
        f"or the session was idle too long, or closed{gone}",
        where=session.client.where,
        advice=f"The next cell opens a new one.{again}",
        forgotten=True,
    )


def operation_lost(session: HiveSession, operation: Handle | None) -> EmrError:
    """Return the error for an operation that its server knows no more."""
    try:
        session.ping()
    except SessionLostError as error:
        return SessionLostError(
            f"{error.what}; whether the statement had ended is not known",
            where=error.where,
            advice=f"See what it was to change before it is run again. {error.advice}",
            forgotten=True,
        )
    except TransportError as error:
        return error
    shown = f" {operation.shown}" if operation else ""
    return StatementOutcomeUnknownError(
        f"HiveServer2 has forgotten operation{shown}: it was closed, or idle too long",
        where=session.where,
        advice="See what the statement was to change before it is run again.",
    )
