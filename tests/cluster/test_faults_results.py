"""A job that fails anywhere, and a payload damaged on its way: an error, never a shorter table."""

from __future__ import annotations

import os
from typing import Any

import pytest
from fault_rig import LOOK, Rig, submit, wait_until

from emr_nb.engines.livy import LivyEngine
from emr_nb.engines.livy.session import LivySession
from emr_nb.errors import ResultError, SessionLostError, StatementError
from emr_nb.model import SessionOptions
from emr_nb.testing.engines import text_of
from emr_nb.testing.fault_proxy import Rule

ROWS = 20_000
PLACES = {"middle": ROWS // 2, "last": ROWS - 1}
FAILING = {
    "sql": "select if(id = {bad}, raise_error('planted'), id) v from range(0, {rows}, 1, 10)",
    "python": (
        "def check(row):\n"
        "    if row.id == {bad}:\n"
        "        raise ValueError('planted')\n"
        "    return (row.id,)\n\n"
        "df = spark.createDataFrame(spark.range(0, {rows}, 1, 10).rdd.map(check), 'id long')\ndf"
    ),
    "scala": (
        "val bad = {bad}L\n"
        "val df = spark.range(0, {rows}, 1, 10).map(id => "
        'if (id == bad) sys.error("planted") else id.longValue).toDF("v")\ndf'
    ),
}


@pytest.mark.parametrize("language", FAILING)
@pytest.mark.parametrize("place", [pytest.param("middle", marks=pytest.mark.full), "last"])
def test_a_job_that_fails_brings_no_row(rig: Rig, language: str, place: str) -> None:
    code = FAILING[language].format(bad=PLACES[place], rows=ROWS)
    output = None if language == "sql" else "df"
    statement = submit(rig.session, code, language, output=output, rows=-1)
    with pytest.raises(StatementError, match="planted"):
        statement.result()
    assert statement._result is None
    row = rig.session.journal.find(statement.reference.tag)
    assert row is not None
    assert (row.state, row.rows) == ("failed", None)


def test_the_same_jobs_bring_all_rows_when_nothing_is_planted(rig: Rig) -> None:
    for language, code in FAILING.items():
        output = None if language == "sql" else "df"
        code = code.format(bad=-1, rows=ROWS)
        result = submit(rig.session, code, language, output=output, rows=-1).result()
        assert sorted(result.table[0].to_pylist()) == list(range(ROWS)), language


def test_what_cannot_be_brought_fails_and_names_why(rig: Rig) -> None:
    stream = "spark.readStream.format('rate').load()"
    with pytest.raises(StatementError, match="streaming DataFrame has no end"):
        submit(rig.session, f"df = {stream}\ndf", output="df").result()
    with pytest.raises(StatementError, match="nothing to bring"):
        submit(rig.session, "1", output="nowhere").result()
    with pytest.raises(StatementError, match="gen"):
        submit(rig.session, "gen = (n for n in range(3))", output="gen").result()


def test_types_that_arrow_in_spark_refuses_come_exactly(rig: Rig) -> None:
    """Each of them would fail or lose its name if it were sent as it is."""
    sql = (
        "select make_interval(1, 2, 0, 3, 4, 5, 6.789) c, interval '3-4' year to month m, "
        "named_struct('x', 1, 'x', 2) s, map('k', make_interval(0, 1)) n "
        "from range(3)"
    )
    result = submit(rig.session, sql, "sql", rows=-1).result()
    assert len(result) == 3
    assert [c.name for c in result.columns] == ["c", "m", "s", "n"]
    micros = (4 * 3600 + 5 * 60 + 6) * 10**6 + 789_000
    assert result.table["c"][0].as_py() == {"months": 14, "days": 3, "microseconds": micros}


DAMAGE = {
    "a changed character": ("zA", "zB"),
    "a shorter payload": ("zA", ""),
    "another frame's end": ("</emr_nb>", "</emr_nc>"),
}


@pytest.mark.parametrize("how", DAMAGE)
def test_a_damaged_payload_is_no_table(rig: Rig, how: str) -> None:
    old, new = DAMAGE[how]
    with rig.proxy() as proxy, rig.through(proxy.port) as session:
        statement = submit(session, "spark.range(9000).selectExpr('uuid() u')", rows=-1)
        proxy.add(Rule("GET", LOOK, "rewrite", find=old, replace=new))
        with pytest.raises(ResultError, match="damaged"):
            statement.result()
        row = session.journal.find(statement.reference.tag)
        assert row is not None
        assert (row.state, row.rows) == ("failed", None)


def test_a_payload_cut_in_transit_is_asked_for_again(rig: Rig) -> None:
    with rig.proxy() as proxy, rig.through(proxy.port) as session:
        statement = submit(session, "spark.range(40000)", rows=-1)
        rule = proxy.add(Rule("GET", LOOK, "truncate", times=3, after_bytes=900))
        assert statement.result().table[0].to_pylist() == list(range(40000))
        assert rule.hits == 3


@pytest.fixture
def own(rig: Rig) -> Any:
    """A session to lose, and its engine."""
    with rig.engine() as engine:
        session = engine.open(SessionOptions(f"emr_nb/ada/lost/{os.getpid()}", start_timeout=300))
        yield engine, session
        session.close()


def test_a_session_ended_behind_our_back_is_lost_not_failed(
    rig: Rig, own: tuple[LivyEngine, LivySession]
) -> None:
    engine, session = own
    assert text_of(list(submit(session, "print('alive')").events())).strip() == "alive"
    running = submit(session, "import time\ntime.sleep(60)")
    waiting = submit(session, "print('never')")
    wait_until(lambda: session.refresh().state == "busy")
    rig.session.client.delete_session(int(session.info.id))
    for statement in (running, waiting):
        with pytest.raises(SessionLostError) as caught:
            statement.result()
        assert not isinstance(caught.value, StatementError)
        assert "variables are gone" in str(caught.value)
        assert "%emr restart" in str(caught.value)
        row = session.journal.find(statement.reference.tag)
        assert row is not None
        assert row.state == "lost"
    with pytest.raises(SessionLostError):
        submit(session, "1")
    assert engine.recover(running.reference) is None
