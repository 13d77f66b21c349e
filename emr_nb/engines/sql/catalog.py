"""A catalog read by small SQL statements, for engines that have no better way; kept for a while.

Trino and Presto have catalogs, then schemas; Hive and Spark begin with schemas.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from emr_nb.engines.sql.lexicon import lexicon
from emr_nb.engines.sql.literals import identifier
from emr_nb.model import CatalogNode

Rows = Sequence[Sequence[Any]]
FRESH = 60.0  # seconds that an answer is used without asking again
_WITH_CATALOGS = frozenset({"trino", "presto"})


class SqlCatalog:
    """The catalog of one engine; may be asked from several threads.

    `ask` runs one statement and returns its rows. `refresh` forgets what was answered.
    """

    def __init__(
        self,
        dialect: str,
        ask: Callable[[str], Rows],
        *,
        fresh: float = FRESH,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rules = lexicon(dialect)
        self._ask = ask
        self._fresh = fresh
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[float, Rows]] = {}

    def children(self, parent: CatalogNode | None = None) -> list[CatalogNode]:
        """List what is below a node, by its kind and qualified name; None: the root."""
        if parent is None:
            return self._catalogs() if self._has_catalogs else self._schemas(None)
        if parent.kind == "catalog":
            return self._schemas(parent)
        if parent.kind == "schema":
            return self._tables(parent)
        return self._columns(parent) if parent.kind in ("table", "view") else []

    def age(self, parent: CatalogNode | None = None) -> float | None:
        """Return the seconds since a node was asked for; None where it was not."""
        with self._lock:
            times = [at for sql, (at, _) in self._kept.items() if sql in self._of(parent)]
        return self._clock() - min(times) if times else None

    def refresh(self) -> None:
        """Ask anew from now on."""
        with self._lock:
            self._kept.clear()

    # -- inside ---------------------------------------------------------------------------

    @property
    def _has_catalogs(self) -> bool:
        return self._rules.dialect in _WITH_CATALOGS

    def _of(self, parent: CatalogNode | None) -> tuple[str, ...]:
        """Return the statements that tell what is below a node."""
        if parent is None:
            return ("SHOW CATALOGS",) if self._has_catalogs else ("SHOW DATABASES",)
        name = parent.qualified
        if parent.kind == "catalog":
            return (f"SHOW SCHEMAS FROM {name}",)
        if parent.kind == "schema" and self._has_catalogs:
            catalog, _, _ = name.rpartition(".")
            of = self._literal(parent.name)
            columns = f"SELECT table_name, table_type FROM {catalog}.information_schema.tables"
            return (f"{columns} WHERE table_schema = {of} ORDER BY 1",)
        if parent.kind == "schema":
            views = (f"SHOW VIEWS IN {name}",)
            return (f"SHOW TABLES IN {name}", *views)
        return (f"DESCRIBE {name}",)

    def _rows(self, sql: str) -> Rows:
        with self._lock:
            at, rows = self._kept.get(sql, (float("-inf"), []))
        if self._clock() - at < self._fresh:
            return rows
        rows = self._ask(sql)
        with self._lock:
            self._kept[sql] = (self._clock(), rows)
        return rows

    def _catalogs(self) -> list[CatalogNode]:
        (sql,) = self._of(None)
        return [CatalogNode(str(r[0]), "catalog", self._name(r[0])) for r in self._rows(sql)]

    def _schemas(self, parent: CatalogNode | None) -> list[CatalogNode]:
        (sql,) = self._of(parent)
        before = f"{parent.qualified}." if parent else ""
        return [
            CatalogNode(str(r[0]), "schema", before + self._name(r[0])) for r in self._rows(sql)
        ]

    def _tables(self, parent: CatalogNode) -> list[CatalogNode]:
        if self._has_catalogs:
            (sql,) = self._of(parent)
            found = [(str(name), str(kind) == "VIEW") for name, kind in self._rows(sql)]
        else:
            tables, views = self._of(parent)
            # Spark tells (namespace, name, isTemporary), Hive the name alone
            named = {str(row[1] if len(row) > 1 else row[0]): False for row in self._rows(tables)}
            for row in self._rows(views):
                named[str(row[1] if len(row) > 1 else row[0])] = True
            found = list(named.items())
        return [
            CatalogNode(name, "view" if view else "table", f"{parent.qualified}.{self._name(name)}")
            for name, view in found
        ]

    def _columns(self, parent: CatalogNode) -> list[CatalogNode]:
        (sql,) = self._of(parent)
        nodes: dict[str, CatalogNode] = {}
        for row in self._rows(sql):
            name = str(row[0] or "").strip()
            if not name or name.startswith("#"):
                break  # what follows are other facts: partitions, storage
            qualified = f"{parent.qualified}.{self._name(name)}"
            nodes[name] = CatalogNode(name, "column", qualified, str(row[1]).strip())
        return list(nodes.values())

    def _name(self, name: object) -> str:
        return identifier(str(name), "name", self._rules)

    def _literal(self, text: str) -> str:
        return "'" + text.replace("'", "''") + "'"
