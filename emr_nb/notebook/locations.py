"""`table:DB.T[/part=v]` as a path: where a table's files are, by whoever knows it here.

Hive's metastore is asked through Hive, else through Spark's session where it is open, else
Trino or Presto tell it by a table's own definition, or by a file that it reads.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emr_nb.engines.sql.described import made_with, names_in_array, partition_spec, told_of
from emr_nb.engines.sql.lexicon import Lexicon, lexicon
from emr_nb.engines.sql.naming import parts_of, qualified
from emr_nb.errors import PathNotFoundError, StatementError, UsageError
from emr_nb.notebook.asking import Rows, ask_quietly, opened
from emr_nb.notebook.attachment import SPARK
from emr_nb.notebook.sql_cells import rules_of

if TYPE_CHECKING:
    from emr_nb.notebook.attachment import Attachment, InUse

PREFIX = "table:"
_QUOTED = lexicon("trino")  # it takes names in either kind of quotes
_NAME = re.compile(r'(?:"(?:[^"]|"")*"|`(?:[^`]|``)*`|[^/"`])+')
_HIVES = "hive"  # the catalog that a name without one means on Trino

Ask = Callable[[str], Rows]


@dataclass(frozen=True, slots=True)
class TablePath:
    """A table by the parts of its name, and what stands behind it."""

    parts: tuple[str, ...]
    below: str = ""

    @classmethod
    def read(cls, text: str) -> TablePath:
        """Read `table:DB.T[/part=v]`; raises UsageError."""
        rest = text.removeprefix(PREFIX)
        found = _NAME.match(rest)
        name = found[0] if found else ""
        if not name or len(parts := parts_of(name, _QUOTED)) > 3:
            raise UsageError(
                f"{text!r} names no table",
                advice="Write table:DB.T, behind it /part=value for one of its folders.",
            )
        return cls(tuple(parts), rest[len(name) :].strip("/"))

    @property
    def partition(self) -> list[str]:
        """The folders behind the name that are those of a partition."""
        folders = self.below.split("/") if self.below else []
        return [f for n, f in enumerate(folders) if all("=" in g for g in folders[: n + 1])]


def resolve(made: Attachment, text: str, *, start: bool = True) -> str:
    """Return the path of a table, or of what is below it; raises UsageError, StatementError.

    Without `start` only sessions that are open are asked.
    """
    path = TablePath.read(text)
    used = _who_knows(made, start=start)
    if used is None:
        raise UsageError(
            "Nobody here knows where a table's files are",
            where=made.name,
            advice="Hive, Trino or an open Spark session would: run a Spark cell first.",
        )
    session = opened(made, used)
    rules = rules_of(made.cluster.engine(used.name))
    location = location_of(lambda sql: ask_quietly(session, sql), rules, path)
    if not location:
        raise PathNotFoundError(
            f"{'.'.join(path.parts)} has no files of its own: it is a view, or kept elsewhere",
            where=f"{used.title} on {made.name}",
            advice=f"%emr describe {'.'.join(path.parts)} says what it is.",
        )
    return location


def _who_knows(made: Attachment, *, start: bool) -> InUse | None:
    there = {service.name for service in made.cluster.services}
    for name in ("hive", SPARK, "trino", "presto"):
        used = made.of(name)
        is_open = used.sessions.opened() is not None
        if is_open or (start and name != SPARK and name in there):
            return used
    return None


def location_of(ask: Ask, rules: Lexicon, path: TablePath) -> str:
    """Return where a table, or what is below it, lies; empty for what has no files."""
    if rules.dialect not in ("trino", "presto"):
        return _by_description(ask, rules, path)
    parts = path.parts if len(path.parts) == 3 else (_HIVES, *path.parts)
    return _joined(table_on_trino(ask, rules, parts), path.below)


def _by_description(ask: Ask, rules: Lexicon, path: TablePath) -> str:
    name = qualified(list(path.parts[-2:]), rules)
    if path.partition:  # one may lie outside the table's own folder
        try:
            spec = partition_spec(path.partition, rules)
            found = told_of(ask(f"DESCRIBE FORMATTED {name} PARTITION ({spec})"))
            rest = path.below.split("/")[len(path.partition) :]
            if found.get("location"):
                return _joined(found["location"], "/".join(rest))
        except StatementError:
            pass  # some of its keys alone, or none: a folder of the table
    return _joined(told_of(ask(f"DESCRIBE FORMATTED {name}")).get("location", ""), path.below)


def table_on_trino(ask: Ask, rules: Lexicon, parts: tuple[str, ...]) -> str:
    """Return a table's location: as defined, by a file of it, else by its schema's; or empty."""
    name = qualified(list(parts), rules)
    try:
        properties = made_with(_first(ask(f"SHOW CREATE TABLE {name}")))
    except StatementError as error:
        if "is a view" in error.what or "materialized view" in error.what:
            return ""
        raise
    if told := properties.get("external_location") or properties.get("location"):
        return told
    try:
        file = _first(ask(f'SELECT "$path" FROM {name} LIMIT 1'))
        if file:
            above = len(names_in_array(properties.get("partitioned_by", "")))
            return "/".join(file.split("/")[: -1 - above])
        schema = _first(ask(f"SHOW CREATE SCHEMA {qualified(list(parts[:2]), rules)}"))
    except StatementError:
        return ""  # a connector without files
    below = made_with(schema).get("location", "")
    return _joined(below, parts[-1].lower()) if below else ""


def _first(rows: Rows) -> str:
    return str(rows[0][0]) if rows and rows[0] and rows[0][0] is not None else ""


def _joined(location: str, below: str) -> str:
    return posixpath.join(location, below) if location and below else location
