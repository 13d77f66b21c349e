"""Every Spark SQL type through a real Livy session whose zone is not UTC, and a large result."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from fault_rig import Rig
from type_cases import CASES, ZONE, check, query_of_all

from emr_nb.engines.livy.session import LivySession
from emr_nb.model import Progress, Request
from emr_nb.results.plan import Carrier, TransferPlan, plan_transfer
from emr_nb.results.result import Result

PLANS = {
    "arrow": TransferPlan(None),
    "json": TransferPlan(None, Carrier.TYPED_JSON),
    "chunks": TransferPlan(None, chunk_bytes=2000),
    "spool": TransferPlan(None, small_bytes=0),
}
ROWS = 1_000_000


@pytest.fixture(scope="module")
def session(rig: Rig) -> Iterator[LivySession]:
    rig.say(f"spark.conf.set('spark.sql.session.timeZone', {ZONE!r})")
    yield rig.session
    rig.say("spark.conf.unset('spark.sql.session.timeZone')")


def bring(session: LivySession, sql: str, language: str, plan: TransferPlan | None) -> Result:
    code = sql if language == "sql" else f"found = spark.sql({sql!r})\nfound"
    output = "found" if language == "python" else None
    request = Request(code, language, uuid.uuid4().hex, output=output, rows=-1)
    result = session.submit(request, plan or plan_transfer(request)).result()
    assert result is not None
    return result


@pytest.mark.parametrize(
    ("way", "language"),
    [
        ("arrow", "python"),
        ("arrow", "sql"),
        ("json", "sql"),
        ("chunks", "python"),
        ("spool", "sql"),
    ],
)
def test_every_type_is_exact_through_livy(session: LivySession, way: str, language: str) -> None:
    result = bring(session, query_of_all(), language, PLANS[way])
    wrong = {}
    for at, case in enumerate(CASES):
        try:
            check(result, at)
        except AssertionError as error:
            wrong[f"{at}-{case.spark}"] = str(error)[:500]
    assert not wrong


def test_the_session_has_another_zone(session: LivySession) -> None:
    sql = "select current_timezone() z, cast(timestamp'2020-07-01 00:00:00Z' as string) t"
    result = bring(session, sql, "sql", None)
    assert result.table.to_pylist() == [{"z": ZONE, "t": "2020-06-30 20:00:00"}]


def test_a_million_rows_of_six_columns_come_whole(session: LivySession) -> None:
    sql = (
        "select id, id * 0.5d x, concat('row ', id) s, date_add(date'2020-01-01', "
        "cast(id % 3650 as int)) d, timestamp_micros(id * 1000003) t, id % 7 = 0 b "
        f"from range({ROWS})"
    )
    request = Request(sql, "sql", uuid.uuid4().hex, rows=-1)
    statement = session.submit(request, plan_transfer(request))
    fetched = [e for e in statement.events() if isinstance(e, Progress) and e.phase == "fetching"]
    assert {event.rows for event in fetched} >= {ROWS}
    result = statement.result()
    assert result is not None
    table = result.table
    assert (table.num_rows, table.num_columns, result.truncated) == (ROWS, 6, False)
    assert table.column("id").to_pylist() == list(range(ROWS))
    assert table.column("s")[ROWS - 1].as_py() == f"row {ROWS - 1}"
    assert sum(table.column("b").to_pylist()) == (ROWS + 6) // 7
    assert result.to_pandas()["x"].sum() == ROWS * (ROWS - 1) / 4
