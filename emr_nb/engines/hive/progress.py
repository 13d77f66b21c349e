"""What a running statement tells: Tez's vertices, or the stages of MapReduce."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from emr_nb.engines.hive.service import Look, State, Vertices
from emr_nb.model import Progress, StageProgress

_PERCENT = re.compile(r"(\S+) map = (\d+)%,\s+reduce = (\d+)%")
_COUNTS = ("TOTAL", "COMPLETED", "RUNNING", "FAILED")
JOBS = ("MAPRED", "TEZ", "SPARK")
_QUEUED = (State.INITIALIZED, State.PENDING)


def progress_of(look: Look, elapsed: float) -> Progress:
    """Return a look as the notebook knows it.

    Only Tez counts tasks; MapReduce tells each stage's own percentages, which are no part of
    the whole, so they are words here and no fraction.
    """
    if look.state in _QUEUED:
        return Progress("queued", elapsed)
    if look.vertices is not None:
        return _of_vertices(look.vertices, elapsed)
    tasks = [task for task in tasks_of(look.tasks) if task.get("taskType") in JOBS]
    done = sum(task.get("taskState") == "FINISHED" for task in tasks)
    words = [word for task in tasks if (word := _words(task))]
    return Progress(
        "running",
        elapsed,
        detail="; ".join(words),
        jobs_done=done,
        jobs_total=len(tasks),
        stages_total=len(tasks),
    )


def _of_vertices(told: Vertices, elapsed: float) -> Progress:
    stages = []
    for row in told.rows:
        cells = dict(zip(told.headers, row, strict=False))
        total, done, running, failed = (_number(cells.get(name, "")) for name in _COUNTS)
        name = next(iter(cells.values()), "").rstrip(" .")
        stages.append(StageProgress(name, done, running, failed, total))
    # a vertex that does not know its tasks yet would make any share of the rest a lie
    whole = sum(stage.total for stage in stages)
    known = whole > 0 and all(stage.total > 0 for stage in stages)
    return Progress(
        "running",
        elapsed,
        fraction=min(1.0, sum(stage.done for stage in stages) / whole) if known else None,
        detail=told.footer,
        stages=tuple(stages),
        stages_total=len(stages),
        jobs_total=1,
    )


def tasks_of(text: str) -> Sequence[Mapping[str, Any]]:
    """Return the tasks that a look tells, as the server wrote them."""
    import orjson

    try:
        found = orjson.loads(text) if text else []
    except orjson.JSONDecodeError:
        return []
    return [task for task in found if isinstance(task, dict)] if isinstance(found, list) else []


def _words(task: Mapping[str, Any]) -> str:
    if task.get("taskState") != "RUNNING":
        return ""
    name = str(task.get("taskId") or "")
    found = _PERCENT.search(str(task.get("statusMessage") or ""))
    return f"{found[1]} map {found[2]} %, reduce {found[3]} %" if found else name


def _number(text: str) -> int:
    return int(text) if text.strip().lstrip("-").isdigit() and int(text) > 0 else 0
