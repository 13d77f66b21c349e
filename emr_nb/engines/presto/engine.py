"""The engines `trino` and `presto`: one client, in whichever dialect the server speaks."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from emr_nb.engines.asked import place_of
from emr_nb.engines.base import Abilities
from emr_nb.engines.presto.asking import Asker
from emr_nb.engines.presto.catalog import Catalog
from emr_nb.engines.presto.client import PRESTO, TRINO, PrestoClient, Spoken
from emr_nb.engines.presto.completion import complete
from emr_nb.engines.presto.frame_types import way
from emr_nb.engines.presto.pace import Patience
from emr_nb.engines.presto.result import only_reads
from emr_nb.engines.presto.session import ROWS_READ, Place, PrestoSession
from emr_nb.engines.presto.state import ClientState
from emr_nb.engines.presto.statement import PrestoStatement
from emr_nb.engines.presto.warming import Warming
from emr_nb.errors import SessionNotFoundError, UsageError
from emr_nb.journal import SessionRow, owner_is_gone
from emr_nb.model import (
    CatalogNode,
    Completion,
    Event,
    SessionInfo,
    SessionOptions,
    StatementReference,
)
from emr_nb.transport.base import Deadline

if TYPE_CHECKING:
    from emr_nb.context import ClusterContext
    from emr_nb.engines.base import Session
    from emr_nb.results.result import Result

# Of the spooled protocol, which a server must be set up for. None by default: a million rows of
# the local cluster took as long or longer that way. With many workers it is the faster way.
ENCODINGS = ""
_FIRST = {"trino": TRINO, "presto": PRESTO}


class TrinoEngineFactory:
    """Makes the engine of a cluster; raises ServiceNotInstalledError where it has no Trino."""

    def __call__(self, context: ClusterContext) -> PrestoEngine:
        return PrestoEngine(context, "trino")


class PrestoEngineFactory:
    """Makes the engine of a cluster; raises ServiceNotInstalledError where it has no Presto."""

    def __call__(self, context: ClusterContext) -> PrestoEngine:
        return PrestoEngine(context, "presto")


class PrestoEngine:
    """Presto or Trino; may be used from several threads.

    The server keeps no sessions: they are this object's, and end with it. Which of the two
    dialects it speaks is found out at the first session.
    """

    abilities = Abilities(writes_targets=True, way=way)

    def __init__(
        self, context: ClusterContext, name: str, patience: Patience | None = None
    ) -> None:
        self.name = name
        self._context = context
        service = context.service(name)
        self._dialect = service.properties.get("dialect") or name
        look = context.settings.request_timeout
        self.patience = patience or Patience(look=min(Patience().look, look))
        self.client = PrestoClient(context.route.http(service.endpoints[0]), name.capitalize())
        self._lock = threading.Lock()
        self._spoken: Spoken | None = None
        self._open: dict[str, PrestoSession] = {}
        self._catalog: Catalog | None = None
        self._warming: Warming | None = None
        self._swept = False

    # -- the protocol ---------------------------------------------------------------------

    def sessions(self) -> Sequence[SessionInfo]:
        with self._lock:
            return [session.info for session in self._open.values()]

    def open(
        self,
        options: SessionOptions,
        notify: Callable[[Event], None] | None = None,  # noqa: ARG002 -- nothing has to start
    ) -> PrestoSession:
        """Find the session by name, or make it.

        Of `conf` are taken `catalog`, `schema`, `path`, `time_zone`, `encodings` (of the spooled
        protocol, `json+zstd,json+lz4,json` say), `properties` and `roles` (mappings). Raises
        SessionNotFoundError, UsageError, AuthenticationError.
        """
        with self._lock:
            known = self._open.get(options.name)
        if known is not None and not options.fresh and known.info.state != "closed":
            return known
        if not options.create:
            raise SessionNotFoundError(
                f"There is no session {options.name!r}",
                where=self.client.where,
                advice="Nothing was started. `%emr sessions` lists what is there.",
            )
        state = _state_of(options.conf, self._context.user)
        earlier = None if options.fresh else self._number_of(options.name)
        number = earlier or f"{self.name}-{secrets.token_hex(4)}"
        session = PrestoSession(self._context, self._place(state), state, options.name, number)
        with self._lock:
            self._open[options.name] = session
            swept, self._swept = self._swept, True
        if not swept:
            session.frames.sweep_beside(self.recover)
        row = SessionRow(self._context.cluster.id, self.name, options.name, number)
        self._context.journal.remember_session(row, new=earlier is None)
        return session

    def recover(self, reference: StatementReference) -> PrestoStatement | None:
        row = self._context.journal.find(reference.tag)
        if row is None or not (place := place_of(row)) or not row.statement:
            return None  # its address is nowhere but in our own notes
        if reference.statement_id not in ("", row.statement):
            return None
        reads = only_reads(row.text or "?")
        if reads and (place.startswith(ROWS_READ) or self._is_gone(row.statement)):
            return None  # its first rows are gone with the kernel that read them, or all of it
        with self._lock:
            known = (s for s in self._open.values() if s.info.id == reference.session_id)
            session = next(known, None)
        state = ClientState(self._context.user)
        made = self._place(state)
        if session is None:
            session = PrestoSession(self._context, made, state, "", reference.session_id)
        found = session.adopt(reference, row)
        if row.spool and owner_is_gone(
            row
        ):  # a `--to` of a kernel that is gone: nobody puts its files in place
            found.cancel()
            return None
        self._warmed().keep(row, state, made.spoken.prefix)
        return found

    def catalog(self, parent: CatalogNode | None = None) -> Sequence[CatalogNode]:
        return self.catalogs().children(parent)

    def catalogs(self) -> Catalog:
        """Return the catalogs with the age of what is known of them; `forget` refreshes."""
        state = ClientState(self._context.user)
        place = self._place(state)
        with self._lock:
            if self._catalog is None:
                asker = Asker(place.client, place.spoken, place.patience)
                self._catalog = Catalog(asker, state)
            return self._catalog

    def forget_catalog(self) -> None:
        """Ask for what is in the catalogs anew from now on."""
        with self._lock:
            known = self._catalog
        if known is not None:
            known.forget()

    def aside(self, sql: str, *, rows: int = -1, seconds: float = 20.0) -> Result:
        """Return the first rows of a statement that only reads, beside every session."""
        state = ClientState(self._context.user)
        place = self._place(state)
        asker = Asker(place.client, place.spoken, place.patience)
        return asker.result(sql, state, rows, seconds)

    def complete(
        self,
        code: str,
        cursor: int,
        session: Session | None = None,
        language: str = "sql",  # noqa: ARG002 -- it has no other
    ) -> Sequence[Completion]:
        with self._lock:
            known = session or next(reversed(self._open.values()), None)
        state = known.state if isinstance(known, PrestoSession) else ClientState("")
        return complete(self.catalogs(), state, code, cursor)

    def logs(self, session_id: str, size: int = 200) -> Sequence[str]:
        """Return a session's state, a line each: its server keeps no log of it."""
        return next((s.log[:size] for s in self.sessions() if s.id == session_id), ())

    def close(self) -> None:
        with self._lock:
            left, warming = list(self._open.values()), self._warming
            self._open.clear()
        if warming is not None:
            warming.close()
        for session in left:
            session.frames.close()
        self.client.http.close()

    # -- inside ---------------------------------------------------------------------------

    def _number_of(self, name: str) -> str | None:
        """Return what a kernel that is gone called its session of this name: we go on with it."""
        rows = self._context.journal.sessions(self._context.cluster.id)
        mine = (r for r in rows if (r.engine, r.name) == (self.name, name) and owner_is_gone(r))
        return next((row.session for row in mine), None)

    def _warmed(self) -> Warming:
        with self._lock:
            if self._warming is None:
                context = self._context
                seconds = context.settings.keep_alive
                every = self.patience.touch_every
                self._warming = Warming(self.client, context.journal, every, seconds)
            return self._warming

    def _is_gone(self, query: str) -> bool:
        """Tell whether the server has surely given up a query; raises TransportError."""
        state = ClientState(self._context.user)
        prefix = self._place(state).spoken.prefix
        told = self.client.query(query, state, prefix, Deadline.after(self.patience.look))
        error = (told or {}).get("errorCode") or {}
        return told is None or error.get("name") == "ABANDONED_QUERY"

    def _place(self, state: ClientState) -> Place:
        with self._lock:
            spoken = self._spoken
        if spoken is None:
            first = _FIRST.get(self._dialect, TRINO)
            spoken = self.client.probe(state, first, Deadline.after(self.patience.look))
            with self._lock:
                self._spoken = spoken
        return Place(self.client, spoken, self.patience, self.name, self.catalogs)


def _state_of(conf: Mapping[str, Any], user: str) -> ClientState:
    known = {"catalog", "schema", "path", "time_zone", "encodings"}
    tables = {"properties", "roles"}
    if unknown := set(conf) - known - tables:
        raise UsageError(
            f"A session of Presto or Trino has no option {', '.join(sorted(unknown))}",
            advice=f"It has {', '.join(sorted(known | tables))}.",
        )
    texts = {"encodings": ENCODINGS} | {name: str(conf[name]) for name in known & set(conf)}
    maps = {n: {str(k): str(v) for k, v in conf[n].items()} for n in tables & set(conf)}
    return ClientState(user, **texts, **maps)  # type: ignore[arg-type]  # names are its own
