"""jobs: the cells that run beside the notebook, and what else of this user runs there."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING

from emr_nb.journal import StatementRow, process_started
from emr_nb.notebook.answers import Field, Records
from emr_nb.notebook.commands.base import ON, Command
from emr_nb.notebook.look import count, first_line, seconds
from emr_nb.notebook.options import Option, Parsed

if TYPE_CHECKING:
    from emr_nb.notebook.handles import Handle
    from emr_nb.notebook.state import Notebook

_MOST = 100  # open statements of other kernels


@dataclass(frozen=True, slots=True)
class JobRow:
    """One job; `handle` is None for a statement that another kernel began."""

    tag: str
    cell: str
    session: str
    state: str
    elapsed: float
    rows: int | None
    code: str
    handle: Handle | None = None


_IN_HALVES = re.compile(r"[0-9a-f]{32}\.[0-9a-f]{32}")
_FIELDS = (
    Field[JobRow]("tag", lambda r: r.tag, lambda tag: str(tag)[:8]),
    Field[JobRow]("cell", lambda r: r.cell),
    Field[JobRow]("session", lambda r: r.session),
    Field[JobRow]("state", lambda r: r.state),
    Field[JobRow]("elapsed", lambda r: r.elapsed, seconds, right=True),
    Field[JobRow]("rows", lambda r: r.rows, lambda n: "" if n is None else count(n), right=True),
    Field[JobRow]("code", lambda r: r.code, lambda text: first_line(str(text))),
)


def jobs(notebook: Notebook, given: Parsed) -> Records[JobRow]:
    """List the handles of this kernel, and the open statements of this user's other kernels."""
    if given["clear"]:
        notebook.handles.forget_ended()
    made = notebook.attachment(given["on"] or "") if given["on"] or notebook.attached else None
    rows = [_of_handle(handle) for handle in notebook.handles.all()]
    if made is not None:
        known = {tag for handle in notebook.handles.all() for tag in handle.tags}
        found = notebook.journal.statements(
            cluster=made.cluster.info.id, open_only=True, limit=_MOST
        )
        sessions = notebook.journal.sessions(made.cluster.info.id)
        names = {(s.engine, s.session): s.name for s in sessions}
        rows += [_of_row(r, names) for r in reversed(found) if r.tag not in known]
    if not rows:
        return Records(rows, _FIELDS, "No job. A cell with --async starts one.")
    return Records(rows, _FIELDS)


def _of_handle(handle: Handle) -> JobRow:
    behind = handle.queued_behind
    return JobRow(
        tag=handle.tag,
        cell=handle.cell,
        session=short(handle.session),
        state=f"queued behind {behind}" if behind else handle.state,
        elapsed=handle.elapsed,
        rows=handle.rows,
        code=handle.code,
        handle=handle,
    )


def _of_row(row: StatementRow, names: dict[tuple[str, str], str]) -> JobRow:
    lives = bool(row.owner_started) and process_started(row.owner_pid) == row.owner_started
    return JobRow(
        tag=row.tag,
        cell=PurePath(row.notebook).name or "another kernel",
        session=short(names.get((row.engine, row.session)) or row.session),
        state=row.state if lives else f"{row.state}, its kernel is gone",
        elapsed=time.time() - row.created,
        rows=row.rows,
        code=row.text,
    )


def short(session: str) -> str:
    """Return a session's name without what all of this user's have in common.

    Of an id in two halves the second is the server's secret.
    """
    if session.startswith("emr_nb/"):
        return session.split("/", 2)[2]
    return session[:8] if _IN_HALVES.fullmatch(session) else session


COMMANDS = (
    Command(
        "jobs",
        "List the cells that run beside the notebook.",
        jobs,
        (Option("clear", ("--clear",), "First forget those that have ended", "flag"), ON),
    ),
)
