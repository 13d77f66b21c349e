"""One query from its first page to its result, in this process or adopted from another."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from emr_nb.engines.account import Account
from emr_nb.engines.presto.accounting import account_of
from emr_nb.engines.presto.cancelling import cancel_query
from emr_nb.engines.presto.failures import statement_error
from emr_nb.engines.presto.kept import Kept
from emr_nb.engines.presto.progress import progress_of
from emr_nb.engines.presto.reading import Arrived, Followed, PageReader
from emr_nb.engines.presto.result import Collected, only_reads
from emr_nb.engines.presto.segments import Segments, awaited
from emr_nb.engines.presto.wire import Page, Segment
from emr_nb.errors import (
    EmrError,
    HttpStatusError,
    JournalError,
    ResultError,
    StatementCancelledError,
    StatementError,
    StatementOutcomeUnknownError,
    TransportError,
)
from emr_nb.model import CancelOutcome, Event, Log, Output, Request, StatementReference
from emr_nb.results.plan import TransferPlan
from emr_nb.results.result import Result

if TYPE_CHECKING:
    from emr_nb.engines.presto.session import PrestoSession

CANCEL_SECONDS = 1.2  # the notebook waits 1.5 s for the outcome, and is free within 2 s
_GONE = (404, 410)
SLEEPLESS = (
    "It has run for a minute: keep this machine awake. {server} drops a query whose client is "
    "silent for 5 min."
)


class PrestoStatement:
    """A query of Presto or Trino; `events` and `result` in one thread, `cancel` in any.

    A KeyboardInterrupt leaves `events` and `result` at once; the caller then calls `cancel`,
    which takes 1.2 s at most by default.
    """

    def __init__(
        self,
        session: PrestoSession,
        reference: StatementReference,
        followed: Followed,
        *,
        sql: str,
        language: str = "sql",
        request: Request | None = None,
        plan: TransferPlan | None = None,
        first: tuple[Page, ...] = (),
        began: float | None = None,
        headless: bool = False,
    ) -> None:
        self.reference = reference
        self.language = language
        self.request = request
        self.values: Mapping[str, Any] = {}
        self.kept: Kept | None = None
        self._session = session
        self._followed = followed
        self._patience = followed.patience
        self._sql = sql
        self._home = urlsplit(first[-1].info_uri or followed.uri).netloc if first else ""
        self._home = self._home or urlsplit(followed.uri).netloc
        self._segments = Segments(session.client, session.route)
        self._reader = PageReader(followed, self._bring, first)
        self._plan = plan
        self._collected = Collected(plan, self.where, cuttable=only_reads(sql))
        self._headless = headless  # another process has read its first rows
        self._began = time.monotonic() if began is None else began
        self._told = 0.0
        self._warned = False
        self._page: Page | None = first[-1] if first else None
        self._result: Result | None = None
        self._failure: StatementError | None = None
        self._broken: EmrError | None = None
        self._cancelled = False
        self._torn = False  # an interrupt came while rows were taken: some may be missing
        self._settled = False

    @property
    def where(self) -> str:
        return f"query {self.reference.statement_id}, {self._session.client.where}"

    @property
    def account(self) -> Account | None:
        """What it took, by the statistics of its last page."""
        return account_of(self._page.stats) if self._page is not None else None

    @property
    def ended(self) -> bool:
        """Whether the last page has been seen; nothing is asked."""
        return self._settled

    # -- the protocol ---------------------------------------------------------------------

    def events(self) -> Iterator[Event]:
        if self._settled or self.kept is not None:
            return
        try:
            yield from self._whole()
            if self.kept is not None:
                return  # it ends as its rows are taken
            if text := self._collected.update() if self._failure is None else "":
                yield Output({"text/plain": text})
        except ResultError as error:
            self._broken = error
            self._end_early()
        except HttpStatusError as error:
            if error.status not in _GONE:
                raise
            self._gone(error)
        self._settle()

    def cancel(self, seconds: float = CANCEL_SECONDS) -> CancelOutcome:
        if self._settled:
            return CancelOutcome.ALREADY_ENDED
        query = self.reference.statement_id
        outcome = cancel_query(self._session.client, self._followed, query, seconds)
        if outcome is CancelOutcome.STOPPED:
            self._cancelled = True
            self._reader.stop()
            self._segments.close(self._home)
            self._note(state="cancelled", place="")
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
        self._collected = Collected(plan, self.where, cuttable=only_reads(self._sql))

    def release(self) -> None:
        """Let go of what `kept` reads; a plan that keeps owes this call."""
        if self.kept is None:
            return
        if not self.kept.whole and not (self._broken or self._failure):
            self._failure = self._was_cancelled("its rows were not taken to their end")
        self.kept = None
        self._end_early()
        self._settle()

    # -- reading --------------------------------------------------------------------------

    def _whole(self) -> Iterator[Event]:
        """Read to the end; what an interrupt has torn is no result any more."""
        if self._torn and not self._cancelled:
            self._failure = StatementCancelledError(
                "The cell was interrupted while its result was read",
                ename="Cancelled",
                where=self.where,
            )
            self._end_early()
            return
        try:
            yield from self._read()
        except (GeneratorExit, TransportError, ResultError):
            raise  # between two pages, or told by itself
        except BaseException:
            self._torn = True
            raise

    def _read(self) -> Iterator[Event]:
        """Take pages to the last, or to where there is enough."""
        if self._headless and only_reads(self._sql or "select"):
            raise self._headless_error()
        for arrived in self._reader.pages():
            if self._cancelled:
                break
            if isinstance(arrived, Log):
                yield arrived
                continue
            if self._keeps(arrived.page):
                limit = self._plan.limit if self._plan else None
                self.kept = Kept(self._collected, arrived, self._rest, limit, self.where)
                self._result = self._collected.empty(self.reference)
                return
            yield from self._take(arrived)
            if self._failure is not None:
                return
            if self._collected.enough:
                self._collected.cut = bool(arrived.page.next_uri)
                self._end_early()
                break
        if self._cancelled:
            self._failure = self._was_cancelled()
        elif self._headless and not self._collected.update():
            raise self._headless_error()
        else:
            self._result = self._collected.result(self.reference)

    def _headless_error(self) -> ResultError:
        return ResultError(
            "The first rows of this query were read by a kernel that is gone",
            where=self.where,
            advice="Run the cell again: what has been read cannot be asked for twice.",
        )

    def _keeps(self, page: Page) -> bool:
        """Whether rows begin here that are not to be gathered."""
        if self._plan is None or not self._plan.keep or not page.has_data or page.error:
            return False
        self._collected.see(page)
        return self._collected.is_table

    def _rest(self) -> Iterator[Arrived]:
        """Yield the pages that follow, to whoever takes a kept result; raises as `result` does."""
        try:
            for arrived in self._reader.pages():
                if isinstance(arrived, Log):
                    continue
                if arrived.page.error is not None:
                    raise self._failed(arrived.page.error)
                yield arrived
        except HttpStatusError as error:
            if error.status not in _GONE:
                raise
            self._gone(error)
            raise (self._broken or self._failure or error) from error
        if self._cancelled:
            self._failure = self._was_cancelled()
            raise self._failure

    def _failed(self, error: Mapping[str, Any]) -> StatementError:
        self._failure = self._session.explained(statement_error(error, self.where), self._sql)
        return self._failure

    def _was_cancelled(self, why: str = "") -> StatementCancelledError:
        said = f"The query was cancelled: {why}" if why else "The query was cancelled"
        return StatementCancelledError(said, ename="Cancelled", where=self.where)

    def _take(self, arrived: Arrived) -> Iterator[Event]:
        page = self._page = arrived.page
        if page.error is not None:
            self._failed(page.error)
            return
        self._collected.see(page)
        if not self._collected.enough:
            if page.rows:
                self._collected.add(page.rows)
            for segment, part in zip(page.segments, arrived.parts, strict=True):
                self._collected.add(awaited(part), segment)
        now = time.monotonic()
        if page.next_uri and not self._warned and now - self._began > self._patience.long:
            self._warned = True
            yield Log((SLEEPLESS.format(server=self._session.client.name),))
        # the last page tells the whole of what it took, however soon it comes
        if not page.next_uri or now - self._told >= self._patience.event_every:
            self._told = now
            fetching = self._collected.count > 0
            yield progress_of(page.stats, now - self._began, fetching=fetching)

    def _bring(self, segment: Segment) -> Future[bytes]:
        return self._segments.bring(segment, self._home)

    def _end_early(self) -> None:
        """End a query whose rest is not wanted, as soon as its server can be asked."""
        self._reader.stop()
        self._segments.close(self._home)
        self._session.drop(self._followed)

    # -- the end --------------------------------------------------------------------------

    def _gone(self, error: HttpStatusError) -> None:
        """Say what can be known of a query that the server knows no more."""
        if self._cancelled:
            self._failure = self._was_cancelled()
            return
        why = (
            "the coordinator was restarted, another process reads it, or nobody asked for its "
            "pages in 5 min"
        )
        if only_reads(self._sql):
            self._failure = StatementError(
                f"The query is gone from its server (HTTP {error.status}): {why}; no rows of it "
                "are used",
                ename="QueryGone",
                where=self.where,
                advice="It changed nothing: run the cell again.",
            )
            return
        self._broken = StatementOutcomeUnknownError(
            f"The query is gone from its server (HTTP {error.status}): {why}; whether it has "
            "done its work is not known",
            where=self.where,
            advice="See whether the table has the rows before you run it again; "
            f"`select state from system.runtime.queries where query_id = "
            f"'{self.reference.statement_id}'` tells as long as the server remembers.",
        )

    def _settle(self) -> None:
        self._settled = True
        self._segments.close(self._home)
        if not only_reads(self._sql):
            self._session.updated()
        error = self._broken or self._failure
        if isinstance(error, StatementCancelledError):
            self._note(state="cancelled", place="")
        elif isinstance(error, StatementOutcomeUnknownError):
            self._note(state="unknown", error=error.what[:2000])
        elif error is not None:
            self._note(state="failed", error=error.what[:2000], place="")
        else:
            rows = self._collected.count if self._plan and self._plan.keep else (
                len(self._result) if self._result else None
            )  # fmt: skip
            self._note(state="done", rows=rows, place="")

    def _note(self, **changes: str | float | None) -> None:
        """Write to the journal; a full disk must not hide the query's own outcome."""
        with contextlib.suppress(JournalError):
            self._session.journal.update(self.reference.tag, **changes)
