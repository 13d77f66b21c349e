"""Remove what crashed kernels and ended sessions left in our private folders."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from typing import TYPE_CHECKING

from emr_nb.engines.scratch import Scratch, left_behind, roots, store_of
from emr_nb.errors import EmrError
from emr_nb.journal import OPEN_STATES, Journal, StatementRow, process_started
from emr_nb.model import FilePath

if TYPE_CHECKING:
    from emr_nb.context import ClusterContext
    from emr_nb.files.base import FileSystem


_SPARK = "spark"  # others' sweeps see to their own


def sweep(context: ClusterContext, hdfs: FileSystem | None, living: Collection[str]) -> list[str]:
    """Remove orphans and return their paths; `living` are the ids of Livy's sessions.

    A spool is an orphan when the process that asked for it is gone and nobody can adopt its
    statement any more: it has ended, or its session has. Quiet about what cannot be removed.
    """
    removed = []
    for row in context.journal.spools(context.cluster.id):
        if row.engine == _SPARK and is_orphan(row, living) and _remove(context, hdfs, row.spool):
            _forget(context.journal, row, living)
            removed.append(row.spool)
    for root in roots(context):
        store = store_of(context, root, hdfs)
        if store is None:
            continue
        with suppress(EmrError):
            left = left_behind(store, root, context.cluster.id, living)
            removed += [str(e.path) for e in left if _remove(context, hdfs, str(e.path))]
    return removed


def is_orphan(row: StatementRow, living: Collection[str]) -> bool:
    """Tell whether nobody can want a statement's spool any more."""
    if process_started(row.owner_pid) == row.owner_started:
        return False
    return row.state not in OPEN_STATES or row.session not in living


def _forget(journal: Journal, row: StatementRow, living: Collection[str]) -> None:
    lost = row.state in OPEN_STATES and row.session not in living
    journal.update(row.tag, spool="", **({"state": "lost"} if lost else {}))


def _remove(context: ClusterContext, hdfs: FileSystem | None, text: str) -> bool:
    path = FilePath.parse(text)
    store = store_of(context, path, hdfs)
    with suppress(EmrError):
        return store is not None and Scratch(store, path).remove(path)
    return False
