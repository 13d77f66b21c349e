"""The routes of what cells showed while no page was there, also of kernels that are gone.

Nothing is run again: what a kernel left is adopted by `Engine.recover` and read.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from emr_nb.engines.base import Resumes
from emr_nb.engines.tables import TableOutput
from emr_nb.errors import (
    ClusterNotFoundError,
    ClusterTerminatedError,
    EmrError,
    NotKeptError,
    SessionLostError,
)
from emr_nb.journal import OPEN_STATES, RunRow, StatementRow, owner_is_gone, reference_of
from emr_nb.journal.runs import digest_of
from emr_nb.model import Log, Output
from emr_nb.results import table
from emr_nb.results.budget import byte_budget
from emr_nb.results.plan import plan_transfer
from emr_nb.server.models.runs import OutputView, RunList, RunView
from emr_nb.server.models.statements import Cleared
from emr_nb.wording import plural

if TYPE_CHECKING:
    from emr_nb.engines.base import Statement
    from emr_nb.model import Request
    from emr_nb.results.result import Result
    from emr_nb.server.models.runs import OutputWanted, RunsSaved, RunsWanted
    from emr_nb.server.state import ServerState

_MOST = 200
_EARLIER = 1.0  # seconds that a statement's time may lie before its cell's


def listed(state: ServerState, asked: RunsWanted) -> RunList:
    """List the runs of a notebook whose output is kept, or will be."""
    rows = state.journal.runs.of_notebook(_path(state, asked.notebook), _MOST)
    return RunList(runs=[view(row) for row in rows])


def output(state: ServerState, asked: OutputWanted) -> OutputView:
    """Give what a run showed; raises NotKeptError, and what the engine of an orphan raises."""
    row = state.journal.runs.find(asked.run)
    if row is None:
        raise NotKeptError("What this cell showed is not kept any more", where=asked.run)
    edited = bool(row.digest) and row.digest != digest_of(asked.source)
    said, shown, tag = "running", "", ""
    if row.state == "ended":
        said, shown = "ended", state.journal.runs.outputs(row.run)
    elif owner_is_gone(row):
        said, shown, tag = _Orphan(state, row).look(take=asked.take)
        row = state.journal.runs.find(row.run) or row
    return OutputView(
        state=said,
        outputs=json.loads(shown or "[]"),
        edited=edited,
        created=row.created,
        ended=row.ended,
        tag=tag,
    )


def saved(state: ServerState, asked: RunsSaved) -> Cleared:
    """Forget what stands in the notebook's file by now."""
    path = _path(state, asked.notebook)
    return Cleared(forgotten=state.journal.runs.forget(path, asked.runs))


def view(row: RunRow) -> RunView:
    """Return a run as a page gets it."""
    return RunView(
        run=row.run,
        notebook=row.notebook,
        cell=row.cell,
        cluster=row.cluster,
        state=row.state,
        orphan=row.state != "ended" and owner_is_gone(row),
        created=row.created,
        ended=row.ended,
    )


def _path(state: ServerState, notebook: str) -> str:
    return str(state.root / notebook)  # pages know their notebooks by paths below the root


class _Orphan:
    """A run whose kernel is gone, and the statements that it had sent."""

    def __init__(self, state: ServerState, row: RunRow) -> None:
        self._state = state
        self._row = row
        rows = state.journal.statements(
            cluster=row.cluster, notebook=row.notebook, since=row.created - _EARLIER, limit=_MOST
        )
        # a later statement of a cell has its number behind the cell's id
        self._statements = [r for r in reversed(rows) if r.cell.partition("#")[0] == row.cell]

    def look(self, *, take: bool) -> tuple[str, str, str]:
        """Return how it stands, what it showed as JSON, and the tag of what is left."""
        if not self._statements:
            return self._end([_note("Its kernel ended before anything was sent: it has not run.")])
        last = self._statements[-1]
        try:
            connected = self._state.connections.get(last.cluster)
            engine = connected.engine("spark" if last.engine == "livy" else last.engine)
            found = engine.recover(reference_of(last))
        except (ClusterNotFoundError, ClusterTerminatedError, SessionLostError) as error:
            return self._lost(last, error.what)
        if found is None:
            if last.state in OPEN_STATES:
                return self._lost(last, "its session or its answer is gone, and so is its kernel")
            return self._end([_note(_ended(last))])
        if not getattr(found, "ended", False):
            return "running", "", last.tag
        if not take or not _is_shown(getattr(found, "request", None)):
            return "left", "", last.tag
        return self._take(last, found)

    def _take(self, last: StatementRow, found: Statement) -> tuple[str, str, str]:
        """Read what the cluster has; one process alone does, and a kernel that has it keeps it."""
        journal = self._state.journal
        if not journal.runs.take_over(self._row):
            return "running", "", last.tag
        mine = last.owner_pid == os.getpid()
        if not mine and not (owner_is_gone(last) and journal.take_over(last)):
            return self._end([_note("Another kernel has taken its result.")])
        outputs: list[dict[str, Any]] = []
        for row in self._statements[:-1]:
            outputs += [_note(_ended(row))]
        outputs += _outputs(self._state, found)
        return self._end(outputs)

    def _lost(self, last: StatementRow, why: str) -> tuple[str, str, str]:
        if last.state in OPEN_STATES:
            self._state.journal.update(last.tag, state="lost", error=why)
        self._end([_note(f"Lost: {why}.")])
        return "ended", self._state.journal.runs.outputs(self._row.run), ""

    def _end(self, outputs: list[dict[str, Any]]) -> tuple[str, str, str]:
        text = json.dumps(outputs, ensure_ascii=False).encode("utf-8", "replace").decode()
        self._state.journal.runs.end(self._row.run, text)
        return "ended", text, ""


def _is_shown(asked: Request | None) -> bool:
    """Tell whether a cell only shows its table: a variable or a file needs a kernel."""
    if asked is None or asked.output or asked.target is not None:
        return False
    return plan_transfer(asked).limit is not None


def _outputs(state: ServerState, statement: Statement) -> list[dict[str, Any]]:
    """Return what a statement showed, and its table or its error."""
    asked: Request | None = getattr(statement, "request", None)
    if isinstance(statement, Resumes) and asked is not None:
        budget = byte_budget(state.settings.result_bytes, "pandas")
        statement.resume(plan_transfer(asked, budget=budget))
    made: list[dict[str, Any]] = []
    try:
        for event in statement.events():
            made += _output(state, event)
        result = statement.result()
    except EmrError as error:
        lines = str(error).split("\n")
        failure = {"ename": type(error).__name__, "evalue": error.what, "traceback": lines}
        return [*made, {"output_type": "error", **failure}]
    if result is not None and not (asked is not None and asked.quiet):
        made += _table(state, result)
    return made


def _output(state: ServerState, event: object) -> list[dict[str, Any]]:
    if isinstance(event, Log) and event.stream in ("stdout", "stderr"):
        text = "\n".join(event.lines) + "\n"
        return [{"output_type": "stream", "name": event.stream, "text": text}]
    if isinstance(event, TableOutput) and event.result is not None:
        return _table(state, event.result)
    if isinstance(event, Output):
        return [_display(event.data, event.metadata)]
    return []


def _table(state: ServerState, result: Result) -> list[dict[str, Any]]:
    if not result.columns or not result.table.num_columns:
        return []
    notices = (table.cut_notice(result),) if result.truncated else ()
    shown = table.view(result, saved_rows=state.settings.saved_rows, notices=notices)
    return [_display(table.bundle(shown), None)]


def _display(data: Any, metadata: Any) -> dict[str, Any]:
    return {"output_type": "display_data", "data": dict(data), "metadata": dict(metadata or {})}


def _note(text: str) -> dict[str, Any]:
    return {"output_type": "stream", "name": "stdout", "text": f"{text}\n"}


def _ended(row: StatementRow) -> str:
    """Say how a statement ended whose answer went to the kernel that is gone."""
    if row.state in OPEN_STATES:
        return f"Statement {row.tag[:8]} ran before it; its answer went with its kernel."
    told = f", {plural(row.rows, 'row')}" if row.rows is not None else ""
    why = f": {row.error}" if row.error else ""
    return f"{row.state.capitalize()}{told}{why} (its answer went with its kernel)."
