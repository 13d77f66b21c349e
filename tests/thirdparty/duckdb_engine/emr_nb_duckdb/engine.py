"""The engine and its sessions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from emr_nb.engines.base import Abilities
from emr_nb.engines.inputs import LocalInput, Staged
from emr_nb.errors import SessionLostError, SessionNotFoundError, UsageError
from emr_nb.journal import SessionRow, StatementRow
from emr_nb.model import (
    CatalogNode,
    Completion,
    Event,
    Request,
    SessionInfo,
    SessionOptions,
    StatementReference,
)
from emr_nb_duckdb.database import Database, Seat
from emr_nb_duckdb.statement import DuckStatement

if TYPE_CHECKING:
    from emr_nb.context import ClusterContext
    from emr_nb.engines.base import Session, Statement
    from emr_nb.results.plan import TransferPlan


def make_engine(context: ClusterContext) -> DuckEngine:
    """Make the engine of a cluster, over a database of its own."""
    return DuckEngine(context, Database())


class DuckEngine:
    """DuckDB; may be used from several threads."""

    name = "duckdb"
    abilities = Abilities(
        dialect="duckdb", cannot={"catalog": "a database of DuckDB here has one catalog"}
    )

    def __init__(self, context: Any, database: Database) -> None:
        self.journal = context.journal
        self.cluster_id = context.cluster.id
        self.database = database

    def sessions(self) -> Sequence[SessionInfo]:
        return [seat.info for seat in self.database.seats()]

    def open(
        self, options: SessionOptions, notify: Callable[[Event], None] | None = None
    ) -> DuckSession:
        del notify
        seat = None if options.fresh else self.database.find(options.name)
        if seat is None:
            if not options.create:
                raise SessionNotFoundError(
                    f"No session is called {options.name!r}", advice="--new starts it."
                )
            seat = self.database.begin(options.name)
        row = SessionRow(self.cluster_id, self.name, options.name, seat.info.id)
        self.journal.remember_session(row)
        return DuckSession(self, seat)

    def recover(self, reference: StatementReference) -> Statement | None:
        return self.database.statements.get(reference.tag)

    def catalog(self, parent: CatalogNode | None = None) -> Sequence[CatalogNode]:
        if parent is None:
            rows = self.database.rows(
                "select distinct schema_name from duckdb_schemas() where not internal"
                " union select 'main' order by 1"
            )
            return [CatalogNode(name, "schema", quoted(name)) for (name,) in rows]
        if parent.kind == "schema":
            return self._tables(parent)
        if parent.kind in ("table", "view"):
            rows = self.database.rows(f"describe {parent.qualified}")
            return [
                CatalogNode(name, "column", f"{parent.qualified}.{quoted(name)}", kind)
                for name, kind, *_ in rows
            ]
        return []

    def _tables(self, schema: CatalogNode) -> list[CatalogNode]:
        rows = self.database.rows(
            "select table_name, table_type from information_schema.tables"
            " where table_schema = ? order by 1",
            schema.name,
        )
        return [
            CatalogNode(
                name,
                "view" if kind == "VIEW" else "table",
                f"{schema.qualified}.{quoted(name)}",
            )
            for name, kind in rows
        ]

    def complete(
        self,
        code: str,
        cursor: int,
        session: Session | None = None,
        language: str = "python",
    ) -> Sequence[Completion]:
        del code, cursor, session, language
        return ()

    def logs(self, session_id: str, size: int = 200) -> Sequence[str]:
        del session_id
        return self.database.executed[-size:]

    def close(self) -> None:
        """Nothing is held but the database, whose maker closes it."""


class DuckSession:
    """One session of the database."""

    def __init__(self, engine: DuckEngine, seat: Seat) -> None:
        self.info = seat.info
        self._engine = engine
        self._seat = seat

    def submit(self, request: Request, plan: TransferPlan) -> DuckStatement:
        self._check()
        engine = self._engine
        engine.journal.begin(
            StatementRow(
                *(request.tag, engine.cluster_id, engine.name, self.info.id),
                language=request.language,
                notebook=request.notebook,
                cell=request.cell_id,
                text=request.code,
                line=request.line,
            )
        )
        made = DuckStatement(
            *(engine.database, self._seat, request, plan, engine.journal, engine.cluster_id)
        )
        engine.database.statements[request.tag] = made
        engine.journal.update(request.tag, statement=made.reference.statement_id)
        return made

    def stage(
        self,
        inputs: Sequence[LocalInput],
        *,
        language: str,
        notify: Callable[[Event], None] | None = None,
    ) -> Staged:
        """Send frames as temporary tables."""
        del language, notify
        import pyarrow as pa

        for item in inputs:
            if item.frame is None:
                raise UsageError(f"{item.name} is no frame", advice=f"Write {{{{{item.name}}}}}.")
        with self._seat.turn:
            for item in inputs:
                value = item.value
                table = pa.table(value) if hasattr(value, "__arrow_c_stream__") else value
                self._seat.connection.register("_incoming", table)
                self._seat.connection.execute(
                    f"create or replace temp table {quoted(item.name)} as from _incoming"
                )
                self._seat.connection.unregister("_incoming")
        return Staged()

    def refresh(self) -> SessionInfo:
        self._check()
        return self.info

    def touch(self) -> float:
        self._check()
        return 3600.0

    def close(self) -> None:
        self._engine.database.end(self._seat)

    def _check(self) -> None:
        if self._seat.closed:
            raise SessionLostError(f"Session {self.info.name} has ended", forgotten=True)


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
