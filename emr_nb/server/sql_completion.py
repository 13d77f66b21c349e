"""Completes the SQL of a cell by a catalog's names: at once by what is known, else soon."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from emr_nb.engines.sql.completing import complete
from emr_nb.engines.sql.naming import parts_of
from emr_nb.errors import EmrError, UsageError
from emr_nb.model import CatalogNode
from emr_nb.server.catalog import looked
from emr_nb.server.catalog_sources import SPARK, Source, names_of, source_of
from emr_nb.server.models.catalog import CompletionList, CompletionView, CompletionWanted

if TYPE_CHECKING:
    from emr_nb.server.backend import Connected
    from emr_nb.server.state import ServerState

_WAIT = 0.7  # seconds that one Tab waits for the catalog; JupyterLab waits a second


def completed(state: ServerState, asked: CompletionWanted) -> CompletionList:
    """Complete by keywords and names; what the catalog cannot tell now is left out.

    Raises UsageError for a cursor outside the code.
    """
    if asked.cursor > len(asked.code):
        raise UsageError("The cursor is behind the code's end")
    connected = state.connections.get(asked.cluster)
    names = _Names(state, asked.cluster, _source(state, connected, asked))
    rules = names.source.rules
    here = tuple(asked.here)
    if not here and names.source.levels[0] == "schema":
        here = ("default",)
    found = complete(asked.code, asked.cursor, rules, names.children, here)
    shown = [CompletionView(text=c.text, start=c.start, end=c.end, kind=c.kind) for c in found]
    return CompletionList(completions=shown, whole=not names.missed)


class _Names:
    """The nodes of a source within one deadline; what does not come is `missed`."""

    def __init__(self, state: ServerState, cluster: str, source: Source) -> None:
        self.source = source
        self.missed = False
        self._state, self._cluster = state, cluster
        self._until = time.monotonic() + _WAIT

    def children(self, node: CatalogNode | None) -> Sequence[CatalogNode]:
        """List what is below a node; raises nothing."""
        rules = self.source.rules
        try:
            names = () if node is None else tuple(parts_of(node.qualified, rules))
            left = max(0.0, self._until - time.monotonic())
            found = looked(self._state, self._cluster, self.source, names, left).found
        except EmrError:
            self.missed = True
            return ()
        return [
            n if isinstance(n, CatalogNode) else CatalogNode(n.name, "column", type=n.type)
            for n in found
        ]


def _source(state: ServerState, connected: Connected, asked: CompletionWanted) -> Source:
    """Return the source; Hive's in the place of a Spark without a session: they share tables."""
    there = names_of(connected)
    if asked.source == SPARK and "hive" in there:
        try:
            looked(state, asked.cluster, source_of(connected, SPARK), (), _WAIT / 2)
        except EmrError:
            return source_of(connected, "hive")
    if asked.source in ("trino", "presto") and asked.source not in there:
        # the magics run on the other of the two where that is the one there
        other = {"trino": "presto", "presto": "trino"}[asked.source]
        return source_of(connected, other if other in there else asked.source)
    return source_of(connected, asked.source)
