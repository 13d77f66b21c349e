"""The routes of sessions and running statements: the engines' word, joined with the journal."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from emr_nb.errors import EmrError, SessionNotFoundError
from emr_nb.journal import SessionRow, owner_is_gone, reference_of
from emr_nb.model import SessionInfo, SessionOptions
from emr_nb.server.failures import failure_of
from emr_nb.server.history import row_of
from emr_nb.server.models.common import Done, Failure
from emr_nb.server.models.statements import (
    CancelView,
    SessionId,
    SessionList,
    SessionView,
    StatementId,
)
from emr_nb.wording import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from emr_nb.server.backend import Connected
    from emr_nb.server.models.clusters import ClusterId
    from emr_nb.server.state import ServerState

_SPARK = "spark"


def listed(state: ServerState, asked: ClusterId) -> SessionList:
    """List the sessions of the engines in use; one that does not answer hides no other."""
    connected = state.connections.get(asked.cluster)
    found: list[SessionView] = []
    failures: dict[str, Failure] = {}
    rows = state.journal.sessions(connected.info.id)
    for name in _engines(state, connected, rows):
        try:
            infos = connected.engine(name).sessions()
        except EmrError as error:
            failures[name] = failure_of(error)
            continue
        found += [_view(state, connected, info, _row(rows, name, info)) for info in infos]
    return SessionList(sessions=found, failures=failures)


def stop(state: ServerState, asked: SessionId) -> Done:
    """End a session on its cluster; raises SessionNotFoundError."""
    connected = state.connections.get(asked.cluster)
    engine = connected.engine(asked.engine)
    info = next((i for i in engine.sessions() if i.id == asked.session), None)
    if info is None:
        raise SessionNotFoundError(
            "No such session is there any more",
            where=f"{connected.name}, {asked.engine}",
            advice="It may have ended by itself.",
        )
    engine.open(SessionOptions(name=info.name, create=False)).close()
    return Done(text=f"Ended {printable(info.name or info.label)}")


def cancel(state: ServerState, asked: StatementId) -> CancelView:
    """Stop a statement on its cluster, whichever process began it; says truthfully what it did."""
    row = row_of(state, asked.tag)
    connected = state.connections.get(row.cluster)
    engine = connected.engine(_SPARK if row.engine == "livy" else row.engine)
    statement = engine.recover(reference_of(row))
    outcome = "not known" if statement is None else statement.cancel().value
    return CancelView(outcome=outcome)


def _engines(state: ServerState, connected: Connected, rows: Sequence[SessionRow]) -> list[str]:
    """Return Spark where the cluster has Livy, and what this user's kernels have used."""
    used = {row.engine for row in rows}
    running = state.journal.statements(cluster=connected.info.id, open_only=True)
    used |= {row.engine for row in running}
    if any(service.name == "livy" for service in connected.services):
        used.add(_SPARK)
    return sorted(used, key=lambda name: (name != _SPARK, name))


def _row(rows: Sequence[SessionRow], engine: str, info: SessionInfo) -> SessionRow | None:
    return next((r for r in rows if r.engine == engine and r.session == info.id), None)


def _view(
    state: ServerState, connected: Connected, info: SessionInfo, row: SessionRow | None
) -> SessionView:
    used = state.journal.statements(cluster=connected.info.id, session=info.id, limit=1)
    running = state.journal.statements(cluster=connected.info.id, session=info.id, open_only=True)
    return SessionView(
        id=info.id,
        label=printable(info.label),
        name=printable(info.name),
        engine=info.engine,
        state=printable(info.state),
        owner=printable(info.proxy_user or info.owner),
        app_id=printable(info.app_id),
        queue=printable(info.queue),
        # a session knows its notebook by what ran in it
        notebook=printable((row.notebook if row else "") or (used[0].notebook if used else "")),
        mine=row is not None,
        orphan=row is not None and owner_is_gone(row),
        created=row.created if row else info.created.timestamp() if info.created else None,
        last_used=(used[0].ended or used[0].updated) if used else None,
        running=[r.tag for r in running],
        kept=row.kept if row and row.kept > time.time() else None,
        cost=0.0 if connected.info.provider == "local" else None,
    )
