"""The runner on a real Spark: executed once, failing whole, interruptible."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from emr_nb.model import Request
from emr_nb.results.assemble import assemble
from emr_nb.results.frame import Failure, Part, TablePart, Text
from emr_nb.results.plan import Carrier, TransferPlan
from emr_nb.testing.plain_session import PlainSession, spark_session, visible

pytestmark = pytest.mark.cluster
WAYS = {
    "arrow": TransferPlan(None),
    "json": TransferPlan(None, Carrier.TYPED_JSON),
    "chunks": TransferPlan(None, chunk_bytes=300),
    "limited": TransferPlan(5000),
}


@pytest.fixture(scope="module")
def session() -> Iterator[PlainSession]:
    with spark_session() as opened:
        yield opened


def ask(source: str, language: str = "python", output: str | None = None) -> Request:
    return Request(source, language, secrets.token_hex(16), output=output)


def run(
    session: PlainSession, source: str, plan: TransferPlan, output: str | None = None
) -> list[Part]:
    return visible(session.parts(ask(source, output=output), plan))


@pytest.mark.parametrize("way", WAYS)
def test_table_and_variable_come_from_one_execution(session: PlainSession, way: str) -> None:
    source = (
        "count = sc.accumulator(0)\n"
        "def seen(rows):\n    for row in rows:\n        count.add(1)\n        yield row\n"
        "df = spark.createDataFrame(sc.parallelize([(i,) for i in range(200)], 4)"
        ".mapPartitions(seen), 'i int')\n"
        "df"
    )
    parts = run(session, source, WAYS[way], "df")
    tables = [part for part in parts if isinstance(part, TablePart)]
    assert [(part.output, part.is_result) for part in tables] == [("df", True)]
    result = assemble(tables[0].header, tables[0].payload)
    assert sorted(result.table.column("i").to_pylist()) == list(range(200))
    assert run(session, "count.value", WAYS[way]) == [Text("200\n")]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("bad", [999, 500, 0])
def test_a_job_that_fails_anywhere_brings_no_row(session: PlainSession, way: str, bad: int) -> None:
    sql = f"select if(id = {bad}, raise_error('planted'), id) v from range(0, 1000, 1, 10)"
    parts = run(session, f"print('before')\ndf = spark.sql({sql!r})\ndf", WAYS[way], "df")
    assert parts[0] == Text("before\n")
    assert isinstance(parts[-1], Failure)
    assert "planted" in parts[-1].evalue
    assert not any(isinstance(part, TablePart) for part in parts)


def test_unknown_columns_and_tables_name_their_line(session: PlainSession) -> None:
    sql = "select 1\n  from nowhere_at_all"
    part = session.parts(ask(sql, "sql"), TransferPlan(5))[-1]
    assert isinstance(part, Failure)
    assert part.ename == "AnalysisException"
    assert "nowhere_at_all" in part.evalue
    assert part.line == 2


def test_displayed_tables_stand_between_texts(session: PlainSession) -> None:
    parts = run(
        session,
        "print('a')\ndisplay(spark.range(3))\nprint('b')\nspark.range(2)",
        TransferPlan(1000),
    )
    assert parts[0] == Text("a\n")
    assert parts[2] == Text("b\n")
    kinds = [(p.is_result, p.header["rows"]) for p in parts if isinstance(p, TablePart)]
    assert kinds == [(False, 3), (True, 2)]


def test_a_statement_without_a_table_has_no_columns(session: PlainSession) -> None:
    sql = "create or replace temporary view made as select 1 one"
    result = session.result(ask(sql, "sql"), TransferPlan(10))
    assert (len(result), result.columns) == (0, ())
    assert (
        session.result(ask("select * from made", "sql"), TransferPlan(10)).table[0][0].as_py() == 1
    )


def test_database_and_settings_hold_for_one_cell(session: PlainSession) -> None:
    request = Request(
        "select current_timezone() z",
        "sql",
        secrets.token_hex(16),
        settings={"spark.sql.session.timeZone": "Asia/Tokyo"},
    )
    assert session.result(request, TransferPlan(1)).table[0][0].as_py() == "Asia/Tokyo"
    after = session.result(ask("select current_timezone() z", "sql"), TransferPlan(1))
    assert after.table[0][0].as_py() == "America/New_York"


LOOPS = {
    "python": "import time\nwhile True:\n    time.sleep(0.05)",
    "spark": "spark.range(0, 10**13, 1, 4).selectExpr('sum(id * rand())').collect()",
    "collect": "spark.range(0, 10**13, 1, 4).selectExpr('sum(id * rand())')",
    "stubborn": (
        "import time\nfor i in range(10**6):\n    try:\n        time.sleep(0.05)\n"
        "    except Exception:\n        pass"
    ),
}


@pytest.mark.parametrize("kind", LOOPS)
def test_an_interrupt_ends_the_cell_and_keeps_the_session(
    session: PlainSession, tmp_path: Path, kind: str
) -> None:
    run(session, "kept = 41", TransferPlan(1))
    mark, seen = tmp_path / "cancel", []
    timer = threading.Timer(2.5, lambda: (mark.touch(), seen.append(time.monotonic())))
    timer.start()
    parts = session.parts(ask(LOOPS[kind]), TransferPlan(10), f"file://{mark}")
    took = time.monotonic() - seen[0]
    assert isinstance(parts[-1], Failure)
    assert took < 4, f"the interpreter was free only after {took:.1f} s"
    if kind in {"python", "stubborn"}:
        assert parts[-1].ename == "KeyboardInterrupt"
    assert run(session, "kept + 1", TransferPlan(1)) == [Text("42\n")]
    jobs = "len(sc.statusTracker().getActiveJobsIds())"
    deadline = time.monotonic() + 10
    while run(session, jobs, TransferPlan(1)) != [Text("0\n")]:
        assert time.monotonic() < deadline, "Spark's job goes on"
        time.sleep(0.2)


def test_a_signal_for_an_ended_cell_reaches_nobody(session: PlainSession, tmp_path: Path) -> None:
    mark = tmp_path / "late"
    for pause in (0.0, 0.45, 0.5, 0.52, 0.9):
        source = f"import time; time.sleep({pause}); open({str(mark)!r}, 'w').close()"
        session.parts(ask(source), TransferPlan(1), f"file://{mark}")
        time.sleep(0.6)
        assert run(session, "1 + 1", TransferPlan(1)) == [Text("2\n")]
        mark.unlink()


def test_arrow_closed_falls_back_before_executing(session: PlainSession) -> None:
    assert run(session, "spark.version = None", TransferPlan(1)) != []  # it cannot be set
    request = ask("select 1 a, array(1.50BD) b", "sql")
    plain = session.result(request, TransferPlan(5, Carrier.TYPED_JSON))
    other = session.result(ask("select 1 a, array(1.50BD) b", "sql"), TransferPlan(5))
    assert plain.table.equals(other.table)
