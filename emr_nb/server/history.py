"""The routes of the history: statements in the journal, secrets redacted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emr_nb.errors import PathNotFoundError
from emr_nb.journal import OPEN_STATES, Search, StatementRow, owner_is_gone
from emr_nb.redaction import redacted
from emr_nb.server.models.statements import (
    Cleared,
    HistoryCleared,
    StatementId,
    StatementPage,
    StatementsWanted,
    StatementView,
)
from emr_nb.wording import printable

if TYPE_CHECKING:
    from emr_nb.server.state import ServerState

_SHOWN = 4000  # characters of a statement's text in a list
_WORDS = 20


def searched(state: ServerState, asked: StatementsWanted) -> StatementPage:
    """Return a page of statements, newest first."""
    wanted = Search(
        words=tuple(asked.search.split()[:_WORDS]),
        cluster=asked.cluster,
        engine=asked.engine,
        state=asked.state,
        # pages know their notebooks by paths below the server's folder
        notebook=str(state.root / asked.notebook) if asked.notebook else "",
        since=asked.since,
        open_only=asked.running,
        commands=asked.commands,
    )
    rows = state.journal.search(wanted, before=asked.after, limit=asked.count + 1)
    more = len(rows) > asked.count
    shown = rows[: asked.count]
    return StatementPage(
        statements=[view(row) for row in shown], after=shown[-1].tag if more else None
    )


def one(state: ServerState, asked: StatementId) -> StatementView:
    """Return a statement with all of its text; raises PathNotFoundError."""
    return view(row_of(state, asked.tag), whole=True)


def cleared(state: ServerState, asked: HistoryCleared) -> Cleared:
    """Forget what has ended, and the text of what has not."""
    forgotten = state.journal.clear(cluster=asked.cluster, before=asked.before)
    return Cleared(forgotten=forgotten)


def row_of(state: ServerState, tag: str) -> StatementRow:
    """Return a statement's row; raises PathNotFoundError."""
    found = state.journal.find(tag)
    if found is None:
        raise PathNotFoundError(
            "The journal has no such statement",
            where=tag,
            advice="It may have been cleared from the history.",
        )
    return found


def view(row: StatementRow, *, whole: bool = False) -> StatementView:
    """Return a statement as a page gets it."""
    text = redacted(row.text)
    return StatementView(
        tag=row.tag,
        cluster=row.cluster,
        cluster_name=printable(row.cluster_name or row.cluster),
        engine=row.engine,
        session=row.session,
        state=row.state,
        language=row.language,
        notebook=printable(row.notebook),
        cell=row.cell,
        text=_encodable(text if whole else text[:_SHOWN]),
        cut=not whole and len(text) > _SHOWN,
        line=_encodable(redacted(row.line)),
        rows=row.rows,
        error=_encodable(redacted(row.error[:_SHOWN])),
        created=row.created,
        updated=row.updated,
        ended=row.ended,
        seconds=row.seconds,
        orphan=row.state in OPEN_STATES and owner_is_gone(row),
        fraction=row.fraction,
    )


def _encodable(text: str) -> str:
    """Return code as JSON can hold it; it is inserted again, so nothing else is changed."""
    return text.encode("utf-8", "backslashreplace").decode()
