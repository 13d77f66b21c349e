"""The routes of the catalogs: each engine's own, so that one that fails hides no other."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from emr_nb.engines.sql.told_columns import ToldColumn
from emr_nb.errors import EmrError, UsageError
from emr_nb.server.catalog_looks import Look
from emr_nb.server.catalog_sources import Source, names_of, source_of, title_of
from emr_nb.server.failures import failure_of
from emr_nb.server.models.catalog import (
    CellColumnView,
    FirstRowsView,
    NodePage,
    NodesWanted,
    NodeView,
    PartitionPage,
    PartitionsWanted,
    SourceId,
    SourceList,
    SourceView,
    TableWanted,
)
from emr_nb.server.models.common import Done
from emr_nb.wording import printable

if TYPE_CHECKING:
    from emr_nb.model import CatalogNode
    from emr_nb.server.backend import Connected
    from emr_nb.server.models.clusters import ClusterId
    from emr_nb.server.state import ServerState

_LATER = 5.0  # seconds: the engine's own deadline says more than ours
_PARTITIONS = "\0partitions"  # beside the names of a table, in the keys of what is kept


class Named(Protocol):
    """What names a node."""

    @property
    def catalog(self) -> str: ...
    @property
    def schema(self) -> str: ...
    @property
    def table(self) -> str: ...


def sources(state: ServerState, asked: ClusterId) -> SourceList:
    """List the engines with a catalog; one that cannot be reached is told with its reason."""
    connected = state.connections.get(asked.cluster)
    return SourceList(sources=[_source_view(connected, name) for name in names_of(connected)])


def nodes(state: ServerState, asked: NodesWanted) -> NodePage:
    """List a page of what is below a node; raises what the engine raises."""
    source = source_of(state.connections.get(asked.cluster), asked.source)
    names = names_in(source, asked)
    look = looked(state, asked.cluster, source, names)
    wanted = asked.search.casefold()
    found = [one for one in look.found if wanted in one.name.casefold()]
    found.sort(key=lambda one: not one.name.casefold().startswith(wanted))
    start, after = _page(asked.after, asked.count, len(found))
    shown = [view(source, names, one) for one in found[start : start + asked.count]]
    return NodePage(nodes=shown, total=len(found), after=after, age=look.age)


def partitions(state: ServerState, asked: PartitionsWanted) -> PartitionPage:
    """List a page of a table's partitions; raises what the engine raises."""
    source = source_of(state.connections.get(asked.cluster), asked.source)
    names = names_in(source, asked)
    what = f"The partitions of {source.sql(names)}"
    look = state.catalogs.get(
        (asked.cluster, source.name),
        (*names, _PARTITIONS),
        lambda: source.partitions(names),
        source.patience + _LATER,
        what,
    )
    found, cut = look.found
    start, after = _page(asked.after, asked.count, len(found))
    shown = [printable(one) for one in found[start : start + asked.count]]
    return PartitionPage(partitions=shown, total=len(found), cut=cut, after=after, age=look.age)


def first_rows(state: ServerState, asked: TableWanted) -> FirstRowsView:
    """Show the first rows of a table, by a statement that is stopped after a minute."""
    from emr_nb.results.texts import kind, rows_of

    source = source_of(state.connections.get(asked.cluster), asked.source)
    names = names_in(source, asked)
    began = time.monotonic()
    sql, result = source.first_rows(names)
    columns = [
        CellColumnView(name=printable(c.name), type=c.engine_type, kind=kind(f.type))
        for c, f in zip(result.columns, result.table.schema, strict=True)
    ]
    return FirstRowsView(
        sql=sql,
        columns=columns,
        rows=rows_of(result.table),
        more=result.truncated,
        seconds=time.monotonic() - began,
    )


def refreshed(state: ServerState, asked: SourceId) -> Done:
    """Forget what was listed, so that the next look asks the engine."""
    source = source_of(state.connections.get(asked.cluster), asked.source)
    source.forget()
    state.catalogs.forget((asked.cluster, source.name))
    return Done(text="What is shown from now on is asked anew")


# -- for the other routes of catalogs -----------------------------------------------------


def looked(
    state: ServerState,
    cluster: str,
    source: Source,
    names: Sequence[str],
    seconds: float | None = None,
) -> Look:
    """Return what is below the node of so many names, kept or asked for."""
    is_table = len(names) == len(source.levels) - 1
    what = f"What is in {source.sql(names)}" if names else "The catalog"
    return state.catalogs.get(
        (cluster, source.name),
        tuple(names),
        lambda: source.columns(names) if is_table else source.children(names),
        source.patience + _LATER if seconds is None else seconds,
        what,
    )


def names_in(source: Source, asked: Named) -> tuple[str, ...]:
    """Return the names that lead to a node; raises UsageError where one between is missing."""
    levels = source.levels[:-1]
    given = [str(getattr(asked, level)) for level in levels]
    if asked.catalog and "catalog" not in levels:
        raise UsageError(f"{source.name} has no catalogs, but schemas at once")
    while given and not given[-1]:
        given.pop()
    if not all(given):
        raise UsageError("A table needs the name of its schema, and a schema of its catalog")
    return tuple(given)


def view(source: Source, names: Sequence[str], node: CatalogNode | ToldColumn) -> NodeView:
    """Return a node below these names as a page gets it."""
    if isinstance(node, ToldColumn):
        return NodeView(
            name=node.name,
            label=printable(node.name),
            kind="column",
            sql=_or_none(lambda: source.written(node.name)),
            type=printable(node.type),
            comment=printable(node.comment),
            key=node.is_key,
        )
    whole = named(source, [*names, node.name])
    return NodeView(name=node.name, label=printable(node.name), kind=node.kind, sql=whole)


def named(source: Source, names: Sequence[str]) -> str:
    """Return names as SQL takes them; empty where it cannot: one such hides no other."""
    return _or_none(lambda: source.sql(names))


# -- inside -------------------------------------------------------------------------------


def _or_none(write: Callable[[], str]) -> str:
    try:
        return write()
    except UsageError:
        return ""


def _source_view(connected: Connected, name: str) -> SourceView:
    failure = None
    try:
        source = source_of(connected, name)
        levels, magic = source.levels, source.magic
    except EmrError as error:
        failure, levels, magic = failure_of(error), [], ""
    title = title_of(connected, name)
    return SourceView(name=name, title=title, magic=magic, levels=levels, failure=failure)


def _page(after: str, count: int, total: int) -> tuple[int, str | None]:
    """Return where a page begins, and the cursor of the next one."""
    if after and not after.isdigit():
        raise UsageError("This cursor is none of ours", advice="Ask for the first page again.")
    start = int(after or 0)
    return start, str(start + count) if start + count < total else None
