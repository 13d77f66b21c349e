"""The session of a cell: found or started, with its start shown on the cell's line."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from emr_nb.errors import EmrError, StatementCancelledError
from emr_nb.notebook.attachment import SPARK
from emr_nb.notebook.look import seconds

if TYPE_CHECKING:
    from emr_nb.engines.base import Session
    from emr_nb.notebook.attachment import Attachment, InUse
    from emr_nb.notebook.cells import Job
    from emr_nb.notebook.progress_line import ProgressLine
    from emr_nb.notebook.screen import Screen


def doing(used: InUse) -> str:
    """Say what a cell waits for that has no session yet."""
    verb, article = ("joining", "the") if used.sessions.found else ("starting", "a")
    return f"{verb} {article} {used.title} session"


def join(
    attachment: Attachment,
    job: Job,
    line: ProgressLine,
    screen: Screen,
    tick: Callable[[str], None],
) -> Session:
    """Return the session that a job names, opened on first use; `tick` is told how it starts.

    Raises SessionNotFoundError, SessionStartError, StatementCancelledError, TransportError.
    """
    used, name = attachment.of(job.engine), job.options["session"] or ""
    sessions = used.sessions
    started = sessions.is_open(name)
    try:
        if job.engine != SPARK:  # Spark's were looked for at the attach
            sessions.look_once(fresh=attachment.fresh)
        session = sessions.get(name, new=job.options["new"], tick=tick)
    except KeyboardInterrupt:
        line.end("cancelled", "interrupted; the session keeps starting, the next cell joins it")
        raise StatementCancelledError(
            "Interrupted before anything was sent",
            where=attachment.name,
            advice="The session keeps starting; run the cell again to use it.",
        ) from None
    except StatementCancelledError:
        line.end("cancelled", "before it was sent")
        raise
    except EmrError:
        line.end("failed", f"no {used.title} session")
        raise
    if not started:
        label = f"session {session.info.label}"
        took = f" started in {seconds(line.elapsed)}"
        line.next_phase(f"joined {label}" if sessions.found else label + took)
        if attachment.lost is not None and not name and job.engine == SPARK:
            screen.stream(
                f"This is a new session: {attachment.lost.name} was lost with its variables. "
                "%emr restart --rerun runs its cells again.\n"
            )
    return session
