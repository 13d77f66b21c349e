"""One statement from its submit to its result, in this process or adopted from another."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Generator, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn

from emr_nb.engines.livy.cancelling import cancel_statement
from emr_nb.engines.livy.lost import lost
from emr_nb.engines.livy.payload import (
    Payload,
    lacks_runner,
    ran_before,
    read_payload,
    reading_of,
    was_refused,
)
from emr_nb.engines.livy.scala import collect_scala
from emr_nb.engines.livy.spark_ui import SparkLook, SparkWatch
from emr_nb.engines.livy.watch import Watch
from emr_nb.engines.livy.wire import SessionView, StatementView
from emr_nb.engines.spool import Spooled
from emr_nb.errors import (
    EmrError,
    JournalError,
    ResultError,
    SessionLostError,
    StatementCancelledError,
    StatementError,
    StatementOutcomeUnknownError,
    TransportError,
)
from emr_nb.model import CancelOutcome, Event, FilePath, Progress, Request, StatementReference
from emr_nb.results.budget import too_large
from emr_nb.results.frame import Part, TablePart, Written
from emr_nb.results.plan import TransferPlan
from emr_nb.results.result import Result

if TYPE_CHECKING:
    import pyarrow as pa

    from emr_nb.engines.livy.session import LivySession

CANCEL_SECONDS = 1.2  # the notebook waits 1.5 s for the outcome, and is free within 2 s


class LivyStatement:
    """A statement on a Livy session; `events` and `result` in one thread, `cancel` in any.

    A KeyboardInterrupt leaves `events` and `result` at once; the caller then calls `cancel`,
    which takes 1.2 s at most by default. `values` has the plain values that `-o` brought, once
    the statement has ended.
    """

    def __init__(
        self,
        session: LivySession,
        reference: StatementReference,
        *,
        language: str,
        request: Request | None = None,
        plan: TransferPlan | None = None,
        submitted: float | None = None,
        spool: str = "",
    ) -> None:
        self.reference = reference
        self.language = language
        self.values: Mapping[str, Any] = {}
        self.written: Written | None = None
        self.kept: Spooled | None = None
        self._session = session
        self._request = request
        self._plan = plan
        self._spool = plan.spool if plan else spool
        self._spooled = False
        self._began = submitted if submitted is not None else time.monotonic()
        self._watch = self._new_watch()
        self._result: Result | None = None
        self._failure: StatementError | None = None
        self._broken: EmrError | None = None
        self._settled = False
        self._spark: SparkWatch | None = None

    @property
    def request(self) -> Request | None:
        """What the cell asked, as far as it is known."""
        return self._request

    @property
    def ended(self) -> bool:
        """Whether the last look saw it ended; no look is made."""
        return self._watch.view is not None and self._watch.view.ended

    def saw(self, view: StatementView) -> None:
        """Begin with a look that has been made already."""
        self._watch.view = view

    # -- the protocol ---------------------------------------------------------------------

    def events(self) -> Iterator[Event]:
        if self._settled:
            return
        try:
            yield from self._until_ended()
            yield from self._answer()
            yield from self._took()
        except SessionLostError as error:
            told = self._session.explained(error)
            self._note(state="lost", error=told.what[:2000])
            if told is error:
                raise
            raise told from error
        except ResultError as error:
            self._broken = error
        self._settle()

    def cancel(self, seconds: float = CANCEL_SECONDS) -> CancelOutcome:
        if self._settled:
            return CancelOutcome.ALREADY_ENDED
        outcome = cancel_statement(
            self._session.client,
            self._session.cancel_files,
            int(self.reference.session_id),
            int(self.reference.statement_id),
            self.reference.tag,
            seconds,
        )
        if outcome is CancelOutcome.STOPPED:
            self._note(state="cancelled")
        self._watch.woken.set()
        return outcome

    def result(self) -> Result | None:
        for _ in self.events():
            pass  # whoever wants them shown iterates over them first
        if error := self._broken or self._failure:
            raise error
        return self._result

    def release(self) -> None:
        """Remove what `kept` lies in; a plan that keeps owes this call."""
        if self.kept is not None:
            self._session.private.remove_spool(self.reference.tag, self._spool)
            self.kept = None

    # -- waiting --------------------------------------------------------------------------

    def _new_watch(self) -> Watch:
        return Watch(
            self._session.client,
            int(self.reference.session_id),
            int(self.reference.statement_id),
            self._began,
            self._session.patience,
        )

    def _until_ended(self) -> Iterator[Event]:
        """Wait; where the session lacks our runner nothing ran: send again, with the runner."""
        yield from self._watched()
        if self._request is not None and lacks_runner(self._view.output or {}):
            self.reference = self._session.send_again(self.reference, self._request, self._plan)
            self._watch = self._new_watch()
            yield from self._watched()
        if ran_before(self._view.output or {}, self.reference.tag):
            yield from self._earlier()

    def _earlier(self) -> Iterator[Event]:
        """Follow the statement that ran: its POST was held back, and this one came behind it."""
        found = self._session.adopt_earlier(self.reference)
        if found is None:
            self._note(state="unknown")
            raise StatementOutcomeUnknownError(
                f"Statement {self.reference.tag[:8]} has run, but Livy keeps its answer no more",
                where=self._session.where,
                advice="Its variables are there: see what the cell has done.",
            )
        self.reference = found
        self._watch = self._new_watch()
        yield from self._watched()

    @property
    def _view(self) -> StatementView:
        assert self._watch.view is not None
        return self._watch.view

    def _took(self) -> Iterator[Event]:
        """Tell the jobs and stages of the whole statement, where Spark's UI tells them."""
        if self._spark and (look := self._spark.total()):
            yield Progress(
                "fetching",
                time.monotonic() - self._began,
                jobs_done=look.jobs_total,
                jobs_total=look.jobs_total,
                stages_total=look.stages_total,
            )

    def _watched(self) -> Iterator[Event]:
        spark = self._spark = SparkWatch(self._session.find_ui, self.reference.statement_id)
        spark.start()
        try:
            for event in self._watch.events():
                yield _with_jobs(event, spark.look)
        finally:
            spark.stop()

    # -- the answer -----------------------------------------------------------------------

    def _answer(self) -> Iterator[Event]:
        """Read the output, bring what was too long for it, and yield what there is to show."""
        view = self._view
        where = f"statement {view.id}, session {self.reference.session_id}"
        output: Mapping[str, Any] = view.output or {}
        if view.cancelled:
            self._failure = self._cancelled(view, where)
            return
        if was_refused(output, self.reference.tag):
            self._failure = StatementCancelledError(
                "The statement was given up before it arrived; nothing of it ran",
                ename="Cancelled",
                where=where,
            )
            return
        if not output or str(output.get("evalue")).startswith("Interpreter died"):
            self._raise_lost()
        parts = yield from self._parts(output)
        if parts and output.get("status") == "ok":
            parts = yield from self._bring_spooled(parts)
        code = view.code.partition("\n")[2]  # without the line of our tag
        payload = read_payload(output, parts, self.reference, self.language, where, code)
        yield from payload.events
        if self.language == "scala" and payload.failure is None and self._request is not None:
            payload = yield from self._scala(output)
        self._take(payload)

    def _take(self, payload: Payload) -> None:
        self._result, self.values, self._failure = payload.result, payload.values, payload.failure
        self.written = payload.written
        if payload.facts is not None:
            self._session.learn(payload.facts)
        if self._failure is not None and self._failure.ename == "KeyboardInterrupt":
            self._failure = StatementCancelledError(
                "The statement was interrupted on the cluster",
                ename="Cancelled",
                evalue=self._failure.evalue,
                traceback=self._failure.traceback,
                line=self._failure.line,
                where=self._failure.where,
            )

    def _parts(self, output: Mapping[str, Any]) -> Generator[Event, None, list[Part] | None]:
        """Read the answer's parts, bringing the chunks that were too long for it."""
        steps = reading_of(output, self.reference.tag)
        if steps is None:
            return None
        try:
            wanted = next(steps)
            while True:
                check_budget(wanted.bytes, self._plan, f"statement {self.reference.statement_id}")
                yield Progress(
                    "fetching",
                    time.monotonic() - self._began,
                    wanted.index / wanted.chunks,
                    rows=wanted.rows,
                    bytes=wanted.bytes,
                )
                text = self._session.chunk(self.reference.tag, wanted.seq, wanted.index)
                wanted = steps.send(text)
        except StopIteration as end:
            parts: list[Part] = end.value
            return parts

    def _bring_spooled(self, parts: list[Part]) -> Generator[Event, None, list[Part]]:
        """Read what the engine wrote to our private folder; told by its bytes."""
        brought: list[Part] = []
        for part in parts:
            if isinstance(part, TablePart) and part.is_spooled:
                self._spooled = True
                brought.append(replace(part, spooled=(yield from self._read_spool(part))))
            else:
                brought.append(part)
        return brought

    def _read_spool(self, part: TablePart) -> Generator[Event, None, pa.Table]:
        import pyarrow as pa

        folder = FilePath.parse(self._spool) if self._spool else None
        if folder is None:
            raise ResultError("The result lies where nobody here knows", where=self._session.where)
        spooled = Spooled(self._session.private.store_of(folder), folder, part.header, part.payload)
        if self._plan is not None and self._plan.keep:
            self.kept = spooled
            return spooled.arrow_schema.empty_table()
        check_budget(spooled.size, self._plan, f"statement {self.reference.statement_id}")
        tables, done, rows = [spooled.arrow_schema.empty_table()], 0, 0
        for size, table in spooled.tables():
            tables.append(table)
            done, rows = done + size, rows + table.num_rows
            yield Progress(
                "fetching",
                time.monotonic() - self._began,
                done / max(spooled.size, 1),
                rows=rows,
                bytes=spooled.size,
            )
        return pa.concat_tables(tables)

    def _scala(self, output: Mapping[str, Any]) -> Generator[Event, None, Payload]:
        """Bring the DataFrame that a Scala cell made, through a view and our Python runner."""
        assert self._request is not None
        found = collect_scala(self._session, self._request, self._plan, output)
        if found is None:
            return Payload()
        for event in found.events():
            if isinstance(event, Progress):
                yield replace(event, phase="fetching")
            else:
                yield event
        self.kept = found.kept
        return Payload(result=found._result, failure=found._failure, written=found.written)

    def _cancelled(self, view: StatementView, where: str) -> StatementCancelledError:
        stopped = view.surely_stopped
        return StatementCancelledError(
            "The statement was cancelled"
            if stopped
            else "Livy calls the statement cancelled, but its code may run on at the driver",
            ename="Cancelled",
            where=where,
            advice="" if stopped else "The next cell waits for it; `%emr restart` ends it.",
        )

    def _raise_lost(self) -> NoReturn:
        session = int(self.reference.session_id)
        view = SessionView(session, "", "dead")
        with contextlib.suppress(TransportError):
            view = self._session.client.session(session)
        raise lost(self._session.client, view if view.gone else replace(view, state="dead"))

    def _settle(self) -> None:
        self._settled = True
        if self._spool and not self.kept and (self._spooled or self._broken or self._failure):
            self._session.private.remove_spool(self.reference.tag, self._spool)
        error = self._broken or self._failure
        if isinstance(error, StatementCancelledError):
            self._note(state="cancelled")
        elif error is not None:
            self._note(state="failed", error=error.what[:2000])
        else:
            self._note(state="done", rows=len(self._result) if self._result else None)

    def _note(self, **changes: str | float | None) -> None:
        """Write to the journal; a full disk must not hide the statement's own outcome."""
        with contextlib.suppress(JournalError):
            self._session.journal.update(self.reference.tag, **changes)


def check_budget(size: int, plan: TransferPlan | None, where: str) -> None:
    """Raise ResultTooLargeError for more bytes than the plan lets into memory."""
    if plan is not None and 0 < plan.budget < size:
        raise too_large(size, plan.budget, where)


def _with_jobs(event: Event, look: SparkLook | None) -> Event:
    """Add Spark's jobs and stages to a look at the statement."""
    if look is None or not isinstance(event, Progress) or event.phase != "running":
        return event
    return replace(
        event,
        detail=look.detail,
        stages=look.stages,
        jobs_done=look.jobs_done,
        jobs_total=look.jobs_total,
    )
