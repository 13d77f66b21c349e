"""Run the cells of a session again, in order, in the session that takes its place."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from emr_nb.errors import EmrError, UsageError
from emr_nb.notebook.cells import Job, read, with_inputs
from emr_nb.notebook.errors import short_errors
from emr_nb.notebook.look import plural
from emr_nb.notebook.options import Parsed
from emr_nb.notebook.past import distinct, first_words, past_session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from emr_nb.journal import StatementRow
    from emr_nb.notebook.attachment import Attachment
    from emr_nb.notebook.cells import CellMagic
    from emr_nb.notebook.state import Notebook

_BARE = {"python": "%%pyspark", "sql": "%%spark -l sql", "scala": "%%scala"}


def jobs_again(notebook: Notebook, made: Attachment) -> list[tuple[StatementRow, Job]]:
    """Return the cells to run again; raises UsageError where their text is not kept."""
    sessions = [made.lost] if made.lost else []
    here = made.sessions.opened()
    if info := here.info if here else made.sessions.found:
        sessions.append(past_session(notebook.journal, made.cluster.info.id, info))
    rows = distinct(notebook.cells_of(made, sessions))
    if missing := sum(not row.text for row in rows):
        raise UsageError(
            f"The text of {plural(missing, 'cell')} was not kept (history is off), so they "
            "cannot be run again; nothing was ended",
            where="%emr restart --rerun",
            advice="%emr restart starts a new session; then run the cells yourself.",
        )
    return [(row, _job(row, notebook.magics)) for row in rows]


def _job(row: StatementRow, magics: Sequence[CellMagic]) -> Job:
    """Read a cell's line as its magic did; the new session stands in for a named one."""
    written = row.line or _BARE[row.language]
    word, _, line = written.partition(" ")
    magic = next((m for m in magics if m.name == word.lstrip("%")), None)
    if magic is None:
        raise UsageError(
            f"{word} is not known here, so its cell cannot be run again",
            where="%emr restart --rerun",
            advice="%emr restart starts a new session without it.",
        )
    in_line = not word.startswith("%%")
    job = read(magic, f"{line} {row.text}" if in_line else line, None if in_line else row.text)
    # where it ran is decided already: the attached cluster's new session
    options = Parsed({**job.options, "session": None, "new": False})
    return replace(job, options=options, cell=row.cell)


def run_again(notebook: Notebook, jobs: list[tuple[StatementRow, Job]]) -> None:
    """Run them in order; the first failure is told and raised, and ends it."""
    from emr_nb.notebook.runner import Runner

    for number, (row, job) in enumerate(jobs, 1):
        words = first_words(row)
        notebook.screen.stream(f"[{number}/{len(jobs)}] {words}\n")
        try:
            with short_errors(
                job.code, job.first_line, sql=job.language == "sql", seen=notebook.saw_error
            ):
                Runner(notebook).run(with_inputs(notebook, job))
        except EmrError:
            left = len(jobs) - number
            notebook.screen.stream(
                f"Stopped: cell {number} of {len(jobs)} failed, `{words}`; "
                f"{plural(left, 'cell')} after it {'was' if left == 1 else 'were'} not run.\n"
            )
            raise
