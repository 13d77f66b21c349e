"""Completion of a SQL cell: names of the catalog, columns of the tables it names, keywords."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress

from emr_nb.engines.presto.catalog import Catalog, node, parts, quoted
from emr_nb.engines.presto.state import ClientState
from emr_nb.errors import EmrError
from emr_nb.model import CatalogNode, Completion

_SECONDS = 2.0  # for what is not known yet: the next time it is
_MOST = 200
_NAME = r'(?:"(?:[^"]|"")*"|[A-Za-z_][\w$]*)'
_WORD = re.compile(rf'(?:{_NAME}\.)*(?:"(?:[^"]|"")*|[A-Za-z_][\w$]*)?$')
_TABLE = re.compile(
    rf"\b(?:from|join|into|update|table|describe)\s+({_NAME}(?:\.{_NAME}){{0,2}})"
    rf"(?:\s+(?:as\s+)?({_NAME}))?",
    re.IGNORECASE,
)
_INSIDE = re.compile(r"'(?:[^']|'')*$|--[^\n]*$|/\*(?:(?!\*/).)*$", re.DOTALL)
KEYWORDS = (
    *("all", "alter", "analyze", "and", "any", "array", "as", "asc", "between", "by", "call"),
    *("case", "cast", "commit", "create", "cross", "cube", "current_date", "current_timestamp"),
    *("date", "deallocate", "delete", "desc", "describe", "distinct", "drop", "else", "end"),
    *("escape", "except", "execute", "exists", "explain", "extract", "false", "fetch", "first"),
    *("for", "from", "full", "grant", "group", "grouping", "having", "if", "in", "inner"),
    *("insert", "intersect", "interval", "into", "is", "join", "last", "lateral", "left", "like"),
    *("limit", "map", "natural", "not", "null", "nulls", "offset", "on", "or", "order", "outer"),
    *(
        "over",
        "partition",
        "prepare",
        "recursive",
        "reset",
        "revoke",
        "right",
        "rollback",
        "rollup",
    ),
    *("row", "rows", "schemas", "select", "session", "set", "show", "start", "table", "tables"),
    *("tablesample", "then", "time", "timestamp", "transaction", "true", "try_cast", "union"),
    *("unnest", "update", "use", "using", "values", "view", "when", "where", "window", "with"),
)


def complete(catalog: Catalog, state: ClientState, code: str, cursor: int) -> Sequence[Completion]:
    """Return what may stand at the cursor, the nearest first; nothing within a text or comment."""
    before = code[:cursor]
    if _INSIDE.search(before):
        return []
    found = _WORD.search(before)
    word = found[0] if found else ""
    path, _, begun = word.rpartition(".")
    start = cursor - len(begun)
    asked = begun.strip('"').lower()
    names = parts(path) if path else []
    fitting = (
        (name, kind)
        for name, kind in _candidates(catalog, state, code, names)
        if name.lower().startswith(asked)
    )
    texts: dict[tuple[str, str], None] = {}
    for name, kind in fitting:
        texts[name if kind == "keyword" else quoted(name), kind] = None
        if len(texts) == _MOST:
            break
    return [Completion(text, start, cursor, kind) for text, kind in texts]


def _candidates(
    catalog: Catalog, state: ClientState, code: str, names: list[str]
) -> Iterator[tuple[str, str]]:
    """Yield names and kinds; what a server does not tell in time is left out."""
    known = dict(_tables(code, state))
    if not names:
        for table in dict.fromkeys(known.values()):
            yield from _of(catalog, table)
        yield from _of(catalog, _full((state.catalog, state.schema)))
        yield from _of(catalog, _full((state.catalog,)))
        yield from _of(catalog, ())
        yield from ((keyword, "keyword") for keyword in KEYWORDS)
        return
    if len(names) == 1 and names[0].lower() in known:
        yield from _of(catalog, known[names[0].lower()])
    if len(names) < 4:
        for path in _paths(names, state):
            yield from _of(catalog, path)


def _paths(names: list[str], state: ClientState) -> Iterable[tuple[str, ...]]:
    """Return what so many names may mean: from the root, or from where the session is."""
    yield tuple(names)
    if state.catalog:
        yield (state.catalog, *names)[:3] if len(names) < 3 else ()
    if state.catalog and state.schema and len(names) == 1:
        yield (state.catalog, state.schema, *names)


def _of(catalog: Catalog, path: tuple[str, ...] | None) -> Iterator[tuple[str, str]]:
    if path is None:
        return
    with suppress(EmrError):
        nodes: Sequence[CatalogNode] = catalog.children(node(*path), _SECONDS)
        yield from ((n.name, n.kind) for n in nodes)


def _full(path: tuple[str, ...]) -> tuple[str, ...] | None:
    return path if all(path) else None


def _tables(code: str, state: ClientState) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the tables that a cell names, by their last name and by their alias."""
    for found in _TABLE.finditer(code):
        names = parts(found[1])
        path = ((state.catalog, state.schema)[: 3 - len(names)] + tuple(names))[-3:]
        if len(path) == 3 and all(path):
            yield names[-1].lower(), path
            alias = parts(found[2])[0].lower() if found[2] else ""
            if alias and alias not in KEYWORDS:
                yield alias, path
