"""`python -m tests.bench`: every figure of README, measured in one run, as Markdown tables.

Both sides run on the same local cluster and the same Livy. `--quick` draws 20 statements
instead of 200; `--json FILE` keeps the raw figures. `--faults N` prints instead what becomes of
N statements when every one meets a fault on its way (1,000 take about a quarter of an hour);
`--types FILE` writes the table of types between the marks in that file.

`--sql` has the figures of Hive, Trino and the Presto dialect alone, with the other clients of
each beside, `--sql FILE` writes them between the marks there; `--sql-types FILE` writes the
tables of their types. `--home DIR` joins the cluster that runs in a home for these two.

`--files` has the figures of files alone, beside boto3, s3fs, obstore, the `hdfs` package and
pyarrow; `--files FILE` writes them between the marks there.

`--panel` has what the panel in JupyterLab costs: bytes, starts, scrolling beside JupyterLab's own
file browser, an attach, and a quarter of an hour of five idle tabs (`--quick`: a minute;
`--idle-minutes N` says how long).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.bench import (
    cases,
    faults,
    files,
    report,
    spool,
    sql_report,
    sql_rig,
    sql_speed,
    start,
)
from tests.bench.rival_env import rival_python, sql_rivals_python
from tests.bench.sides import Ours, Side, Sparkmagic


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    options.add_argument(
        "--quick", action="store_true", help="20 statements, 2 runs; SQL engines: few rows, 1 run"
    )
    options.add_argument("--seed", type=int, default=20131)
    options.add_argument("--json", type=Path, help="keep the raw figures in this file")
    options.add_argument("--faults", type=int, metavar="N", help="the scoreboard of faults alone")
    options.add_argument("--types", type=Path, metavar="FILE", help="the table of types alone")
    options.add_argument("--sql", nargs="?", const="-", metavar="FILE", help="SQL engines alone")
    options.add_argument("--sql-types", type=Path, metavar="FILE", help="the tables of SQL types")
    options.add_argument("--files", nargs="?", const="-", metavar="FILE", help="files alone")
    options.add_argument("--panel", nargs="?", const="-", metavar="FILE", help="the panel alone")
    options.add_argument("--idle-minutes", type=float, metavar="N", help="idle tabs of --panel")
    options.add_argument("--home", type=Path, help="join the cluster of this home, for --sql…")
    options.add_argument("--alone", action="store_true", help="the scoreboard without sparkmagic")
    chosen = options.parse_args()
    marks = {
        "sql": chosen.sql,
        "sql types": chosen.sql_types,
        "files": chosen.files,
        "panel": chosen.panel,
    }
    for mark, file in marks.items():
        if file not in (None, "-"):
            sql_report.marked(Path(file), mark)
    raw: dict[str, Any] = {"seed": chosen.seed, "load": {}}
    try:
        run(raw, chosen)
    finally:
        if chosen.json:
            chosen.json.write_text(json.dumps(raw, indent=1))


def run(raw: dict[str, Any], chosen: argparse.Namespace) -> None:
    """Measure what was chosen, and print or write its tables."""
    quick = chosen.quick
    if chosen.faults:
        struck(raw, chosen.faults, alone=chosen.alone)
        print(report.scoreboard(raw["faults"]))
    elif chosen.types:
        typed(raw)
        report.write_types(chosen.types, raw["types"])
    elif chosen.sql_types:
        sql_typed(raw, chosen.sql_types, chosen.home)
    elif chosen.panel:
        told(paneled(raw, chosen.idle_minutes, quick=quick), chosen.panel, "panel")
    elif chosen.files:
        told(filed(raw, quick=quick), chosen.files, "files")
    else:
        if not chosen.sql:
            measure(raw, 20 if quick else 200, 2 if quick else 7)
            print(report.markdown(raw), end="\n\n")
        sql(raw, sql_speed.QUICK if quick else sql_speed.Sizes(), chosen.home)
        told(sql_report.markdown(raw["sql"]), chosen.sql, "sql")
        if not chosen.sql:
            print(f"\n{filed(raw, quick=quick)}")


def told(table: str, where: str | None, mark: str) -> None:
    """Print a table, or put it between its marks in a file."""
    if where in (None, "-"):
        print(table)
    else:
        sql_report.put(Path(where), mark, table)


def filed(raw: dict[str, Any], *, quick: bool) -> str:
    """Fill in the figures of files; returns their tables."""
    from tests.bench import files_told

    sizes = files_told.QUICK if quick else files_told.Sizes()
    step("files", raw, "files", lambda: files_told.measure(sizes))
    return files_told.markdown(raw["files"], sizes)


def paneled(raw: dict[str, Any], idle: float | None, *, quick: bool) -> str:
    """Fill in the figures of the panel; returns their table."""
    from tests.bench import panel_told

    sizes = panel_told.QUICK if quick else panel_told.Sizes()
    if idle is not None:
        sizes = replace(sizes, idle=idle)
    step("panel", raw, "panel", lambda: panel_told.measure(sizes))
    return panel_told.markdown(raw["panel"])


def measure(raw: dict[str, Any], statements: int, runs: int) -> None:
    """Fill in the raw figures, one after the other."""
    from emr_nb.settings import cache_home

    python = rival_python(cache_home())
    seed = raw["seed"]
    with tempfile.TemporaryDirectory(prefix="emr-nb-bench-") as home:
        os.environ["EMR_NB_HOME"] = home
        raw["load"]["emr_nb"] = cases.load(sys.executable, "emr_nb", runs)
        raw["load"]["sparkmagic"] = cases.load(python, "sparkmagic.magics", runs)
        with start.cluster(raw) as livy:
            sides: list[Side] = [Ours(livy, "local", {}), Sparkmagic(python, livy)]
            try:
                # the larger first: a session is warm once its JVM has compiled what collects rows
                step("100,000 rows", raw, "rows_100k", lambda: cases.collect(sides, 100_000, runs))
                step("10,000 rows", raw, "rows_10k", lambda: cases.collect(sides, 10_000, runs))
                step(
                    "push 100,000 rows", raw, "push_100k", lambda: cases.push(sides, 100_000, runs)
                )
                step("latency", raw, "latency", lambda: cases.latency(sides, statements, seed))
                step("1,000,000 rows", raw, "rows_1m", lambda: cases.once(sides, 1_000_000))
                step("spool", raw, "spool", lambda: spool.measure(runs))
                step(
                    "10,000,000 rows --to", raw, "to_10m", lambda: files.measure(livy, min(runs, 3))
                )
                step("looks", raw, "looks", lambda: start.looks(livy))
                # the last: sparkmagic's one statement of 100 MB takes all of Livy's memory
                step("push 1,000,000 rows", raw, "push_1m", lambda: cases.push(sides, 1_000_000, 1))
            finally:
                for side in sides:
                    side.close()


def sql(raw: dict[str, Any], sizes: sql_speed.Sizes, home: Path | None) -> None:
    """Fill in the figures of Hive, Trino and the Presto dialect."""
    from emr_nb.settings import cache_home

    python = sql_rivals_python(cache_home())
    with sql_rig.cluster(home) as ports:
        step("SQL engines", raw, "sql", lambda: sql_speed.measure(ports, python, sizes))


def sql_typed(raw: dict[str, Any], file: Path, home: Path | None) -> None:
    """Fill in which values of Hive, Trino and the Presto dialect come back exactly."""
    from emr_nb.settings import cache_home
    from tests.bench import sql_types

    python = sql_rivals_python(cache_home())
    with sql_rig.cluster(home) as ports:
        raw["sql types"] = sql_types.measure(ports, python)
    sql_report.put(file, "sql types", sql_types.markdown(raw["sql types"]))


def struck(raw: dict[str, Any], statements: int, *, alone: bool) -> None:
    """Fill in what became of statements that met faults."""
    from emr_nb.settings import cache_home

    python = None if alone else rival_python(cache_home())
    with fresh_cluster(raw) as livy:
        raw["faults"] = faults.measure(livy, python, statements, raw["seed"])


def typed(raw: dict[str, Any]) -> None:
    """Fill in which values come back exactly, by type and by way."""
    from emr_nb.settings import cache_home
    from tests.bench import type_scores

    with fresh_cluster(raw) as livy:
        raw["types"] = type_scores.measure(livy, rival_python(cache_home()))


@contextmanager
def fresh_cluster(raw: dict[str, Any]) -> Iterator[str]:
    """Start a local cluster in a home of its own; yield Livy's URL."""
    with tempfile.TemporaryDirectory(prefix="emr-nb-bench-") as home:
        os.environ["EMR_NB_HOME"] = home
        with start.cluster(raw) as livy:
            yield livy


def step(name: str, raw: dict[str, Any], key: str, doing: Any) -> None:
    print(f"{name} …", file=sys.stderr, flush=True)
    raw[key] = doing()


if __name__ == "__main__":
    main()
