"""The catalogs of a server, level by level, each asked for once and kept for a while."""

from __future__ import annotations

import re
from collections.abc import Sequence

from emr_nb.engines.catalogs import KeptCatalog
from emr_nb.engines.presto.asking import Asker
from emr_nb.engines.presto.state import ClientState
from emr_nb.model import CatalogNode

_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
_KINDS = {"VIEW": "view", "MATERIALIZED VIEW": "view"}


class Catalog(KeptCatalog):
    """A server's catalogs as one user sees them; raises StatementError and TransportError."""

    def __init__(self, asker: Asker, state: ClientState) -> None:
        super().__init__(self._listed)
        self._asker, self._state = asker, state

    # -- inside ---------------------------------------------------------------------------

    def _listed(self, parent: CatalogNode | None, seconds: float) -> Sequence[CatalogNode]:
        if parent is None:
            rows = self._rows("SHOW CATALOGS", seconds)
            return [CatalogNode(name, "catalog", quoted(name)) for (name,) in rows]
        if parent.kind == "catalog":
            rows = self._rows(f"SHOW SCHEMAS FROM {parent.qualified}", seconds)
            return [_below(parent, name, "schema") for (name,) in rows]
        if parent.kind == "schema":
            return self._tables(parent, seconds)
        if parent.kind in ("table", "view"):
            rows = self._rows(f"DESCRIBE {parent.qualified}", seconds)
            return [_below(parent, name, "column", kind) for name, kind, *_ in rows]
        return []

    def _tables(self, parent: CatalogNode, seconds: float) -> Sequence[CatalogNode]:
        catalog = parts(parent.qualified)[0]
        sql = (
            f"SELECT table_name, table_type FROM {quoted(catalog)}.information_schema.tables "
            f"WHERE table_schema = {literal(parent.name)} ORDER BY table_name"
        )
        rows = self._rows(sql, seconds)
        return [_below(parent, name, _KINDS.get(kind, "table")) for name, kind in rows]

    def _rows(self, sql: str, seconds: float) -> list[tuple[str, ...]]:
        return self._asker.rows(sql, self._state, seconds)


def node(*names: str) -> CatalogNode | None:
    """Return the node of so many names: a catalog, a schema, a table; None for no name."""
    if not names:
        return None
    kind = ("catalog", "schema", "table")[len(names) - 1]
    return CatalogNode(names[-1], kind, ".".join(map(quoted, names)))


def quoted(name: str) -> str:
    """Return a name as SQL takes it: in quotes where it is not plain."""
    return name if _PLAIN.fullmatch(name) else '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return a text as SQL's literal."""
    return "'" + text.replace("'", "''") + "'"


def parts(qualified: str) -> list[str]:
    """Return the names that a qualified name is made of."""
    found = re.findall(r'"((?:[^"]|"")*)"|([^."]+)', qualified)
    return [inside.replace('""', '"') if inside else plain for inside, plain in found]


def _below(parent: CatalogNode, name: str, kind: str, told: str = "") -> CatalogNode:
    return CatalogNode(name, kind, f"{parent.qualified}.{quoted(name)}", told)
