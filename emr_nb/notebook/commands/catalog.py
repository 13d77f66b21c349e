"""tables, columns, describe: what an engine's catalog has, and what lies behind a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from emr_nb.engines.sql.naming import parts_of, plainly, qualified
from emr_nb.errors import UsageError
from emr_nb.model import CatalogNode
from emr_nb.notebook.answers import Facts, Field, Records
from emr_nb.notebook.asking import engine_for
from emr_nb.notebook.catalogs import children
from emr_nb.notebook.catalogs import tables as find_tables
from emr_nb.notebook.commands.base import ENGINE, ON, Command
from emr_nb.notebook.look import count, plural
from emr_nb.notebook.options import Option, Parsed
from emr_nb.notebook.progress_line import ProgressLine
from emr_nb.notebook.sql_cells import rules_of

if TYPE_CHECKING:
    from emr_nb.engines.sql.lexicon import Lexicon
    from emr_nb.notebook.attachment import Attachment, InUse
    from emr_nb.notebook.state import Notebook

_MOST = 10_000
_SHOWN = 200  # on the page; the answer itself has all
_COLUMNS = (
    Field[CatalogNode]("column", lambda n: n.name),
    Field[CatalogNode]("type", lambda n: n.type),
)


def tables(notebook: Notebook, given: Parsed) -> Records[CatalogNode]:
    """List tables and views, by a pattern such as `flights`, `db.f*` or `hive.db.*`."""
    made = notebook.attachment(given["on"] or "")
    used = engine_for(made, given["engine"] or "", "%emr tables", catalog=True)
    made.forget_catalog(used.name)
    pattern = (given["pattern"] or "").split(".") if given["pattern"] else []
    if len(pattern) > 3:
        raise UsageError(
            f"{given['pattern']!r} has more than three parts",
            where="%emr tables",
            advice="Patterns are TABLE, SCHEMA.TABLE or CATALOG.SCHEMA.TABLE, with * and ?.",
        )
    line = ProgressLine(notebook.screen)
    try:
        found = table_records(made, used, pattern, line.note)
    except BaseException:
        line.end_if_shown("failed", "tables not listed")
        raise
    line.end_if_shown("done", f"{plural(len(found), 'table')} of {used.title}")
    return found


def table_records(
    made: Attachment,
    used: InUse,
    pattern: Sequence[str],
    note: Callable[[str], None] = lambda _: None,
) -> Records[CatalogNode]:
    """Return the tables that fit, of which a page shows the first 200; `note` is told meanwhile."""
    rows: list[CatalogNode] = []
    for node in find_tables(made, used, pattern):
        rows.append(node)
        if len(rows) % _SHOWN == 1:
            note(f"{used.title}: {plural(len(rows), 'table')}")
        if len(rows) >= _MOST:
            break
    notice = f"The first {count(_MOST)}: a pattern names fewer." if len(rows) >= _MOST else ""
    notice = notice or ("" if rows else f"No such table on {used.title}.")
    fields = _fields(rules_of(made.cluster.engine(used.name)))
    return Records(rows, fields, notice, shown=_SHOWN)


def _fields(rules: Lexicon) -> tuple[Field[CatalogNode], ...]:
    """Return the columns of the listing; a name shows quoted only where it must be."""
    return (
        Field[CatalogNode]("name", lambda n: n.name),
        Field[CatalogNode]("kind", lambda n: n.kind),
        Field[CatalogNode](
            "qualified", lambda n: n.qualified, lambda name: plainly(parts_of(name, rules), rules)
        ),
    )


def columns(notebook: Notebook, given: Parsed) -> Records[CatalogNode]:
    """List a table's columns with the engine's own types."""
    made = notebook.attachment(given["on"] or "")
    used = engine_for(made, given["engine"] or "", "%emr columns", catalog=True)
    made.forget_catalog(used.name)
    return Records(columns_of(made, used, given["table"]), _COLUMNS)


def columns_of(made: Attachment, used: InUse, text: str) -> list[CatalogNode]:
    """Return the columns of a table by its name as SQL writes it; raises UsageError."""
    rules = rules_of(made.cluster.engine(used.name))
    parts = parts_of(text, rules)
    node = CatalogNode(parts[-1], "table", qualified(parts, rules))
    found = list(children(made, used, node))
    if not found:
        raise UsageError(
            f"{text} has no columns that {used.title} tells of",
            where="%emr columns",
            advice="%emr tables lists what is there.",
        )
    return found


def describe(notebook: Notebook, given: Parsed) -> Facts:
    """Say what a table is: its place, format, partitions, rows, bytes, files, owner."""
    from emr_nb.notebook.describing import facts_of

    made = notebook.attachment(given["on"] or "")
    used = engine_for(made, given["engine"] or "", "%emr describe", catalog=True)
    return facts_of(notebook, made, used, given["table"])


_TABLE = Option("table", help="TABLE, SCHEMA.TABLE or CATALOG.SCHEMA.TABLE", required=True,
                source="table")  # fmt: skip
COMMANDS = (
    Command(
        "tables",
        "List the tables and views of an engine.",
        tables,
        (Option("pattern", help="such as fl*, db.fl* or hive.db.*"), ENGINE, ON),
    ),
    Command("columns", "List a table's columns and their types.", columns, (_TABLE, ENGINE, ON)),
    Command(
        "describe",
        "Say what a table is and what files lie behind it.",
        describe,
        (_TABLE, ENGINE, ON),
    ),
)
