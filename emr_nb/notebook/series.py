"""Runs the statements of one cell in order, in one session; the first failure ends it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from emr_nb.errors import ResultError
from emr_nb.notebook.look import plural
from emr_nb.notebook.places import cell_id
from emr_nb.notebook.runner import Runner

if TYPE_CHECKING:
    from emr_nb.model import Progress, Request
    from emr_nb.notebook.async_cells import Gate
    from emr_nb.notebook.attachment import Attachment
    from emr_nb.notebook.cells import Job
    from emr_nb.notebook.progress_line import ProgressLine
    from emr_nb.notebook.screen import Screen
    from emr_nb.notebook.state import Notebook
    from emr_nb.notebook.turns import Turn
    from emr_nb.results.result import Result


class Series:
    """One cell: a Runner for each of its statements, one after the other.

    A job without `parts` is its own only statement. The last statement that may answer a table
    is the one whose table is shown and bound; it alone has the cell's -o, -n, --to and --chart.
    """

    def __init__(
        self,
        notebook: Notebook,
        *,
        screen: Screen | None = None,
        brought: dict[str, Any] | None = None,
        gate: Gate | None = None,
    ) -> None:
        self._notebook = notebook
        self._screen = screen
        self._brought = brought
        self._gate = gate
        self._first = self._runner = Runner(
            notebook, screen=screen, brought=brought, gate=gate
        )  # of the first statement, as long as nobody has told which
        self._cell = ""
        self.tags: list[str] = []  # of the statements that have begun

    @property
    def line(self) -> ProgressLine:
        return self._runner.line

    @property
    def progress(self) -> Progress | None:
        return self._runner.progress

    def run(self, job: Job) -> Result | None:
        """Run a job; returns its Result in line form. Raises EmrError: the cell fails."""
        attachment = self._notebook.attachment(job.options["on"] or "")
        result = self.perform(attachment, job, self.request(job))
        return result if job.in_line else None

    def request(self, job: Job) -> Request:
        """Return what the first statement asks; raises what can be told before anything runs."""
        parts = job.parts or (job,)
        self._cell = cell_id(self._notebook.shell) if job.cell is None else job.cell
        if job.options["to"]:  # told before the first statement, though a later one writes
            self._new(job).request(job)
        self._first = self._runner = self._new(parts[0])
        request = self._first.request(parts[0])
        self.tags.append(request.tag)
        return request

    def line_up(self, attachment: Attachment, job: Job) -> Turn:
        """Take the job's place among the cells of its session; `perform` must follow."""
        return self._first.line_up(attachment, job)

    def perform(self, attachment: Attachment, job: Job, request: Request) -> Result | None:
        """Run the statements from the first on; may be on any thread."""
        if len(job.parts) < 2:
            return self._first.perform(attachment, job.parts[0] if job.parts else job, request)
        with self.line_up(attachment, job):
            return self._in_order(attachment, job, request)

    # -- inside ---------------------------------------------------------------------------

    def _in_order(self, attachment: Attachment, job: Job, request: Request) -> Result | None:
        label = self._first.line.label
        start = self._left_at(attachment, job)
        if start:
            request = self._next(job, start)
        delivered, earlier = None, None
        for number in range(start, len(job.parts)):
            part = job.parts[number]
            if number > start:
                request = self._next(job, number)
            place = f"{number + 1} of {len(job.parts)}"
            self._runner.line.label = " · ".join(text for text in (label, place) if text)
            self._runner.line_up_behind(self._first, last=number == len(job.parts) - 1)
            request, result = self._runner.execute(attachment, part, request)
            if part.is_answer and (result is not None or earlier is None):
                delivered = self._runner.finish(part, request, result)
                earlier = None
                continue
            earlier = result if result is not None and result.columns else earlier
            self._told(result)
        if earlier is None or delivered is not None:
            return delivered
        return self._late(job, request, earlier)

    def _told(self, result: Result | None) -> None:
        rows = len(result) if result is not None and result.columns else None
        counted = [] if rows is None or result is None else [
            f"first {plural(rows, 'row')}" if result.truncated else plural(rows, "row")
        ]  # fmt: skip
        self._runner.line.end("done", *counted)

    def _late(self, job: Job, request: Request, result: Result) -> Result | None:
        """Deliver the table of another statement: the one that was to have it gave none."""
        if job.options["to"] or (job.options["output"] and result.truncated):
            raise ResultError(
                "The last table came from another statement than the last query",
                where=f"%%{job.magic}",
                advice="Let the cell end in the query that you want.",
            )
        return self._runner.finish(replace(job, parts=()), request, result)

    def _next(self, job: Job, number: int) -> Request:
        if self._gate is not None:
            self._gate.again()
        self._runner = self._new(job.parts[number])
        request = self._runner.request(replace(job.parts[number], cell=self._cell))
        self.tags.append(request.tag)
        return request

    def _left_at(self, attachment: Attachment, job: Job) -> int:
        """Return the statement at which an earlier kernel left this cell, 0 where it did not."""
        for number in range(len(job.parts) - 1, 0, -1):
            request = self._new(job).request(replace(job.parts[number], cell=self._cell))
            if attachment.recovery.has(request):
                self._notebook.screen.stream(
                    f"Statement {number + 1} of this cell runs since an earlier kernel: those "
                    "before it are not run again\n"
                )
                return number
        return 0

    def _new(self, job: Job) -> Runner:
        kind: type[Runner] = Runner
        if job.options.get("profile") and job.is_answer:
            from emr_nb.notebook.profiling import ProfileRunner

            kind = ProfileRunner
        return kind(self._notebook, screen=self._screen, brought=self._brought, gate=self._gate)
