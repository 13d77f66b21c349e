"""Every Spark SQL type × values × carrier × language: exact in Arrow and in pandas."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from type_cases import CASES, ZONE, check, column_of, loose, query_of_all, same, stored

from emr_nb.model import Request
from emr_nb.results.pandas import python_values
from emr_nb.results.plan import Carrier, TransferPlan
from emr_nb.results.result import Result
from emr_nb.testing.plain_session import PlainSession, spark_session

pytestmark = [pytest.mark.cluster, pytest.mark.full]  # the same by Livy: test_fidelity_livy


PLANS = {
    "arrow": TransferPlan(None),
    "json": TransferPlan(None, Carrier.TYPED_JSON),
    "chunks": TransferPlan(None, chunk_bytes=400),
    "json-chunks": TransferPlan(None, Carrier.TYPED_JSON, chunk_bytes=400),
    "spool": TransferPlan(None, spool="file:///", small_bytes=0),
}


@pytest.fixture(scope="module", autouse=True)
def spools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of all spools; what is brought leaves nothing else anywhere."""
    SPOOLS.append(tmp_path_factory.mktemp("spools"))
    return SPOOLS[-1]


SPOOLS: list[Path] = []


def planned(plan: TransferPlan) -> TransferPlan:
    """Return the plan with a place of its own, where it has one."""
    place = SPOOLS[-1].joinpath(secrets.token_hex(8)).as_uri()
    return replace(plan, spool=place) if plan.spool else plan


@pytest.fixture(scope="module")
def session() -> Iterator[PlainSession]:
    with spark_session(ZONE) as opened:
        yield opened


def ask(code: str, language: str = "sql", output: str | None = None) -> Request:
    return Request(code, language, secrets.token_hex(16), output=output)


def bring(session: PlainSession, sql: str, language: str, plan: TransferPlan) -> Result:
    """Bring a query as a SQL cell, or as the last expression of a Python cell."""
    plan = planned(plan)
    if language == "sql":
        return session.result(ask(sql), plan)
    return session.result(ask(f"found = spark.sql({sql!r})\nfound", "python", "found"), plan)


@pytest.fixture(scope="module")
def brought(session: PlainSession) -> Callable[[str, str], Result]:
    """All cases by one query for each way and language."""

    @cache
    def result(way: str, language: str) -> Result:
        return bring(session, query_of_all(), language, PLANS[way])

    return result


@pytest.mark.parametrize("language", ["python", "sql"])
@pytest.mark.parametrize("way", PLANS)
@pytest.mark.parametrize("at", range(len(CASES)), ids=lambda at: f"{at}-{CASES[at].spark}")
def test_every_type_is_exact(
    brought: Callable[[str, str], Result], at: int, way: str, language: str
) -> None:
    check(brought(way, language), at)


@pytest.mark.parametrize("way", PLANS)
class TestShapes:
    def test_carriers_agree_to_the_bit(self, session: PlainSession, way: str) -> None:
        columns = ", ".join(column_of(at, case) for at, case in enumerate(CASES))
        one = bring(session, f"select {columns} from range(1)", "sql", PLANS["arrow"])
        other = bring(session, f"select {columns} from range(1)", "sql", PLANS[way])
        assert one.table.schema.equals(other.table.schema)
        assert str(one.columns) == str(other.columns)
        for at in range(one.table.num_columns):
            pairs = zip(stored(one.table.column(at)), stored(other.table.column(at)), strict=True)
            assert all(same(a, b) for a, b in pairs)

    def test_zero_rows_keep_their_types(self, session: PlainSession, way: str) -> None:
        sql = "select id, cast(id as decimal(38,18)) d, array(id) a, null v from range(0)"
        result = bring(session, sql, "sql", PLANS[way])
        assert len(result) == 0
        assert [loose(f.type) for f in result.schema] == [
            "int64",
            "decimal128(38, 18)",
            "list<element: int64>",
            "null",
        ]
        assert list(result.to_pandas().columns) == ["id", "d", "a", "v"]

    def test_odd_names(self, session: PlainSession, way: str) -> None:
        sql = (
            "select 1 as a, 2 as a, 3 as A, 4 as ``, 5 as `a.b`, 6 as `日本 é`, 7 as a_1, "
            "8 as `<img onerror=x>`, named_struct('x', 1, 'x', 'two', '', 3d) as s"
        )
        result = bring(session, sql, "python", PLANS[way])
        names = ["a", "a", "A", "", "a.b", "日本 é", "a_1", "<img onerror=x>", "s"]
        assert result.table.column_names == names
        assert [column.name for column in result.columns] == names
        assert [result.table.column(at)[0].as_py() for at in range(8)] == list(range(1, 9))
        assert python_values(result.table.column(8)) == [[("x", 1), ("x", "two"), ("", 3.0)]]
        assert [field.name for field in result.table.schema.field(8).type] == ["x", "x", ""]
        frame = result.to_pandas()
        assert list(frame.columns) == ["a", "a_2", *names[2:]]

    def test_two_thousand_columns(self, session: PlainSession, way: str) -> None:
        columns = ", ".join(f"{at} as c{at}" for at in range(2000))
        result = bring(session, f"select {columns}", "python", PLANS[way])
        assert result.table.num_columns == 2000
        assert [result.table.column(at)[0].as_py() for at in range(2000)] == list(range(2000))
        assert result.to_pandas().iloc[0].tolist() == list(range(2000))

    def test_row_order_over_many_batches(self, session: PlainSession, way: str) -> None:
        sql = "select id from range(0, 30000, 1, 7)"
        result = bring(
            session,
            sql,
            "python",
            PLANS[way] if "chunks" not in way else TransferPlan(None, PLANS[way].carrier, 20_000),
        )
        assert result.table.column("id").to_pylist() == list(range(30000))

    def test_truncation_is_known(self, session: PlainSession, way: str) -> None:
        def cut(rows: int) -> Result:
            plan = PLANS[way]
            return session.result(
                ask(f"select id from range({rows})"),
                planned(replace(plan, limit=10)),
            )

        assert (len(cut(9)), cut(9).truncated) == (9, False)
        assert (len(cut(10)), cut(10).truncated) == (10, False)
        assert (len(cut(11)), cut(11).truncated) == (10, True)

    def test_schema_only_runs_nothing(self, session: PlainSession, way: str) -> None:
        plan = TransferPlan(0, PLANS[way].carrier)
        result = session.result(ask("select id, raise_error('ran') e from range(3)"), plan)
        assert len(result) == 0
        assert result.truncated
        assert result.table.column_names == ["id", "e"]


def test_session_keeps_its_zone_and_settings(session: PlainSession) -> None:
    before = session.execute(
        "print(sorted(spark.sparkContext.getConf().getAll()), "
        "sorted(map(tuple, spark.sql('set').collect())))"
    )
    for plan in PLANS.values():
        bring(session, "select make_interval(1) i, timestamp'2020-01-01' t", "python", plan)
    after = session.execute(
        "print(sorted(spark.sparkContext.getConf().getAll()), "
        "sorted(map(tuple, spark.sql('set').collect())))"
    )
    assert before == after


def test_base64_of_the_tricky_text() -> None:
    text = CASES[11].values[6]
    assert base64.b64decode(text[0].split("'")[1]).decode() == text[1]
