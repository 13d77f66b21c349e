"""How fast Hive's, Trino's and Presto's results become pandas, beside the clients users have.

`replay` has the clients alone: each is given the bytes that the real servers were recorded to
send. `ends` has the real servers at the other end, and a client that discards what it fetches.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.bench.sql_ours import Ours
from tests.bench.sql_record import record_hive, record_pages
from tests.bench.sql_sides import Worker, replaying

ROWS = 1_000_000
SCHEMA = "bench_sql"
TABLE = f"{SCHEMA}.mixed"


@dataclass(frozen=True)
class Sizes:
    """How much is measured; rivals, which take many times as long, run less often alone."""

    runs: int = 5
    rival_runs: int = 3
    recorded: int = ROWS
    ends: int = 200_000  # rows of the real servers, whose time most of it is
    spooled: tuple[int, ...] = (10_000, 100_000, 500_000)
    short: int = 31  # of `select 1`


QUICK = Sizes(1, 1, 100_000, 20_000, (1_000, 20_000), 5)

# 6 mixed columns with nulls in all of them; Hive's timestamps and Trino's have no zone
MAKE = f"""create table hive.{TABLE} with (format = 'ORC') as
select if(n % 10 = 3, null, n * 1000003) whole,
 if(n % 17 = 5, null, n / 7e0) ratio,
 if(n % 13 = 7, null, 'row ' || cast(n as varchar) || ' é') text,
 if(n % 11 = 4, null, cast(n * 12345.67 as decimal(18, 2))) amount,
 if(n % 19 = 6, null, timestamp '2001-02-03 04:05:06.789' + n * interval '1234.567' second) at,
 if(n % 23 = 8, null, date_add('day', n % 20000, date '1970-01-01')) day
from (select cast(a * 10000 + b as bigint) n
 from unnest(sequence(0, {ROWS // 10_000 - 1})) s(a)
 cross join unnest(sequence(0, 9999)) t(b))"""


@dataclass(frozen=True)
class Contest:
    """One engine's clients: ours, its rivals, and the one that discards."""

    engine: str
    rivals: tuple[str, ...]
    prefix: str = ""

    @property
    def table(self) -> str:
        return TABLE if self.engine == "hive" else f"hive.{TABLE}"


CONTESTS = (
    Contest("hive", ("impyla", "PyHive")),
    Contest("trino", ("trino client",), "X-Trino-"),
    Contest("presto", ("presto-python-client",), "X-Presto-"),
)


def measure(ports: dict[str, int], python: Path, sizes: Sizes) -> dict[str, Any]:
    """Return every figure; `ports` are those of the real servers, `python` has the rivals."""
    table(ports["trino"])
    with tempfile.TemporaryDirectory(prefix="emr-nb-bench-") as kept:
        found: dict[str, Any] = {
            "sizes": asdict(sizes),
            "replay": {c.engine: replay(c, ports, python, sizes, Path(kept)) for c in CONTESTS},
        }
    return found | {
        "ends": {c.engine: ends(c, ports, python, sizes) for c in CONTESTS},
        "spooled": spooled(ports["trino"], sizes),
        "short": {c.engine: short(c, ports, python, sizes.short) for c in CONTESTS},
    }


def table(port: int) -> None:
    """Let Trino make the one table that all engines read; what is there is kept."""
    say("the table of 1,000,000 rows")
    trino = Ours("trino", port)
    trino.result(f"create schema if not exists hive.{SCHEMA}")
    had = trino.result(f"show tables from hive.{SCHEMA}").table.column(0).to_pylist()
    if "mixed" not in had:
        trino.result(MAKE)
    counted = trino.result(f"select count(*) from hive.{TABLE}").table
    assert counted.column(0).to_pylist() == [ROWS]


def replay(
    contest: Contest, ports: dict[str, int], python: Path, sizes: Sizes, kept: Path
) -> dict[str, Any]:
    """Record the real server once, then let each client take the recording."""
    say(f"{contest.engine}: recorded")
    folder = kept / contest.engine
    folder.mkdir()
    query = f"select * from {contest.table} limit {sizes.recorded}"
    if contest.engine == "hive":
        told = record_hive(ports["hive"], query, folder)
    else:
        told = record_pages(ports["trino"], query, contest.prefix, folder)
    kind = "hive" if contest.engine == "hive" else "http"
    names = (contest.engine, *contest.rivals)
    with replaying(kind, folder) as port:
        sides = [(name, python, port, {}) for name in names]
        answers = turns(sides, query, sizes.runs, rival_runs=sizes.rival_runs, check=True)
    same = [answers[name][0]["digest"] == answers[contest.engine][0]["digest"] for name in names]
    assert all(answer["rows"] == sizes.recorded for name in names for answer in answers[name])
    return {"recorded": told, "answers": answers, "same": dict(zip(names, same, strict=True))}


def ends(contest: Contest, ports: dict[str, int], python: Path, sizes: Sizes) -> dict[str, Any]:
    """Bring rows of the real server to pandas, and beside that to nowhere."""
    port = ports["hive" if contest.engine == "hive" else "trino"]
    query = f"select * from {contest.table} limit {sizes.ends}"
    names = (f"discard {contest.engine}", contest.engine, *contest.rivals)
    sides = [(name, python, port, {}) for name in names]
    return turns(sides, query, sizes.runs, more={"trino client": {"encoding": None}})


def spooled(port: int, sizes: Sizes) -> dict[str, Any]:
    """Bring results of several sizes by the direct and by the spooled protocol."""
    found: dict[str, Any] = {}
    for rows in sizes.spooled:
        sides = [
            (way or "direct", Path(sys.executable), port, {"client": "trino", "encodings": way})
            for way in ("", "json+zstd", "json+lz4")
        ]
        query = f"select * from hive.{TABLE} limit {rows}"
        found[str(rows)] = turns(sides, query, sizes.runs)
    return found


def short(contest: Contest, ports: dict[str, int], python: Path, times: int) -> dict[str, Any]:
    """Ask `select 1`, `select 2` …; the first ten are not counted."""
    found = {}
    port = ports["hive" if contest.engine == "hive" else "trino"]
    for name in (contest.engine, *contest.rivals):
        if name == "impyla":
            continue  # it does not tell an operation's own times
        say(f"{name}: select 1")
        with Worker(python_of(name, python), name, port) as worker:
            found[name] = worker.ask("lasting", sql="select {}", times=10 + times)
    return {name: {key: told[key][10:] for key in told} for name, told in found.items()}


def turns(
    sides: Sequence[tuple[str, Path, int, dict[str, Any]]],
    query: str,
    runs: int,
    *,
    rival_runs: int | None = None,
    check: bool = False,
    more: dict[str, dict[str, Any]] | None = None,
) -> dict[str, list[dict[str, Any]]]:
    """Let each side run a query by turns, A B B A, after a discarded round.

    With `check` that first round tells a digest of its values.
    """
    answers: dict[str, list[dict[str, Any]]] = {name: [] for name, *_ in sides}
    with ExitStack() as stack:
        workers = []
        for name, python, port, options in sides:
            asked = {**options, **(more or {}).get(name, {})}
            client = asked.pop("client", name)
            worker = Worker(python_of(client, python), client, port, **asked)
            workers.append((name, stack.enter_context(worker)))
        digests = {}
        for number in range(runs + 1):
            say(f"{', '.join(answers)}: {number} of {runs}")
            for name, worker in workers if number % 2 == 0 else reversed(workers):
                if number > (runs if rival_runs is None or mine(name) else rival_runs):
                    continue
                answer = worker.ask("frame", sql=query, digest=check and number == 0)
                if number:
                    answers[name].append(answer)
                else:
                    digests[name] = answer.get("digest")
    for name, found in answers.items():
        found[0]["digest"] = digests[name]
    return answers


def python_of(client: str, rivals: Path) -> Path:
    return Path(sys.executable) if mine(client) else rivals


def mine(client: str) -> bool:
    return client in ("hive", "trino", "presto") or client.startswith("discard")


def say(what: str) -> None:
    print(f"  {what}", file=sys.stderr, flush=True)
