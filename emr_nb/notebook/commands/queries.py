"""explain, transpile: what an engine would do with a query, and how another would write it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from emr_nb.engines.sql.plans import explain as explained
from emr_nb.engines.sql.plans import plan_of
from emr_nb.errors import UsageError
from emr_nb.notebook.answers import Text
from emr_nb.notebook.asking import ask, engine_for, rows_of
from emr_nb.notebook.commands.base import ENGINE, ON, Command
from emr_nb.notebook.options import Option, Parsed
from emr_nb.notebook.plan_view import Plan
from emr_nb.notebook.sql_cells import rules_of

if TYPE_CHECKING:
    from emr_nb.notebook.attachment import Attachment
    from emr_nb.notebook.state import Notebook

_MOST = 50  # rows of the journal that are looked through


def explain(notebook: Notebook, given: Parsed) -> Plan:
    """Show the plan of a query, or of the last one that this notebook ran."""
    from emr_nb.engines.sql.parameters import place
    from emr_nb.engines.sql.splitting import split

    made = notebook.attachment(given["on"] or "")
    code, engine = given["code"] or "", given["engine"] or ""
    ran = not code.strip()
    if ran:
        code, engine = _last(notebook, made, engine)
    used = engine_for(made, engine, "%emr explain")
    rules = rules_of(made.cluster.engine(used.name))
    pieces = split(code, rules)
    if not pieces:
        raise UsageError("There is nothing to explain", where="%emr explain")
    text = pieces[-1].text
    if not ran:  # what ran has its values already
        text = place(text, notebook.shell.user_ns, rules).text
    sql = explained(text, rules.dialect, analyze=given["analyze"])
    if not sql:
        raise UsageError(
            f"{used.title} has no EXPLAIN ANALYZE",
            where="%emr explain",
            advice="Without --analyze it shows the plan; the statement was not run.",
        )
    return Plan.of(*plan_of(rows_of(ask(notebook, made, used.name, sql, "%emr explain"))))


def _last(notebook: Notebook, made: Attachment, engine: str) -> tuple[str, str]:
    """Return the text and engine of the last query of this notebook; raises UsageError."""
    rows = notebook.journal.statements(
        cluster=made.cluster.info.id, notebook=notebook.place.path, limit=_MOST
    )
    for row in rows:
        ours = not row.line.startswith("%emr") and row.language == "sql"
        if ours and row.text and engine in ("", row.engine):
            return row.text, row.engine
    raise UsageError(
        "No query of this notebook is known",
        where="%emr explain",
        advice="Write it behind the command: %emr explain select …",
    )


def transpile(notebook: Notebook, given: Parsed) -> Text:
    """Write SQL of one dialect in another; nothing is run."""
    from emr_nb.engines.sql.transpile import dialects
    from emr_nb.engines.sql.transpile import transpile as transpiled
    from emr_nb.notebook.options import nearest

    if not given["to"]:
        raise UsageError("--to DIALECT missing", where="%emr transpile",
                         advice="%emr transpile --to presto select …")  # fmt: skip
    source = given["from_"] or _spoken(notebook, given["on"] or "")
    for flag, name in (("--to", given["to"]), ("--from", source)):
        if name not in dialects():
            near = nearest(name, dialects())
            raise UsageError(
                f"{flag} {name}: no dialect has that name",
                where="%emr transpile",
                advice=f"Did you mean {near}?" if near else f"There are {', '.join(dialects())}.",
            )
    made = transpiled(given["code"], source, given["to"])
    notes = [f"-- {line}" for notice in made.notices for line in notice.splitlines()]
    return Text("\n".join([*notes, made.text]))


def _spoken(notebook: Notebook, on: str) -> str:
    """Return the dialect of the last SQL cell; Spark's where there was none."""
    if not notebook.attached:
        return "spark"
    made = notebook.attachment(on)
    return rules_of(made.cluster.engine(made.last_sql)).dialect if made.last_sql else "spark"


_CODE = Option("code", kind="rest", metavar="CODE", help="a query; the last one by default")
COMMANDS = (
    Command(
        "explain",
        "Show the plan of a query.",
        explain,
        (
            Option("analyze", ("--analyze",), "Run it, and show what it took", "flag"),
            ENGINE,
            ON,
            _CODE,
        ),
    ),
    Command(
        "transpile",
        "Write SQL in another dialect; nothing is run.",
        transpile,
        (
            Option("to", ("--to",), "presto, trino, hive, spark, duckdb …", metavar="DIALECT"),
            Option("from_", ("--from",), "The dialect it is in; that of the last SQL cell",
                   metavar="DIALECT"),
            ON,
            replace(_CODE, required=True, help="SQL"),
        ),
    ),
)  # fmt: skip
