"""What is measured: loading, the latency of statements, results to pandas."""

from __future__ import annotations

import random
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.bench.sides import Side

# 6 mixed columns, among them what users lose elsewhere: leading zeros, nulls in bigint, decimals
MIXED = (
    "id",
    "cast(id as double) / 3 as ratio",
    "lpad(cast(id % 100000 as string), 5, '0') as zip",
    "cast(id as decimal(20, 4)) as amount",
    "timestamp_seconds(1700000000 + id) as at",
    "if(id % 10 = 0, null, id + 9007199254740992) as big",
)
LOAD = """
import time
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
start = time.perf_counter()
{load}
print(time.perf_counter() - start)
"""


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def percentile(values: Sequence[float], q: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(q * (len(ordered) - 1)))]


def load(python: Path | str, extension: str, runs: int) -> list[float]:
    """Seconds of `%load_ext` in a fresh process, over bare IPython; the first is dropped."""
    code = LOAD.format(load=f"shell.run_line_magic('load_ext', {extension!r})")
    seconds = []
    for _ in range(runs + 1):
        done = subprocess.run(
            [str(python), "-c", code], capture_output=True, text=True, check=True, timeout=300
        )
        seconds.append(float(done.stdout.split()[-1]))
    return seconds[1:]


def draw(count: int, seed: int) -> list[float]:
    """Run times between 0.2 and 6 s, log-uniform: short statements are what users run most."""
    generator = random.Random(seed)
    return [0.2 * 30 ** generator.random() for _ in range(count)]


def latency(sides: Sequence[Side], count: int, seed: int) -> dict[str, list[dict[str, Any]]]:
    """Run the same statements on each side, in blocks of five, A B B A."""
    rows: dict[str, list[dict[str, Any]]] = {side.name: [] for side in sides}
    times = draw(count, seed)
    blocks = [times[i : i + 5] for i in range(0, count, 5)]
    for number, block in enumerate(blocks):
        order = list(sides) if number % 2 == 0 else list(reversed(sides))
        for side in order:
            for seconds in block:
                answer = side.must(side.cell(f"import time; time.sleep({seconds:.4f})"))
                rows[side.name].append(answer)
        print(f"  latency: {min(count, 5 * number + 5)} of {count}", file=sys.stderr, flush=True)
    return rows


def collect(sides: Sequence[Side], rows: int, runs: int) -> dict[str, list[dict[str, Any]]]:
    """Bring a cached view of 6 mixed columns to pandas: three warm-up runs, then A B B A."""
    make = (
        f"_ = spark.range({rows}).selectExpr(*{MIXED!r}).repartition(2).cache(); "
        f"_.createOrReplaceTempView('mixed_{rows}'); _.count()"
    )
    found: dict[str, list[dict[str, Any]]] = {side.name: [] for side in sides}
    for side in sides:
        side.must(side.cell(make))
    for number in range(3 + runs):
        order = list(sides) if number % 2 == 0 else list(reversed(sides))
        for side in order:
            answer = side.run(side.collect(f"select * from mixed_{rows}"))
            if number >= 3:
                found[side.name].append(answer)
            if not answer["success"]:  # its outcome is the figure; repeating tells no more
                found[side.name] = [answer]
    return found


def once(sides: Sequence[Side], rows: int) -> dict[str, dict[str, Any]]:
    """Bring many rows once at default settings; each side's outcome is the figure."""
    query = f"select {', '.join(MIXED)} from range({rows})"
    outcome = {}
    for side in sides:
        side.must("globals().pop('df', None)")  # else an old frame passes for an outcome
        answer = side.run(side.collect(query))
        outcome[side.name] = answer | {"frame": side.ask("frame", name="df")}
    return outcome


LOCAL = """
import pandas as pd, decimal
n = {rows}
{name} = pd.DataFrame({{
    "id": range(n),
    "ratio": [i / 3 for i in range(n)],
    "zip": [f"{{i % 100000:05d}}" for i in range(n)],
    "amount": [decimal.Decimal(i).scaleb(-4) for i in range(n)],
    "at": pd.to_datetime(pd.RangeIndex(1_700_000_000, 1_700_000_000 + n), unit="s", utc=True),
    "big": pd.array([None if i % 10 == 0 else i + 2**53 for i in range(n)], dtype="Int64"),
}})
"""


def push(sides: Sequence[Side], rows: int, runs: int) -> dict[str, list[dict[str, Any]]]:
    """Send a local frame of 6 mixed columns to a temporary view: one warm-up run, then A B B A.

    After each push the rows of the view are counted, outside the time.
    """
    name = f"pushed_{rows}"
    found: dict[str, list[dict[str, Any]]] = {side.name: [] for side in sides}
    for side in sides:
        side.must(LOCAL.format(rows=rows, name=name))
    for number in range((1 if runs > 1 else 0) + runs):
        order = list(sides) if number % 2 == 0 else list(reversed(sides))
        for side in order:
            side.must("globals().pop('df', None)")
            answer = side.run(side.push(name))
            side.run(side.collect(f"select count(*) n, max(zip) z from {name}"))
            told = side.ask("frame", name="df")
            answer["counted"] = None if told["missing"] else told["cells"]["n"]
            answer["success"] = answer["success"] and answer["counted"] == [str(rows)]
            if number or runs == 1:
                found[side.name].append(answer)
    return found
