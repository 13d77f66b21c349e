"""Queries that run at once in one HiveServer2: none reads less or other than it does alone.

Each test keeps a query inside its map task for some seconds, a short sleep at every row, and
lets other queries run and end meanwhile.
"""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from hive_rig import HiveRig, hive, rows, run, session  # noqa: F401 -- fixtures
from hive_server import MAPPER, another_server

from emr_nb.engines.hive.session import HiveSession

# not a constant, or Hive would sleep once while it plans; what returns nothing gives 'null'
_SLOWLY = "reflect('java.lang.Thread', 'sleep', cast(49 + a % 2 as bigint)) = 'null'"
_ROWS = 100
_ALL = (_ROWS, sum(range(_ROWS)))
_NUMBERS = (
    "select pos as a from (select 1) q"
    f" lateral view posexplode(split(space({_ROWS - 1}), ' ')) p as pos, x"
)


@contextmanager
def table(session: HiveSession) -> Iterator[str]:  # noqa: F811
    """Make a table of the numbers below `_ROWS`, in one file."""
    name = f"at_once_{uuid.uuid4().hex[:8]}"
    run(session, f"create table {name} stored as textfile as {_NUMBERS}")
    try:
        yield name
    finally:
        run(session, f"drop table {name}")


@pytest.fixture(scope="module")
def slow(session: HiveSession) -> Iterator[str]:  # noqa: F811
    with table(session) as name:
        yield name


@pytest.fixture(scope="module")
def other(hive: HiveRig) -> Iterator[HiveSession]:  # noqa: F811
    with hive.session() as session:  # noqa: F811
        yield session


@contextmanager
def meanwhile(session: HiveSession, code: str) -> Iterator[Future[list[tuple[Any, ...]]]]:  # noqa: F811
    """Run a query beside the block; its rows are what the future becomes."""
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(rows, session, code)


def beside(session: HiveSession, other: HiveSession, name: str) -> tuple[Any, ...]:  # noqa: F811
    """Count a table while queries that have enough at one row begin and end."""
    short = (
        "select count(*) from (select 1) one",  # without FROM it is a LIMIT of one row
        f"select count(*) from (select a from {name} limit 1) one",
    )
    ended: set[str] = set()
    count = f"select count(*), sum(a) from {name} where {_SLOWLY}"
    while ended != set(short):
        with meanwhile(session, count) as counting:
            for code in itertools.cycle(short):
                assert rows(other, code) == [(1,)]
                if counting.done():
                    break
                ended.add(code)
        if counting.result() != [_ALL]:
            break
    return counting.result()[0]


def test_a_query_that_has_enough_rows_does_not_end_another(
    session: HiveSession,  # noqa: F811
    other: HiveSession,
    slow: str,
) -> None:
    assert beside(session, other, slow) == _ALL


@pytest.mark.full
def test_the_trap_is_there_in_hives_own_class(hive: HiveRig) -> None:  # noqa: F811
    """Without ours the count is less and looks like an answer: else ours would prove nothing."""
    with (
        another_server(hive, {}, stock=MAPPER) as port,
        hive.session(port) as session,  # noqa: F811
        hive.session(port) as other,
        table(session) as name,
    ):
        assert beside(session, other, name) < _ALL


@pytest.mark.full
def test_two_queries_read_each_its_own_files(
    session: HiveSession,  # noqa: F811
    other: HiveSession,
    slow: str,
) -> None:
    query = f"select count(*), min(f), max(f) from (select a, {{}} f from {{}} where {_SLOWLY}) x"
    place = "regexp_extract(input__file__name, '/(at_once_[0-9a-f]+)/', 1)"
    with table(other) as second, meanwhile(session, query.format(place, slow)) as first:
        assert rows(other, query.format(place, second)) == [(_ROWS, second, second)]
    assert first.result() == [(_ROWS, slow, slow)]


@pytest.mark.full
def test_stages_of_one_query_that_run_at_once_read_each_its_own_files(
    session: HiveSession,  # noqa: F811
    slow: str,
) -> None:
    one = f"select count(*) n, max({{}}) f from {{}} where {_SLOWLY}"
    place = "regexp_extract(input__file__name, '/(at_once_[0-9a-f]+)/', 1)"
    with table(session) as second:
        parts = [one.format(place, name) for name in (slow, second)]
        run(session, "set hive.exec.parallel=true")
        try:
            found = rows(session, f"select * from ({' union all '.join(parts)}) x")
        finally:
            run(session, "set hive.exec.parallel=false")
        assert sorted(found) == sorted([(_ROWS, slow), (_ROWS, second)])


@pytest.mark.full
def test_tasks_of_one_job_that_run_at_once_read_each_its_own_files(hive: HiveRig) -> None:  # noqa: F811
    settings = (
        "mapreduce.local.map.tasks.maximum=4",
        "mapreduce.local.reduce.tasks.maximum=4",
        "mapreduce.job.reduces=4",
        "hive.input.format=org.apache.hadoop.hive.ql.io.HiveInputFormat",  # a task for each file
    )
    with hive.session() as session, table(session) as name:  # noqa: F811
        for _ in range(3):
            run(session, f"insert into {name} {_NUMBERS}")
        for setting in settings:
            run(session, f"set {setting}")
        place = f"select input__file__name f, a from {name} where {_SLOWLY}"
        found = rows(session, f"select f, count(*), sum(a) from ({place}) x group by f")
        assert [(count, total) for _, count, total in found] == [_ALL] * 4
