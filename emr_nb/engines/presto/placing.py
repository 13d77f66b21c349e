"""Statements that are sent in other words: frames by their views, and `--to` as a new table.

A table of the Hive catalog is made whose folder lies beside the target. What its Parquet files
would change goes through the notebook: timestamps (in milliseconds, and beyond 1677–2262 not
readable), char (its blanks), names with capitals, and an order of rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from emr_nb.engines.presto.catalog import quoted
from emr_nb.engines.presto.types import Kind, parse
from emr_nb.engines.rewritten import Rewritten, TargetStatement, Writing
from emr_nb.engines.sql.lexicon import lexicon
from emr_nb.engines.sql.literals import quoted as literal
from emr_nb.engines.sql.origins import Origin
from emr_nb.engines.sql.parameters import Placed
from emr_nb.engines.sql.queries import is_ordered, reads_table
from emr_nb.engines.target_folder import TargetFolder, store_for
from emr_nb.errors import EmrError
from emr_nb.model import Column, Request
from emr_nb.results.plan import TransferPlan

if TYPE_CHECKING:
    import pyarrow as pa

    from emr_nb.engines.base import Statement
    from emr_nb.engines.presto.session import PrestoSession

_RULES = lexicon("trino")
_PLAIN = re.compile(r"[a-z0-9_]+")
_EXACT = frozenset(
    (
        "boolean", "tinyint", "smallint", "integer", "bigint", "real", "double", "decimal",
        "varchar", "varbinary", "date", "array", "map", "row",
    )
)  # fmt: skip
_COLUMN_BASE = 1
_PROBE_SECONDS = 30.0


def submit_placed(session: PrestoSession, request: Request, plan: TransferPlan) -> Statement:
    """Submit a statement that reads frames, or whose table goes to files."""
    placed = session.frames.placed(request.code.rstrip().rstrip(";").rstrip())
    why = ""
    if request.target is not None:
        columns = _probed(session, request, placed.text)
        why = _unfit(request, plan, placed.text, columns)
        if not why:
            made = _writing(session, request, plan, placed, columns)
            if isinstance(made, TargetStatement):
                return made
            why = made
        request, plan = replace(request, target=None), replace(plan, keep=True)
    inner = session.enter(request, plan, placed.text)
    if not placed.edits and not why:
        return inner
    return Rewritten(inner, Origin(request.code, 0, placed, _COLUMN_BASE), why)


def _probed(session: PrestoSession, request: Request, sql: str) -> Sequence[Column]:
    """Return a query's columns without a row; none where the server does not tell."""
    if not reads_table(sql, _RULES) or session.state.in_transaction:
        return ()
    try:
        inside = f"SELECT * FROM (\n{sql}\n) LIMIT 0"
        return session.asker.columns(inside, session.state_for(request), _PROBE_SECONDS)
    except EmrError:
        return ()  # what is wrong is told about the user's own text


def _unfit(request: Request, plan: TransferPlan, sql: str, columns: Sequence[Column]) -> str:
    """Return why the files would not be the same; empty where they are."""
    target = request.target
    assert target is not None
    if not columns:
        return "it is no query of its own"
    if target.format != "parquet":
        return f"no {target.format} is written that other readers take"
    if plan.limit is not None:
        return "only the first rows are wanted"
    if is_ordered(sql, _RULES):
        return "the writers keep no order of rows"
    names = [column.name for column in columns]
    for column in columns:
        if not _PLAIN.fullmatch(column.name):
            return f"column {column.name!r} would get another name"
        if names.count(column.name) > 1:
            return f"two columns are called {column.name}"
        if kind := _inexact(parse(column.engine_type)):
            return f"column {column.name} has the type {kind}, which Hive's tables do not keep"
    return ""


def _inexact(kind: Kind) -> str:
    if kind.name not in _EXACT:
        return kind.name
    if kind.name == "row" and not all(_PLAIN.fullmatch(name) for name, _ in kind.children):
        return "row with such names"
    return next((found for _, part in kind.children if (found := _inexact(part))), "")


def _writing(
    session: PrestoSession,
    request: Request,
    plan: TransferPlan,
    placed: Placed,
    columns: Sequence[Column],
) -> TargetStatement | str:
    """Begin to write; returns why not where there is no place for it."""
    target = request.target
    assert target is not None
    store = store_for(session.context, target.path)
    if store is None:
        return "this notebook does not reach the store"
    try:
        schema, _ = session.frames.schema()
    except EmrError as error:
        return error.what.splitlines()[0][:200]
    folder = TargetFolder.make(store, target, request.tag, {"trino", "presto"})
    table = f"{schema}.to_{request.tag[:16]}"
    sent = placed.behind(
        f"CREATE TABLE {table} ({', '.join(quoted(c.name) for c in columns)}) WITH "
        f"(format = 'PARQUET', external_location = {literal(str(folder.files), 'path', _RULES)}) "
        "AS\n"
    )
    try:
        inner = session.enter(
            replace(request, target=None), plan, sent.text, spool=str(folder.files)
        )
    except BaseException:
        folder.remove()
        raise

    def drop() -> None:
        session.asker.rows(f"DROP TABLE IF EXISTS {table}", session.state)

    writing = Writing(folder, session.journal, drop, lambda: _empty(columns))
    return TargetStatement(inner, Origin(request.code, 0, sent, _COLUMN_BASE), writing)


def _empty(columns: Sequence[Column]) -> Iterator[bytes]:
    import pyarrow as pa

    from emr_nb.engines.presto.types import arrow_type
    from emr_nb.results.writing import encoded

    schema: pa.Schema = pa.schema(
        [pa.field(c.name, arrow_type(parse(c.engine_type))) for c in columns]
    )
    return encoded([schema.empty_table()], schema, "parquet")
