"""The nearest names to one that was not found: what a typing error is mended with."""

from __future__ import annotations

import queue
import re
import threading
from contextlib import suppress

from emr_nb.engines.catalogs import KeptCatalog
from emr_nb.engines.hive.memory import quoted
from emr_nb.engines.nearest import SECONDS, advised
from emr_nb.engines.waits import interruptible
from emr_nb.errors import EmrError, StatementError
from emr_nb.model import CatalogNode

_TABLE = re.compile(
    r"Table not found:? '?(?:`?(\w+)`?\.)?`?(\w+)`?'?|Invalid table name (?:(\w+)\.)?(\w+)"
)
_SCHEMA = re.compile(r"Database does not exist: `?(\w+)`?|Invalid database name '?(\w+)'?")
_COLUMN = re.compile(
    r"column reference '?`?(\w+)`?'?: \(possible column names are: (.*)\)\s*$", re.DOTALL
)


def with_nearest(
    error: StatementError, catalog: KeptCatalog, sql: str, current: str
) -> StatementError:
    """Return the error with the nearest names in its advice, where it is about a missing one.

    `current` is the session's database. What is not told within SECONDS is left out.
    """
    if found := _COLUMN.search(error.what):
        names = [name.strip().rpartition(".")[2] for name in found[2].split(",")]
        return advised(error, found[1].lower(), names)
    if found := _SCHEMA.search(error.what):
        return advised(error, (found[1] or found[2]).lower(), _names(catalog, None))
    if found := _TABLE.search(error.what):
        schema, wanted = found[1] or found[3], found[2] or found[4]
        if not schema:  # the server does not say of which database
            before = re.search(rf"(\w+)`?\s*\.\s*`?{re.escape(wanted)}\b", sql, re.IGNORECASE)
            schema = before[1] if before else current
        there = _names(catalog, CatalogNode(schema, "schema", quoted(schema)))
        return advised(error, wanted.lower(), there)
    return error


def _names(catalog: KeptCatalog, parent: CatalogNode | None) -> list[str]:
    """Return the names below a node, or none where they do not come in time."""
    answers: queue.SimpleQueue[list[str]] = queue.SimpleQueue()

    def ask() -> None:
        with suppress(EmrError):
            answers.put([node.name for node in catalog.children(parent, SECONDS)])

    threading.Thread(target=ask, name="emr_nb-hive-nearest", daemon=True).start()
    with suppress(queue.Empty), interruptible():
        return answers.get(timeout=SECONDS)
    return []
