"""Local frames for a session of Presto or Trino: tables and views of a Hive catalog."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from emr_nb.engines.frames import Frames
from emr_nb.engines.inputs import LocalInput
from emr_nb.engines.presto.catalog import quoted
from emr_nb.engines.sql.lexicon import Lexicon, lexicon
from emr_nb.engines.sql.literals import identifier
from emr_nb.engines.sql.literals import quoted as literal
from emr_nb.engines.sql.naming import qualified
from emr_nb.errors import StatementError, UsageError
from emr_nb.model import FilePath
from emr_nb.results.outgoing import Outgoing
from emr_nb.results.outgoing_sql import SqlWay, expression

if TYPE_CHECKING:
    from emr_nb.engines.presto.session import PrestoSession

_SECONDS = 600.0  # a large frame becomes a table
_BRIEF_SECONDS = 15.0  # at the end of a session, perhaps with the server gone
_PRECISIONS = {3: "MILLISECONDS", 6: "MICROSECONDS", 9: "NANOSECONDS"}
_TIMESTAMP = re.compile(r"timestamp\((\d)\)")
_NOT_IN_HIVE = re.compile(r"timestamp\(\d\) with time zone|\btime\(\d\)|interval \w+ to \w+")
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

    def run_briefly(self, sql: str) -> None:
        self._session.asker.rows(sql, self._session.state, _BRIEF_SECONDS)

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

    def copy(self, parts: Sequence[str], view: str, item: LocalInput) -> None:
        table, state = qualified(list(parts), self.rules), self._session.state
        catalog = parts[0] if len(parts) == 3 else state.catalog
        selected = "*"
        if catalog in self._catalogs():
            selected, digits = _for_hive(item)
            if digits:  # all of a table's timestamps have one precision, which the session says
                key = f"{catalog}.timestamp_precision"
                state = replace(state, properties={**state.properties, key: _PRECISIONS[digits]})
        sql = f"CREATE TABLE {table} AS SELECT {selected} FROM {view}"
        self._session.asker.rows(sql, state, _SECONDS)

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
        session, found = self._session, self._catalogs()
        if not found:
            raise UsageError(
                f"{session.client.where} has no catalog of the connector hive: there is no place "
                "for files that both it and this notebook reach",
                advice="Bind single values by {{name}}, or ask for a Hive catalog on the cluster.",
            )
        mine = [name for name in (session.state.catalog, "hive") if name in found]
        return mine[0] if mine else found[0]

    def _catalogs(self) -> list[str]:
        """Return the names of the catalogs of the connector `hive`."""
        session = self._session
        try:
            return [str(row[0]) for row in session.asker.rows(_CATALOGS, session.state)]
        except StatementError:  # an older server does not tell its catalogs' connectors
            rows = session.asker.rows("SHOW CATALOGS", session.state)
            return [str(row[0]) for row in rows if row[0] == "hive"]


def _for_hive(item: LocalInput) -> tuple[str, int]:
    """Return the columns for a table of a Hive catalog, and their timestamps' digits (0: none).

    Raises UsageError for a type that it has not.
    """
    frame = item.frame
    assert frame is not None
    kinds = [str(column.way.final) for column in frame.columns]
    for column, kind in zip(frame.columns, kinds, strict=True):
        if found := _NOT_IN_HIVE.search(kind):
            raise UsageError(
                f"{item.name}: column {column.name!r} ({column.local}) would be {found[0]}, which "
                "a table of a Hive catalog cannot hold",
                advice="No table was made. Cast the column, or leave --table out.",
            )
    digits = max((int(d) for kind in kinds for d in _TIMESTAMP.findall(kind)), default=0)
    if not any("timestamp" in kind for kind in kinds):
        return "*", 0
    digits = max(digits, min(_PRECISIONS))
    one = f"timestamp({digits})"
    made = (
        f"CAST({(name := _name(column.name))} AS {_TIMESTAMP.sub(one, kind)}) AS {name}"
        for column, kind in zip(frame.columns, kinds, strict=True)
    )
    return ", ".join(made), digits


def _name(name: str) -> str:
    return identifier(name, "name", PrestoFrames.rules)
