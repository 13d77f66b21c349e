"""The journal's rows, and who owns them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from emr_nb.model import StatementReference

# prepared -> sent -> running -> done | failed | cancelled | lost | unknown
OPEN_STATES = ("prepared", "sent", "running")


@dataclass(frozen=True, slots=True)
class StatementRow:
    """One statement; times are seconds since the epoch.

    `text` and `line` (the magic and its options) are there only where history is on. `place`
    is where an engine's server goes on with it, for the process that adopts it. `fraction` is
    how much of it was done when its kernel last looked, where its engine tells that.
    """

    tag: str
    cluster: str
    engine: str
    session: str
    state: str = "prepared"
    cluster_name: str = ""
    statement: str = ""
    language: str = ""
    notebook: str = ""
    kernel: str = ""
    cell: str = ""
    text: str = ""
    rows: int | None = None
    error: str = ""
    spool: str = ""
    owner_pid: int = 0
    owner_started: float = 0.0
    created: float = 0.0
    updated: float = 0.0
    ended: float | None = None
    line: str = ""
    place: str = ""
    fraction: float | None = None

    @property
    def seconds(self) -> float:
        """How long it ran, or has been running at its last update."""
        return (self.ended or self.updated) - self.created


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session that one of this user's kernels began, and who owns it.

    `kept` is until when the server keeps it alive though its kernel is gone; 0 is not at all.
    """

    cluster: str
    engine: str
    name: str
    session: str
    notebook: str = ""
    owner_pid: int = 0
    owner_started: float = 0.0
    created: float = 0.0
    updated: float = 0.0
    kept: float = 0.0


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run of a cell: `running`, then `ended`; what it showed is asked for by its id.

    `digest` is of the cell's text as it ran.
    """

    run: str
    notebook: str
    cell: str
    cluster: str = ""
    digest: str = ""
    state: str = "running"
    owner_pid: int = 0
    owner_started: float = 0.0
    created: float = 0.0
    updated: float = 0.0
    ended: float | None = None


def process_started(pid: int) -> float:
    """Return when a process began, in clock ticks since boot; 0.0 when it is gone or unknown.

    A pid alone may be somebody else's by now; pid and start time together may not.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0.0
    return float(stat.rpartition(")")[2].split()[19])


def owner_is_gone(row: StatementRow | SessionRow | RunRow) -> bool:
    """Tell whether the process that owns a row has ended; unknown counts as alive."""
    if row.owner_started:
        return process_started(row.owner_pid) != row.owner_started
    try:
        os.kill(row.owner_pid, 0)  # asks, sends nothing
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def reference_of(row: StatementRow) -> StatementReference:
    """Return what finds a journal's statement again."""
    return StatementReference(row.tag, row.cluster, row.engine, row.session, row.statement)
