"""Local frames for a session of Presto or Trino: tables and views of a Hive catalog."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from emr_nb.engines.frames import Frames
from emr_nb.engines.presto.catalog import quoted
from emr_nb.engines.sql.lexicon import Lexicon, lexicon
from emr_nb.engines.sql.literals import quoted as literal
from emr_nb.errors import EmrError, UsageError
from emr_nb.model import FilePath
from emr_nb.results.outgoing import Outgoing
from emr_nb.results.outgoing_sql import SqlWay, expression

if TYPE_CHECKING:
    from emr_nb.engines.presto.session import PrestoSession

_SECONDS = 600.0  # a large frame becomes a table
_CATALOGS = "SELECT catalog_name FROM system.metadata.catalogs WHERE connector_name = 'hive'"


class PrestoFrames(Frames):
    """The frames of one session; its server must have a catalog of the connector `hive`."""

    rules: ClassVar[Lexicon] = lexicon("trino")

    def __init__(self, session: PrestoSession, engine: str) -> None:
        # the metastore looks at folders as its own user, whoever asks it
        super().__init__(session.context, engine, {"hive", "trino", "presto"})
        self.title = engine.capitalize()
        self._session = session

    def run(self, sql: str) -> None:
        self._session.asker.rows(sql, self._session.state, _SECONDS)

    def schema_name(self, name: str) -> str:
        return f"{quoted(self._catalog())}.{quoted(name)}"

    def make_schema(self, schema: str, folder: FilePath) -> str:
        return f"CREATE SCHEMA {schema} WITH (location = {self._literal(folder)})"

    def make_table(self, table: str, columns: Sequence[tuple[str, str]], folder: FilePath) -> str:
        listed = ", ".join(f"{name} {kind}" for name, kind in columns)
        return (
            f"CREATE TABLE {table} ({listed}) WITH (format = 'PARQUET', "
            f"external_location = {self._literal(folder)})"
        )

    def expression(self, way: SqlWay, column: str) -> str:
        return expression(way, column)

    def copy(self, table: str, source: str) -> str:
        return f"CREATE TABLE {table} AS SELECT * FROM {source}"

    def column_name(self, frame: Outgoing, name: str) -> str:
        if not name:
            raise UsageError(
                f"{frame.name}: a column has no name",
                advice="Nothing was sent. Give it one.",
            )
        return name

    def _literal(self, folder: FilePath) -> str:
        return literal(str(folder), "path", self.rules)

    def _catalog(self) -> str:
        """Return the Hive catalog: the session's own, or `hive`, or the first there is."""
        session = self._session
        try:
            found = [str(row[0]) for row in session.asker.rows(_CATALOGS, session.state)]
        except EmrError:  # an older server does not tell its catalogs' connectors
            rows = session.asker.rows("SHOW CATALOGS", session.state)
            found = [str(row[0]) for row in rows if row[0] == "hive"]
        if not found:
            raise UsageError(
                f"{session.client.where} has no catalog of the connector hive: there is no place "
                "for files that both it and this notebook reach",
                advice="Bind single values by {{name}}, or ask for a Hive catalog on the cluster.",
            )
        mine = [name for name in (session.state.catalog, "hive") if name in found]
        return mine[0] if mine else found[0]
