"""An open session of HiveServer2: submits at most once, in order, and knows its own state."""

from __future__ import annotations

import contextlib
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from emr_nb.engines.asked import placed, request_of, spelled
from emr_nb.engines.hive import service
from emr_nb.engines.hive.cancelling import Closing
from emr_nb.engines.hive.client import HiveClient, Reply
from emr_nb.engines.hive.frames import HiveFrames
from emr_nb.engines.hive.lost import session_lost
from emr_nb.engines.hive.memory import SessionMemory, changes_catalog, is_command
from emr_nb.engines.hive.nearest import with_nearest
from emr_nb.engines.hive.place import Place, refused
from emr_nb.engines.hive.service import Handle
from emr_nb.engines.hive.statement import HiveStatement
from emr_nb.engines.hive.submitting import Submitter
from emr_nb.engines.hive.targets import submit_to
from emr_nb.engines.hive.thrift import Field
from emr_nb.engines.rewritten import Rewritten
from emr_nb.engines.rows import row_of, state_after
from emr_nb.engines.sql.origins import Origin
from emr_nb.errors import (
    EmrError,
    JournalError,
    SessionLostError,
    StatementError,
    TransportError,
)
from emr_nb.journal import Journal, StatementRow
from emr_nb.model import Event, Log, Request, SessionInfo, StatementReference
from emr_nb.results.budget import byte_budget
from emr_nb.results.plan import TransferPlan, plan_transfer

if TYPE_CHECKING:
    from emr_nb.context import ClusterContext
    from emr_nb.engines.base import Statement
    from emr_nb.engines.catalogs import KeptCatalog
    from emr_nb.engines.inputs import LocalInput, Staged

TOUCH_SECONDS = 900.0
_KEPT_LINES = 2000
_READS = 3
_READ_PAUSE = 0.1


class HiveSession:
    """A session on HiveServer2; may be used from several threads, submits are serialised."""

    def __init__(
        self,
        client: HiveClient,
        context: ClusterContext,
        info: SessionInfo,
        handle: Handle,
        memory: SessionMemory,
        *,
        catalog: KeptCatalog | None = None,
        version: int = service.NEWEST,
        adopted: bool = False,
    ) -> None:
        self.client = client
        self.info = info
        self.handle = handle
        self.memory = memory
        self.closing = Closing(client)
        self.lines: deque[str] = deque(maxlen=_KEPT_LINES)
        self.tells_progress = version >= service.PROGRESS_SINCE
        self._context = context
        self._lock = threading.Lock()  # one submit at a time
        self._submitter = Submitter(client, handle)
        # an adopted session may be anywhere
        self._place = Place(memory.database, "") if adopted else Place("default", "default")
        self._jobs: bool | None = None
        self._catalog = catalog
        self.frames = HiveFrames(self)

    @property
    def database(self) -> str:
        """The database that the user chose, as far as is known here."""
        return self._place.own or "default"

    @property
    def journal(self) -> Journal:
        return self._context.journal

    @property
    def where(self) -> str:
        return f"session {self.handle.shown}, {self.client.where}"

    @property
    def local_jobs(self) -> bool:
        """Whether jobs run inside the server, where a cancel may not end their work."""
        if self._jobs is None:
            key = "mapreduce.framework.name"
            name = self._context.service("hive").properties.get(key)
            self._jobs = (name or self._context.cluster.property("hive-site", key)) == "local"
        return self._jobs

    # -- the protocol ---------------------------------------------------------------------

    def submit(self, request: Request, plan: TransferPlan) -> Statement:
        with self._lock:
            self._refuse_gone(request.code)
            self.journal.begin(self._row(request))
            try:
                self._place.be_in(self, request.database)
                placed = self.frames.placed(request.code)
                if request.target is not None:
                    return submit_to(self, request, plan, placed)
                self.journal.update(request.tag, state="sent")
                statement = self.begin(replace(request, code=placed.text), plan)
                if not placed.edits:
                    return statement
                return Rewritten(statement, Origin(request.code, 0, placed))
            except KeyboardInterrupt:
                with contextlib.suppress(JournalError):
                    self.journal.update(request.tag, state="cancelled")
                raise
            except EmrError as error:
                self._not_submitted(request.tag, error)
                raise

    def refresh(self) -> SessionInfo:
        self.ping()
        return self.info

    def touch(self) -> float:
        self.ping()
        return TOUCH_SECONDS

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
        with contextlib.suppress(TransportError):
            self.client.call("CloseSession", [self.handle.session()])
        self.memory.clear()  # ended on purpose: the next one of its name begins anew
        self.journal.forget_session(self._context.cluster.id, "hive", self.info.id)

    # -- for its statements ---------------------------------------------------------------

    @property
    def context(self) -> ClusterContext:
        return self._context

    @property
    def writers(self) -> set[str]:
        """Who writes files for this user where it is somebody else on the cluster."""
        properties = self._context.service("hive").properties
        return set() if properties.get("hive.server2.enable.doAs") == "true" else {"hive"}

    def ping(self) -> None:
        """Ask whether the session lives; raises SessionLostError and TransportError."""
        reply = self.read("GetTableTypes", service.table_types(self.handle))
        if reply.status.failed:
            raise session_lost(self)
        self.closing.close(Handle.read(reply.body[2]))

    def read(self, name: str, fields: Sequence[Field]) -> Reply:
        """Make a call that changes nothing, again where a connection broke."""
        for left in reversed(range(_READS)):
            try:
                return self.client.call(name, fields)
            except TransportError:
                if not left:
                    raise
                time.sleep(_READ_PAUSE)
        raise AssertionError("the last read returns or raises")

    def send(self, text: str, overlay: Mapping[str, str], tag: str) -> Reply:
        """Send a statement once, by whoever holds this session; raises SessionLostError."""
        reply = self._submitter.send(text, overlay, tag)
        if reply.status.forgotten:
            raise session_lost(self)
        return reply

    def learn(self, code: str) -> None:
        """Remember what a statement that has succeeded changed in the session."""
        if self.memory.note(code):
            self._place.moved(self.memory.database)
        if self._catalog is not None and changes_catalog(code):
            self._catalog.forget()

    def explained(self, error: StatementError, sql: str) -> StatementError:
        """Return a failure with the nearest names, where one was not found."""
        if self._catalog is None:
            return error
        return with_nearest(error, self._catalog, sql, self.database)

    def heard(self, event: Event) -> None:
        """Keep the lines of an operation's log."""
        if isinstance(event, Log):
            self.lines.extend(event.lines)

    def adopt(
        self,
        reference: StatementReference,
        operation: Handle,
        row: StatementRow | None,
        *,
        ended: bool = False,
    ) -> HiveStatement:
        """Return a statement that another process submitted, as its row tells of it."""
        ago = max(0.0, time.time() - row.created) if row else 0.0
        request = request_of(row) if row else None
        budget = byte_budget(self._context.settings.result_bytes)
        plan = plan_transfer(request, budget=budget) if request else None
        return HiveStatement(
            self,
            reference,
            operation,
            request=request,
            plan=plan or TransferPlan(None, budget=budget),
            submitted=time.monotonic() - ago,
            added_lines=1,
            ended=ended,
        )

    def again(self) -> tuple[list[str], list[str]]:
        """Tell this new session what an earlier one was told: what it took, and what not."""
        statements = list(self.memory.again())
        with self._lock:
            failed = refused(self, statements)
            if self.memory.database:
                self._place.moved(self.memory.database)
        return [sql for sql in statements if sql not in failed], failed

    def run(self, sql: str, database: str | None = None) -> HiveStatement:
        """Begin a statement of ours that has no row in the journal."""
        with self._lock:
            if database:
                self._place.be_in(self, database)
            return self.unlisted(sql)

    def aside(self, sql: str, rows: int = -1) -> HiveStatement:
        """Begin one that only reads, of whose rows these many are wanted (-1: all)."""
        request = Request(sql, "sql", uuid.uuid4().hex, rows=rows)
        with self._lock:
            return self.begin(request, plan_transfer(request), listed=False)

    def unlisted(self, sql: str, settings: Mapping[str, str] | None = None) -> HiveStatement:
        """Begin such a statement, by whoever holds this session."""
        request = Request(sql, "sql", uuid.uuid4().hex, rows=-1, settings=settings or {})
        return self.begin(request, plan_transfer(request), listed=False)

    def begin(self, request: Request, plan: TransferPlan, *, listed: bool = True) -> HiveStatement:
        """Send a statement, by whoever holds this session; a command is also brought to its end.

        Commands share one file of their session, which the end of any operation removes.
        """
        if not is_command(request.code):
            return self._sent(request, plan, listed=listed)
        with self.closing.commands:
            statement = self._sent(request, plan, listed=listed, command=True)
            for event in statement.events():
                self.heard(event)
            return statement

    def _sent(
        self, request: Request, plan: TransferPlan, *, listed: bool, command: bool = False
    ) -> HiveStatement:
        began = time.monotonic()
        text = f"-- emr_nb {request.tag}\n{request.code}"
        reply = self.send(text, request.settings, request.tag)
        operation = Handle.read(reply.body[2]) if reply.body.get(2) else None
        spelled = operation.spelled if operation else ""
        if listed:
            with contextlib.suppress(JournalError):  # it runs: that is no failure of its
                self.journal.update(request.tag, state="running", statement=spelled)
        ids = (request.tag, self._context.cluster.id, "hive", self.info.id, spelled)
        statement = HiveStatement(
            self,
            StatementReference(*ids),
            operation,
            request=request,
            plan=plan,
            submitted=began,
            added_lines=1,
            command=command,
        )
        if reply.status.failed:
            statement.refused(reply.status)
        return statement

    def _refuse_gone(self, code: str) -> None:
        if what := self.memory.mentioned(code):
            raise SessionLostError(
                f"The {what} was lost with the session that had it; nothing was sent",
                where=self.where,
                advice="Make it again, then run this cell.",
            )

    def _row(self, request: Request) -> StatementRow:
        row = row_of(self._context, "hive", self.info.id, request)
        return replace(row, place=placed("", spelled(request))) if row.text else row

    def _not_submitted(self, tag: str, error: EmrError) -> None:
        with contextlib.suppress(JournalError):
            self.journal.update(tag, state=state_after(error), error=error.what[:2000])
