"""result, keep, configure: what makes sessions and their results last."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from emr_nb.errors import ResultError, SessionNotFoundError, UsageError
from emr_nb.journal import SessionRow, reference_of
from emr_nb.notebook.answers import Facts, Text
from emr_nb.notebook.attachment import SPARK
from emr_nb.notebook.commands.base import ON, Command
from emr_nb.notebook.commands.running import attachment_of, row_of
from emr_nb.notebook.configure import configure
from emr_nb.notebook.look import seconds
from emr_nb.notebook.options import Option, Parsed
from emr_nb.notebook.past import clock

if TYPE_CHECKING:
    from emr_nb.notebook.state import Notebook
    from emr_nb.results.result import Result


def result(notebook: Notebook, given: Parsed) -> Result | None:
    """Take the result of a statement that an earlier kernel began, or show an earlier one."""
    from emr_nb.notebook.runner import Runner

    row = row_of(notebook, given["tag"] or "", "%emr result")
    made = attachment_of(notebook, row)
    statement = made.cluster.engine(row.engine).recover(reference_of(row))
    if statement is None:
        raise ResultError(
            f"The result of {row.tag[:8]} is not kept on {made.name} any more",
            where="%emr result",
            advice="Its session has ended, or 100 statements came after it; run the cell again.",
        )
    if orphan := made.recovery.orphans.pop(row.tag, None):
        notebook.journal.take_over(orphan.row)
    return Runner(notebook).take(made, statement, given["output"], given["as_"])


def keep(notebook: Notebook, given: Parsed) -> Text:
    """Keep the session alive for so many hours from now, by default the setting's."""
    made = notebook.attachment(given["on"] or "")
    session = made.sessions.opened()
    if session is None:
        raise SessionNotFoundError(
            "No session is open here", where=made.name, advice="A cell opens one."
        )
    if given["hours"] is None:
        until = made.keeping.keep(session, notebook.settings.keep_alive)
    else:
        try:
            hours = float(given["hours"])
        except ValueError:
            hours = -1.0
        if not 0 <= hours <= 24 * 30:
            raise UsageError(
                f"{given['hours']!r} is no number of hours",
                where="%emr keep",
                advice="%emr keep 4 keeps the session for 4 hours, %emr keep 0 no longer.",
            )
        until = made.keeping.keep(session, hours * 3600)
    over = until <= time.time() + 1
    info = session.info
    row = SessionRow(made.cluster.info.id, SPARK, info.name, info.id)
    # should this kernel end without the session, the Jupyter server keeps it for that time
    notebook.journal.keep_session(row, 0.0 if over else until)
    if over:
        return Text(
            f"Session {session.info.label} is not kept alive any more: "
            "it ends by the cluster's idle limit"
        )
    return Text(f"Session {session.info.label} is kept alive until {clock(until)}")


def kept_line(notebook: Notebook, name: str, until: float | None) -> str:
    """Say how long a session is kept, for `%emr status`."""
    if until is None:
        return f"{name} ends by the cluster's idle limit; %emr keep HOURS keeps it"
    after = seconds(notebook.settings.keep_alive)
    return f"until {clock(until)} ({after} after the last statement); %emr keep HOURS extends it"


def configured(notebook: Notebook, given: Parsed) -> Facts | Text:
    """Set options of the next session, or show what they are."""
    return configure(notebook, given["options"] or "", force=given["force"])


COMMANDS = (
    Command(
        "result",
        "Take the result of a statement that an earlier kernel began.",
        result,
        (
            Option("tag", help="from %emr history; the newest that runs", source="tag"),
            Option("output", ("-o", "--output"), "Bind it to this variable", "name", "VAR"),
            Option(
                "as_",
                ("--as",),
                "What -o makes of it",
                choices=("pandas", "polars", "arrow"),
                default="pandas",
            ),
        ),
    ),
    Command(
        "keep",
        "Keep the session alive for so many hours from now.",
        keep,
        (Option("hours", help="0: no longer; the setting keep_alive by default"), ON),
    ),
    Command(
        "configure",
        "Set options of the next session, as %%configure does.",
        configured,
        (
            Option("force", ("-f", "--force"), "Restart the session that is open", "flag"),
            Option("options", kind="rest", metavar="JSON", help='{"driverMemory": "2g"}'),
        ),
    ),
)
