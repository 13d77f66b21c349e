"""`--to` by Hive itself: a temporary table whose folder lies beside the target.

The table's files have the names of its columns, which those of INSERT OVERWRITE DIRECTORY have
not. What Hive's Parquet files would change goes through the notebook: timestamps (kept in
another zone, and beyond 1677–2262 not readable), char (its blanks), intervals and void.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from emr_nb.engines.hive.memory import quoted
from emr_nb.engines.hive.types import HiveType, parse
from emr_nb.engines.rewritten import Rewritten, TargetStatement, Writing
from emr_nb.engines.sql.lexicon import lexicon
from emr_nb.engines.sql.literals import quoted as literal
from emr_nb.engines.sql.origins import Origin
from emr_nb.engines.sql.parameters import Placed
from emr_nb.engines.sql.queries import reads_table
from emr_nb.engines.target_folder import TargetFolder, spelled, store_for
from emr_nb.errors import EmrError, SessionLostError, StatementError
from emr_nb.model import Request
from emr_nb.results.plan import TransferPlan

if TYPE_CHECKING:
    import pyarrow as pa

    from emr_nb.engines.base import Statement
    from emr_nb.engines.hive.session import HiveSession
    from emr_nb.results.result import Result

_RULES = lexicon("hive")
_PLAIN = re.compile(r"[a-z0-9_]+")
_MADE_UP = re.compile(r"_col\d+")  # by Hive, for the second of two columns of one name
_EXACT = frozenset(
    (
        "boolean", "tinyint", "smallint", "int", "bigint", "float", "double", "decimal", "string",
        "varchar", "binary", "date", "array", "map", "struct",
    )
)  # fmt: skip
# else the columns of `select *` are called t.a, which is the name of none
_TRUE_NAMES = {"hive.resultset.use.unique.column.names": "false"}


def submit_to(session: HiveSession, request: Request, plan: TransferPlan, placed: Placed) -> (
    Statement
):  # fmt: skip
    """Submit a statement whose table goes to files; by whoever holds the session.

    `placed` is its text as it is sent. Where Hive cannot write it, it runs as it is.
    """
    probed = _probed(session, placed.text) if reads_table(placed.text, _RULES) else None
    why = "it is no query" if probed is None else _unfit(request, plan, probed)
    if not why:
        assert probed is not None
        made = _begun(session, request, plan, placed, probed)
        if isinstance(made, TargetStatement):
            return made
        why = made
    settings = {**_TRUE_NAMES, **request.settings} if probed is not None else request.settings
    sent = replace(request, code=placed.text, target=None, settings=settings)
    session.journal.update(request.tag, state="sent")
    inner = session.begin(sent, replace(plan, keep=True))
    return Rewritten(inner, Origin(request.code, 0, placed), why)


def _probed(session: HiveSession, sql: str) -> Result | None:
    """Return the query's columns without a row; None where Hive does not tell."""
    try:
        inside = f"SELECT * FROM (\n{sql}\n) q LIMIT 0"
        return session.unlisted(inside, _TRUE_NAMES).result()
    except SessionLostError:
        raise
    except EmrError:
        return None  # what is wrong is told about the user's own text


def _unfit(request: Request, plan: TransferPlan, probed: Result) -> str:
    """Return why Hive's files would not be the same; empty where they are."""
    target = request.target
    assert target is not None
    if target.format != "parquet":
        return f"Hive writes no {target.format} that other readers take"
    if plan.limit is not None:
        return "only the first rows are wanted"
    for column in probed.columns:
        if not _PLAIN.fullmatch(column.name) or _MADE_UP.fullmatch(column.name):
            return f"column {column.name!r} would get another name"
        if kind := _inexact(parse(column.engine_type)):
            return f"column {column.name} has the type {kind}, which Hive's Parquet does not keep"
    return ""


def _inexact(kind: HiveType) -> str:
    if kind.name not in _EXACT:
        return kind.name
    return next((found for part in kind.inner if (found := _inexact(part))), "")


def _begun(
    session: HiveSession, request: Request, plan: TransferPlan, placed: Placed, probed: Result
) -> TargetStatement | str:
    """Begin to write; returns why not where Hive refuses before anything has run."""
    target = request.target
    assert target is not None
    store = store_for(session.context, target.path)
    if store is None:
        return "this notebook does not reach the store"
    folder = TargetFolder.make(store, target, request.tag, session.writers)
    table = f"emr_nb_to_{request.tag[:16]}"
    try:
        session.journal.update(request.tag, state="sent", spool=str(folder.files))
        sent = placed.behind(
            f"CREATE TEMPORARY TABLE {table} STORED AS PARQUET LOCATION "
            f"{literal(spelled(folder.files), 'path', _RULES)} "
            "TBLPROPERTIES ('parquet.compression'='SNAPPY') AS\n"
        )
        inner = session.begin(replace(request, code=sent.text, target=None), plan)
        if inner.refusal is not None:  # the query alone was taken: nothing has run
            inner.result()
    except StatementError as error:
        folder.remove()
        session.journal.update(request.tag, spool="")
        return f"Hive refused to write it: {error.what.splitlines()[0][:200]}"
    except BaseException:
        folder.remove()
        raise
    schema = probed.schema

    def drop() -> None:
        session.run(f"DROP TABLE IF EXISTS {quoted(table)}", request.database).result()

    writing = Writing(folder, session.journal, drop, lambda: empty_file(schema))
    return TargetStatement(inner, Origin(request.code, 0, sent), writing)


def empty_file(schema: pa.Schema) -> Iterator[bytes]:
    """Return the bytes of a Parquet file without rows."""
    from emr_nb.results.writing import encoded

    return encoded([schema.empty_table()], schema, "parquet")
