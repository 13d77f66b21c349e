"""An open session: submits at most once, in order, and remembers what its statements told."""

from __future__ import annotations

import contextlib
import re
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from emr_nb.engines.inputs import LocalInput, Staged
from emr_nb.engines.livy.asked import request_of
from emr_nb.engines.livy.cancelling import CancelFiles, cancel_statement
from emr_nb.engines.livy.client import LivyClient
from emr_nb.engines.livy.code import (
    cell_code,
    chunk_code,
    refuse_code,
    scala_code,
)
from emr_nb.engines.livy.lost import Past, forgotten, lost
from emr_nb.engines.livy.pace import Patience
from emr_nb.engines.livy.payload import text_of
from emr_nb.engines.livy.private import PrivateFolder
from emr_nb.engines.livy.push import stage
from emr_nb.engines.livy.scala import check_scala, derived
from emr_nb.engines.livy.spark_ui import SparkUi
from emr_nb.engines.livy.sql_names import SqlNames
from emr_nb.engines.livy.statement import LivyStatement
from emr_nb.engines.livy.submit import Place, Submitter
from emr_nb.engines.livy.watch import Watch
from emr_nb.engines.livy.wire import SessionView, StatementView
from emr_nb.engines.rows import row_of, state_after
from emr_nb.engines.scratch import Scratch
from emr_nb.errors import (
    EmrError,
    JournalError,
    SessionLostError,
    TransportError,
)
from emr_nb.journal import Journal
from emr_nb.model import CancelOutcome, Event, Request, SessionInfo, StatementReference
from emr_nb.results.frame import SessionFacts
from emr_nb.results.plan import TransferPlan, plan_transfer
from emr_nb.transport.base import Deadline

if TYPE_CHECKING:
    from emr_nb.context import ClusterContext

_FIND_SECONDS = 5.0
_LATE_SECONDS = 30.0
_PAUSE_SECONDS = 5.0  # a Livy cannot be restarted and have a session in less
_LOG_LINES = 1000
_UI_PORT = re.compile(r"service 'SparkUI' on port (\d+)")


class LivySession:
    """A session on a Livy server; may be used from several threads, submits are serialised."""

    def __init__(
        self,
        client: LivyClient,
        context: ClusterContext,
        view: SessionView,
        *,
        cancel_files: CancelFiles,
        place: Place,
        patience: Patience | None = None,
    ) -> None:
        self.client = client
        self.info: SessionInfo = view.info()
        self.cancel_files = cancel_files
        self.patience = patience or Patience()
        self.told = SessionFacts({}, "", "")  # what the last cell told of its variables
        self.sql_names = SqlNames(self)
        self._context = context
        self._id = view.id
        self._installed = False  # also where another process did: installing again is cheap
        self._facts: SessionFacts | None = None
        self._lock = threading.Lock()  # one submit at a time, its settling included
        self._told = threading.Lock()  # what statements told; never held while waiting
        timeout = context.settings.request_timeout
        self._submitter = Submitter(client, view.id, place, timeout, self.patience.settle)
        self._ui: SparkUi | None = None
        self._sought = False
        self.private = PrivateFolder(self, context)
        self._used = time.time()
        self.ended = False  # by us, or seen to be lost

    @property
    def journal(self) -> Journal:
        return self._context.journal

    @property
    def where(self) -> str:
        return f"session {self._id}, {self.client.where}"

    # -- the protocol ---------------------------------------------------------------------

    def submit(self, request: Request, plan: TransferPlan) -> LivyStatement:
        if request.language == "scala":
            check_scala(request)
        plan = replace(plan, spool=self.private.planned(request, plan))
        with self._lock:
            began = time.monotonic()
            code, kind = self._code(request, plan, install=not self._installed)
            self.client.check_size(code, request.code)
            self.still_ours()
            row = row_of(self._context, "spark", str(self._id), request)
            self.journal.begin(replace(row, spool=plan.spool))
            since = self._submitter.place.last_seen
            guarded = kind == "pyspark"  # our runner knows what it has run
            try:
                self.journal.update(request.tag, state="sent")
                view = self._submitter.submit(code, kind, request.tag, guarded=guarded)
            except KeyboardInterrupt:
                self._interrupted(request.tag, guarded, since)
                raise
            except SessionLostError as error:
                self._not_submitted(request.tag, error)
                raise self.explained(error) from error
            except EmrError as error:
                self._not_submitted(request.tag, error)
                raise
            self._installed = self._installed or kind == "pyspark"
        with contextlib.suppress(JournalError):  # it runs: that must not be taken for a failure
            self.journal.update(request.tag, state="running", statement=str(view.id))
        return LivyStatement(
            self,
            self._reference(request.tag, view.id),
            language=request.language,
            request=request,
            plan=plan,
            submitted=began,
        )

    def refresh(self) -> SessionInfo:
        try:
            view = self.client.session(self._id)
        except SessionLostError as error:
            raise self.explained(error) from error
        if view.gone:
            raise lost(self.client, view)
        self.info = self._with_facts(view.info())
        return self.info

    def touch(self) -> float:
        self.client.connect(self._id, Deadline.after(self.patience.look))
        return self.patience.alive_every

    def close(self) -> None:
        self.ended = True
        self.client.delete_session(self._id)
        self.private.close()
        self.journal.forget_session(self._context.cluster.id, "spark", str(self._id))

    def scratch(self) -> Scratch | None:
        """Return the private folder of this session; None where none can be.

        The engine writes large results to it, the notebook what it pushes.
        """
        return self.private.scratch()

    def stage(
        self,
        inputs: Sequence[LocalInput],
        *,
        language: str,
        notify: Callable[[Event], None] | None = None,
    ) -> Staged:
        return stage(self, inputs, language, notify, self._context.settings.push_bytes)

    # -- for its statements ---------------------------------------------------------------

    def explained(self, error: SessionLostError) -> SessionLostError:
        """Return the loss with what can be deduced of its cause, where Livy tells none."""
        if not error.forgotten:
            return error
        cluster = self._context.cluster.id
        rows = self.journal.statements(cluster=cluster, session=str(self._id), limit=1)
        ours = any(row.session == str(self._id) for row in self.journal.sessions(cluster))
        last = max([self._used, *(row.ended or row.updated for row in rows)])
        limit = 4 * self.patience.alive_every
        return forgotten(
            self.client, Past(self._id, self.info.name, time.time() - last, limit, ours)
        )

    def still_ours(self) -> None:
        """See after a pause that the number still means our session.

        A Livy that was restarted gives old numbers to other people's sessions.
        """
        idle, self._used = time.time() - self._used, time.time()
        if 0 <= idle < _PAUSE_SECONDS:
            return
        try:
            view = self.client.session(self._id, Deadline.after(_PAUSE_SECONDS))
        except SessionLostError as error:
            self._used -= idle
            raise self.explained(error) from error
        except TransportError:
            return  # the submit itself tells
        if view.name != self.info.name:
            past = Past(self._id, self.info.name, idle, idle, ours=True)
            raise forgotten(self.client, past)
        if view.gone:
            raise lost(self.client, view)

    def send_again(
        self, reference: StatementReference, request: Request, plan: TransferPlan | None
    ) -> StatementReference:
        """Send a cell again that could not begin without our runner, and the runner with it."""
        code, kind = self._code(request, plan or plan_transfer(request), install=True)
        view = self.send(code, kind, reference.tag)
        self.journal.update(reference.tag, statement=str(view.id))
        return replace(reference, statement_id=str(view.id))

    def adopt_earlier(self, reference: StatementReference) -> StatementReference | None:
        """Return the statement of the same tag that ran in place of this one."""
        deadline = Deadline.after(self.patience.settle)
        number = int(reference.statement_id)
        view = self._submitter.earlier(reference.tag, number, deadline)
        if view is None:
            return None
        self.journal.update(reference.tag, statement=str(view.id))
        return replace(reference, statement_id=str(view.id))

    def send(self, code: str, kind: str, tag: str) -> StatementView:
        """Submit a statement that has no row in the journal."""
        with self._lock:
            return self._submitter.submit(code, kind, tag)

    def run(self, code: str, kind: str, tag: str) -> Mapping[str, Any]:
        """Run such a statement to its end; return its output."""
        view = self.send(code, kind, tag)
        watch = Watch(self.client, self._id, view.id, time.monotonic(), self.patience)
        for _ in watch.events():
            pass
        return (watch.view.output if watch.view else None) or {}

    def start(self, request: Request, code: str, kind: str, plan: TransferPlan) -> LivyStatement:
        """Begin a statement that serves another one's result."""
        view = self.send(code, kind, request.tag)
        reference = self._reference(request.tag, view.id)
        return LivyStatement(self, reference, language="sql", plan=plan)

    def aside(self, sql: str, rows: int = -1) -> LivyStatement:
        """Begin SQL that only reads and has no row in the journal; -1 is all rows."""
        request = Request(sql, "sql", uuid.uuid4().hex, rows=rows)
        plan = plan_transfer(request)
        return self.start(request, cell_code(request, plan, install=True), "pyspark", plan)

    def chunk(self, tag: str, seq: int, index: int) -> str:
        """Bring one further piece of a result; reading twice does no harm."""
        code = chunk_code(tag, seq, index)
        return text_of(self.run(code, "pyspark", f"{tag}/{seq}/{index}"))

    def learn(self, facts: SessionFacts) -> None:
        """Keep what a cell's answer told of the session."""
        with self._told:
            self.told = facts
            self.sql_names.outdated()
            self._facts = facts if facts.ui_url or self._facts is None else self._facts
            self.info = self._with_facts(self.info)

    def _with_facts(self, info: SessionInfo) -> SessionInfo:
        """Add Spark's UI, which Livy tells of YARN's applications alone, where a cell told it."""
        told = self._facts.ui_url if self._facts else ""
        return info if info.ui_url else replace(info, ui_url=told)

    def spark_ui(self) -> SparkUi | None:
        """Return the Spark UI where one is known to be."""
        with self._told:
            if self._ui is None and self.info.ui_url:
                app = self.info.app_id or (self._facts.app_id if self._facts else "")
                self._ui = SparkUi.at(self._context.route, self.info.ui_url, app)
            return self._ui if self._ui and self._ui.usable else None

    def find_ui(self) -> SparkUi | None:
        """Return the Spark UI; before a cell has told of it, look once into the driver's log."""
        with self._told:
            known, self._sought = self._ui is not None or self._sought, True
        if known:
            return self.spark_ui()
        with contextlib.suppress(EmrError):
            text = "\n".join(self.client.log(self._id, _LOG_LINES))
            if ports := _UI_PORT.findall(text):
                endpoint = replace(self.client.http.endpoint, port=int(ports[-1]), path="")
                with self._told:
                    url = replace(endpoint, scheme="http").url
                    self._ui = self._ui or SparkUi.at(self._context.route, url)
        return self.spark_ui()

    def find_view(self, tag: str, seconds: float = 10.0) -> StatementView | None:
        """Return the newest statement with this tag."""
        return self._submitter.find(tag, Deadline.after(seconds))

    def find(self, tag: str, seconds: float = 10.0) -> int | None:
        """Return the id of the newest statement with this tag."""
        view = self.find_view(tag, seconds)
        return view.id if view else None

    def adopt(
        self,
        reference: StatementReference,
        language: str,
        view: StatementView | None = None,
        sent: float | None = None,
        spool: str = "",
    ) -> LivyStatement:
        """Return a statement that another process, or an earlier one, submitted.

        `sent` is when, in seconds since the epoch. What the cell asked is read from its code;
        `spool` is where its result may lie.
        """
        asked = request_of(view.code) if view else None
        ago = max(0.0, time.time() - sent) if sent else 0.0
        statement = LivyStatement(
            self,
            reference,
            language=asked.language if asked else language,
            request=asked,
            submitted=time.monotonic() - ago,
            spool=spool,
        )
        if view:
            statement.saw(view)
        return statement

    def be_patient(self, patience: Patience) -> None:
        """Bear more or less than by default from now on."""
        self.patience = patience
        self._submitter = replace(self._submitter, settle=patience.settle)

    # -- inside ---------------------------------------------------------------------------

    def _reference(self, tag: str, statement: int) -> StatementReference:
        cluster = self._context.cluster.id
        return StatementReference(tag, cluster, "spark", str(self._id), str(statement))

    def _code(self, request: Request, plan: TransferPlan, *, install: bool) -> tuple[str, str]:
        if request.language == "scala":
            return scala_code(request, plan), "spark"
        path = self.cancel_files.path(request.tag)
        return cell_code(request, plan, cancel_path=path, install=install), "pyspark"

    def _not_submitted(self, tag: str, error: EmrError) -> None:
        self.journal.update(tag, state=state_after(error), error=error.what[:2000])

    def _interrupted(self, tag: str, guarded: bool, since: int) -> None:
        """Cancel what an interrupted POST may have left, beside the caller, who has no time."""
        late = (tag, guarded, since)
        threading.Thread(target=self._cancel_late, args=late, daemon=True).start()

    def _cancel_tag(self, tag: str, since: int) -> bool | None:
        """Cancel the statement of this tag; False where there is none, None where none can tell."""
        try:
            found = self._submitter.find(tag, Deadline.after(_FIND_SECONDS), since)
            if found is None:
                return False
            self.journal.update(tag, statement=str(found.id), state="running")
            outcome = cancel_statement(
                self.client, self.cancel_files, self._id, found.id, tag, _FIND_SECONDS
            )
            if outcome is not CancelOutcome.STILL_RUNNING:
                self.journal.update(tag, state="cancelled")
        except EmrError:
            return None
        return True

    def _refuse(self, tag: str) -> bool:
        """Keep a statement from beginning, should it still arrive; Livy runs them in order."""
        with contextlib.suppress(EmrError):
            name = derived(tag, "refuse")
            self.send(refuse_code(name, tag), "pyspark", name)
            return True
        return False

    def _cancel_late(self, tag: str, guarded: bool, since: int) -> None:
        """Look for half a minute: the request may still be on its way."""
        self.cancel_files.ask(tag)
        end, refused = time.monotonic() + _LATE_SECONDS, False
        while time.monotonic() < end:
            found = self._cancel_tag(tag, since)
            if found:
                return
            if refused and found is False:
                with contextlib.suppress(EmrError):
                    self.journal.update(tag, state="cancelled")
                return
            if guarded and not refused and self._refuse(tag):
                refused = True  # it may have come just before
                continue
            time.sleep(1.0)
        with contextlib.suppress(EmrError):
            self.journal.update(tag, state="unknown", error="interrupted while it was sent")
