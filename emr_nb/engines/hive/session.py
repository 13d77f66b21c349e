"""An open session of HiveServer2: submits at most once, in order, and knows its own state."""

from __future__ import annotations

import contextlib
import threading
import time
import uuid
from collections import deque
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from emr_nb.engines.hive import service
from emr_nb.engines.hive.cancelling import close_operation
from emr_nb.engines.hive.client import HiveClient, Reply
from emr_nb.engines.hive.memory import SessionMemory, quoted
from emr_nb.engines.hive.service import ERROR, Handle, State, Status
from emr_nb.engines.hive.statement import HiveStatement
from emr_nb.engines.hive.submitting import Submitter
from emr_nb.engines.hive.thrift import Field
from emr_nb.engines.hive.watching import Watch
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
from emr_nb.model import Event, Log, Request, SessionInfo, StatementReference
from emr_nb.results.plan import TransferPlan, plan_transfer

if TYPE_CHECKING:
    from emr_nb.context import ClusterContext

TOUCH_SECONDS = 900.0
_KEPT_LINES = 2000
_READS = 3


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
        version: int = service.NEWEST,
        adopted: bool = False,
    ) -> None:
        self.client = client
        self.info = info
        self.handle = handle
        self.memory = memory
        self.lines: deque[str] = deque(maxlen=_KEPT_LINES)
        self.tells_progress = version >= service.PROGRESS_SINCE
        self._context = context
        self._lock = threading.Lock()
        self._submitter = Submitter(client, handle)
        # the database of the session, and where it is now; an adopted one may be anywhere
        self._own = memory.database or ("" if adopted else "default")
        self._now = "" if adopted else "default"
        self._jobs: bool | None = None

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
            properties = self._context.service("hive").properties
            name = properties.get("mapreduce.framework.name") or self._context.cluster.property(
                "hive-site", "mapreduce.framework.name"
            )
            self._jobs = name == "local"
        return self._jobs

    # -- the protocol ---------------------------------------------------------------------

    def submit(self, request: Request, plan: TransferPlan) -> HiveStatement:
        if request.target is not None:
            raise UsageError(
                "Hive does not write `--to` itself here", advice="The notebook writes the rows."
            )
        with self._lock:
            self._refuse_gone(request.code)
            began = time.monotonic()
            self.journal.begin(self._row(request))
            try:
                self._be_in(request.database)
                self.journal.update(request.tag, state="sent")
                reply = self._send(request)
            except KeyboardInterrupt:
                with contextlib.suppress(JournalError):
                    self.journal.update(request.tag, state="cancelled")
                raise
            except EmrError as error:
                self._not_submitted(request.tag, error)
                raise
        return self._statement(request, plan, reply, began)

    def refresh(self) -> SessionInfo:
        self.ping()
        return self.info

    def touch(self) -> float:
        self.ping()
        return TOUCH_SECONDS

    def close(self) -> None:
        with contextlib.suppress(TransportError):
            self.client.call("CloseSession", [self.handle.session()])
        self.memory.clear()  # ended on purpose: the next one of its name begins anew
        self.journal.forget_session(self._context.cluster.id, "hive", self.info.id)

    # -- for its statements ---------------------------------------------------------------

    def ping(self) -> None:
        """Ask whether the session lives; raises SessionLostError and TransportError."""
        if self.read("GetInfo", service.info(self.handle)).status.failed:
            raise self.lost()

    def read(self, name: str, fields: Sequence[Field]) -> Reply:
        """Make a call that changes nothing, again where a connection broke."""
        for left in reversed(range(_READS)):
            try:
                return self.client.call(name, fields)
            except TransportError:
                if not left:
                    raise
                time.sleep(0.1)
        raise AssertionError("the last read returns or raises")

    def lost(self) -> SessionLostError:
        """Return the error for a session that its server has forgotten."""
        names = sorted(self.memory.temporary.values())
        self.memory.lost()
        gone = f"; with it went {', '.join(names)}" if names else ""
        kept = [*self.memory.settings, *(["USE"] if self.memory.database else [])]
        again = " Its SET and USE are applied again then." if kept else ""
        return SessionLostError(
            f"HiveServer2 does not know session {self.handle.shown} any more: it was restarted, "
            f"or the session was idle too long, or closed{gone}",
            where=self.client.where,
            advice=f"The next cell opens a new one.{again}",
            forgotten=True,
        )

    def forgot(self, operation: Handle | None) -> EmrError:
        """Return the error for an operation that its server has forgotten."""
        try:
            self.ping()
        except SessionLostError as error:
            return SessionLostError(
                f"{error.what}; whether the statement had ended is not known",
                where=error.where,
                advice=f"See what it was to change before it is run again. {error.advice}",
                forgotten=True,
            )
        except TransportError as error:
            return error
        shown = f" {operation.shown}" if operation else ""
        return StatementOutcomeUnknownError(
            f"HiveServer2 has forgotten operation{shown}: it was closed, or idle too long",
            where=self.where,
            advice="See what the statement was to change before it is run again.",
        )

    def learn(self, code: str) -> None:
        """Remember what a statement that has succeeded changed in the session."""
        if self.memory.note(code):
            self._own = self._now = self.memory.database

    def heard(self, event: Event) -> None:
        """Keep the lines of an operation's log."""
        if isinstance(event, Log):
            self.lines.extend(event.lines)

    def adopt(
        self, reference: StatementReference, operation: Handle, sent: float | None
    ) -> HiveStatement:
        """Return a statement that another process submitted; `sent` is since the epoch."""
        ago = max(0.0, time.time() - sent) if sent else 0.0
        return HiveStatement(
            self, reference, operation, submitted=time.monotonic() - ago, added_lines=1
        )

    def run(self, sql: str) -> HiveStatement:
        """Begin a statement of ours that has no row in the journal."""
        request = Request(sql, "sql", uuid.uuid4().hex, rows=-1)
        with self._lock:
            reply = self._send(request)
        return self._statement(request, plan_transfer(request), reply, time.monotonic(), ours=True)

    # -- inside ---------------------------------------------------------------------------

    def _send(self, request: Request) -> Reply:
        text = f"-- emr_nb {request.tag}\n{request.code}"
        reply = self._submitter.send(text, request.settings, request.tag)
        if reply.status.forgotten:
            raise self.lost()
        return reply

    def _statement(
        self,
        request: Request,
        plan: TransferPlan,
        reply: Reply,
        began: float,
        *,
        ours: bool = False,
    ) -> HiveStatement:
        operation = Handle.read(reply.body[2]) if reply.body.get(2) else None
        spelled = operation.spelled if operation else ""
        if not ours:
            with contextlib.suppress(JournalError):  # it runs: that is no failure of its
                self.journal.update(request.tag, state="running", statement=spelled)
        statement = HiveStatement(
            self,
            StatementReference(
                request.tag, self._context.cluster.id, "hive", self.info.id, spelled
            ),
            operation,
            request=request,
            plan=plan,
            submitted=began,
            added_lines=1,
        )
        if reply.status.failed:
            statement.refused(reply.status)
        return statement

    def _be_in(self, wanted: str | None) -> None:
        """Bring the session to the database of this cell, or back to its own."""
        if wanted and not self._own:
            self._own = self._now = self._current()
        target = wanted or self._own
        if not target or target == self._now:
            return
        status = self._finish(f"USE {quoted(target)}")
        if status.failed:
            raise StatementError(
                f"There is no database {target!r}",
                ename="NoSuchDatabase",
                evalue=status.message,
                where=self.where,
            )
        self._now = target

    def _current(self) -> str:
        """Ask where an adopted session is."""
        request = Request("SELECT current_database()", "sql", uuid.uuid4().hex, rows=-1)
        reply = self._send(request)
        plan = plan_transfer(request)
        result = self._statement(request, plan, reply, time.monotonic(), ours=True).result()
        assert result is not None
        return str(result.table.column(0)[0].as_py())

    def _finish(self, sql: str) -> Status:
        """Run a short statement of ours to its end."""
        reply = self._submitter.send(f"-- emr_nb\n{sql}", {}, "")
        if reply.status.forgotten:
            raise self.lost()
        if reply.status.failed:
            return reply.status
        watch = Watch(self.client, Handle.read(reply.body[2]), time.monotonic())
        for _ in watch.events():
            pass
        close_operation(self.client, watch.operation)
        assert watch.look is not None
        if watch.look.state is State.FINISHED or watch.look.status.failed:
            return watch.look.status
        return Status(ERROR, watch.look.message, watch.look.sql_state)

    def apply(self, statements: Iterable[str]) -> list[str]:
        """Give a new session an earlier one's state; return what it did not take."""
        with self._lock:
            return [sql for sql in statements if self._finish(sql).failed]

    def _refuse_gone(self, code: str) -> None:
        if what := self.memory.mentioned(code):
            raise SessionLostError(
                f"The {what} was lost with the session that had it; nothing was sent",
                where=self.where,
                advice="Make it again, then run this cell.",
            )

    def _row(self, request: Request) -> StatementRow:
        history = self._context.settings.history
        return StatementRow(
            tag=request.tag,
            cluster=self._context.cluster.id,
            cluster_name=self._context.cluster.name,
            engine="hive",
            session=self.info.id,
            language=request.language,
            notebook=request.notebook,
            cell=request.cell_id,
            text=request.code if history else "",
            line=request.line if history else "",
        )

    def _not_submitted(self, tag: str, error: EmrError) -> None:
        if isinstance(error, StatementOutcomeUnknownError):
            state = "unknown"
        else:
            state = "lost" if isinstance(error, SessionLostError) else "failed"
        with contextlib.suppress(JournalError):
            self.journal.update(tag, state=state, error=error.what[:2000])
