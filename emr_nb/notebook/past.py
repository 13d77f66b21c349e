"""What a session of this notebook had run, read from the journal: to be told, and to run again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from emr_nb.errors import SessionLostError
from emr_nb.notebook.look import plural, printable

if TYPE_CHECKING:
    from emr_nb.journal import Journal, StatementRow
    from emr_nb.model import SessionInfo

_WORDS = 60
_TOLD = 12  # cells that an error lists
_MOST = 10_000


@dataclass(frozen=True, slots=True)
class PastSession:
    """A session that is gone, or will be; `since` is its beginning, seconds since the epoch."""

    id: str
    name: str
    since: float


def past_session(journal: Journal, cluster: str, info: SessionInfo) -> PastSession:
    """Return what the journal knows of a session's beginning."""
    wanted = (info.engine, info.id, info.name)
    rows = journal.sessions(cluster)
    began = (r.created for r in rows if (r.engine, r.session, r.name) == wanted)
    return PastSession(info.id, info.name, next(began, 0.0))


def ended_session(
    journal: Journal, cluster: str, base: str, living: Iterable[SessionInfo]
) -> PastSession | None:
    """Return this notebook's newest Spark session that ended without anybody of us ending it."""
    there = {(info.id, info.name) for info in living}
    for row in journal.sessions(cluster):
        if row.engine == "spark" and (row.name == base or row.name.startswith(f"{base}-")):
            gone = (row.session, row.name) not in there
            return PastSession(row.session, row.name, row.created) if gone else None
    return None


def cells_of(
    journal: Journal,
    cluster: str,
    notebook: str,
    sessions: Sequence[PastSession],
    engine: str = "spark",
) -> list[StatementRow]:
    """Return the statements that this notebook ran in these sessions, oldest first."""
    if not sessions:
        return []
    since = min(session.since for session in sessions)
    rows = journal.statements(cluster=cluster, notebook=notebook, since=since, limit=_MOST)
    began = {session.id: session.since for session in sessions}
    return [
        r
        for r in reversed(rows)
        if r.created >= began.get(r.session, float("inf"))
        and (r.notebook, r.engine) == (notebook, engine)
    ]


def distinct(rows: Sequence[StatementRow]) -> list[StatementRow]:
    """Return what is to run again: cells that succeeded, and the last one whatever it did.

    A cell that ran several times stands where it first ran, with its newest text: what
    builds on it came later. Lines within a cell share its id, so their text counts too.
    """
    kept: dict[tuple[str, str], StatementRow] = {}
    for row in rows:
        if row.state == "done" or row is rows[-1]:
            key = (row.cell or row.tag, "" if row.line.startswith("%%") else row.text)
            kept[key] = row
    return list(kept.values())


def first_words(row: StatementRow) -> str:
    """Return the beginning of a cell, or what can be said where its text is not kept."""
    line = next((line.strip() for line in row.text.splitlines() if line.strip()), "")
    if not line:
        return f"a {row.language} cell (its text is not kept)"
    return printable(line if len(line) <= _WORDS else f"{line[: _WORDS - 1]}…")


def clock(seconds: float) -> str:
    """Write a time of this week: with its day where that is not today."""
    when = datetime.fromtimestamp(seconds, UTC).astimezone()
    days = (datetime.now(UTC).astimezone().date() - when.date()).days
    if days == 0:
        return f"{when:%H:%M}"
    return f"{when:%A %H:%M}" if 0 < days < 7 else f"{when:%Y-%m-%d %H:%M}"


def with_cells(error: SessionLostError, rows: Sequence[StatementRow]) -> SessionLostError:
    """Return the error with the cells that the session had run; its advice stays its end."""
    shown = rows[-_TOLD:]
    head = f"It had run {plural(len(rows), 'cell')}"
    head += f"; the last {len(shown)}:" if len(shown) < len(rows) else ":"
    lines = [f"  {clock(r.created)}  {first_words(r)}{_mark(r)}" for r in shown]
    told = SessionLostError(
        "\n".join([error.what, head, *lines]),
        where=error.where,
        advice=error.advice,
        forgotten=error.forgotten,
    )
    told.__cause__ = error.__cause__
    return told


def _mark(row: StatementRow) -> str:
    return "" if row.state == "done" else f"  ({row.state})"
