"""restart, stop, cancel, logs: what runs on the cluster."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from emr_nb.errors import SessionNotFoundError, UsageError
from emr_nb.journal import StatementRow, reference_of
from emr_nb.model import CancelOutcome
from emr_nb.notebook.answers import Lines, Text
from emr_nb.notebook.attachment import SPARK
from emr_nb.notebook.commands.base import ENGINE, ON, Command
from emr_nb.notebook.look import plural
from emr_nb.notebook.options import Option, Parsed
from emr_nb.notebook.progress_line import ProgressLine, starting
from emr_nb.notebook.rerun import jobs_again, run_again

if TYPE_CHECKING:
    from emr_nb.engines.base import Session
    from emr_nb.notebook.attachment import Attachment, InUse
    from emr_nb.notebook.state import Notebook

_FOLLOW_SECONDS = 1.0
_WORDS = {
    CancelOutcome.STOPPED: "stopped",
    CancelOutcome.STILL_RUNNING: "the engine was asked to stop it; it still runs",
    CancelOutcome.ALREADY_ENDED: "it had ended already",
}


def restart(notebook: Notebook, given: Parsed) -> Text:
    """End this notebook's session and start a new one; `--rerun` runs its cells again."""
    made = notebook.attachment(given["on"] or "")
    jobs = jobs_again(notebook, made) if given["rerun"] else []
    old = made.lost.name if made.lost and not made.sessions.is_open() else made.sessions.name
    session = fresh_session(notebook, made)
    if given["rerun"]:
        used, notebook.current = notebook.current, made.name
        try:
            run_again(notebook, jobs)
        finally:
            notebook.current = used
        return Text(f"A new session, {session.info.name}, ran {plural(len(jobs), 'cell')} again")
    return Text(f"A new session, {session.info.name}, stands in for {old}; its variables are gone")


def fresh_session(notebook: Notebook, made: Attachment) -> Session:
    """End this notebook's session, if there is one, and start another."""
    made.keeping.forget(made.sessions.name)
    try:
        made.sessions.stop()
    except SessionNotFoundError:
        made.sessions.forget()
    made.lost = None
    line = ProgressLine(notebook.screen)
    session = made.sessions.get(tick=starting(line))
    line.end("done", f"Spark session {session.info.label} is ready")
    made.keeping.used(session)
    return session


def stop(notebook: Notebook, given: Parsed) -> Text:
    """End a session: this notebook's, one by name or id, or with `all` those begun here."""
    made = notebook.attachment(given["on"] or "")
    wanted, engine = given["session"] or "", given["engine"] or ""
    if wanted == "all":
        ended = made.of(engine).sessions.end_begun() if engine else made.end_begun()
        return Text(f"Ended {', '.join(ended)}" if ended else "This kernel began no session")
    used = made.of(engine) if engine else _that_has(made, wanted)
    ended_name = used.sessions.stop(wanted)
    used.keeping.forget(ended_name)
    return Text(f"Ended {ended_name}")


def _that_has(made: Attachment, wanted: str) -> InUse:
    """Return the engine in use that has a session open of this name or id; else Spark."""
    for used in made.in_use():
        if wanted and used.sessions.opened(wanted) is not None:
            return used
    return made.of(SPARK)


def cancel(notebook: Notebook, given: Parsed) -> Text:
    """Cancel a statement by its tag, or the newest one that runs."""
    handle = notebook.handles.find(given["tag"] or "")
    if handle is not None:  # it may not be sent yet, and then never will be
        return Text(f"{handle.tag[:8]}: {_WORDS[handle.cancel()]}")
    row = row_of(notebook, given["tag"] or "", "%emr cancel")
    made = attachment_of(notebook, row)
    engine = made.cluster.engine(row.engine if row.engine != "livy" else "spark")
    statement = engine.recover(reference_of(row))
    if statement is None:
        return Text(f"{row.tag[:8]} is not known on {made.name} any more")
    return Text(f"{row.tag[:8]}: {_WORDS[statement.cancel()]}")


def row_of(notebook: Notebook, tag: str, command: str) -> StatementRow:
    """Return the statement of a tag, or without one the newest that is open."""
    if tag:
        row = notebook.journal.find(tag)
        if row is None:
            raise UsageError(
                f"No single statement has the tag {tag!r}",
                where=command,
                advice="%emr history lists tags.",
            )
        return row
    running = notebook.journal.statements(open_only=True, limit=20)
    here = {a.cluster.info.id for a in notebook.attached.values()}
    found = next((r for r in running if r.cluster in here), None)
    if found is None:
        raise UsageError(
            "No statement is running",
            where=command,
            advice=f"%emr history lists statements; {command} TAG takes one of them.",
        )
    return found


def attachment_of(notebook: Notebook, row: StatementRow) -> Attachment:
    """Return the attached cluster of a statement; raises NotAttachedError."""
    for made in notebook.attached.values():
        if made.cluster.info.id == row.cluster:
            return made
    return notebook.attachment(row.cluster_name or row.cluster)


def logs(notebook: Notebook, given: Parsed) -> Lines:
    """Return the last lines of the session's log; `-f` goes on until interrupted."""
    if given["error"]:
        return Lines(notebook.last_error or ("No cell has failed yet.",))
    made = notebook.attachment(given["on"] or "")
    used = made.of(given["engine"] or SPARK)
    engine = made.cluster.engine(used.name)
    session = used.sessions.opened()
    info = session.info if session is not None else used.sessions.found
    if info is None:
        raise SessionNotFoundError(
            "This notebook has no session yet",
            where=made.name,
            advice=f"A {used.title} cell starts one.",
        )
    size = given["rows"] or 100
    lines = list(engine.logs(info.id, size))
    if not given["follow"]:
        return Lines(lines)
    notebook.screen.stream("\n".join(lines) + "\n")
    try:
        while True:
            time.sleep(_FOLLOW_SECONDS)
            newer = list(engine.logs(info.id, size))
            fresh = _after(lines, newer)
            if fresh:
                notebook.screen.stream("\n".join(fresh) + "\n")
            lines = newer
    except KeyboardInterrupt:
        return Lines()


def _after(seen: list[str], newer: list[str]) -> list[str]:
    """Return what was added: the logs are windows on one growing text."""
    for overlap in range(min(len(seen), len(newer)), 0, -1):
        if seen[-overlap:] == newer[:overlap]:
            return newer[overlap:]
    return newer


COMMANDS = (
    Command(
        "restart",
        "End this notebook's session and start a new one.",
        restart,
        (Option("rerun", ("--rerun",), "Run its cells again, in order", "flag"), ON),
    ),
    Command(
        "stop",
        "End a session.",
        stop,
        (
            Option("session", help="name or id; all: those begun here", source="session"),
            ENGINE,
            ON,
        ),
    ),
    Command(
        "cancel",
        "Cancel a statement.",
        cancel,
        (Option("tag", help="from %emr history; the newest that runs", source="tag"),),
    ),
    Command(
        "logs",
        "Show the session's log.",
        logs,
        (
            Option("follow", ("-f", "--follow"), "Go on until interrupted", "flag"),
            Option("rows", ("-n",), "How many lines", "int", "LINES", default=100),
            Option("error", ("-e", "--error"), "The last error of a cell in full", "flag"),
            ENGINE,
            ON,
        ),
    ),
)
