"""What lies behind a table: what the engine tells of it, and the files at its location."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Any

from emr_nb.engines.sql.naming import parts_of, qualified
from emr_nb.errors import EmrError, StatementError
from emr_nb.notebook.answers import Facts
from emr_nb.notebook.asking import ask, rows_of
from emr_nb.notebook.commands.catalog import columns_of
from emr_nb.notebook.commands.files import walk
from emr_nb.notebook.look import count, plural, size
from emr_nb.notebook.sql_cells import rules_of

if TYPE_CHECKING:
    from emr_nb.notebook.attachment import Attachment, InUse
    from emr_nb.notebook.state import Notebook

_MOST_FILES = 10_000
_COMMAND = "%emr describe"
# facts by the words that Hive and Spark have for them
_WORDS = {
    "kind": ("table type", "type"),
    "location": ("location",),
    "format": ("provider", "inputformat"),
    "owner": ("owner",),
    "created": ("createtime", "created time"),
    "rows": ("numrows",),
    "statistics": ("statistics",),
}


def facts_of(notebook: Notebook, made: Attachment, used: InUse, text: str) -> Facts:
    """Return the lines that describe a table; raises StatementError where there is none."""
    rules = rules_of(made.cluster.engine(used.name))
    name = qualified(parts_of(text, rules), rules)
    lines: list[tuple[str, str]] = [("table", name)]
    if rules.dialect in ("hive", "spark"):
        result = ask(notebook, made, used.name, f"DESCRIBE FORMATTED {name}", _COMMAND)
        told = told_of(rows_of(result))
        lines += [(fact, told[fact]) for fact in _WORDS if told.get(fact)]
        if told.get("partitioned"):
            lines.append(("partitions", _partitions(notebook, made, used, name)))
        if told.get("location"):
            lines += _files(made, told["location"])
    columns = columns_of(made, used, text)
    lines.append(("columns", ", ".join(f"{c.name} {c.type}" for c in columns)))
    if rules.dialect in ("trino", "presto"):
        with suppress(StatementError):  # a view has another word for it
            result = ask(notebook, made, used.name, f"SHOW CREATE TABLE {name}", _COMMAND)
            lines += [("", line) for row in rows_of(result) for line in str(row[0]).splitlines()]
    return Facts(lines)


def told_of(rows: Sequence[Sequence[Any]]) -> dict[str, str]:
    """Return the facts in the rows of DESCRIBE FORMATTED, by our names for them."""
    found: dict[str, str] = {}
    for row in rows:
        cells = [str(cell or "").strip() for cell in row]
        if cells[0].lower().startswith("# partition"):
            found["partitioned"] = "yes"
        # parameters stand in Hive's second and third column
        key, value = (cells[1], cells[2]) if not cells[0] and len(cells) > 2 else (
            cells[0], cells[1] if len(cells) > 1 else "")  # fmt: skip
        word = key.rstrip(":").strip().lower()
        for fact, words in _WORDS.items():
            if word in words and value and fact not in found:
                found[fact] = value
    return found


def _partitions(notebook: Notebook, made: Attachment, used: InUse, name: str) -> str:
    rows = rows_of(ask(notebook, made, used.name, f"SHOW PARTITIONS {name}", _COMMAND))
    names = sorted(str(row[0]) for row in rows)
    return f"{count(len(names))}, the last one {names[-1]}" if names else "none yet"


def _files(made: Attachment, location: str) -> list[tuple[str, str]]:
    """Count the files at a location; what cannot be listed is said."""
    try:
        entries = list(islice(_data(made, location), _MOST_FILES))
    except EmrError as error:
        return [("files", f"not listed: {error.what}")]
    total = sum(entry.size for entry in entries)
    more = "more than " if len(entries) == _MOST_FILES else ""
    if not entries:
        return [("files", "none")]
    mean = size(total // len(entries))
    return [("files", f"{more}{plural(len(entries), 'file')}, {size(total)}, {mean} on average")]


def _data(made: Attachment, location: str) -> Iterable[Any]:
    return (
        entry
        for entry in walk(made.cluster.files, location)
        if not entry.is_directory and entry.name[:1] not in "_."
    )
