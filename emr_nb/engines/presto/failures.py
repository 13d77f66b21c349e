"""A query's failure as the server tells it: short, at the cell's line, its stack folded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emr_nb.errors import StatementCancelledError, StatementError

_CANCELLED = frozenset({"USER_CANCELED"})
_KILLED = frozenset({"ADMINISTRATIVELY_KILLED", "ADMINISTRATIVELY_PREEMPTED"})
_MEMORY = "Read fewer columns or rows, or aggregate in steps; {session} raises the query's limit."
_ADVICE = {
    "TABLE_NOT_FOUND": "SHOW TABLES FROM catalog.schema lists what is there.",
    "SCHEMA_NOT_FOUND": "SHOW SCHEMAS FROM catalog lists what is there.",
    "CATALOG_NOT_FOUND": "SHOW CATALOGS lists what is there.",
    "MISSING_CATALOG_NAME": "Name the table as catalog.schema.table, or say USE catalog.schema.",
    "MISSING_SCHEMA_NAME": "Name the table as catalog.schema.table, or say USE catalog.schema.",
    "COLUMN_NOT_FOUND": "DESCRIBE table lists its columns.",
    "PERMISSION_DENIED": "Ask for the right, or run as a user or role that has it.",
    "QUERY_QUEUE_FULL": "Nothing of it ran: wait for others' queries to end, and run it again.",
    "EXCEEDED_LOCAL_MEMORY_LIMIT": _MEMORY.format(session="SET SESSION query_max_memory_per_node"),
    "EXCEEDED_GLOBAL_MEMORY_LIMIT": _MEMORY.format(session="SET SESSION query_max_memory"),
    "CLUSTER_OUT_OF_MEMORY": "Others use the cluster's memory too: run it again later, or smaller.",
    "EXCEEDED_TIME_LIMIT": "SET SESSION query_max_run_time = '2h' allows more.",
    "ABANDONED_QUERY": "Nobody asked for its pages in 5 min (a laptop asleep, say): run it again.",
    "SERVER_STARTING_UP": "Wait until the coordinator has started, and run it again.",
    "NO_NODES_AVAILABLE": "The cluster has no worker now: wait for one, and run it again.",
    "HIVE_METASTORE_ERROR": "Is the Hive metastore running? `%emr doctor` looks at it.",
    "QUERY_TEXT_TOO_LARGE": "Put long lists into a table, and join with it.",
}
_MOST_FRAMES = 60


def statement_error(error: Mapping[str, Any], where: str) -> StatementError:
    """Return the error for a failed query, in the server's own words."""
    name = str(error.get("errorName") or "")
    message = str(error.get("message") or "").strip()
    if name in _CANCELLED | _KILLED:
        by_us = name in _CANCELLED
        what = "The query was cancelled" if by_us else f"The query was ended: {message}"
        return StatementCancelledError(
            what, ename="Cancelled", evalue=message, where=where, traceback=_stack(error)
        )
    place = error.get("errorLocation") or {}
    stack = _stack(error)
    short = message.split("\n\tat ", 1)[0]
    return StatementError(
        f"{name}: {short}" if name else short or "The query failed, its server does not say why",
        ename=name,
        evalue=message,
        traceback=stack,
        line=int(place["lineNumber"]) if place.get("lineNumber") else None,
        column=int(place["columnNumber"]) if place.get("columnNumber") else None,
        folded=stack,
        where=where,
        advice=_ADVICE.get(name, ""),
    )


def _stack(error: Mapping[str, Any]) -> list[str]:
    """Return the stack of a failure and of its causes, as Java prints them."""
    lines: list[str] = []
    failure, first = error.get("failureInfo"), True
    while isinstance(failure, Mapping) and len(lines) < _MOST_FRAMES:
        head = f"{failure.get('type') or ''}: {failure.get('message') or ''}"
        lines.append(head if first else f"Caused by: {head}")
        lines += [f"\tat {frame}" for frame in failure.get("stack") or ()]
        failure, first = failure.get("cause"), False
    return lines[:_MOST_FRAMES]
