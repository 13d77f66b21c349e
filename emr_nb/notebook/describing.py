"""What lies behind a table: what the engine tells of it, and the files at its location.

Nothing of the table is read: its definition, its statistics and a listing tell all of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from emr_nb.engines.sql.described import format_of, kind_of, made_with, names_in_array, told_of
from emr_nb.engines.sql.lexicon import Lexicon
from emr_nb.engines.sql.naming import parts_of, plainly, qualified
from emr_nb.errors import EmrError, StatementError
from emr_nb.model import FileEntry
from emr_nb.notebook.answers import Facts
from emr_nb.notebook.asking import Rows, ask_quietly, opened
from emr_nb.notebook.commands.catalog import columns_of
from emr_nb.notebook.locations import table_on_trino
from emr_nb.notebook.look import count, first_line, moment, plural, size
from emr_nb.notebook.progress_line import ProgressLine
from emr_nb.notebook.sql_cells import rules_of

if TYPE_CHECKING:
    from emr_nb.notebook.attachment import Attachment, InUse
    from emr_nb.notebook.state import Notebook

_MOST = 20_000  # entries of a listing
_TRINO = ("trino", "presto")
_ORDER = ("kind", "location", "format", "owner", "created", "partitions", "rows", "files")


def facts_of(notebook: Notebook, made: Attachment, used: InUse, text: str) -> Facts:
    """Return the lines that describe a table; raises StatementError where there is none."""
    rules = rules_of(made.cluster.engine(used.name))
    parts = parts_of(text, rules)
    line = ProgressLine(notebook.screen)
    looked = _Looked(made, used, qualified(parts, rules), rules, line)
    try:
        if rules.dialect in ("hive", "spark"):
            looked.by_description()
        elif rules.dialect in _TRINO:
            looked.by_definition(tuple(parts))
        columns = columns_of(made, used, text)
    except BaseException:
        line.end_if_shown("failed", f"{text} not described")
        raise
    line.end_if_shown("done", f"{text} described")
    found = looked.found
    lines = [("table", plainly(parts, rules))]
    lines += [(fact, found[fact]) for fact in _ORDER if found.get(fact)]
    lines.append(("columns", ", ".join(f"{c.name} {c.type}" for c in columns)))
    if found.get("query"):
        lines.append(("query", " ".join(found["query"].split())))
    return Facts(lines)


@dataclass
class _Looked:
    """One table that is looked at; `found` has the facts by their labels."""

    made: Attachment
    used: InUse
    name: str
    rules: Lexicon
    line: ProgressLine
    found: dict[str, str] = field(default_factory=dict)

    def rows(self, sql: str) -> Rows:
        self.line.note(f"{self.used.title}: {first_line(sql)}")
        return ask_quietly(opened(self.made, self.used), sql)

    def by_description(self) -> None:
        """Take what Hive's metastore tells, as Hive and Spark format it."""
        told = told_of(self.rows(f"DESCRIBE FORMATTED {self.name}"))
        self.found = {
            "kind": kind_of(told),
            "location": told.get("location", ""),
            "format": format_of(told) if told.get("location") else "",
            "owner": told.get("owner", ""),
            "created": told.get("created", ""),
            "rows": self._counted(told),
            "query": told.get("query", ""),
        }
        entries = self._files(told)
        if told.get("partitioned"):
            names = [str(r[0]) for r in self.rows(f"SHOW PARTITIONS {self.name}")]
            self.found["partitions"] = partitions_of(names, entries)

    def _counted(self, told: dict[str, str]) -> str:
        """Return the rows by the statistics, which nobody has to keep."""
        if not told.get("location"):
            return ""
        number = told.get("rows", "")
        if number.isdigit() and (number != "0" or told.get("bytes", "0") == "0"):
            # the sum over those partitions that somebody has counted
            less = "; partitions without any are not in it" if told.get("partitioned") else ""
            return f"{count(int(number))}, by its statistics{less}"
        if told.get("statistics"):
            return told["statistics"]
        advice = f"ANALYZE TABLE {self.name} COMPUTE STATISTICS"
        return f"not known without reading it; {advice} counts them"

    def by_definition(self, parts: tuple[str, ...]) -> None:
        """Take what Trino and Presto tell: a definition, statistics, the names of partitions."""
        create = ""
        with suppress(StatementError):  # a view has another word for it
            create = str(self.rows(f"SHOW CREATE TABLE {self.name}")[0][0])
        if not create:
            view = str(self.rows(f"SHOW CREATE VIEW {self.name}")[0][0])
            self.found = {"kind": "view", "query": view.partition(" AS\n")[2] or view}
            return
        properties = made_with(create)
        self.found["kind"] = "table"
        self.found["format"] = properties.get("format", "")
        self.found["location"] = table_on_trino(self.rows, self.rules, parts)
        self.found["rows"] = self._estimated()
        entries = self._files({})
        if names_in_array(properties.get("partitioned_by", "")):
            listed = f"{parts[-1]}$partitions"
            whole = qualified([*parts[:-1], listed], self.rules)
            keys = names_in_array(properties["partitioned_by"])
            rows = self.rows(f"SELECT * FROM {whole}")
            names = ["/".join(f"{k}={v}" for k, v in zip(keys, r, strict=False)) for r in rows]
            self.found["partitions"] = partitions_of(names, entries)

    def _estimated(self) -> str:
        with suppress(StatementError):
            for row in self.rows(f"SHOW STATS FOR {self.name}"):
                if row[0] is None and row[4] is not None:
                    return f"{count(round(row[4]))}, by its statistics"
        return "not known without reading it"

    def _files(self, told: dict[str, str]) -> list[FileEntry]:
        """Count the files at the location; what cannot be listed is said."""
        location = self.found["location"]
        if not location:
            return []
        self.line.note(f"listing {location}")
        try:
            listed = list(islice(self.made.cluster.files.walk(location), _MOST + 1))
            self.found["owner"] = self.found.get("owner") or _owner(self.made, location)
        except EmrError as error:
            self.found["files"] = f"not listed: {error.what}"
            return []
        entries = [e for e in listed if not e.is_directory and e.name[:1] not in "_."]
        if len(listed) <= _MOST:
            self.found["files"] = files_told([entry.size for entry in entries])
        elif told.get("files", "").isdigit() and told.get("bytes", "").isdigit():
            number, whole = int(told["files"]), int(told["bytes"])
            mean = size(whole // max(1, number))
            self.found["files"] = f"{plural(number, 'file')}, {size(whole)}, {mean} on average"
            self.found["files"] += ", by its statistics"
        else:
            self.found["files"] = f"too many to list: more than {count(_MOST)}"
        return entries if len(listed) <= _MOST else []


def files_told(sizes: Sequence[int]) -> str:
    """Say how many files there are, and how large."""
    if not sizes:
        return "none"
    mean = size(sum(sizes) // len(sizes))
    return f"{plural(len(sizes), 'file')}, {size(sum(sizes))}, {mean} on average"


def partitions_of(names: Sequence[str], entries: Sequence[FileEntry]) -> str:
    """Say how many partitions there are, and which got the newest file."""
    if not names:
        return "none yet"
    dated = [e for e in entries if e.modified is not None and "=" in str(e.path)]
    newest = max(dated, key=lambda e: e.modified.timestamp() if e.modified else 0, default=None)
    if newest is None:
        return f"{count(len(names))}, the last by name {max(names)}"
    of = "/".join(part for part in str(newest.path).split("/") if "=" in part)
    return f"{count(len(names))}, the newest {of} of {moment(newest.modified)}"


def _owner(made: Attachment, location: str) -> str:
    return made.cluster.files.info(location).owner
