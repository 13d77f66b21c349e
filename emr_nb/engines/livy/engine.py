"""The engine `spark`: Spark on a cluster, reached through Livy's REST server."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from emr_nb.engines.asides import finished
from emr_nb.engines.base import Abilities
from emr_nb.engines.livy.asking import SessionAsks
from emr_nb.engines.livy.cancelling import CancelFiles
from emr_nb.engines.livy.catalog import Catalog
from emr_nb.engines.livy.client import LivyClient
from emr_nb.engines.livy.completion import complete
from emr_nb.engines.livy.pace import Patience
from emr_nb.engines.livy.session import LivySession
from emr_nb.engines.livy.sessions import Notify, Sessions
from emr_nb.engines.livy.statement import LivyStatement
from emr_nb.engines.livy.submit import Place
from emr_nb.engines.livy.sweeping import sweep
from emr_nb.engines.livy.wire import SessionView
from emr_nb.engines.yarn import Yarn, with_queues
from emr_nb.errors import EmrError, ServerBusyError, SessionLostError, SessionNotFoundError
from emr_nb.files.base import FileSystem
from emr_nb.journal import SessionRow
from emr_nb.model import (
    CatalogNode,
    Completion,
    Event,
    FilePath,
    SessionInfo,
    SessionOptions,
    StatementReference,
)
from emr_nb.transport.base import Deadline

if TYPE_CHECKING:
    from emr_nb.context import ClusterContext
    from emr_nb.results.result import Result

OUR_PREFIX = "emr_nb/"
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}


class LivyEngineFactory:
    """Makes the engine of a cluster; raises ServiceNotInstalledError where it has no Livy."""

    def __call__(self, context: ClusterContext) -> LivyEngine:
        return LivyEngine(context)


class LivyEngine:
    """Spark by Livy; may be used from several threads."""

    name = "spark"
    abilities = Abilities(writes_targets=True)

    def __init__(self, context: ClusterContext, *, cancel_store: FileSystem | None = None) -> None:
        self._context = context
        service = context.service("livy")
        self._service = service
        self.client = LivyClient(
            context.route.http(service.endpoints[0]), Yarn.of(context.route, context.services)
        )
        self._sessions = Sessions(
            self.client,
            proxy_user=context.user if self._impersonates(service.properties) else "",
            conf=context.settings.session_conf,
            timeout=context.settings.request_timeout,
            alive_every=self._patience().alive_every,
        )
        self._cancel_files = _cancel_files(context, cancel_store)
        self._lock = threading.Lock()
        self._open: dict[int, LivySession] = {}
        self._swept = False

    # -- the protocol ---------------------------------------------------------------------

    def sessions(self, *, ours: bool = False) -> Sequence[SessionInfo]:
        """List the sessions on the server; with `ours` those that emr_nb named."""
        views = self._sessions.list()
        return [v.info() for v in views if not ours or v.name.startswith(OUR_PREFIX)]

    def placed(self, infos: Sequence[SessionInfo]) -> Sequence[SessionInfo]:
        """Return the sessions with the YARN queues of their applications, where YARN tells."""
        return with_queues(self.client.yarn, infos)

    def open(self, options: SessionOptions, notify: Notify | None = None) -> LivySession:
        """Find or create the session; `notify` is told of progress and log lines meanwhile."""
        view = self._sessions.open(options, notify or _silent)
        self._forget_earlier(options.name, str(view.id))
        row = SessionRow(self._context.cluster.id, self.name, options.name, str(view.id))
        self._context.journal.remember_session(row, new=view.new)
        self._sweep_once()
        session = self._session(view)
        session.find_ui()  # now: the log that tells of it keeps few lines
        return session

    def recover(self, reference: StatementReference) -> LivyStatement | None:
        try:
            view = self.client.session(int(reference.session_id))
        except SessionLostError:
            return None
        if view.gone:
            return None
        session = self._session(view)
        row = self._context.journal.find(reference.tag)
        number = reference.statement_id or (row.statement if row else "")
        if number:
            found = self.client.statement(view.id, int(number))
            if found is None or reference.tag not in found.code:
                return None  # no longer held, or the number is another session's by now
        else:
            found = session.find_view(reference.tag)
            if found is None:
                return None
            if row:
                self._context.journal.update(row.tag, statement=str(found.id), state="running")
        full = StatementReference(
            reference.tag, reference.cluster_id, self.name, str(view.id), str(found.id)
        )
        language = row.language if row and row.language else "python"
        spool, created = (row.spool, row.created) if row else ("", None)
        return session.adopt(full, language, found, created, spool)

    def catalog(self, parent: CatalogNode | None = None) -> Sequence[CatalogNode]:
        session = self._newest()
        return Catalog(session).children(parent) if session else []

    def aside(self, sql: str, *, rows: int = -1, seconds: float = 20.0) -> Result:
        """Return the first rows of a statement that only reads, by this user's idle session.

        None is started for it. Raises SessionNotFoundError, and ServerBusyError where all of
        them run something: what a cell wrote goes first.
        """
        session = self._session(self._idle_view())
        statement = session.aside(sql, rows)
        return finished(statement, Deadline.after(seconds), session.where)

    def asking(self, told: Callable[[str], None]) -> SessionAsks | None:
        """Return the newest open session as stores ask it; none is opened for it."""
        session = self._newest()
        return SessionAsks(session, told) if session else None

    def complete(
        self,
        code: str,
        cursor: int,
        session: LivySession | None = None,
        language: str = "python",
    ) -> Sequence[Completion]:
        chosen = session or self._newest()
        return complete(self.client, chosen, code, cursor, language) if chosen else []

    def logs(self, session_id: str, size: int = 200) -> Sequence[str]:
        return self.client.log(int(session_id), size)

    def close(self) -> None:
        with self._lock:
            self._open.clear()
        self.client.http.close()

    # -- inside ---------------------------------------------------------------------------

    def _sweep_once(self) -> None:
        """Remove what others left behind, beside the caller, who has no time for it."""
        with self._lock:
            swept, self._swept = self._swept, True
        if not swept:
            threading.Thread(target=self._sweep, name="emr_nb-sweep", daemon=True).start()

    def _sweep(self) -> None:
        with contextlib.suppress(EmrError):
            living = {str(view.id) for view in self._sessions.list() if not view.gone}
            sweep(self._context, self._cancel_files.store, living)

    def _forget_earlier(self, name: str, current: str) -> None:
        """Drop the rows of dead sessions whose name a new one has."""
        cluster, journal = self._context.cluster.id, self._context.journal
        for row in journal.sessions(cluster):
            if (row.engine, row.name) == (self.name, name) and row.session != current:
                journal.forget_session(cluster, self.name, row.session)

    def _session(self, view: SessionView) -> LivySession:
        """Return the one object for a session: submits are serialised in it."""
        with self._lock:
            known = self._open.pop(view.id, None)
            if known is None or known.info.name != view.name:
                known = LivySession(
                    self.client,
                    self._context,
                    view,
                    cancel_files=self._cancel_files,
                    place=Place(self._last_seen(view)),
                    patience=self._patience(),
                )
            known.info = view.info()
            self._open[view.id] = known  # the newest is last
            return known

    def _newest(self) -> LivySession | None:
        with self._lock:
            return next((s for s in reversed(self._open.values()) if not s.ended), None)

    def _idle_view(self) -> SessionView:
        """Return the newest idle session that a kernel of this user began."""
        rows = self._context.journal.sessions(self._context.cluster.id)
        mine = {row.session for row in rows if row.engine == self.name}
        views = [v for v in self._sessions.list() if str(v.id) in mine and not v.gone]
        found = max((v for v in views if v.state == "idle"), key=lambda v: v.id, default=None)
        if found is not None:
            return found
        if not views:
            raise SessionNotFoundError(
                "Spark has no session of yours",
                where=self.client.where,
                advice="Run a Spark cell: its session is asked then. None is started for this.",
            )
        raise ServerBusyError(
            "Spark's session is at work",
            where=self.client.where,
            advice="Try again when its statement has ended.",
        )

    def _last_seen(self, view: SessionView) -> int:
        """Return the newest statement that the journal knows of in this session, else -1."""
        rows = self._context.journal.statements(
            cluster=self._context.cluster.id, session=str(view.id), limit=20
        )
        return max((int(r.statement) for r in rows if r.statement.isdigit()), default=-1)

    def _impersonates(self, properties: Mapping[str, str]) -> bool:
        key = "livy.impersonation.enabled"
        value = properties.get(key) or self._context.cluster.property("livy-conf", key)
        return value.lower() == "true"

    def _patience(self) -> Patience:
        key = "livy.server.session.timeout"
        value = self._service.properties.get(key) or self._context.cluster.property(
            "livy-conf", key
        )
        patience = Patience(look=min(Patience().look, self._context.settings.request_timeout))
        quarter = _seconds(value) / 4
        return replace(patience, alive_every=quarter) if quarter else patience


def _seconds(text: str) -> float:
    """Read Livy's way of times (`1h`, `500ms`); 0.0 for what is none."""
    digits = text.strip().lower().rstrip("abcdefghijklmnopqrstuvwxyz")
    unit = text.strip().lower()[len(digits) :] or "ms"
    try:
        return float(digits) * _UNITS.get(unit, 0.0)
    except ValueError:
        return 0.0


def _cancel_files(context: ClusterContext, store: FileSystem | None) -> CancelFiles:
    """Return where cancels of Python code are asked for: HDFS where the cluster has it."""
    if store is None:
        from emr_nb.engines.target_folder import hdfs_of

        store = hdfs_of(context)
    folder = FilePath("hdfs", "", f"/tmp/emr_nb-{context.user}") if store else None  # noqa: S108
    return CancelFiles(store, folder)


def _silent(event: Event) -> None:
    """Nobody listens."""
