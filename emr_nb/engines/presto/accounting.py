"""What a query of Presto or Trino took: the statistics of its last page, stage by stage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from emr_nb.engines.account import Account, StageAccount


def account_of(stats: Mapping[str, Any]) -> Account | None:
    """Return the account of a page's statistics; None for a page without any."""
    if not stats.get("state"):
        return None
    root = stats.get("rootStage")
    planned = [_seconds(stats, key) for key in ("analysisTimeMillis", "planningTimeMillis")]
    return Account(
        stages=tuple(_stages(root)) if isinstance(root, Mapping) else (),
        elapsed=_seconds(stats, "elapsedTimeMillis"),
        queued=_seconds(stats, "queuedTimeMillis"),
        planned=max((p for p in planned if p is not None), default=None),
        cpu=_seconds(stats, "cpuTimeMillis"),
        rows=_whole(stats, "processedRows"),
        bytes=_whole(stats, "physicalInputBytes") or _whole(stats, "processedBytes"),
        spilled=_whole(stats, "spilledBytes"),
        peak_memory=_whole(stats, "peakMemoryBytes"),
        nodes=_whole(stats, "nodes"),
    )


def _stages(stage: Mapping[str, Any]) -> Iterator[StageAccount]:
    yield StageAccount(
        f"stage {stage.get('stageId', '?')}",
        cpu=_seconds(stage, "cpuTimeMillis"),
        rows=_whole(stage, "processedRows"),
        bytes=_whole(stage, "processedBytes"),
        tasks=_whole(stage, "totalSplits"),
        failed=_whole(stage, "failedTasks") or 0,
    )
    for below in stage.get("subStages") or ():
        if isinstance(below, Mapping):
            yield from _stages(below)


def _whole(told: Mapping[str, Any], name: str) -> int | None:
    value = told.get(name)
    return int(value) if isinstance(value, int | float) else None


def _seconds(told: Mapping[str, Any], name: str) -> float | None:
    value = _whole(told, name)
    return None if value is None else value / 1000
