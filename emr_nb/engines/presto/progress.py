"""A query's statistics as a Progress: what the server tells, and no percentage that lies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emr_nb.model import Progress

_PHASES = {
    "QUEUED": "queued",
    "WAITING_FOR_RESOURCES": "queued",
    "DISPATCHING": "starting",
    "PLANNING": "starting",
    "STARTING": "starting",
    "RUNNING": "running",
    "FINISHING": "running",
    "FINISHED": "fetching",
}
# A split counts when all of it is done, and so few of them say nothing for a long time.
_LEAST_SPLITS = 25


def progress_of(stats: Mapping[str, Any], elapsed: float, *, fetching: bool = False) -> Progress:
    """Return a look at a query; `elapsed` is in seconds, `fetching` that its rows are coming.

    The fraction is that of splits, where all are known and there are enough of them.
    """
    done, total = _count(stats, "completedSplits"), _count(stats, "totalSplits")
    state = str(stats.get("state") or "")
    phase = "fetching" if fetching else _PHASES.get(state, "running")
    known = bool(stats.get("scheduled")) and total >= _LEAST_SPLITS and done < total
    return Progress(
        phase,
        elapsed,
        done / total if known and phase in ("running", "fetching") else None,
        rows=_count(stats, "processedRows") or None,
        bytes=_count(stats, "processedBytes") or _count(stats, "physicalInputBytes") or None,
        splits_done=done,
        splits_total=total,
        peak_memory=_count(stats, "peakMemoryBytes") or _count(stats, "peakMemory"),
        queued_seconds=_count(stats, "queuedTimeMillis") / 1000,
    )


def _count(stats: Mapping[str, Any], name: str) -> int:
    value = stats.get(name)
    return int(value) if isinstance(value, int | float) else 0
