"""The journal: one SQLite file per user, the only state that kernels and the server share.

A statement has its row *before* it is submitted, so that whoever comes later can find it
again by its tag. The file is in WAL mode and readable by its owner alone.
"""

from __future__ import annotations

from emr_nb.journal.rows import (
    OPEN_STATES,
    RunRow,
    SessionRow,
    StatementRow,
    owner_is_gone,
    process_started,
    reference_of,
)
from emr_nb.journal.runs import Runs
from emr_nb.journal.search import Search
from emr_nb.journal.store import Journal

__all__ = [
    "OPEN_STATES",
    "Journal",
    "RunRow",
    "Runs",
    "Search",
    "SessionRow",
    "StatementRow",
    "owner_is_gone",
    "process_started",
    "reference_of",
]
