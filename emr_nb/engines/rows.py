"""The journal's row of a statement: as it is before anything is sent, and where that fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emr_nb.errors import EmrError, SessionLostError, StatementOutcomeUnknownError
from emr_nb.journal import StatementRow
from emr_nb.model import Request

if TYPE_CHECKING:
    from emr_nb.context import ClusterContext


def row_of(context: ClusterContext, engine: str, session: str, request: Request) -> StatementRow:
    """Return the row of a request to a session; its text stays away where history is off."""
    history = context.settings.history
    return StatementRow(
        tag=request.tag,
        cluster=context.cluster.id,
        cluster_name=context.cluster.name,
        engine=engine,
        session=session,
        language=request.language,
        notebook=request.notebook,
        cell=request.cell_id,
        text=request.code if history else "",
        line=request.line if history else "",
    )


def state_after(error: EmrError) -> str:
    """Return the state of a row whose submit ended in this error."""
    if isinstance(error, StatementOutcomeUnknownError):
        return "unknown"
    return "lost" if isinstance(error, SessionLostError) else "failed"
