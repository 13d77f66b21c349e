"""The runner on a real Spark: executed once, failing whole, interruptible."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from emr_nb.engines.livy import code
from emr_nb.engines.livy.code import refuse_code
from emr_nb.model import Request
from emr_nb.results.assemble import assemble
from emr_nb.results.frame import Failure, Part, TablePart, Text
from emr_nb.results.plan import Carrier, TransferPlan
from emr_nb.testing.plain_session import PlainSession, spark_session, visible

pytestmark = [pytest.mark.cluster, pytest.mark.full]  # the same by Livy: test_faults_results
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


FULL = pytest.mark.full
FAILING = [
    *(pytest.param(way, 999, id=f"{way}-last") for way in WAYS),
    *(pytest.param(way, bad, marks=FULL, id=f"{way}-{bad}") for way in WAYS for bad in (500, 0)),
]


@pytest.mark.parametrize(("way", "bad"), FAILING)
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
    "spark": "spark.range(0, 10**13, 1, 4).selectExpr('sum(id * 1.5d)').collect()",
    "collect": "spark.range(0, 10**13, 1, 4).selectExpr('sum(id * 1.5d)')",
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
    mark, began, seen = tmp_path / "cancel", tmp_path / "began", []

    def interrupt() -> None:
        while not began.exists():
            time.sleep(0.02)
        time.sleep(1.0)  # the loop, or the job, is on its way by now
        seen.append(time.monotonic())
        mark.touch()

    threading.Thread(target=interrupt, daemon=True).start()
    source = f"open({str(began)!r}, 'w').close()\n{LOOPS[kind]}"
    parts = session.parts(ask(source), TransferPlan(10), f"file://{mark}")
    took = time.monotonic() - seen[0]
    failure = parts[-1]
    assert isinstance(failure, Failure)
    assert failure.line is not None
    assert failure.line > 1
    if kind in {"python", "stubborn"}:
        assert failure.ename == "KeyboardInterrupt"
    else:  # whichever is first: the signal, or the end of the job that was cancelled
        assert failure.ename == "KeyboardInterrupt" or "cancelled" in failure.evalue
    assert took < 4, f"the interpreter was free only after {took:.1f} s"
    assert run(session, "kept + 1", TransferPlan(1)) == [Text("42\n")]
    jobs = "len(sc.statusTracker().getActiveJobsIds())"
    deadline = time.monotonic() + 30
    while run(session, jobs, TransferPlan(1)) != [Text("0\n")]:
        assert time.monotonic() < deadline, "Spark's job goes on"
        time.sleep(0.2)
    assert session.result(ask("select 1 one", "sql"), TransferPlan(1)).table[0][0].as_py() == 1


def test_a_statement_that_comes_twice_runs_once(session: PlainSession) -> None:
    """A gateway may hold a POST back until the notebook has sent it again."""
    run(session, "times = 0", TransferPlan(1))
    request = ask("times += 1\nprint(times)")
    assert visible(session.parts(request, TransferPlan(1))) == [Text("1\n")]
    [again] = session.parts(request, TransferPlan(1))
    assert isinstance(again, Failure)
    assert (again.ename, again.evalue) == ("AlreadyRan", request.tag)
    given_up = ask("times += 1")
    session.execute(refuse_code(secrets.token_hex(16), given_up.tag))
    [refused] = session.parts(given_up, TransferPlan(1))
    assert isinstance(refused, Failure)
    assert (refused.ename, refused.evalue) == ("Refused", given_up.tag)
    assert run(session, "times", TransferPlan(1)) == [Text("1\n")]


def test_a_signal_for_an_ended_cell_reaches_nobody(session: PlainSession, tmp_path: Path) -> None:
    mark = tmp_path / "late"
    for pause in (0.0, 0.45, 0.5, 0.52, 0.9):
        source = f"import time; time.sleep({pause}); open({str(mark)!r}, 'w').close()"
        session.parts(ask(source), TransferPlan(1), f"file://{mark}")
        time.sleep(0.6)
        assert run(session, "1 + 1", TransferPlan(1)) == [Text("2\n")]
        mark.unlink()


def test_where_arrow_is_closed_typed_json_takes_its_place(session: PlainSession) -> None:
    """The entry point is looked for by name; without it the same rows come, executed once."""
    sql = "select id, array(1.50BD) b, make_interval(1) i from range(5)"
    wanted = session.result(ask(sql, "sql"), TransferPlan(5))
    assert header(session, sql)["carrier"] == "arrow"
    arrow = f"sys.modules[{code.module_name() + '.arrow'!r}]"
    tables = f"sys.modules[{code.module_name() + '.runner'!r}].RUNNER.tables"
    closed = f"import sys\n{arrow}.ENTRY = 'noSuchEntryPoint'\n{tables}._arrow = None"
    run(session, closed, TransferPlan(1))
    try:
        assert header(session, sql)["carrier"] == "json"
        assert session.result(ask(sql, "sql"), TransferPlan(5)).table.equals(wanted.table)
    finally:
        opened = f"import sys\n{arrow}.ENTRY = 'collectAsArrowToPython'\n{tables}._arrow = None"
        run(session, opened, TransferPlan(1))
    assert header(session, sql)["carrier"] == "arrow"


def header(session: PlainSession, sql: str) -> dict[str, object]:
    [part] = [
        part
        for part in session.parts(ask(sql, "sql"), TransferPlan(5))
        if isinstance(part, TablePart)
    ]
    return dict(part.header)
