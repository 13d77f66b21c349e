"""Hive behind the fault proxy and beside a server that is killed: no hang, no second run.

What ran is counted by the table that it writes, never by what was said.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hive_rig import HiveRig, hive, rows, run, session, submit  # noqa: F401 -- fixtures

from emr_nb.engines.hive import service
from emr_nb.engines.hive.service import Handle
from emr_nb.engines.hive.session import HiveSession
from emr_nb.errors import (
    ConnectFailedError,
    ResultError,
    SessionLostError,
    StatementCancelledError,
    StatementError,
    StatementOutcomeUnknownError,
    TransportError,
)
from emr_nb.model import CancelOutcome, Log, Progress, SessionOptions
from emr_nb.testing.fault_proxy import Rule
from emr_nb.testing.thrift_proxy import ThriftFaultProxy

SLEEP = "select count(reflect('java.lang.Thread', 'sleep', bigint({}))) from one"


@pytest.fixture(scope="module", autouse=True)
def tables(session: HiveSession) -> Iterator[None]:  # noqa: F811
    run(session, "create table if not exists one stored as textfile as select 1 as a")
    run(session, "drop table if exists counted")
    run(session, "create table counted (a int) stored as textfile")
    run(session, "drop table if exists many")
    run(
        session,
        "create table many stored as textfile as select pos, concat('row ', pos) as said"
        " from one lateral view posexplode(split(space(24999), ' ')) p as pos, x",
    )
    yield
    run(session, "drop table many")
    run(session, "drop table counted")
    run(session, "drop table one")


@contextmanager
def proxied(hive: HiveRig) -> Iterator[tuple[ThriftFaultProxy, HiveSession]]:  # noqa: F811
    with ThriftFaultProxy("127.0.0.1", hive.port) as proxy, hive.session(proxy.port) as through:
        for thread in threading.enumerate():
            if thread.name == "emr_nb-sweep":  # its statement would meet what a test's is to meet
                thread.join(30)
        yield proxy, through
        proxy.clear()


def count(session: HiveSession) -> int:  # noqa: F811
    return int(rows(session, "select count(*) from counted")[0][0])


def wait_count(session: HiveSession, wanted: int, seconds: float = 60) -> int:  # noqa: F811
    end = time.monotonic() + seconds
    while (found := count(session)) != wanted and time.monotonic() < end:
        time.sleep(0.5)
    return found


# -- submitting ---------------------------------------------------------------------------


def test_a_lost_reply_to_an_insert_is_unknown_and_it_ran_once(
    hive: HiveRig,  # noqa: F811
    session: HiveSession,  # noqa: F811
) -> None:
    before = count(session)
    with proxied(hive) as (proxy, through):
        lost = proxy.add(Rule("CALL", "ExecuteStatement", "drop_reply", times=1))
        with pytest.raises(StatementOutcomeUnknownError) as caught:
            submit(through, "insert into counted select 7")
        assert lost.hits == 1
        assert proxy.count("ExecuteStatement") == 1
        text = str(caught.value)
        assert "insert into counted select 7" in text
        assert "It was sent at" in text
        (row,) = through.journal.statements(session=through.info.id, limit=1)
        assert row.state == "unknown"
        assert f"emr_nb {row.tag}" in text
        assert wait_count(session, before + 1) == before + 1
        time.sleep(2.0)
        assert count(session) == before + 1


def test_nothing_is_unknown_where_nothing_was_sent(hive: HiveRig) -> None:  # noqa: F811
    with proxied(hive) as (proxy, through):
        proxy.close()
        with pytest.raises(ConnectFailedError):
            submit(through, "insert into counted select 8")
        (row,) = through.journal.statements(session=through.info.id, limit=1)
        assert row.state == "failed"


# -- looking ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "action",
    ["drop_reply", *(pytest.param(a, marks=pytest.mark.full) for a in ("refuse", "truncate"))],
)
def test_failed_looks_are_borne_and_nothing_runs_twice(
    hive: HiveRig,  # noqa: F811
    session: HiveSession,  # noqa: F811
    action: Any,
) -> None:
    before = count(session)
    with proxied(hive) as (proxy, through):
        rule = proxy.add(Rule("CALL", "GetOperationStatus", action, times=3, after_bytes=9))
        run(through, "insert into counted select 9")
        assert rule.hits == 3
        assert count(through) == before + 1


def test_a_lost_log_does_no_harm(hive: HiveRig) -> None:  # noqa: F811
    with proxied(hive) as (proxy, through):
        proxy.add(Rule("CALL", "FetchResults", "drop_reply", times=1))
        assert rows(through, "select array(1, 2)")[0] == ([1, 2],)


# -- fetching -----------------------------------------------------------------------------

MANY = "select pos, said from many"  # in several fetches


@pytest.mark.parametrize("action", ["drop_reply", "truncate"])
def test_a_connection_cut_between_fetches_loses_no_row(
    hive: HiveRig,  # noqa: F811
    action: Any,
) -> None:
    with proxied(hive) as (proxy, through):
        # the first fetches are the log's
        statement = submit(through, MANY)
        looked = len(proxy.calls)
        for event in statement.events():
            if isinstance(event, Progress) and event.phase == "fetching" and event.rows:
                cut = proxy.add(Rule("CALL", "FetchResults", action, times=1, after_bytes=100))
                break
        result = statement.result()
        assert result is not None
        assert result.table.column(0).to_pylist() == list(range(25_000))
        assert result.table.column(1)[24_999].as_py() == "row 24999"
        assert cut.hits == 1
        assert proxy.count("ExecuteStatement") == 1
        assert len(proxy.calls) > looked


def test_rows_that_never_come_are_an_error_and_no_short_result(hive: HiveRig) -> None:  # noqa: F811
    with proxied(hive) as (proxy, through):
        statement = submit(through, MANY)
        for event in statement.events():
            if isinstance(event, Progress) and event.phase == "fetching" and event.rows:
                proxy.add(Rule("CALL", "FetchResults", "drop_reply"))
                break
        with pytest.raises((ResultError, TransportError)):
            statement.result()


def test_a_failure_while_rows_are_fetched_is_the_statements(session: HiveSession) -> None:  # noqa: F811
    # no job: it runs as its rows are asked for
    with pytest.raises(StatementError, match="ASSERT_TRUE"):
        run(session, "select assert_true(a > 5) from one")


# -- cancelling ---------------------------------------------------------------------------


def test_cancel_of_a_job_is_told_truthfully(session: HiveSession) -> None:  # noqa: F811
    statement = submit(session, SLEEP.format(20_000))
    for event in statement.events():
        if isinstance(event, Progress) and event.jobs_total and event.elapsed > 2:
            break
    began = time.monotonic()
    # the server calls it cancelled; its work is inside the server, and may go on
    assert statement.cancel() is CancelOutcome.STILL_RUNNING
    assert time.monotonic() - began < 2.0
    with pytest.raises(StatementCancelledError, match="cancelled") as caught:
        statement.result()
    assert "may run on" in caught.value.advice
    assert rows(session, "select 1") == [(1,)]


def test_cancel_comes_back_although_the_server_does_not_answer(hive: HiveRig) -> None:  # noqa: F811
    with proxied(hive) as (proxy, through):
        statement = submit(through, SLEEP.format(3_000))
        proxy.add(Rule("CALL", "CancelOperation", "hang"))
        began = time.monotonic()
        assert statement.cancel() is CancelOutcome.STILL_RUNNING
        assert time.monotonic() - began < 2.0
        with pytest.raises(StatementCancelledError):
            statement.result()


def test_cancel_while_rows_come_lets_go_of_them(hive: HiveRig) -> None:  # noqa: F811
    with proxied(hive) as (proxy, through):
        statement = submit(through, MANY)
        proxy.add(Rule("CALL", "FetchResults", "delay", seconds=0.3))
        events = statement.events()
        for event in events:
            if isinstance(event, Progress) and event.phase == "fetching":
                break
        assert statement.cancel() is CancelOutcome.STOPPED
        with pytest.raises(StatementCancelledError):
            statement.result()


def test_an_interrupted_submit_is_cancelled(hive: HiveRig, session: HiveSession) -> None:  # noqa: F811
    before = count(session)
    with proxied(hive) as (proxy, through):
        proxy.add(Rule("CALL", "ExecuteStatement", "late", seconds=2.0))
        timer = threading.Timer(0.7, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            submit(through, f"insert into counted {SLEEP.format(4_000)}")
        end = time.monotonic() + 20
        sent = proxy.count("ExecuteStatement")  # none where a busy machine had not come to it
        while proxy.count("CancelOperation") < sent and time.monotonic() < end:
            time.sleep(0.1)
        assert proxy.count("CancelOperation") == sent
    time.sleep(5.0)
    assert count(session) == before


# -- sessions that go away ----------------------------------------------------------------


def test_an_expired_session_says_what_is_gone_and_gets_its_state_again(
    hive: HiveRig,  # noqa: F811
) -> None:
    name = f"emr_nb/tests/expired/{os.getpid()}"
    with hive.engine() as engine:
        old = engine.open(SessionOptions(name))
        run(old, "create database if not exists other")
        run(old, "use other")
        run(old, "set hive.exec.parallel.thread.number=5")
        run(old, "create temporary table brief as select 1 as a")
        engine.client.call("CloseSession", [old.handle.session()])
        with pytest.raises(SessionLostError, match="brief") as caught:
            run(old, "select * from brief")
        assert caught.value.forgotten
        told: list[Any] = []
        new = engine.open(SessionOptions(name), told.append)
        assert new.info.id != old.info.id
        lines = " ".join(line for e in told if isinstance(e, Log) for line in e.lines)
        assert "USE `other`" in lines
        assert "temporary table brief" in lines
        assert rows(new, "select current_database()") == [("other",)]
        assert rows(new, "set hive.exec.parallel.thread.number")[0][0].endswith("=5")
        with pytest.raises(SessionLostError, match="temporary table brief was lost"):
            submit(new, "select * from brief")
        run(new, "use default")
        run(new, "drop database other")
        new.close()


def test_a_database_of_one_cell_is_not_the_next_ones(session: HiveSession) -> None:  # noqa: F811
    run(session, "create database if not exists elsewhere")
    try:
        assert rows(session, "select current_database()", database="elsewhere") == [("elsewhere",)]
        assert rows(session, "select current_database()") == [("default",)]
        with pytest.raises(StatementError, match="no database 'nowhere'"):
            run(session, "select 1", database="nowhere")
    finally:
        run(session, "drop database elsewhere")


def test_settings_of_one_cell_are_not_the_next_ones(session: HiveSession) -> None:  # noqa: F811
    given = {"hive.exec.parallel": "true"}
    assert rows(session, "set hive.exec.parallel", settings=given)
    assert rows(session, "set hive.exec.parallel") == [("hive.exec.parallel=false",)]


def test_another_process_adopts_a_running_statement(hive: HiveRig) -> None:  # noqa: F811
    with hive.session() as through:
        run(through, "create temporary table mine as select 5 as a")
        statement = submit(through, SLEEP.format(3_000))
        through.client.close()  # the kernel is gone, and its connections
        with hive.engine() as other:
            adopted = other.recover(statement.reference)
            assert adopted is not None
            result = adopted.result()
            assert result is not None
            assert result.table.num_rows == 1
            again = other.open(SessionOptions(through.info.name, create=False))
            assert rows(again, "select a from mine") == [(5,)]


def test_handles_are_texts_and_back() -> None:
    handle = Handle(b"\x01" * 16, b"\x02" * 16, 0, True)
    assert Handle.parse(handle.spelled) == handle
    assert Handle.parse("no handle") is None
    assert "02" * 16 not in handle.shown
    assert service.NEWEST == 9


def test_errors_do_not_show_the_secret_of_a_session(session: HiveSession) -> None:  # noqa: F811
    with pytest.raises(StatementError) as caught:
        run(session, "select nope from one")
    assert session.handle.secret.hex() not in str(caught.value)
