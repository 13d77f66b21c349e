"""The search of a catalog: tables by their names, schema after schema, within seconds."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from emr_nb.errors import DeadlineExceededError, EmrError
from emr_nb.server.catalog import looked, named, view
from emr_nb.server.catalog_sources import Source, source_of
from emr_nb.server.failures import failure_of
from emr_nb.server.models.catalog import CatalogSearched, HitList, HitView
from emr_nb.server.models.common import Failure

if TYPE_CHECKING:
    from emr_nb.engines.sql.told_columns import ToldColumn
    from emr_nb.model import CatalogNode
    from emr_nb.server.state import ServerState

_SECONDS = 4.0
_MOST_FAILURES = 5
_INTERNAL = frozenset({"information_schema", "sys", "system", "pg_catalog", "jmx"})
_Names = tuple[str, ...]


def searched(state: ServerState, asked: CatalogSearched) -> HitList:
    """Return what is found within four seconds; asking again finds the rest.

    Raises what the engine raises where not even its schemas can be listed.
    """
    source = source_of(state.connections.get(asked.cluster), asked.source)
    search = _Search(state, asked, source)
    search.run()
    best = sorted(search.hits, key=lambda hit: _order(hit, asked.text))
    return HitList(
        hits=best[: asked.count],
        looked=search.looked,
        schemas=search.schemas,
        cut=len(best) > asked.count,
        failures=search.failures,
    )


class _Search:
    """One search while it is made."""

    def __init__(self, state: ServerState, asked: CatalogSearched, source: Source) -> None:
        self._state, self._asked, self._source = state, asked, source
        self._wanted = asked.text.casefold()
        self._until = time.monotonic() + _SECONDS
        self.hits: list[HitView] = []
        self.failures: list[Failure] = []
        self.looked = self.schemas = 0

    def run(self) -> None:
        schemas = list(self._schemas())
        self.schemas = len(schemas)
        for names in schemas:
            self._take(names[:-1], names[-1], "schema")
            try:
                tables = self._below(names)
            except DeadlineExceededError:
                if time.monotonic() >= self._until:
                    return
                continue
            except EmrError as error:
                self._failed(error)
                continue
            self.looked += 1
            for table in tables:
                self._take(names, table)
                self._columns((*names, table.name))

    def _schemas(self) -> Iterator[_Names]:
        """Yield the names of the schemas, the server's own left out."""
        tops = [(n.name,) for n in self._below(()) if n.name.lower() not in _INTERNAL]
        if self._source.levels[0] != "catalog":
            yield from tops
            return
        for top in tops:
            try:
                found = self._below(top)
            except EmrError as error:  # one catalog that is broken
                self._failed(error)
                continue
            yield from ((*top, n.name) for n in found if n.name.lower() not in _INTERNAL)

    def _below(self, names: _Names) -> list[CatalogNode]:
        left = max(0.05, self._until - time.monotonic())
        found: list[CatalogNode] = looked(
            self._state, self._asked.cluster, self._source, names, left
        ).found
        return found

    def _columns(self, names: _Names) -> None:
        """Look into those columns that are known already."""
        known = self._state.catalogs.peek((self._asked.cluster, self._source.name), names)
        for column in known.found if known is not None else ():
            if self._wanted in column.name.casefold():
                self._hit(names, column)

    def _take(self, names: _Names, node: CatalogNode | str, kind: str = "") -> None:
        if isinstance(node, str):
            from emr_nb.model import CatalogNode

            node = CatalogNode(node, kind)
        whole = ".".join((*names, node.name)).casefold()
        if self._wanted in node.name.casefold() or ("." in self._wanted and self._wanted in whole):
            self._hit(names, node)

    def _hit(self, names: _Names, node: CatalogNode | ToldColumn) -> None:
        levels = dict(zip(self._source.levels, names, strict=False))
        self.hits.append(
            HitView(
                node=view(self._source, names, node),
                of=named(self._source, names) if names else "",
                catalog=levels.get("catalog", ""),
                schema=levels.get("schema", ""),
                table=levels.get("table", ""),
            )
        )

    def _failed(self, error: EmrError) -> None:
        if len(self.failures) < _MOST_FAILURES:
            self.failures.append(failure_of(error))


def _order(hit: HitView, text: str) -> tuple[bool, bool, bool, str]:
    """Order by how well a name fits: the same, begun with, a table rather than a column."""
    name, wanted = hit.node.name.casefold(), text.casefold()
    return name != wanted, not name.startswith(wanted), hit.node.kind == "column", name
