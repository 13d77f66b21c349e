"""The nearest names to one that was not found: what a typing error is mended with."""

from __future__ import annotations

import re

from emr_nb.engines.nearest import SECONDS, advised
from emr_nb.engines.presto.catalog import Catalog, node
from emr_nb.errors import StatementError

_TABLE = re.compile(r"[Tt]able '?([^.\s']+)\.([^.\s']+)\.([^\s']+?)'? does not exist")
_SCHEMA = re.compile(r"[Ss]chema '?(?:([^.\s']+)\.)?([^\s']+?)'? does not exist")
_CATALOG = re.compile(r"[Cc]atalog '?([^\s']+?)'? (?:does not exist|not found)")


def with_nearest(error: StatementError, catalog: Catalog, sql: str, current: str) -> StatementError:
    """Return the error with the nearest names in its advice, where it is about a missing one.

    `current` is the session's catalog. Raises what Catalog.children raises.
    """
    for pattern, name in ((_TABLE, "TABLE"), (_SCHEMA, "SCHEMA"), (_CATALOG, "CATALOG")):
        found = pattern.search(error.evalue)
        if found is None or not error.ename.startswith(name):
            continue
        *path, wanted = (part for part in found.groups() if part)
        if name == "SCHEMA" and not path:  # the server does not say of which catalog
            before = re.search(rf'([\w$]+)"?\s*\.\s*"?{re.escape(wanted)}\b', sql, re.IGNORECASE)
            path = [before[1] if before else current]
        there = [child.name for child in catalog.children(node(*path), SECONDS)]
        advised(error, wanted, there)
    return error
