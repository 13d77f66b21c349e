"""What a statement of Hive took: its stages' own times, and the summaries in its log."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from emr_nb.engines.account import Account, StageAccount
from emr_nb.engines.hive.progress import JOBS, tasks_of
from emr_nb.engines.hive.service import Look

_TOOK = re.compile(r"Completed (compiling|executing) command.*Time taken: ([\d.]+) seconds")
_JOB = re.compile(
    r"Stage-(Stage-\S+): +(?:Map: (\d+) +)?(?:Reduce: (\d+) +)?(?:Cumulative CPU: ([\d.]+) sec +)?"
    r"HDFS Read: (\d+)"
)
# hive.tez.exec.print.summary: vertex, duration, processor time, collection, records in and out
_VERTEX = re.compile(
    r"^ *(?:INFO *: *)?((?:Map|Reducer) \d+) +([\d.,]+) +([\d.,]+) +[\d.,]+ +([\d,]+)"
)


def account_of(look: Look | None, log: Iterable[str], elapsed: float) -> Account:
    """Return the account of an operation by its last look and the lines of its log."""
    lines = list(log)
    took = {m[1]: float(m[2]) for line in lines if (m := _TOOK.search(line))}
    jobs = {m[1]: m for line in lines if (m := _JOB.search(line))}
    vertices = list(_vertices(lines))
    stages = vertices or list(_stages(look, jobs))
    return Account(
        stages=tuple(stages),
        unit="vertex" if vertices else "stage",
        elapsed=elapsed,
        planned=took.get("compiling"),
        cpu=_sum(s.cpu for s in stages),
        rows=_sum_whole(s.rows for s in stages if s.name.startswith("Map")),
    )


def _stages(look: Look | None, jobs: dict[str, re.Match[str]]) -> Iterator[StageAccount]:
    for task in tasks_of(look.tasks) if look is not None else ():
        if task.get("taskType") not in JOBS:
            continue
        name, took = str(task.get("taskId") or "?"), task.get("elapsedTime")
        job = jobs.get(name)
        counts = [int(n) for n in (job[2], job[3]) if n] if job else []
        yield StageAccount(
            name,
            seconds=took / 1000 if isinstance(took, int | float) else None,
            cpu=float(job[4]) if job and job[4] else None,
            bytes=int(job[5]) if job and job[2] else None,  # a job in the server counts all of it
            tasks=sum(counts) or None,
        )


def _vertices(lines: Iterable[str]) -> Iterator[StageAccount]:
    for line in lines:
        if found := _VERTEX.match(line):
            yield StageAccount(
                found[1],
                seconds=_number(found[2]) / 1000,
                cpu=_number(found[3]) / 1000,
                rows=int(_number(found[4])),
            )


def _number(text: str) -> float:
    return float(text.replace(",", ""))


def _sum(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _sum_whole(values: Iterable[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None
