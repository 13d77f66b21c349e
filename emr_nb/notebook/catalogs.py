"""The catalogs of an attachment's engines: by the engine itself, else by small statements."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase, translate
from typing import TYPE_CHECKING

from emr_nb.engines.base import abilities_of
from emr_nb.engines.sql.catalog import SqlCatalog
from emr_nb.model import CatalogNode
from emr_nb.notebook.asking import ask_quietly, opened
from emr_nb.notebook.attachment import SPARK

if TYPE_CHECKING:
    from emr_nb.notebook.attachment import Attachment, InUse

_ASKED = frozenset({"hive", "trino", "presto", "spark"})  # dialects whose statements are known
_INTERNAL = frozenset({"information_schema", "sys", "system", "pg_catalog", "jmx"})


def children(
    made: Attachment, used: InUse, parent: CatalogNode | None, *, start: bool = True
) -> Sequence[CatalogNode]:
    """List what is below a node of an engine's catalog.

    Without `start` no session is opened for it: nothing is known then. Raises TransportError,
    StatementError, SessionError.
    """
    engine = made.cluster.engine(used.name)
    if used.name == SPARK and start:
        opened(made, used)  # Spark's catalog is that of its session
    found = engine.catalog(parent)
    dialect = abilities_of(engine).dialect or engine.name
    if found or dialect not in _ASKED or used.name == SPARK:
        return found
    if not start and used.sessions.opened() is None:
        return ()
    if used.name not in made.catalogs:
        made.catalogs[used.name] = SqlCatalog(
            dialect, lambda sql: ask_quietly(opened(made, used), sql)
        )
    return made.catalogs[used.name].children(parent)


def tables(made: Attachment, used: InUse, pattern: Sequence[str]) -> Iterator[CatalogNode]:
    """Yield the tables and views whose names fit `[catalog, schema, table]` patterns.

    Patterns are those of a shell, whatever the case; fewer than three begin at the right. What
    belongs to the server itself is left out unless a pattern names it.
    """
    wanted = ["", "", "", *(part.lower() for part in pattern)][-3:]
    fits = re.compile(translate(wanted[2] or "*")).match
    for top in children(made, used, None):
        if not _fits(top, wanted[0 if top.kind == "catalog" else 1]):
            continue
        schemas = children(made, used, top) if top.kind == "catalog" else [top]
        for schema in schemas:
            if not _fits(schema, wanted[1]):
                continue
            for table in children(made, used, schema):
                if fits(table.name.lower()):
                    yield table


def _fits(node: CatalogNode, pattern: str) -> bool:
    if not pattern:
        return node.name.lower() not in _INTERNAL
    return fnmatchcase(node.name.lower(), pattern)
