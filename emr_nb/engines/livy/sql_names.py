"""Names for SQL cells, from the session's catalog: databases, tables, views and columns.

A look at the catalog is a statement of the session: it is begun only while nothing else runs
there, on a thread of its own, and its answer is kept until a cell has run.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from emr_nb.engines.livy.catalog import Catalog
from emr_nb.errors import EmrError
from emr_nb.model import CatalogNode, Completion
from emr_nb.transport.base import Deadline

if TYPE_CHECKING:
    from emr_nb.engines.livy.session import LivySession

_WAIT = 0.9  # seconds that one Tab waits for the catalog
_FRESH = 60.0  # seconds that an answer is used, should no cell run
_PART = r"(?:`(?:[^`]|``)+`|\w+)"
_BEGUN = re.compile(rf"(?P<before>(?:{_PART}\.)*)(?P<word>`?\w*)$")
_TABLE_PLACE = re.compile(
    r"\b(?:from|join|into|table|view|update|describe|desc|overwrite|refresh)\s+(?:table\s+)?"
    rf"(?:{_PART}\.)*`?\w*$|\bfrom\s+[^()]*,\s*(?:{_PART}\.)*`?\w*$",
    re.IGNORECASE,
)
_TABLE = re.compile(
    rf"\b(?:from|join|into|update|table)\s+(?P<table>{_PART}(?:\.{_PART})*)"
    rf"(?:\s+(?:as\s+)?(?P<alias>{_PART}))?",
    re.IGNORECASE,
)
_NO_ALIAS = frozenset(
    (
        "where", "on", "using", "join", "left", "right", "inner", "outer", "full", "cross",
        "group", "order", "having", "limit", "union", "select", "lateral", "tablesample", "set",
        "values", "window", "natural", "semi", "anti", "partition"
    )
)  # fmt: skip
_SIMPLE = re.compile(r"[^\W\d]\w*\Z")


class SqlNames:
    """The catalog's names as one session sees them; may be asked from several threads."""

    def __init__(self, session: LivySession) -> None:
        self._session = session
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[float, list[CatalogNode]]] = {}
        self._asked: dict[str, threading.Event] = {}

    def outdated(self) -> None:
        """Ask anew at the next Tab: a cell has run, and may have made or dropped a table."""
        with self._lock:
            self._kept = {key: (0.0, nodes) for key, (_, nodes) in self._kept.items()}

    def complete(self, code: str, cursor: int) -> list[Completion]:
        """Complete the name before a character offset, after 0.9 s by what is known then."""
        before = code[:cursor]
        if before.count("'") % 2:
            return []  # inside a text
        found = _BEGUN.search(before)
        assert found is not None  # it matches the empty text
        until = time.monotonic() + _WAIT
        parts = [_plain(part) for part in re.findall(_PART, found["before"])]
        begun = found["word"]
        if _TABLE_PLACE.search(before):
            nodes = self._tables(parts, until)
        else:
            nodes = self._columns(code, parts, until)
        start = cursor - len(begun)
        wanted = begun.lstrip("`").lower()
        return [
            Completion(_written(name), start, cursor, kind)
            for name, kind in dict.fromkeys(nodes)
            if name.lower().startswith(wanted)
        ]

    # -- inside ---------------------------------------------------------------------------

    def _tables(self, parts: list[str], until: float) -> list[tuple[str, str]]:
        if len(parts) > 1:
            return []
        if parts:
            found = self._ask(f"tables {parts[0]}", self._tables_of(parts[0]), until)
            return [(n.name, "class") for n in found if n.kind == "table"]
        here = self._ask("tables", self._tables_of(""), until)
        schemas = self._ask("schemas", lambda catalog: catalog.children(None), until)
        return [(n.name, "class") for n in here] + [(n.name, "module") for n in schemas]

    def _columns(self, code: str, parts: list[str], until: float) -> list[tuple[str, str]]:
        tables = list(_mentioned(code))
        if parts:
            tables = [
                t
                for t in tables
                if parts in ([t[1]], _parts(t[0]))
                or (len(parts) == 1 and _parts(t[0])[-1:] == parts)
            ][:1]
        names: list[tuple[str, str]] = []
        for table, alias in tables:
            found = self._ask(f"columns {table}", _columns_of(table), until)
            names += [(n.name, "property") for n in found]
            if not parts:
                names.append((alias or _parts(table)[-1], "class"))
        return names

    def _ask(
        self, key: str, look: Callable[[Catalog], Iterable[CatalogNode]], until: float
    ) -> list[CatalogNode]:
        """Return what the catalog says, or what it said last where it does not answer in time."""
        with self._lock:
            at, kept = self._kept.get(key, (0.0, []))
            if at and time.monotonic() - at < _FRESH:
                return kept
            asked = self._asked.get(key)
            begin = asked is None
            if asked is None:
                asked = self._asked[key] = threading.Event()
        if begin:
            threading.Thread(
                target=self._look, args=(key, look, asked), name="emr_nb-catalog", daemon=True
            ).start()
        asked.wait(max(0.0, until - time.monotonic()))
        with self._lock:
            return self._kept.get(key, (0.0, kept))[1]

    def _look(
        self,
        key: str,
        look: Callable[[Catalog], Iterable[CatalogNode]],
        asked: threading.Event,
    ) -> None:
        try:
            client, number = self._session.client, int(self._session.info.id)
            if client.session(number, Deadline.after(_WAIT)).state == "idle":
                nodes = list(look(Catalog(self._session)))
                with self._lock:
                    self._kept[key] = (time.monotonic(), nodes)
        except EmrError:
            pass  # a Tab is no place for an error: the cell itself will tell it
        finally:
            with self._lock:
                self._asked.pop(key, None)
            asked.set()

    @staticmethod
    def _tables_of(schema: str) -> Callable[[Catalog], Iterable[CatalogNode]]:
        return lambda catalog: catalog.tables(_quoted(schema) if schema else "")


def _columns_of(table: str) -> Callable[[Catalog], Iterable[CatalogNode]]:
    quoted = ".".join(_quoted(part) for part in _parts(table))
    return lambda catalog: catalog.children(CatalogNode(table, "table", quoted))


def _mentioned(code: str) -> Iterable[tuple[str, str]]:
    """Return the tables that a statement reads, each with its alias."""
    for found in _TABLE.finditer(code):
        alias = found["alias"] or ""
        yield found["table"], "" if alias.lower() in _NO_ALIAS else _plain(alias)


def _parts(table: str) -> list[str]:
    return [_plain(part) for part in re.findall(_PART, table)]


def _plain(part: str) -> str:
    return part[1:-1].replace("``", "`") if part.startswith("`") else part


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _written(name: str) -> str:
    """Return a name as SQL takes it."""
    return name if _SIMPLE.match(name) else _quoted(name)
