"""Spark's catalog by small SQL statements: schemas, their tables, their columns."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from emr_nb.engines.livy.code import cell_code
from emr_nb.model import CatalogNode, Request
from emr_nb.results.plan import plan_transfer

if TYPE_CHECKING:
    from emr_nb.engines.livy.session import LivySession


class Catalog:
    """The catalog that a session sees; each level is one statement, run when it is asked for."""

    def __init__(self, session: LivySession) -> None:
        self._session = session

    def children(self, parent: CatalogNode | None) -> Sequence[CatalogNode]:
        if parent is None:
            return [
                CatalogNode(str(row[0]), "schema", _quoted(row[0]))
                for row in self._rows("SHOW DATABASES")
            ]
        if parent.kind == "schema":
            return self.tables(parent.qualified)
        if parent.kind in ("table", "view"):
            return self._columns(parent)
        return []

    def tables(self, schema: str = "") -> list[CatalogNode]:
        """List the tables of a schema (quoted), or of the session's current one."""
        # rows are (namespace, name, isTemporary); temporary views are in every schema
        return [
            CatalogNode(
                str(name),
                "view" if temporary else "table",
                _quoted(name) if temporary or not schema else f"{schema}.{_quoted(name)}",
            )
            for _, name, temporary in self._rows(f"SHOW TABLES{' IN ' * bool(schema)}{schema}")
        ]

    def _columns(self, parent: CatalogNode) -> list[CatalogNode]:
        # rows are (col_name, data_type, comment); after an empty name or `#` come other facts
        columns = []
        for name, kind, *_ in self._rows(f"DESCRIBE TABLE {parent.qualified}"):
            if not name or str(name).startswith("# "):
                break
            columns.append(
                CatalogNode(str(name), "column", f"{parent.qualified}.{_quoted(name)}", str(kind))
            )
        return columns

    def _rows(self, sql: str) -> list[tuple[Any, ...]]:
        request = Request(sql, "sql", uuid.uuid4().hex, rows=-1)
        plan = plan_transfer(request)
        code = cell_code(request, plan, install=True)
        # no row in the journal: the user has run no statement
        result = self._session.start(request, code, "pyspark", plan).result()
        if result is None:
            return []
        columns = [column.to_pylist() for column in result.table.columns]
        return list(zip(*columns, strict=True))


def _quoted(name: object) -> str:
    return "`" + str(name).replace("`", "``") + "`"
