"""Hive's catalog by HiveServer2's own metadata calls: schemas, their tables, their columns.

They ask the metastore without compiling a statement, and take patterns: what matches one by
its wildcards alone is left out here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from emr_nb.engines.hive import service
from emr_nb.engines.hive.fetching import Fetch
from emr_nb.engines.hive.memory import quoted
from emr_nb.engines.hive.results import Gathering
from emr_nb.engines.hive.service import Handle
from emr_nb.engines.hive.thrift import Field
from emr_nb.engines.hive.types import columns_of
from emr_nb.errors import StatementError
from emr_nb.model import CatalogNode, StatementReference

if TYPE_CHECKING:
    from emr_nb.engines.hive.session import HiveSession

_PART = re.compile(r"`((?:[^`]|``)*)`|([^.`]+)")
_VIEWS = ("VIEW", "VIRTUAL_VIEW", "MATERIALIZED_VIEW")


class Catalog:
    """The catalog that a session sees; each level is one call, made when it is asked for."""

    def __init__(self, session: HiveSession) -> None:
        self._session = session

    def children(self, parent: CatalogNode | None) -> Sequence[CatalogNode]:
        """List what is below a node; a node of a kind and a qualified name is understood."""
        handle = self._session.handle
        if parent is None:
            rows = self._rows("GetSchemas", service.schemas(handle), "TABLE_SCHEM")
            return [CatalogNode(name, "schema", quoted(name)) for (name,) in rows]
        names = parts_of(parent.qualified or parent.name)
        if parent.kind == "schema":
            return self._tables(names[-1])
        if parent.kind in ("table", "view"):
            schema, table = ("default", *names)[-2:]
            return self._columns(schema, table)
        return []

    # -- inside ---------------------------------------------------------------------------

    def _tables(self, schema: str) -> list[CatalogNode]:
        fields = service.tables(self._session.handle, escaped(schema), "%")
        whole = quoted(schema)
        wanted = ("TABLE_SCHEM", "TABLE_NAME", "TABLE_TYPE")
        return [
            CatalogNode(name, "view" if kind in _VIEWS else "table", f"{whole}.{quoted(name)}")
            for of, name, kind in self._rows("GetTables", fields, *wanted)
            if of == schema
        ]

    def _columns(self, schema: str, table: str) -> list[CatalogNode]:
        fields = service.columns(self._session.handle, escaped(schema), escaped(table))
        whole = f"{quoted(schema)}.{quoted(table)}"
        wanted = (
            *("TABLE_SCHEM", "TABLE_NAME", "COLUMN_NAME"),
            *("TYPE_NAME", "COLUMN_SIZE", "DECIMAL_DIGITS"),
        )
        return [
            CatalogNode(name, "column", f"{whole}.{quoted(name)}", _spelled(*told))
            for of, table_of, name, *told in self._rows("GetColumns", fields, *wanted)
            if (of, table_of) == (schema, table)
        ]

    def _rows(self, name: str, fields: Sequence[Field], *wanted: str) -> Iterator[tuple[str, ...]]:
        """Return the wanted columns of a call's rows; a value that is not there is empty."""
        session = self._session
        reply = session.read(name, fields)
        if reply.status.failed:
            raise StatementError(
                f"Hive's catalog cannot be read: {reply.status.message.partition(chr(10))[0]}",
                where=session.where,
                advice="The Hive metastore may be down: `%emr doctor` looks at it.",
            )
        operation = Handle.read(reply.body[2])
        try:
            schema = session.read("GetResultSetMetadata", [operation.operation()])
            gathering = Gathering(columns_of(schema.body.get(2)), None, session.where)
            for fetched in Fetch(session.client, operation, None).replies():
                gathering.add(fetched.body.get(3) or {}, fetched.data)
        finally:
            session.closing.close(operation)
        result = gathering.result(StatementReference("", "", "hive", session.info.id))
        columns = [
            ["" if value is None else str(value) for value in result.table[column].to_pylist()]
            for column in wanted
        ]
        return zip(*columns, strict=True)


def _spelled(told: str, size: str, digits: str) -> str:
    """Return a column's type as SQL writes it: the server tells its numbers apart from its name."""
    name = told.lower()
    if name == "decimal" and size:
        return f"{name}({size},{digits or 0})"
    return f"{name}({size})" if name in ("varchar", "char") and size else name


def parts_of(qualified: str) -> tuple[str, ...]:
    """Return the names of a qualified name, without their quotes."""
    found = _PART.findall(qualified)
    return tuple(q.replace("``", "`") if q else plain for q, plain in found)


def escaped(name: str) -> str:
    """Return a name as a pattern of itself."""
    return re.sub(r"([_%\\])", r"\\\1", name)
