"""One statement from its submit to its result, in this process or adopted from another."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from emr_nb.engines.account import Account
from emr_nb.engines.hive.accounting import account_of
from emr_nb.engines.hive.cancelling import cancel_operation
from emr_nb.engines.hive.client import Reply
from emr_nb.engines.hive.failures import Told, statement_error
from emr_nb.engines.hive.fetching import Fetch, came_apart
from emr_nb.engines.hive.kept import Kept
from emr_nb.engines.hive.lost import operation_lost
from emr_nb.engines.hive.results import Gathering
from emr_nb.engines.hive.service import Handle, State, Status
from emr_nb.engines.hive.types import ColumnFacts, columns_of, parse, told_types
from emr_nb.engines.hive.watching import Watch
from emr_nb.errors import (
    EmrError,
    JournalError,
    ReplyLostError,
    ResultError,
    SessionLostError,
    StatementCancelledError,
    StatementError,
)
from emr_nb.model import CancelOutcome, Event, Progress, Request, StatementReference
from emr_nb.results.plan import TransferPlan
from emr_nb.results.result import Result

if TYPE_CHECKING:
    from emr_nb.engines.hive.session import HiveSession

CANCEL_SECONDS = 1.2  # the notebook waits 1.5 s for the outcome, and is free within 2 s
_AGAIN = 3  # times that a result is read from its first row


class HiveStatement:
    """A statement on a Hive session; `events` and `result` in one thread, `cancel` in any.

    A KeyboardInterrupt leaves `events` and `result` at once; the caller then calls `cancel`.
    """

    def __init__(
        self,
        session: HiveSession,
        reference: StatementReference,
        operation: Handle | None,
        *,
        request: Request | None = None,
        plan: TransferPlan | None = None,
        submitted: float | None = None,
        added_lines: int = 0,
        command: bool = False,
        ended: bool = False,
    ) -> None:
        self.reference = reference
        self.kept: Kept | None = None
        self._session = session
        self._operation = operation
        self._request = request
        self._plan = plan
        self._added = added_lines
        self._command = command
        began = submitted if submitted is not None else time.monotonic()
        self._watch = Watch(
            session.client, operation or Handle(b"", b""), began, session.tells_progress
        )
        self._result: Result | None = None
        self._failure: StatementError | None = None
        self._broken: EmrError | None = None
        self._fetching = False
        self._given_up = False
        self._settled = False
        self._found_ended = ended

    @property
    def request(self) -> Request | None:
        """What the cell asked, as far as it is known."""
        return self._request

    @property
    def ended(self) -> bool:
        """Whether it had ended when it was last looked at; no look is made."""
        return self._settled or self._found_ended

    @property
    def where(self) -> str:
        shown = f"operation {self._operation.shown}, " if self._operation else ""
        return f"{shown}{self._session.where}"

    @property
    def account(self) -> Account:
        """What it took, as far as the server told."""
        return account_of(self._watch.look, self._watch.log, self._watch.elapsed)

    @property
    def refusal(self) -> StatementError | None:
        """What the server said where it did not take the statement: nothing of it has run."""
        return None if self._settled or self._operation is not None else self._failure

    def refused(self, status: Status) -> None:
        """Take the server's refusal of the statement as its outcome."""
        told = Told(status.message, status.sql_state, status.error_code, status.info)
        error = statement_error(told, self.where, added=self._added)
        asked = self._request.code if self._request else ""
        self._failure = self._session.explained(error, asked)

    # -- the protocol ---------------------------------------------------------------------

    def events(self) -> Iterator[Event]:
        if self._settled:
            return
        try:
            if self._failure is None:
                yield from self._until_ended()
        except SessionLostError as error:
            self._note(state="lost", error=error.what[:2000])
            raise
        except ResultError as error:
            self._broken = error
        except StatementError as error:
            self._failure = error
        self._settle()

    def cancel(self, seconds: float = CANCEL_SECONDS) -> CancelOutcome:
        if self._settled or self._operation is None:
            return CancelOutcome.ALREADY_ENDED
        if self._fetching:  # it has ended: what is left is to let go of its rows
            self._given_up = True
            self._session.closing.close(self._operation)
            self._note(state="cancelled")
            return CancelOutcome.STOPPED
        outcome = cancel_operation(
            self._session.client, self._operation, seconds, local=self._session.local_jobs
        )
        if outcome is not CancelOutcome.ALREADY_ENDED:
            self._note(state="cancelled")
        return outcome

    def result(self) -> Result | None:
        for _ in self.events():
            pass  # whoever wants them shown iterates over them first
        if error := self._broken or self._failure:
            raise error
        return self._result

    def resume(self, plan: TransferPlan) -> None:
        """Bring what a cell of this process asks for; before the first of `events`."""
        self._plan = plan

    def release(self) -> None:
        """Let go of what `kept` reads; a plan that keeps owes this call."""
        kept, self.kept = self.kept, None
        if kept is not None:
            self._note(state="done", rows=kept.taken)
        if self._operation is not None:
            self._session.closing.close(self._operation)

    # -- waiting --------------------------------------------------------------------------

    def _until_ended(self) -> Iterator[Event]:
        for event in self._watch.events():
            if not isinstance(event, Progress):
                self._session.heard(event)
            yield event
        look = self._watch.look
        assert look is not None
        if look.status.forgotten:
            raise operation_lost(self._session, self._operation)
        if look.status.failed:
            self.refused(look.status)
        elif look.state is State.FINISHED:
            yield from self._rows(look.has_rows)
        else:
            self._failure = self._ended_badly(look.state)

    def _ended_badly(self, state: State) -> StatementError:
        look = self._watch.look
        assert look is not None
        if state in (State.CANCELED, State.CLOSED):
            local = self._session.local_jobs
            return StatementCancelledError(
                "The statement was cancelled",
                ename="Cancelled",
                where=self.where,
                advice="Its job may run on inside HiveServer2 until it ends." if local else "",
            )
        if state is State.TIMEDOUT:
            return StatementError(
                "Hive ended the statement at its time limit",
                ename="TimedOut",
                where=self.where,
                advice="`--set hive.query.timeout.seconds=0s` lifts the limit where you may.",
            )
        log = tuple(self._watch.log)
        told = Told(look.message, look.sql_state, look.error_code, look.status.info, log)
        return statement_error(told, self.where, added=self._added)

    # -- the answer -----------------------------------------------------------------------

    def _rows(self, has_rows: bool | None) -> Iterator[Event]:
        assert self._operation is not None
        if not (self._operation.rows if has_rows is None else has_rows):
            return
        if self._given_up:
            raise self._not_fetched()
        columns = self._columns()
        self._fetching = True
        if self._plan is not None and self._plan.keep:
            limit = self._plan.limit
            self.kept = Kept(self._session.client, self._operation, columns, limit, self.where)
            self._result = Gathering(columns, None, self.where).result(self.reference)
            return
        gathering = Gathering(columns, self._plan, self.where)
        if gathering.limit != 0:
            yield from self._gather(gathering)
        if self._failure is None:
            self._result = gathering.result(self.reference)

    def _columns(self) -> list[ColumnFacts]:
        """Return the columns, nested ones with what the compiler's log tells of them."""
        assert self._operation is not None
        reply = self._session.read("GetResultSetMetadata", [self._operation.operation()])
        if reply.status.failed:
            raise ResultError(f"Hive tells no schema: {reply.status.message}", where=self.where)
        columns = columns_of(reply.body.get(2))
        if not any(column.type.nested for column in columns):
            return columns
        told = told_types(self._watch.schema, [column.name for column in columns])
        if told is None:
            return columns
        return [_told(column, spelled) for column, spelled in zip(columns, told, strict=True)]

    def _gather(self, gathering: Gathering) -> Iterator[Event]:
        """Bring the rows; where a reply is lost, all of them again from the first."""
        assert self._operation is not None
        for left in reversed(range(_AGAIN)):
            fetch = Fetch(self._session.client, self._operation, gathering.limit)
            try:
                with contextlib.closing(fetch.replies()) as replies:
                    yield from self._take(gathering, replies)
            except ReplyLostError as error:
                if self._given_up:
                    raise self._not_fetched() from error
                if not left or not came_apart(error):
                    raise ResultError(
                        f"The result did not come whole: {error.what}",
                        where=self.where,
                        advice="Run the cell again; nothing of this result was used.",
                    ) from error
                gathering.restart()
            else:
                return

    def _take(self, gathering: Gathering, replies: Iterator[Reply]) -> Iterator[Event]:
        for reply in replies:
            if reply.status.forgotten:
                raise self._not_fetched()
            if reply.status.failed:
                # a query without a job runs while its rows are fetched, and so may fail there
                self.refused(reply.status)
                return
            gathering.add(reply.body.get(3) or {}, reply.data)
            yield Progress(
                "fetching", self._watch.elapsed, rows=gathering.rows, bytes=gathering.size
            )

    def _not_fetched(self) -> EmrError:
        if self._given_up:
            return StatementCancelledError(
                "The statement was cancelled while its rows came",
                ename="Cancelled",
                where=self.where,
            )
        return operation_lost(self._session, self._operation)

    # -- the end --------------------------------------------------------------------------

    def _settle(self) -> None:
        self._settled = True
        self._fetching = False
        if self._operation is not None and self.kept is None:
            closing = self._session.closing
            close = closing.close_now if self._command else closing.close
            close(self._operation)
        error = self._broken or self._failure
        if isinstance(error, StatementCancelledError):
            self._note(state="cancelled")
        elif error is not None:
            self._note(state="failed", error=error.what[:2000])
        else:
            if self._request is not None:
                self._session.learn(self._request.code)
            if self.kept is None:  # else it is told as its rows have been taken
                self._note(state="done", rows=len(self._result) if self._result else None)

    def _note(self, **changes: str | float | None) -> None:
        """Write to the journal; a full disk must not hide the statement's own outcome."""
        with contextlib.suppress(JournalError):
            self._session.journal.update(self.reference.tag, **changes)


def _told(column: ColumnFacts, spelled: str) -> ColumnFacts:
    if not column.type.nested:
        return column
    try:
        return ColumnFacts(column.name, parse(spelled))
    except ResultError:
        return column
