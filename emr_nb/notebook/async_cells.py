"""`--async`: a cell on a thread of its own, its line and output in its own place on the page."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from emr_nb.errors import EmrError, StatementCancelledError
from emr_nb.model import CancelOutcome, Progress, Request
from emr_nb.notebook.cancels import CANCEL_SECONDS
from emr_nb.notebook.cell_screen import cell_screen, running_cell, show_error
from emr_nb.notebook.errors import short_errors
from emr_nb.notebook.handles import Handle
from emr_nb.notebook.series import Series
from emr_nb.notebook.transcript import begin

if TYPE_CHECKING:
    from emr_nb.notebook.attachment import Attachment
    from emr_nb.notebook.cells import Job
    from emr_nb.notebook.state import Notebook
    from emr_nb.results.result import Result


def start(notebook: Notebook, job: Job) -> Handle:
    """Begin a cell beside the notebook; bind its handle to -o's name at once.

    Raises what can be told before anything is sent: NotAttachedError, UsageError.
    """
    attachment = notebook.attachment(job.options["on"] or "")
    cell = AsyncCell(notebook, attachment, job)
    notebook.handles.add(cell.handle)
    if job.options["output"]:
        notebook.shell.user_ns[job.options["output"]] = cell.handle
    cell.begin()
    return cell.handle


class AsyncCell:
    """One cell that runs on a thread; `cancel` may be called from any other."""

    def __init__(self, notebook: Notebook, attachment: Attachment, job: Job) -> None:
        self._notebook = notebook
        self._attachment = attachment
        self._job = job
        screen = cell_screen(notebook.shell, notebook.screen)
        self._transcript = begin(notebook, job, screen)
        self._screen = self._transcript or screen
        self._cell = running_cell(notebook.shell)
        self._brought: dict[str, Any] = {}
        self._gate = Gate()
        self._runner = Series(notebook, screen=self._screen, brought=self._brought, gate=self._gate)
        try:
            self.request: Request = self._runner.request(job)
        except EmrError as error:
            self._keep(error)
            raise
        self.tag = self.request.tag
        self.cell = f"[{notebook.shell.displayhook.prompt_count}]"
        self.session = job.options["session"] or attachment.of(job.engine).sessions.name
        self.code = job.code
        self.output: str = job.options["output"] or ""
        self.handle = Handle(self)

    def begin(self) -> None:
        """Show the cell's line, then let the thread go."""
        self._runner.line.label = f"job {self.tag[:8]}"
        if self._screen.updates:
            self._runner.line.claim("starting")
        else:
            self._screen.stream(f"◌ job {self.tag[:8]} · starting · %emr jobs shows it\n")
        name = f"emr_nb-job-{self.tag[:8]}"
        self._runner.line_up(self._attachment, self._job)
        threading.Thread(target=self._run, name=name, daemon=True).start()

    # -- what its handle asks -------------------------------------------------------------

    @property
    def tags(self) -> Sequence[str]:
        return tuple(self._runner.tags)

    @property
    def progress(self) -> Progress | None:
        return self._runner.progress

    def is_running_cell(self) -> bool:
        """Tell whether the notebook still runs the cell that began this."""
        return bool(self._cell) and running_cell(self._notebook.shell) == self._cell

    def say(self, text: str) -> None:
        """Show a line in the cell that runs now."""
        self._notebook.screen.show({"text/plain": text})

    def cancel(self) -> CancelOutcome:
        """Cancel: before it is sent it never will be; later on the cluster."""
        if self._gate.close():
            return CancelOutcome.STOPPED
        statement = self._gate.statement(CANCEL_SECONDS)
        if statement is None:  # its POST is on the way: the thread cancels once it is known
            return CancelOutcome.STILL_RUNNING
        outcome: CancelOutcome = statement.cancel()
        return outcome

    # -- the thread -----------------------------------------------------------------------

    def _run(self) -> None:
        try:
            self._perform()
        finally:
            self._keep()

    def _perform(self) -> None:
        sql = self._job.language == "sql"
        code = "" if self._job.in_line else self._job.code
        try:
            with short_errors(code, self._job.first_line, sql=sql, seen=self._notebook.saw_error):
                result = self._runner.perform(self._attachment, self._job, self.request)
        except EmrError as error:
            self._failed(error)
        except BaseException as error:  # noqa: BLE001 - raised by the handle's result()
            self.handle.fail(error)
            with suppress(Exception):  # what failed may be the way to the page
                self._runner.line.end("failed", f"{type(error).__name__}: {error}")
        else:
            self.handle.succeed(self._value(result), None if result is None else len(result))

    def _keep(self, error: BaseException | None = None) -> None:
        """Keep what was shown, for a page that was not there."""
        if self._transcript is not None:
            if error is not None:
                self._transcript.failed(error)
            self._transcript.keep()

    def _value(self, result: Result | None) -> Any:
        output = self._job.options["output"]
        return self._brought[output] if output else result

    def _failed(self, error: EmrError) -> None:
        if not self._notebook.closing:
            with suppress(OSError, ValueError):  # a front end that is gone
                if not isinstance(error, StatementCancelledError):
                    show_error(self._transcript.screen if self._transcript else self._screen, error)
                    if self._transcript is not None:
                        self._transcript.failed(error)
        self.handle.fail(error)


class Gate:
    """Between a cancel and the sending of a statement: whichever comes first wins."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._closed = False
        self._passed = False
        self._known = threading.Event()
        self._statement: Any = None

    def close(self) -> bool:
        """Keep the statement from being sent; False when it has been, or is about to be."""
        with self._lock:
            self._closed = True
            return not self._passed

    def check(self) -> None:
        """Raise StatementCancelledError where the cell was cancelled before it was sent."""
        if self._closed and not self._passed:
            raise StatementCancelledError("Cancelled before it was sent: it has not run")

    def enter(self) -> None:
        """Pass on the way to the submit; raises as `check` does."""
        with self._lock:
            self.check()
            self._passed = True

    def again(self) -> None:
        """Stand before the next statement of the cell: it may be cancelled as the first was."""
        with self._lock:
            self._passed = False
            self._known.clear()
            self._statement = None

    def sent(self, statement: Any) -> None:
        """Keep the statement for a cancel; one that came meanwhile is carried out."""
        with self._lock:
            self._statement = statement
            self._known.set()
            late = self._closed
        if late:
            with suppress(EmrError):
                statement.cancel()

    def statement(self, seconds: float) -> Any:
        """Return the statement once its submit has returned; None after so many seconds."""
        self._known.wait(seconds)
        return self._statement
