"""Statements on Hive that meet seeded random faults: none runs twice, none is silently short.

Inserts write their own number, so that the table says how often each ran, whatever the client
was told. A client of HiveServer2 cannot ask what became of a submit whose reply is lost: that
it says so is right, that it sends again or calls it done is not.
"""

from __future__ import annotations

import random
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hive_rig import HiveRig, hive, rows, run, session, submit  # noqa: F401 -- fixtures

from emr_nb.engines.hive.pace import Patience
from emr_nb.engines.hive.session import HiveSession
from emr_nb.errors import (
    EmrError,
    ResultError,
    StatementError,
    StatementOutcomeUnknownError,
    TransportError,
)
from emr_nb.model import SessionOptions
from emr_nb.testing.fault_proxy import Rule
from emr_nb.testing.thrift_proxy import ThriftFaultProxy

ROWS = 25_000
INSERTS = 0.12  # of the statements: each is a job of a second or more
LANES = 3  # sessions among which the statements are shared out
DEADLINE = 90.0  # seconds from the submit to the end of one statement, its own time included
PATIENCE = Patience(submit=20.0, look=4.0, away=40.0, fetch=6.0)
ANYTHING = (
    ("drop_reply", 0.03),
    ("refuse", 0.03),
    ("truncate", 0.03),
    ("delay", 0.02),
    ("late", 0.01),
    ("hang", 0.004),
    ("hold", 0.004),
)
# what may be told of a submit that came to nothing, or of rows that did not come
SAID = (TransportError, ResultError)


@pytest.fixture(scope="module")
def tables(session: HiveSession) -> Iterator[tuple[str, str]]:  # noqa: F811
    mark = uuid.uuid4().hex[:8]
    many, counted = f"many_{mark}", f"counted_{mark}"
    run(session, f"create table {counted} (a int) stored as textfile")
    run(
        session,
        f"create table {many} stored as textfile as select pos, concat('row ', pos) as said"
        f" from (select split(space({ROWS - 1}), ' ') as all_of_them) s"
        " lateral view posexplode(all_of_them) p as pos, x",
    )
    yield many, counted
    run(session, f"drop table {many}")
    run(session, f"drop table {counted}")


def outcome(
    through: HiveSession, tables: tuple[str, str], number: int, chance: random.Random
) -> str:
    """Run one statement; return what its user was told, after looking at what it brought."""
    many, counted = tables
    began = time.monotonic()
    is_insert = chance.random() < INSERTS
    asked = chance.choice((0, 7, 1000, 1001, 24_999, ROWS, 30_000))
    try:
        if is_insert:
            run(through, f"insert into {counted} values ({number})")
            told = "insert done"
        else:
            found = run(through, f"select pos, said from {many} limit {asked}")
            assert found is not None
            wanted = list(range(min(asked, ROWS)))
            whole = found.table.column(0).to_pylist() == wanted
            whole = whole and found.table.column(1).to_pylist() == [f"row {n}" for n in wanted]
            told = "whole" if whole else "short"
    except StatementOutcomeUnknownError:
        told = "insert unknown" if is_insert else "said"
    except StatementError as error:
        told = f"failed: {error.what[:80]}"
    except SAID:
        told = "insert said" if is_insert else "said"
    except EmrError as error:
        told = f"other: {type(error).__name__}"
    return "hung" if time.monotonic() - began > DEADLINE else told


def lane(
    hive: HiveRig,  # noqa: F811
    tables: tuple[str, str],
    seed: int,
    numbers: range,
) -> dict[int, str]:
    """Give one session its statements, each through random faults."""
    chance = random.Random(seed)
    with (
        ThriftFaultProxy("127.0.0.1", hive.port, seed=seed) as proxy,
        hive.engine(proxy.port, patience=PATIENCE) as engine,
    ):
        through = engine.open(SessionOptions(f"emr_nb/tests/{uuid.uuid4().hex[:8]}"))
        for action, probability in ANYTHING:
            rule: Any = Rule(
                "CALL", ".", action, probability=probability,  # type: ignore[arg-type]
                after_bytes=chance.randrange(4, 200), seconds=chance.uniform(0.1, 1.0),
            )  # fmt: skip
            proxy.add(rule)
        told = {number: outcome(through, tables, number, chance) for number in numbers}
        proxy.clear()
        proxy.cut()
        through.close()
        return told


def meet_faults(
    hive: HiveRig,  # noqa: F811
    session: HiveSession,  # noqa: F811
    tables: tuple[str, str],
    seed: int,
    statements: int,
) -> Counter[str]:
    """Run the statements and judge them by what the table says; return what was told."""
    began = time.monotonic()
    with ThreadPoolExecutor(LANES) as pool:
        lanes = [range(n, statements, LANES) for n in range(LANES)]
        jobs = [pool.submit(lane, hive, tables, seed + n, part) for n, part in enumerate(lanes)]
        told = {number: said for job in jobs for number, said in job.result().items()}
    time.sleep(PATIENCE.look)  # what was late has come by then
    written = dict(settled(session, tables[1]))
    wrong = {
        number: (said, written.get(number, 0))
        for number, said in told.items()
        if written.get(number, 0) > 1
        or (said == "insert done" and written.get(number, 0) != 1)
        or (said == "insert said" and number in written)
        or said.startswith(("short", "hung", "failed", "other"))
    }
    found = Counter(told.values())
    print(f"\n{statements} statements, {time.monotonic() - began:.0f} s: {dict(found)}")
    assert not wrong
    assert sum(found.values()) == statements
    return found


def settled(session: HiveSession, counted: str) -> list[tuple[int, int]]:  # noqa: F811
    """Return how often each number was written, when no job writes any more."""
    sql = f"select a, cast(count(*) as int) from {counted} group by a"
    before: list[tuple[int, int]] = []
    for _ in range(30):
        now = sorted(rows(session, sql))
        if now == before:
            return now
        before = now
        time.sleep(3.0)
    raise AssertionError("the table still grows")


@pytest.mark.full
def test_statements_meet_random_faults(
    hive: HiveRig,  # noqa: F811
    session: HiveSession,  # noqa: F811
    tables: tuple[str, str],
) -> None:
    found = meet_faults(hive, session, tables, 7, 24)
    assert found["whole"]


@pytest.mark.full
@pytest.mark.timeout(3600)
def test_a_thousand_statements_meet_random_faults(
    hive: HiveRig,  # noqa: F811
    session: HiveSession,  # noqa: F811
    tables: tuple[str, str],
) -> None:
    found = meet_faults(hive, session, tables, 1000, 1000)
    assert found["whole"] > 600
    assert found["insert done"]
