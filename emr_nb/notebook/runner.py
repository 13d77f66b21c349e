"""Runs one cell: session, submit, events, result; and stops it when the kernel is interrupted."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from emr_nb.engines.tables import TableOutput
from emr_nb.errors import (
    EmrError,
    ResultError,
    SessionLostError,
    StatementCancelledError,
)
from emr_nb.model import CancelOutcome, Log, Output, Progress, Request, StatementReference
from emr_nb.notebook.deliver import Delivery, result_bundle
from emr_nb.notebook.errors import at_cell_lines, show_folded
from emr_nb.notebook.look import plural, seconds
from emr_nb.notebook.places import cell_id
from emr_nb.notebook.progress_line import ProgressLine, starting
from emr_nb.results.plan import plan_transfer

if TYPE_CHECKING:
    from emr_nb.engines.base import Engine, Session, Statement
    from emr_nb.notebook.async_cells import Gate
    from emr_nb.notebook.cells import Job
    from emr_nb.notebook.screen import Screen
    from emr_nb.notebook.state import Attachment, Notebook
    from emr_nb.results.result import Result

CANCEL_SECONDS = 1.5  # the kernel is free again within two seconds of an interrupt


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
        self.line = self._line = ProgressLine(self._screen)
        self.progress: Progress | None = None  # the last look at the statement
        self._statement: Statement | None = None
        self._values: Mapping[str, Any] = {}

    def run(self, job: Job) -> Result | None:
        """Run a job; returns its Result in line form. Raises EmrError: the cell fails."""
        attachment = self._notebook.attachment(job.options["on"] or "")
        result = self.perform(attachment, job, self.request(job))
        return result if job.in_line else None

    def perform(self, attachment: Attachment, job: Job, request: Request) -> Result | None:
        """Run a job under its request and deliver its result; may be on any thread."""
        session = self._session(attachment, job)
        engine = attachment.cluster.engine("spark")
        try:
            result = self._drain(session, job, request)
        except KeyboardInterrupt:
            raise self._interrupted(engine, attachment, session, request) from None
        except SessionLostError:
            if attachment.sessions.opened(job.options["session"] or "") is session:
                attachment.sessions.forget(job.options["session"] or "")
            self._line.end("failed", "session lost")
            raise
        except EmrError as error:
            cancelled = isinstance(error, StatementCancelledError)
            self._line.end("cancelled" if cancelled else "failed", "" if cancelled else "failed")
            show_folded(self._screen, error)
            raise
        return self._deliver(job, request, result)

    # -- before ---------------------------------------------------------------------------

    def _session(self, attachment: Attachment, job: Job) -> Session:
        name = job.options["session"] or ""
        started = attachment.sessions.is_open(name)
        doing = "joining the Spark session" if attachment.sessions.found else (
            "starting a Spark session"
        )  # fmt: skip
        try:
            session = attachment.sessions.get(name, new=job.options["new"], tick=self._tick(doing))
        except KeyboardInterrupt:
            self._line.end(
                "cancelled", "interrupted; the session keeps starting, the next cell joins it"
            )
            raise StatementCancelledError(
                "Interrupted before anything was sent",
                where=attachment.name,
                advice="The session keeps starting; run the cell again to use it.",
            ) from None
        except StatementCancelledError:
            self._line.end("cancelled", "before it was sent")
            raise
        except EmrError:
            self._line.end("failed", "no Spark session")
            raise
        if not started:
            label = f"session {session.info.id or session.info.name}"
            took = f" started in {seconds(self._line.elapsed)}"
            self._line.next_phase(f"joined {label}" if attachment.sessions.found else label + took)
        return session

    def request(self, job: Job) -> Request:
        """Return what a job asks of the engine, under a new tag, in the running cell's name."""
        options = job.options
        pairs = (text.partition("=") for text in options["settings"])
        return Request(
            code=job.code,
            language=job.language,
            tag=secrets.token_hex(16),
            output=options["output"],
            rows=options["rows"],
            shown=self._notebook.settings.shown_rows,
            quiet=options["quiet"],
            database=options["database"],
            settings={key: value for key, _, value in pairs},
            cell_id=cell_id(self._notebook.shell),
            notebook=self._notebook.place.path,
        )

    def _tick(self, doing: str) -> Callable[[str], None]:
        show = starting(self._line, doing)

        def tick(said: str) -> None:
            if self._gate is not None:
                self._gate.check()
            show(said)

        return tick

    # -- while it runs --------------------------------------------------------------------

    def _drain(self, session: Session, job: Job, request: Request) -> Result | None:
        if self._gate is not None:
            self._gate.enter()
        statement = session.submit(request, plan_transfer(request))
        self._statement = statement
        if self._gate is not None:
            self._gate.sent(statement)
        for event in statement.events():
            if isinstance(event, Progress):
                self.progress = event
                self._line.update(event)
            else:
                self._show(event, job.first_line)
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

    def _interrupted(
        self, engine: Engine, attachment: Attachment, session: Session, request: Request
    ) -> StatementCancelledError:
        """Cancel on the cluster within CANCEL_SECONDS and say truthfully what came of it."""
        answer = _Cancel(engine, self._statement, _reference(engine, attachment, session, request))
        with suppress(KeyboardInterrupt):  # a second interrupt ends the wait, not the cancel
            answer.wait(CANCEL_SECONDS)
        what, advice = answer.told()
        self._line.end("cancelled", what)
        return StatementCancelledError(what, where=attachment.name, advice=advice)

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
                    advice=f"Let the cell assign {request.output}, or end in an expression.",
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


class _Cancel:
    """A cancel on a thread of its own, so that a cluster that does not answer holds nobody."""

    def __init__(
        self, engine: Engine, statement: Statement | None, reference: StatementReference
    ) -> None:
        self._engine = engine
        self._statement = statement
        self._reference = reference
        self._outcome: CancelOutcome | None = None
        self._error: Exception | None = None
        self._absent = False
        self._done = threading.Event()
        threading.Thread(target=self._run, name="emr_nb-cancel", daemon=True).start()

    def _run(self) -> None:
        try:
            # interrupted while submitting: the statement, if it was accepted, has our tag
            statement = self._statement or self._engine.recover(self._reference)
            if statement is None:
                self._absent = True
            else:
                self._outcome = statement.cancel()
        except Exception as error:  # noqa: BLE001 - told to the user by `told`
            self._error = error
        finally:
            self._done.set()

    def wait(self, limit: float) -> None:
        until = time.monotonic() + limit
        while not self._done.wait(0.05) and time.monotonic() < until:
            pass

    def told(self) -> tuple[str, str]:
        """Return what happened and what to do next."""
        tag = self._reference.tag[:8]
        if not self._done.is_set():
            return (
                "Interrupted; the cluster has not confirmed yet that the statement stopped",
                f"%emr history shows its state, %emr cancel {tag} asks again.",
            )
        if self._absent:
            return "Interrupted before the statement reached the cluster: it has not run", ""
        if self._error is not None:
            text = str(self._error).partition("\n")[0]
            return (
                f"Interrupted, but the statement could not be cancelled: {text}",
                f"It may still run: %emr cancel {tag} asks again, %emr stop ends the session.",
            )
        return _OUTCOMES[self._outcome or CancelOutcome.STILL_RUNNING]


_OUTCOMES: dict[CancelOutcome, tuple[str, str]] = {
    CancelOutcome.STOPPED: ("Interrupted: the statement was stopped, the session is kept", ""),
    CancelOutcome.STILL_RUNNING: (
        "Interrupted: Spark jobs are cancelled, but the code itself still runs on the driver",
        "It ends by itself, or with the session: %emr restart.",
    ),
    CancelOutcome.ALREADY_ENDED: (
        "Interrupted: the statement had ended already; its result was not brought here",
        "Run the cell again for its result.",
    ),
}


def _reference(
    engine: Engine, attachment: Attachment, session: Session, request: Request
) -> StatementReference:
    return StatementReference(
        tag=request.tag,
        cluster_id=attachment.cluster.info.id,
        engine=engine.name,
        session_id=session.info.id,
    )
