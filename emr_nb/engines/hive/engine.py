"""The engine `hive`: Hive on a cluster, reached through HiveServer2's Thrift protocol."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from emr_nb.engines.asides import finished
from emr_nb.engines.base import Abilities
from emr_nb.engines.catalogs import KeptCatalog
from emr_nb.engines.hive import service
from emr_nb.engines.hive.catalog import Catalog
from emr_nb.engines.hive.client import HiveClient
from emr_nb.engines.hive.frame_types import way
from emr_nb.engines.hive.memory import SessionMemory
from emr_nb.engines.hive.pace import Patience
from emr_nb.engines.hive.service import Handle
from emr_nb.engines.hive.session import HiveSession
from emr_nb.engines.hive.statement import HiveStatement
from emr_nb.engines.hive.watching import ask_once
from emr_nb.engines.hive.wire import Login
from emr_nb.engines.sql.completing import complete
from emr_nb.engines.sql.lexicon import lexicon
from emr_nb.errors import (
    AuthenticationError,
    SessionLostError,
    SessionNotFoundError,
    SessionStartError,
)
from emr_nb.journal import SessionRow, StatementRow, owner_is_gone
from emr_nb.model import (
    CatalogNode,
    Completion,
    Event,
    Log,
    Progress,
    Service,
    SessionInfo,
    SessionOptions,
    StatementReference,
)
from emr_nb.transport.base import Deadline

if TYPE_CHECKING:
    from emr_nb.context import ClusterContext
    from emr_nb.engines.base import Session
    from emr_nb.results.result import Result

Notify = Callable[[Event], None]

_PREFIXES = ("hive.", "mapreduce.", "mapred.", "tez.", "yarn.", "dfs.", "fs.", "parquet.", "orc.")
_OPENED_WITH = {
    # so that a notebook that is gone, or asleep, loses neither its session nor a statement
    "set:hiveconf:hive.server2.close.session.on.disconnect": "false",
    # a column is called `a`, as on every other engine, and not `t.a`
    "set:hiveconf:hive.resultset.use.unique.column.names": "false",
}
_RECOVER_SECONDS = 20.0
_RULES = lexicon("hive")


class HiveEngineFactory:
    """Makes the engine of a cluster; raises ServiceNotInstalledError where it has no Hive."""

    def __call__(self, context: ClusterContext) -> HiveEngine:
        return HiveEngine(context)


class HiveEngine:
    """Hive by HiveServer2; may be used from several threads.

    HiveServer2 lists no sessions and gives them no names: the journal has both.
    """

    name = "hive"
    abilities = Abilities(
        writes_targets=True,
        cannot={"catalog": "Hive has one catalog; -d names a database"},
        way=way,
    )

    def __init__(self, context: ClusterContext, patience: Patience | None = None) -> None:
        self._context = context
        hive = context.service("hive")
        self._login = login_of(context.user, hive)
        timeout = max(30.0, context.settings.request_timeout)
        self.client = HiveClient(context.route, hive, self._login, timeout, patience)
        self._lock = threading.Lock()
        self._open: dict[str, HiveSession] = {}
        self._memories: dict[str, SessionMemory] = {}
        self.catalogs = KeptCatalog(lambda parent, _: Catalog(self._newest()).children(parent))
        self._swept = False

    # -- the protocol ---------------------------------------------------------------------

    def sessions(self) -> Sequence[SessionInfo]:
        """List the sessions that the journal knows and the server still has."""
        return [s.info for row in self._rows() if (s := self._living(row)) is not None]

    def open(self, options: SessionOptions, notify: Notify | None = None) -> HiveSession:
        """Find or create the session; one that was lost gets its SET and USE again."""
        rows = [row for row in self._rows() if row.name == options.name]
        for row in rows:
            found = self._living(row)
            if found is not None and not options.fresh:
                self._context.journal.remember_session(row)
                self._sweep_once(found)
                return found
            if found is not None:
                found.close()
            self._forget(row)
        if not options.create:
            raise SessionNotFoundError(
                f"No session is named {options.name!r}; nothing was started",
                where=self.client.where,
                advice="`%emr sessions` lists them; `--new` starts one.",
            )
        if options.fresh:
            self._memories.pop(options.name, None)
        made = self._create(options, notify or _silent)
        self._sweep_once(made)
        return made

    def recover(self, reference: StatementReference) -> HiveStatement | None:
        handle = Handle.parse(reference.session_id)
        row = self._context.journal.find(reference.tag)
        operation = Handle.parse(reference.statement_id or (row.statement if row else ""))
        if handle is None or operation is None:
            if row and row.state == "sent":  # or not: the server cannot be asked by our tag
                unknown = "nobody can tell whether it ran: its reply never came"
                self._context.journal.update(row.tag, state="unknown", error=unknown)
            return None
        if row is not None and row.spool and owner_is_gone(row):
            self._give_up(row, handle, operation)
            return None
        look = ask_once(self.client, operation, Deadline.after(_RECOVER_SECONDS))
        if look.status.failed:
            return None
        full = StatementReference(
            *(reference.tag, reference.cluster_id, self.name),
            *(reference.session_id, operation.spelled),
        )
        session = self._adopted(handle, reference.session_id)
        return session.adopt(full, operation, row, ended=look.state.ended)

    def catalog(self, parent: CatalogNode | None = None) -> Sequence[CatalogNode]:
        return self.catalogs.children(parent)

    def forget_catalog(self) -> None:
        """Ask for what is in the catalog anew from now on."""
        self.catalogs.forget()

    def aside(self, sql: str, *, rows: int = -1, seconds: float = 20.0) -> Result:
        """Return the first rows of a statement that only reads, by a session of its own."""
        deadline = Deadline.after(seconds)
        session = self.open(SessionOptions(self._catalog_session))
        return finished(session.aside(sql, rows), deadline, session.where)

    def complete(
        self,
        code: str,
        cursor: int,
        session: Session | None = None,
        language: str = "sql",  # noqa: ARG002 -- it has no other
    ) -> Sequence[Completion]:
        """Complete a cell by keywords and the catalog; raises what the catalog raises."""
        with self._lock:
            known = session or next(reversed(self._open.values()), None)
        here = known.database if isinstance(known, HiveSession) else "default"
        return complete(code, cursor, _RULES, self.catalogs.children, (here,))

    def logs(self, session_id: str, size: int = 200) -> Sequence[str]:
        """Return the last lines of its statements' logs, as far as they came by here."""
        with self._lock:
            session = self._open.get(session_id)
        return list(session.lines)[-size:] if session else []

    def close(self) -> None:
        with self._lock:
            left = list(self._open.values())
            self._open.clear()
        for session in left:
            session.frames.close()
        self.client.close()

    # -- inside ---------------------------------------------------------------------------

    def _sweep_once(self, session: HiveSession) -> None:
        """Remove what kernels that are gone left behind, beside the caller."""
        with self._lock:
            swept, self._swept = self._swept, True
        if not swept:
            session.frames.sweep_beside(self.recover)

    def _give_up(self, row: StatementRow, session: Handle, operation: Handle) -> None:
        """End a `--to` of a kernel that is gone: nobody is left to put its files in place."""
        reference = StatementReference(
            *(row.tag, row.cluster, self.name, session.session_id, operation.spelled)
        )
        self._adopted(session, session.session_id).adopt(reference, operation, None).cancel()
        why = "its kernel ended before its files were put in place"
        self._context.journal.update(row.tag, state="cancelled", error=why)

    def _newest(self) -> HiveSession:
        """Return the session that was opened last, or one for the catalog."""
        with self._lock:
            found = next(reversed(self._open.values()), None)
        return found or self.open(SessionOptions(self._catalog_session))

    @property
    def _catalog_session(self) -> str:
        return f"emr_nb/{self._context.user}/catalog"

    def _rows(self) -> list[SessionRow]:
        rows = self._context.journal.sessions(self._context.cluster.id)
        return [row for row in rows if row.engine == self.name]

    def _living(self, row: SessionRow) -> HiveSession | None:
        """Return the session of a row, or None where the server has forgotten it."""
        handle = Handle.parse(row.session)
        if handle is None:
            return None
        session = self._adopted(handle, row.session, row.name)
        try:
            session.ping()
        except SessionLostError:
            return None
        return session

    def _adopted(self, handle: Handle, session_id: str, name: str = "") -> HiveSession:
        with self._lock:
            known = self._open.get(session_id)
            if known is None:
                name = name or next((r.name for r in self._rows() if r.session == session_id), "")
                info = self._info(session_id, name)
                memory = self._memories.setdefault(name or session_id, SessionMemory())
                known = HiveSession(
                    self.client,
                    self._context,
                    info,
                    handle,
                    memory,
                    catalog=self.catalogs,
                    adopted=True,
                )
                self._open[session_id] = known
            return known

    def _create(self, options: SessionOptions, notify: Notify) -> HiveSession:
        notify(Progress("starting", 0.0, detail="HiveServer2"))
        configuration = {**_OPENED_WITH, **_configuration(options.conf)}
        fields = service.open_session(self._login.user, self._login.secret(), configuration)
        deadline = Deadline.after(options.start_timeout)
        reply = self.client.call("OpenSession", fields, deadline)
        if reply.status.failed:
            raise SessionStartError(
                f"HiveServer2 opened no session: {reply.status.message.splitlines()[0]}",
                where=self.client.where,
                advice="`%emr logs` and HiveServer2's own log tell more.",
            )
        handle = Handle.read(reply.body[3])
        memory = self._memories.setdefault(options.name, SessionMemory())
        session = HiveSession(
            self.client,
            self._context,
            self._info(handle.session_id, options.name),
            handle,
            memory,
            catalog=self.catalogs,
            version=int(reply.body.get(2) or 0),
        )
        with self._lock:
            self._open[handle.session_id] = session
        row = SessionRow(self._context.cluster.id, self.name, options.name, handle.session_id)
        self._context.journal.remember_session(row, new=True)
        self._again(session, memory, notify)
        return session

    def _again(self, session: HiveSession, memory: SessionMemory, notify: Notify) -> None:
        """Tell a new session what the lost one of its name had been told, and say so."""
        memory.lost()
        done, refused = session.again()
        if done:
            notify(Log((f"A new session: {'; '.join(done)} applied again.",), "stderr"))
        if refused:
            notify(Log((f"The new session did not take: {'; '.join(refused)}.",), "stderr"))
        if memory.gone:
            names = ", ".join(sorted(memory.gone.values()))
            notify(Log((f"Lost with the earlier session: {names}.",), "stderr"))

    def _forget(self, row: SessionRow) -> None:
        with self._lock:
            self._open.pop(row.session, None)
        self._context.journal.forget_session(row.cluster, row.engine, row.session)

    def _info(self, session_id: str, name: str) -> SessionInfo:
        handle = Handle.parse(session_id)
        return SessionInfo(
            *(session_id, name, self.name, "open", self._login.user),
            language="sql",
            short=handle.shown if handle else "",
        )


def login_of(user: str, hive: Service) -> Login:
    """Return how to say who we are; raises AuthenticationError where we cannot.

    A password comes from `EMR_NB_HIVE_PASSWORD`, read at each connect.
    """
    method = hive.properties.get("hive.server2.authentication", "NONE").upper()
    if method == "KERBEROS":
        raise AuthenticationError(
            "HiveServer2 wants Kerberos, which is not spoken here yet",
            where=hive.name,
            advice="Use an endpoint with LDAP, PAM or no authentication.",
        )
    mechanism = "NOSASL" if method == "NOSASL" else "PLAIN"
    # PLAIN takes no empty password, and without authentication nobody looks at it
    return Login(user, mechanism, lambda: os.environ.get("EMR_NB_HIVE_PASSWORD") or "none")


def _configuration(conf: Mapping[str, object]) -> dict[str, str]:
    """Return a session's own settings; what is meant for Spark's sessions is not Hive's."""
    chosen = {key: value for key, value in conf.items() if key.startswith(_PREFIXES)}
    return {f"set:hiveconf:{key}": _spelled(value) for key, value in chosen.items()}


def _spelled(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _silent(event: Event) -> None:
    """Nobody listens."""
