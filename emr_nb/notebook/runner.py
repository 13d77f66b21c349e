"""Runs one cell: session, submit, events, result; and stops it when the kernel is interrupted."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from emr_nb.engines.base import Resumes, abilities_of
from emr_nb.engines.tables import TableOutput
from emr_nb.errors import (
    EmrError,
    ResultError,
    SessionLostError,
    StatementCancelledError,
)
from emr_nb.model import Log, Output, Progress, Request, StatementReference
from emr_nb.notebook.cancels import CANCEL_SECONDS, Cancel
from emr_nb.notebook.cells import Job
from emr_nb.notebook.deliver import Delivery, result_bundle
from emr_nb.notebook.errors import at_cell_lines, show_folded
from emr_nb.notebook.interrupts import further_interrupts
from emr_nb.notebook.joining import doing, join
from emr_nb.notebook.look import plural
from emr_nb.notebook.options import Parsed
from emr_nb.notebook.past import with_cells
from emr_nb.notebook.places import cell_id
from emr_nb.notebook.progress_line import ProgressLine, starting
from emr_nb.notebook.telling import Telling
from emr_nb.notebook.writing import Destination
from emr_nb.results.budget import byte_budget
from emr_nb.results.plan import TransferPlan, plan_transfer

if TYPE_CHECKING:
    from emr_nb.engines.base import Engine, Session, Statement
    from emr_nb.engines.inputs import Staged
    from emr_nb.notebook.async_cells import Gate
    from emr_nb.notebook.attachment import Attachment
    from emr_nb.notebook.screen import Screen
    from emr_nb.notebook.state import Notebook
    from emr_nb.notebook.turns import Turn
    from emr_nb.results.result import Result

_TAKING = {"rows": None, "decimal": "exact", "quiet": False, "chart": None}


class Runner:
    """Runs cells of one notebook; one object per cell."""

    def __init__(
        self,
        notebook: Notebook,
        *,
        screen: Screen | None = None,
        brought: dict[str, Any] | None = None,
        gate: Gate | None = None,
    ) -> None:
        self._notebook = notebook
        self._screen = screen or notebook.screen
        self._brought = brought  # where -o goes; by default the notebook's variables
        self._gate = gate
        self._turn: Turn | None = None
        self._ends_turn = True
        self.line = self._line = ProgressLine(self._screen)
        self.progress: Progress | None = None  # the last look at the statement
        self._statement: Statement | None = None
        self._values: Mapping[str, Any] = {}
        self._destination: Destination | None = None
        self.staged: Staged | None = None  # the local data that the job sent

    def run(self, job: Job) -> Result | None:
        """Run a job; returns its Result in line form. Raises EmrError: the cell fails."""
        attachment = self._notebook.attachment(job.options["on"] or "")
        result = self.perform(attachment, job, self.request(job))
        return result if job.in_line else None

    def line_up(self, attachment: Attachment, job: Job) -> Turn:
        """Take the job's place among the cells of its session; `perform` must follow."""
        self._turn = self._turn or attachment.turn(job.options["session"] or "", job.engine)
        return self._turn

    def line_up_behind(self, first: Runner, *, last: bool) -> None:
        """Stand where the cell's first statement does; its last one makes room for others."""
        self._turn, self._ends_turn = first._turn, last

    def perform(self, attachment: Attachment, job: Job, request: Request) -> Result | None:
        """Run a job under its request and deliver its result; may be on any thread."""
        with self.line_up(attachment, job):
            request, result = self.execute(attachment, job, request)
            return self.finish(job, request, result)

    def execute(
        self, attachment: Attachment, job: Job, request: Request
    ) -> tuple[Request, Result | None]:
        """Run a job to its end; its result is not shown or bound yet. `finish` must follow."""
        session = self._session(attachment, job)
        engine, used = attachment.cluster.engine(job.engine), attachment.of(job.engine)
        adopted = attachment.recovery.adopt(engine, session.info.id, request, self._screen.stream)
        if adopted is not None:
            request = replace(request, tag=adopted.reference.tag)
            self._line.next_phase("recovered")
        try:
            if adopted is None:
                request = self._with_inputs(session, request, job)
            result = self._drain(session, job, request, adopted)
        except KeyboardInterrupt:
            raise self._stopped(engine, attachment, session, request) from None
        except SessionLostError as error:
            name = job.options["session"] or ""
            mine = used.sessions.opened(name) is session
            cells = self._notebook.lose(attachment, name, job.engine) if mine else ()
            self._line.end("failed", "session lost")
            if not cells:
                raise
            raise with_cells(error, cells) from error
        except EmrError as error:
            cancelled = isinstance(error, StatementCancelledError)
            self._line.end("cancelled" if cancelled else "failed", "" if cancelled else "failed")
            job.at_cell(error)
            show_folded(self._screen, error)
            raise
        finally:
            if used.sessions.opened(session.info.name) is session:
                used.keeping.used(session)
        return request, result

    def finish(self, job: Job, request: Request, result: Result | None) -> Result | None:
        """Show and bind what a job gave, or write it with `--to`; its line ends."""
        if self._destination is not None:
            self._write(self._destination, result)
            return None
        return self._deliver(job, request, result)

    def send(self, attachment: Attachment, job: Job) -> None:
        """Send a job's local data to a session, without a statement that takes it."""
        with self.line_up(attachment, job):
            session = self._session(attachment, job)
            try:
                self._with_inputs(session, self.request(job), job)
            except BaseException:
                self._line.end("failed", "not sent")
                raise
        self._line.end("done")

    def take(
        self, attachment: Attachment, statement: Statement, name: str | None, form: str
    ) -> Result | None:
        """Wait for a statement of an earlier kernel, show what it says, and return its table.

        With `name` the table or value is bound. An interrupt ends the wait alone.
        """
        self._line.next_phase("recovered")
        try:
            result = self._follow(statement)
        except KeyboardInterrupt:
            self._line.end("cancelled", "the wait was ended; the statement runs on")
            raise StatementCancelledError(
                "The wait was ended; the statement runs on",
                where=attachment.name,
                advice=f"%emr result {statement.reference.tag[:8]} waits again.",
            ) from None
        except EmrError as error:
            self._line.end("failed", "failed")
            show_folded(self._screen, error)
            raise
        asked = getattr(statement, "request", None)
        job = Job("", "python", Parsed({**_TAKING, "output": name, "as_": form}), "emr result")
        if asked is not None and asked.output in self._values:
            value = self._values[asked.output]
            self._line.end(
                "done", *([Delivery(self._notebook, job).bind_value(value)] * bool(name))
            )
            if not name:
                self._screen.show({"text/plain": repr(value)})
            return result
        if result is None:
            self._line.end("done", "it gave no table" if name else "")
            return None
        facts, _ = Delivery(self._notebook, job).bind(result)
        self._line.end("done", *facts)
        return result

    # -- before ---------------------------------------------------------------------------

    def _session(self, attachment: Attachment, job: Job) -> Session:
        tick = self._tick(doing(attachment.of(job.engine)))
        return join(attachment, job, self._line, self._screen, tick)

    def request(self, job: Job) -> Request:
        """Return what a job asks of the engine, under a new tag, in the running cell's name.

        Raises PathExistsError and UsageError for a `--to` that cannot be.
        """
        if job.options["to"]:
            attachment = self._notebook.attachment(job.options["on"] or "")
            abilities = abilities_of(attachment.cluster.engine(job.engine))
            self._destination = Destination.of(
                attachment.cluster, job, engine_writes=abilities.writes_targets
            )
        destination = self._destination
        options = job.options
        rows = options["rows"]
        if destination is not None and rows is None:
            rows = -1
        by_engine = destination is not None and destination.by_engine
        pairs = (text.partition("=") for text in options["settings"])
        return Request(
            code=job.code,
            language=job.language,
            tag=secrets.token_hex(16),
            output=options["output"],
            rows=rows,
            target=destination.target if destination and by_engine else None,
            shown=self._notebook.settings.shown_rows,
            quiet=options["quiet"],
            database=options["database"],
            catalog=options.get("catalog"),
            settings={key: value for key, _, value in pairs},
            cell_id=self._cell_id(job),
            notebook=self._notebook.place.path,
            line=job.line,
        )

    def _cell_id(self, job: Job) -> str:
        """Return the cell's id; that of a later statement of it has its number."""
        cell = cell_id(self._notebook.shell) if job.cell is None else job.cell
        return f"{cell}#{job.number}" if cell and job.number else cell

    def _with_inputs(self, session: Session, request: Request, job: Job) -> Request:
        """Send the job's local data to the session; return the request that takes it."""
        if not job.inputs:
            return request
        from emr_nb.notebook.inputs import staged

        self.staged = staged(session, job, self._line)
        for notice in self.staged.notices:
            self._screen.show({"text/plain": notice})
        return replace(request, inputs=self.staged.inputs)

    def _tick(self, doing: str) -> Callable[[str], None]:
        show = starting(self._line, doing)

        def tick(said: str) -> None:
            self._check()
            show(said)

        return tick

    def _check(self) -> None:
        """Raise StatementCancelledError for a cell that was cancelled before it was sent."""
        if self._gate is not None:
            self._gate.check()

    # -- while it runs --------------------------------------------------------------------

    def _plan(self, job: Job, request: Request) -> TransferPlan:
        if job.options["to"]:
            here = request.target is None
            parquet = here and job.options["format"] == "parquet"
            return replace(plan_transfer(request), keep=here, parquet=parquet)
        chosen = self._notebook.settings.result_bytes
        return plan_transfer(request, budget=byte_budget(chosen, job.options["as_"]))

    def _drain(
        self, session: Session, job: Job, request: Request, adopted: Statement | None
    ) -> Result | None:
        if self._turn is not None:
            self._turn.wait(self._check)
        if self._gate is not None:
            self._gate.enter()
        plan = self._plan(job, request)
        if isinstance(adopted, Resumes):
            adopted.resume(plan)
        statement = adopted or session.submit(request, plan)
        if self._turn is not None and self._ends_turn:
            self._turn.end()
        if self._gate is not None:
            self._gate.sent(statement)
        return self._follow(statement, job.first_line)

    def _follow(self, statement: Statement, first_line: int = 2) -> Result | None:
        self._statement = statement
        if self._gate is not None:
            self._gate.sent(statement)
        telling = Telling(self._notebook.journal, statement.reference.tag)
        for event in statement.events():
            if isinstance(event, Progress):
                self.progress = event
                telling.look(event)
                self._line.update(event)
            else:
                self._show(event, first_line)
        self._notebook.accounts.keep(statement)
        result = statement.result()
        # an engine that brings plain values tells them beside the protocol
        self._values = getattr(statement, "values", None) or {}
        return result

    def _show(self, event: Output | Log, first_line: int) -> None:
        """Show an output below the progress line, a displayed table as a table."""
        if isinstance(event, Log):
            if event.stream in ("stdout", "stderr"):
                self._line.claim()
                text = "\n".join(event.lines) + "\n"
                if event.stream == "stderr":
                    text = at_cell_lines(text, first_line)
                self._screen.stream(text, event.stream)
            return
        self._line.claim()
        if isinstance(event, TableOutput) and event.result is not None:
            self._screen.show(result_bundle(self._notebook, event.result))
        else:
            self._screen.show(event.data, event.metadata)

    def _stopped(
        self, engine: Engine, attachment: Attachment, session: Session, request: Request
    ) -> StatementCancelledError:
        """Stop the statement, also where a second interrupt comes before we are ready for it."""
        while True:
            try:
                with further_interrupts() as again:
                    return self._interrupted(engine, attachment, session, request, again)
            except KeyboardInterrupt:
                continue

    def _interrupted(
        self,
        engine: Engine,
        attachment: Attachment,
        session: Session,
        request: Request,
        again: threading.Event,
    ) -> StatementCancelledError:
        """Cancel on the cluster within CANCEL_SECONDS and say truthfully what came of it."""
        ids = (request.tag, attachment.cluster.info.id, engine.name, session.info.id)
        answer = Cancel(engine, self._statement, StatementReference(*ids))
        answer.wait(CANCEL_SECONDS, again)  # a second interrupt ends the wait, not the cancel
        what, advice = answer.told()
        self._line.end("cancelled", what)
        return StatementCancelledError(what, where=attachment.name, advice=advice)

    def _write(self, destination: Destination, result: Result | None) -> None:
        """Write what `--to` asks for, or tell what the executors have written."""
        rows = None
        through_here = getattr(self._statement, "through_notebook", "")
        wrote = lambda rows: self._line.share(f"writing · {plural(rows, 'row')}", None)  # noqa: E731
        try:
            if through_here or not destination.by_engine:
                if result is None or result.is_value:
                    raise ResultError(
                        "--to: the cell gave no table",
                        where=str(destination.target.path),
                        advice="Let the cell end in a DataFrame, or in a query.",
                    )
                rows = destination.write(self._statement, result, wrote)
            facts = destination.facts(rows)
        except BaseException:
            self._line.end("failed", "not written")
            raise
        finally:
            if release := getattr(self._statement, "release", None):
                release()
        self._line.end("done", *facts)
        if through_here and destination.by_engine:
            text = f"The rows went through this notebook: {through_here}."
            self._screen.show({"text/plain": text})

    # -- after ----------------------------------------------------------------------------

    def _deliver(self, job: Job, request: Request, result: Result | None) -> Result | None:
        delivery = Delivery(self._notebook, job, screen=self._screen, brought=self._brought)
        if request.output and request.output in self._values:
            fact = delivery.bind_value(self._values[request.output])
            self._line.end("done", *([plural(len(result), "row")] if result else []), fact)
            if result is not None and not job.in_line:
                delivery.show(result, (), name="")
            return result
        if result is None:
            if request.output:
                self._line.end("failed", "no value")
                raise ResultError(
                    f"-o {request.output}: the cell gave no such table or value",
                    where=f"%%{job.magic}",
                    advice="Let the cell end in a query."
                    if job.language == "sql"
                    else f"Let the cell assign {request.output}, or end in an expression.",
                )
            self._line.end("done")
            return None
        try:
            facts, notices = delivery.bind(result)
        except BaseException:
            self._line.end("failed", "the result could not be brought here")
            raise
        self._line.end("done", *facts)
        if not job.in_line:
            delivery.show(result, notices)
        return result
