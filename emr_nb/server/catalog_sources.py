"""How each engine's catalog is read: which levels it has, and what is asked of the engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from emr_nb.engines.asides import AnswersAsides
from emr_nb.engines.base import Engine, KeepsCatalog, abilities_of
from emr_nb.engines.sql.catalog import SqlCatalog
from emr_nb.engines.sql.lexicon import Lexicon, lexicon
from emr_nb.engines.sql.naming import plainly, qualified, written
from emr_nb.engines.sql.told_columns import ToldColumn, told_columns
from emr_nb.errors import ServiceNotInstalledError, StoreLacksError
from emr_nb.model import CatalogNode

if TYPE_CHECKING:
    from emr_nb.results.result import Result
    from emr_nb.server.backend import Connected

SPARK = "spark"
_LISTED = 20.0  # seconds that a list may take
_LISTED_COLD = 60.0  # … where the first one has a session make its way to the metastore
SHOWN = 60.0  # seconds that a table's first rows may take
FIRST_ROWS = 50
MOST_PARTITIONS = 20_000
_SERVICES = {"hive": "hive", "livy": SPARK, "trino": "trino", "presto": "presto"}
_MAGICS = {"hive": "%%hive", SPARK: "%%spark -l sql", "trino": "%%trino", "presto": "%%presto"}
_TITLES = {"hive": "Hive metastore", SPARK: "Spark", "trino": "Trino", "presto": "Presto"}
_WITH_CATALOGS = frozenset({"trino", "presto"})
_GLUE = "hive.metastore.client.factory.class"


@dataclass(frozen=True)
class Source:
    """One engine as a catalog; every method asks the engine."""

    name: str
    engine: Engine

    @cached_property
    def rules(self) -> Lexicon:
        return lexicon(abilities_of(self.engine).dialect or self.engine.name)

    @property
    def levels(self) -> list[str]:
        catalogs = ["catalog"] if self.rules.dialect in _WITH_CATALOGS else []
        return [*catalogs, "schema", "table", "column"]

    @property
    def patience(self) -> float:
        """Seconds that a list may take."""
        return _LISTED_COLD if self.name == SPARK else _LISTED

    @property
    def magic(self) -> str:
        return _MAGICS[self.name]

    def sql(self, names: Sequence[str]) -> str:
        """Return names as SQL takes them, for people to read: quoted where they must be."""
        return plainly(list(names), self.rules)

    def written(self, name: str) -> str:
        return written(name, self.rules)

    def node(self, names: Sequence[str]) -> CatalogNode | None:
        """Return the node of so many names; None for the root. Raises UsageError."""
        if not names:
            return None
        kind = self.levels[len(names) - 1]
        return CatalogNode(names[-1], kind, qualified(list(names), self.rules))

    def children(self, names: Sequence[str]) -> list[CatalogNode]:
        """List what is below a catalog, a schema or the root."""
        node = self.node(names)
        if self.name == SPARK:
            return self._by_statements.children(node)
        return list(self.engine.catalog(node))

    def columns(self, names: Sequence[str]) -> list[ToldColumn]:
        """List a table's columns."""
        result = self._aside(f"DESCRIBE {qualified(list(names), self.rules)}")
        told = told_columns(_rows(result), self.rules.dialect)
        # Hive's DESCRIBE tells the keys of partitions, but escapes names as Java does
        known = self.engine.catalog(self.node(names)) if self.name == "hive" else ()
        if len(known) != len(told):
            return [ToldColumn(node.name, node.type) for node in known] or told
        return [replace(column, name=node.name) for column, node in zip(told, known, strict=True)]

    def partitions(self, names: Sequence[str]) -> tuple[list[str], bool]:
        """List a table's partitions, and whether there are more than are listed."""
        if self.rules.dialect not in _WITH_CATALOGS:
            sql = f"SHOW PARTITIONS {qualified(list(names), self.rules)}"
            result = self._aside(sql, MOST_PARTITIONS)
            return [str(row[0]) for row in _rows(result)], result.truncated
        keys = [column.name for column in self.columns(names) if column.is_key]
        if not keys:
            return [], False
        whole = qualified([*names[:-1], f"{names[-1]}$partitions"], self.rules)
        wanted = ", ".join(qualified([key], self.rules) for key in keys)
        sql = f"SELECT {wanted} FROM {whole} ORDER BY {wanted} LIMIT {MOST_PARTITIONS + 1}"
        result = self._aside(sql, MOST_PARTITIONS)
        made = [
            "/".join(f"{key}={value}" for key, value in zip(keys, row, strict=True))
            for row in _rows(result)
        ]
        return made, result.truncated

    def first_rows(self, names: Sequence[str]) -> tuple[str, Result]:
        """Return the statement that shows a table's first rows, and them."""
        sql = f"SELECT * FROM {qualified(list(names), self.rules)} LIMIT {FIRST_ROWS + 1}"
        return sql, self._aside(sql, FIRST_ROWS, SHOWN)

    def forget(self) -> None:
        """Let the engine ask for what it keeps anew."""
        if isinstance(self.engine, KeepsCatalog):
            self.engine.forget_catalog()

    # -- inside ---------------------------------------------------------------------------

    @cached_property
    def _by_statements(self) -> SqlCatalog:
        return SqlCatalog(self.rules.dialect, lambda sql: _rows(self._aside(sql)), fresh=0.0)

    def _aside(self, sql: str, rows: int = -1, seconds: float = 0.0) -> Result:
        if not isinstance(self.engine, AnswersAsides):
            raise StoreLacksError(
                f"The engine {self.engine.name} takes no statements beside those of cells",
                advice="Ask it from a cell.",
            )
        return self.engine.aside(sql, rows=rows, seconds=seconds or self.patience)


def names_of(connected: Connected) -> list[str]:
    """Return the names of the sources that a cluster has; two at one address are one."""
    there = {service.name: service.endpoints[:1] for service in connected.services}
    found: list[str] = []
    seen: set[tuple[str, int]] = set()
    for service, source in _SERVICES.items():
        at = [(e.host, e.port) for e in there.get(service, ())]
        if service in there and not seen.intersection(at):
            found.append(source)
        seen.update(at)
    return found


def title_of(connected: Connected, name: str) -> str:
    """Return what a source is called; Hive's metastore may be AWS Glue."""
    glue = "Glue" in connected.info.property("hive-site", _GLUE)
    return "AWS Glue (by Hive)" if name == "hive" and glue else _TITLES[name]


def source_of(connected: Connected, name: str) -> Source:
    """Return a source; raises ServiceNotInstalledError."""
    if name not in names_of(connected):
        raise ServiceNotInstalledError(
            f"{connected.name} has no catalog of that name", where=connected.info.id
        )
    return Source(name, connected.engine(name))


def _rows(result: Result) -> list[tuple[Any, ...]]:
    return list(zip(*(c.to_pylist() for c in result.table.columns), strict=True))
