"""Run one statement for a command: in the engine's session, with its progress and its cancel."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from emr_nb.errors import SessionNotFoundError, UsageError
from emr_nb.model import Request
from emr_nb.notebook.attachment import SPARK, Attachment, InUse
from emr_nb.notebook.cells import OPTIONS, Job
from emr_nb.notebook.options import Parsed
from emr_nb.notebook.runner import Runner
from emr_nb.results.plan import plan_transfer

if TYPE_CHECKING:
    from emr_nb.engines.base import Session
    from emr_nb.notebook.state import Notebook
    from emr_nb.results.result import Result

_CATALOGS = ("hive", "trino", "presto")  # whose sessions cost nothing

Rows = list[tuple[Any, ...]]


def engine_for(made: Attachment, named: str, command: str, *, catalog: bool = False) -> InUse:
    """Return the engine that a command asks: the one named, else that of the last SQL cell.

    Before any, what lies in the `catalog` is asked of whoever has one: Hive knows it by its
    metastore, without compiling a statement. Raises UsageError for a Spark that has no
    session: a command starts none.
    """
    wanted = named or made.last_sql
    if not wanted and catalog and made.sessions.opened() is None:
        there = {service.name for service in made.cluster.services}
        wanted = next((name for name in _CATALOGS if name in there), "")
    used = made.of(wanted or SPARK)
    if used.name == SPARK and not used.sessions.is_open() and used.sessions.found is None:
        raise UsageError(
            "No SQL cell has run yet, and Spark has no session",
            where=command,
            advice="--engine hive (or trino, presto, spark) says which engine to ask; "
            "a Spark cell starts its session.",
        )
    return used


def ask(notebook: Notebook, made: Attachment, engine: str, sql: str, command: str) -> Result | None:
    """Run a statement to its end; its line is on the page while it runs.

    Raises StatementError, SessionError, TransportError.
    """
    options = Parsed({option.name: option.initial for option in OPTIONS})
    job = Job(sql, "sql", Parsed({**options, "rows": -1}), command, engine=engine, cell="")
    runner = Runner(notebook)
    request = replace(runner.request(job), line=command)
    with runner.line_up(made, job):
        _, result = runner.execute(made, job, request)
    runner.line.end_if_shown("done")
    return result


def rows_of(result: Result | None) -> Rows:
    """Return the rows of a result."""
    if result is None:
        return []
    return list(zip(*(c.to_pylist() for c in result.table.columns), strict=True))


def ask_quietly(session: Session, sql: str) -> Rows:
    """Run a short statement without a word on the page; may be on any thread."""
    request = Request(sql, "sql", secrets.token_hex(16), rows=-1, line="%emr")
    statement = session.submit(request, plan_transfer(request))
    try:
        for _ in statement.events():
            pass
        return rows_of(statement.result())
    except KeyboardInterrupt:
        statement.cancel()
        raise


def opened(made: Attachment, used: InUse) -> Session:
    """Return the engine's session, opened where it is not; raises SessionError."""
    session = used.sessions.opened()
    if session is None and used.name == SPARK and used.sessions.found is None:
        raise SessionNotFoundError(
            "Spark has no session yet", where=made.name, advice="A Spark cell starts one."
        )
    if used.name != SPARK:
        used.sessions.look_once(fresh=made.fresh)
    return session or used.sessions.get()
