"""A session is state of ours: it is sent with each statement, and each reply may change it."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from emr_nb.engines.asked import asked_of, place_of, placed, request_of, spelled
from emr_nb.engines.presto.asking import Asker
from emr_nb.engines.presto.catalog import Catalog
from emr_nb.engines.presto.client import PrestoClient, Spoken
from emr_nb.engines.presto.frames import PrestoFrames
from emr_nb.engines.presto.nearest import with_nearest
from emr_nb.engines.presto.pace import Patience
from emr_nb.engines.presto.placing import submit_placed
from emr_nb.engines.presto.reading import Followed
from emr_nb.engines.presto.state import ClientState
from emr_nb.engines.presto.statement import PrestoStatement
from emr_nb.engines.presto.submit import Submitter
from emr_nb.engines.presto.wire import Page
from emr_nb.engines.rows import row_of
from emr_nb.errors import (
    EmrError,
    JournalError,
    SessionLostError,
    StatementError,
    StatementOutcomeUnknownError,
    TransportError,
    UsageError,
)
from emr_nb.journal import Journal, StatementRow
from emr_nb.model import Event, Request, SessionInfo, StatementReference
from emr_nb.results.budget import byte_budget
from emr_nb.results.plan import TransferPlan, plan_transfer
from emr_nb.transport.base import Deadline, Route

if TYPE_CHECKING:
    from emr_nb.context import ClusterContext
    from emr_nb.engines.base import Statement
    from emr_nb.engines.inputs import LocalInput, Staged

ROWS_READ = "+"  # before a place: rows were read on the way there, which do not come again
_NEXT_TOUCH = 3600.0  # no server keeps anything of a session that could expire
_DROP_SECONDS = 10.0


@dataclass(frozen=True)
class Place:
    """Where a session's statements go."""

    client: PrestoClient
    spoken: Spoken
    patience: Patience
    engine: str
    catalogs: Callable[[], Catalog]


class PrestoSession:
    """An open session; may be used from several threads.

    `state` is its catalog, schema, properties, prepared statements, roles and transaction.
    """

    def __init__(
        self, context: ClusterContext, place: Place, state: ClientState, name: str, number: str
    ) -> None:
        self.client = place.client
        self.state = state
        self._place = place
        self._context = context
        self._name, self._number = name, number
        self._created = datetime.now(UTC)
        self._lock = threading.Lock()
        self._submitter = Submitter(place.client, place.spoken, place.patience)
        self._closed = False
        self.frames = PrestoFrames(self, place.engine)

    @property
    def context(self) -> ClusterContext:
        return self._context

    @property
    def asker(self) -> Asker:
        """What asks the server beside the user's statements."""
        return Asker(self.client, self._place.spoken, self._place.patience)

    @property
    def journal(self) -> Journal:
        return self._context.journal

    @property
    def route(self) -> Route:
        return self._context.route

    @property
    def prefix(self) -> str:
        return self._place.spoken.prefix

    @property
    def info(self) -> SessionInfo:
        """The session as it is now; `log` tells its state, a line each."""
        state = self.state
        named = (("catalog", state.catalog), ("schema", state.schema), ("path", state.path))
        lines = [f"{name} {value}" for name, value in named if value]
        lines += [f"set session {name} = {value}" for name, value in state.properties.items()]
        lines += [f"role {role} in {catalog}" for catalog, role in state.roles.items()]
        lines += [f"prepared {name}" for name in state.prepared]
        lines += [f"transaction {state.transaction}"] if state.in_transaction else []
        return SessionInfo(
            id=self._number,
            name=self._name,
            engine=self._place.engine,
            state="closed" if self._closed else "idle",
            owner=state.user,
            language="sql",
            created=self._created,
            log=tuple(lines),
        )

    # -- the protocol ---------------------------------------------------------------------

    def submit(self, request: Request, plan: TransferPlan) -> Statement:
        if request.target is not None or self.frames.names:
            return submit_placed(self, request, plan)
        return self.enter(request, plan)

    def enter(
        self, request: Request, plan: TransferPlan, text: str = "", *, spool: str = ""
    ) -> PrestoStatement:
        """Submit a request, as this text where it is given; `spool` is noted with it."""
        if self._closed:
            raise SessionLostError(f"Session {self._name} was closed", where=self.client.where)
        sql = _statement_of(text or request.code)
        state = self.state_for(request)
        began = time.monotonic()
        self.journal.begin(row_of(self._context, self._place.engine, self._number, request))
        followed: Followed | None = None
        try:
            self.journal.update(request.tag, state="sent", spool=spool)
            page, headers = self._submitter.submit(sql, state, request.tag)
            self.change(state, state.changed(headers, self.prefix))
            asked = self._asked(request)
            followed = self._followed(page.next_uri, state, request.tag, asked)
            self._running(request.tag, page, asked)
            pages = self._begun(page, followed)
        except KeyboardInterrupt:
            self._note(request.tag, state="cancelled", error="interrupted while it was sent")
            if followed is not None:
                self.drop(followed)
            raise
        except EmrError as error:
            unknown = isinstance(error, StatementOutcomeUnknownError)
            self._note(request.tag, state="unknown" if unknown else "failed", error=error.what)
            raise
        return PrestoStatement(
            self,
            self._reference(request.tag, page.id),
            followed,
            sql=sql,
            language=request.language,
            request=request,
            plan=plan,
            first=pages,
            began=began,
        )

    def refresh(self) -> SessionInfo:
        if self._closed:
            raise SessionLostError(f"Session {self._name} was closed", where=self.client.where)
        return self.info

    def touch(self) -> float:
        return _NEXT_TOUCH

    def stage(
        self,
        inputs: Sequence[LocalInput],
        *,
        language: str,  # noqa: ARG002 -- it has no other
        notify: Callable[[Event], None] | None = None,
    ) -> Staged:
        return self.frames.stage(inputs, notify)

    def close(self) -> None:
        self.frames.close()
        self._closed = True
        with contextlib.suppress(JournalError):
            self.journal.forget_session(self._context.cluster.id, self._place.engine, self._number)

    # -- for its statements ---------------------------------------------------------------

    def explained(self, error: StatementError, sql: str) -> StatementError:
        """Return a failure with the nearest names, where one was not found."""
        with contextlib.suppress(EmrError):
            return with_nearest(error, self._place.catalogs(), sql, self.state.catalog)
        return error

    def updated(self) -> None:
        """Forget what was listed: a statement may have changed it."""
        with contextlib.suppress(EmrError):
            self._place.catalogs().forget()

    def change(self, before: ClientState, after: ClientState) -> None:
        """Take over what a statement has changed; what others changed meanwhile stays."""
        with self._lock:
            for name in ClientState.__dataclass_fields__:
                if getattr(after, name) != getattr(before, name):
                    self.state = replace(self.state, **{name: getattr(after, name)})

    def drop(self, followed: Followed) -> None:
        """End a query that nobody wants, beside the caller, who has no time for it."""

        def delete() -> None:
            with contextlib.suppress(TransportError):
                deadline = Deadline.after(_DROP_SECONDS)
                self.client.delete(followed.uri, followed.state, followed.prefix, deadline)

        if followed.uri:
            threading.Thread(target=delete, name="emr_nb-drop", daemon=True).start()

    def adopt(self, reference: StatementReference, row: StatementRow) -> PrestoStatement:
        """Return a query that another process, or an earlier one, has begun."""
        place, request = place_of(row), request_of(row)
        budget = byte_budget(self._context.settings.result_bytes)
        plan = plan_transfer(request, budget=budget) if request else None
        return PrestoStatement(
            self,
            replace(reference, statement_id=row.statement, engine=self._place.engine),
            self._followed(place.removeprefix(ROWS_READ), self.state, row.tag, asked_of(row)),
            sql=row.text,
            language=row.language or "sql",
            request=request,
            plan=plan or TransferPlan(None, budget=budget),
            began=time.monotonic() - max(0.0, time.time() - row.created),
            headless=place.startswith(ROWS_READ),
        )

    # -- inside ---------------------------------------------------------------------------

    def state_for(self, request: Request) -> ClientState:
        """Return the state that a statement begins with: the session's, and its own options."""
        with self._lock:
            state = self.state
        catalog, schema = request.catalog or "", request.database or ""
        if schema and not catalog:
            catalog, _, schema = schema.rpartition(".")
        if catalog and catalog != state.catalog:
            state = replace(state, catalog=catalog, schema="")  # that was another catalog's
        state = replace(state, schema=schema or state.schema)
        if state.schema and not state.catalog:
            raise UsageError(
                f"Schema {state.schema!r} of which catalog? The session has none yet",
                where=self.client.where,
                advice="Nothing was sent. Say --catalog NAME too, or first USE catalog.schema; "
                "SHOW CATALOGS lists them.",
            )
        if request.settings:
            state = replace(state, properties={**state.properties, **request.settings})
        return state

    def _asked(self, request: Request) -> str:
        return spelled(request) if self._context.settings.history else ""

    def _followed(self, uri: str, state: ClientState, tag: str, asked: str) -> Followed:
        read = False

        def moved(uri: str, rows: bool) -> None:
            nonlocal read
            # the last page has no successor; once rows are told, each page's tells nothing new
            if uri and not (read and rows):
                read = read or rows
                self._note(tag, place=placed((ROWS_READ if read else "") + uri, asked))

        return Followed(
            self.client,
            state,
            self.prefix,
            uri,
            self._place.patience,
            changed=lambda after: self.change(state, after),
            moved=moved,
        )

    def _begun(self, page: Page, followed: Followed) -> tuple[Page, ...]:
        """Ask for the first page, which is what begins the query; return all pages so far."""
        if not page.next_uri:
            return (page,)
        second = followed.next()
        if second is None:
            return (page,)
        followed.moved(second.next_uri, second.has_data)
        return page, second

    def _running(self, tag: str, page: Page, asked: str) -> None:
        # it is entered: a journal that cannot be written must not be taken for a failure
        self._note(tag, state="running", statement=page.id, place=placed(page.next_uri, asked))

    def _note(self, tag: str, **changes: str | float | None) -> None:
        with contextlib.suppress(JournalError):
            self.journal.update(tag, **changes)

    def _reference(self, tag: str, query: str) -> StatementReference:
        cluster = self._context.cluster.id
        return StatementReference(tag, cluster, self._place.engine, self._number, query)


def _statement_of(code: str) -> str:
    """Return a cell's one statement without the `;` at its end, which the server refuses."""
    sql = code.rstrip().rstrip(";").rstrip()
    if not sql.strip():
        raise UsageError("The cell is empty", advice="Write one statement.")
    try:
        sql.encode()
    except UnicodeEncodeError as error:
        raise UsageError(
            f"The statement holds half a surrogate pair at character {error.start}",
            advice="Write the character itself.",
        ) from error
    return sql
