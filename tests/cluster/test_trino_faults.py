"""A query runs once and its result is whole, whatever happens between us and a real Trino."""

from __future__ import annotations

import _thread
import random
import threading
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from trino_rig import TrinoRig, run, submit

from emr_nb.engines.presto.session import PrestoSession
from emr_nb.errors import (
    ConnectFailedError,
    HttpStatusError,
    ReplyLostError,
    StatementCancelledError,
    StatementError,
    StatementOutcomeUnknownError,
    TransportError,
)
from emr_nb.model import CancelOutcome, Log, Progress
from emr_nb.testing.engines import text_of
from emr_nb.testing.fault_proxy import FaultProxy, Rule

pytestmark = pytest.mark.cluster

POST = "/v1/statement$"
FIRST = "/v1/statement/queued/"  # the request that begins a query
PAGE = "/v1/statement/(queued|executing)/"
SLOW = "select count(*) from tpch.sf100.lineitem"
MANY = "select o.*, n from tpch.tiny.orders o cross join unnest(sequence(1, 2)) t(n)"  # 4 pages


@pytest.fixture
def proxy(trino: TrinoRig) -> Iterator[FaultProxy]:
    with trino.proxy() as proxy:
        yield proxy


@pytest.fixture
def table(trino: TrinoRig) -> Iterator[str]:
    name = f"faults_{uuid.uuid4().hex[:8]}"
    run(trino.session(), f"create table {name} (a bigint)")
    yield name
    run(trino.session(), f"drop table {name}")


def through(trino: TrinoRig, proxy: FaultProxy, **patience: Any) -> PrestoSession:
    return trino.session(trino.engine(port=proxy.port, timeout=5, **patience))


def count(trino: TrinoRig, table: str) -> int:
    return int(trino.rows(f"select count(*) from {table}")[0][0])


LOST: dict[str, Rule] = {
    "reset": Rule("", "", "drop_reply", times=1),
    "cut": Rule("", "", "truncate", times=1, after_bytes=20),
    "empty": Rule("", "", "instead", times=1, status=200),
    "502": Rule("", "", "status", times=1, status=502),
    "503": Rule("", "", "instead", times=1, status=503, headers=("Retry-After: 1",)),
    "504": Rule("", "", "status", times=1, status=504),
    "429": Rule("", "", "instead", times=1, status=429),
    "never": Rule("", "", "hang", times=1),
    "held": Rule("", "", "hold", times=1),
    "refused": Rule("", "", "refuse", times=1),
}


def lost(how: str, method: str, target: str) -> Rule:
    made = LOST[how]
    return Rule(method, target, made.action, times=1, status=made.status,
                after_bytes=made.after_bytes, headers=made.headers)  # fmt: skip


# -- once ---------------------------------------------------------------------------------


@pytest.mark.parametrize("how", LOST)
@pytest.mark.parametrize("at", [("POST", POST), ("GET", FIRST)], ids=["entered", "begun"])
def test_an_insert_whose_reply_is_lost_runs_once_and_tells_its_result(
    trino: TrinoRig, proxy: FaultProxy, table: str, how: str, at: tuple[str, str]
) -> None:
    session = through(trino, proxy)
    rule = proxy.add(lost(how, *at))
    statement = submit(session, f"insert into {table} values 7")
    assert text_of(list(statement.events())) == "INSERT: 1 row"
    assert rule.hits == 1
    assert count(trino, table) == 1
    row = session.journal.find(statement.reference.tag)
    assert (row.state, row.statement) == ("done", statement.reference.statement_id)


def test_a_post_that_arrives_late_runs_once(trino: TrinoRig, proxy: FaultProxy, table: str) -> None:
    session = trino.session(trino.engine(port=proxy.port, timeout=1))
    rule = proxy.add(Rule("POST", POST, "late", times=1, seconds=3))
    assert (
        text_of(list(submit(session, f"insert into {table} values 7").events())) == "INSERT: 1 row"
    )
    assert rule.hits == 1
    time.sleep(4)  # the first request arrives meanwhile
    assert count(trino, table) == 1


def test_an_older_server_that_runs_at_once_is_never_asked_twice(
    trino: TrinoRig, proxy: FaultProxy, table: str
) -> None:
    session = through(trino, proxy, settle=3)
    object.__setattr__(session._submitter.spoken, "two_steps", False)
    before = proxy.count(POST, "POST")
    proxy.add(lost("reset", "POST", POST))
    with pytest.raises(StatementOutcomeUnknownError, match="no reply came") as raised:
        submit(session, f"insert into {table} values 7")
    assert "system.runtime.queries" in raised.value.advice
    assert proxy.count(POST, "POST") == before + 1


def test_a_server_that_is_away_takes_nothing_and_it_is_said(
    trino: TrinoRig, proxy: FaultProxy, table: str
) -> None:
    session = through(trino, proxy, settle=2)
    proxy.add(Rule("POST", POST, "refuse"))
    began = time.monotonic()
    with pytest.raises(TransportError):
        submit(session, f"insert into {table} values 7")
    assert time.monotonic() - began < 10
    assert count(trino, table) == 0


# -- whole --------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [*LOST, "cut late", "garbage"])
@pytest.mark.parametrize("skip", [1, 5])
def test_a_page_that_is_lost_is_asked_for_again(
    trino: TrinoRig, proxy: FaultProxy, how: str, skip: int
) -> None:
    session = through(trino, proxy, look=2)
    if how == "garbage":
        rule = Rule("GET", PAGE, "instead", times=1, status=200, body=b"<html>login</html>")
    elif how == "cut late":
        rule = Rule("GET", PAGE, "truncate", times=1, after_bytes=200)
    else:
        rule = lost(how, "GET", PAGE)
    rule.skip = skip
    proxy.add(rule)
    result = run(session, f"select * from ({MANY}) order by orderkey, n")
    assert len(result) == 30000
    keys = result.table.column("orderkey").to_pylist()
    assert keys == sorted(keys)
    assert rule.hits == 1


def test_an_end_that_is_missing_is_no_shorter_result(trino: TrinoRig, proxy: FaultProxy) -> None:
    """A reply with `nextUri` cut out of it would look like the last one."""
    session = through(trino, proxy, look=2, away=3)
    proxy.add(Rule("GET", PAGE, "truncate", after_bytes=5000, skip=4))
    with pytest.raises(ReplyLostError):
        run(session, MANY)


def test_faults_are_borne_for_a_time_and_told(trino: TrinoRig, proxy: FaultProxy) -> None:
    session = through(trino, proxy, notice=0.3, away=30)
    statement = submit(session, MANY)
    proxy.add(Rule("GET", PAGE, "instead", times=8, status=503, headers=("Retry-After: 0.2",)))
    logs = [line for e in statement.events() if isinstance(e, Log) for line in e.lines]
    assert "still trying" in logs[0]
    assert "answers again" in logs[-1]
    assert len(statement.result()) == 30000


@pytest.mark.parametrize("action", ["refuse", "instead", "hang"])
def test_a_server_that_stays_away_is_an_error_in_time(
    trino: TrinoRig, proxy: FaultProxy, action: Any
) -> None:
    session = through(trino, proxy, look=1, away=2)
    statement = submit(session, MANY)
    proxy.add(Rule("GET", PAGE, action, status=502))
    began = time.monotonic()
    with pytest.raises(TransportError):
        statement.result()
    assert time.monotonic() - began < 8
    proxy.clear()  # it was not the query that failed: it can be read after all
    assert len(statement.result()) == 30000


def test_another_status_is_an_error_at_once(trino: TrinoRig, proxy: FaultProxy) -> None:
    session = through(trino, proxy)
    statement = submit(session, MANY)
    rule = proxy.add(Rule("GET", PAGE, "instead", status=500, body=b"oh"))
    with pytest.raises(HttpStatusError, match="500"):
        statement.result()
    assert rule.hits == 1


@pytest.mark.parametrize("status", [404, 410])
def test_a_query_that_is_gone_is_told_by_what_it_did(
    trino: TrinoRig, proxy: FaultProxy, table: str, status: int
) -> None:
    session = through(trino, proxy)
    statement = submit(session, MANY)
    update = submit(session, f"insert into {table} values 1")
    proxy.add(Rule("GET", PAGE, "instead", status=status))
    with pytest.raises(StatementError, match="gone from its server") as raised:
        statement.result()
    assert "changed nothing" in raised.value.advice
    with pytest.raises(StatementOutcomeUnknownError, match="not known") as unknown:
        update.result()
    assert update.reference.statement_id in unknown.value.advice
    assert session.journal.find(update.reference.tag).state == "unknown"


def test_a_coordinator_that_is_not_there_is_told(trino: TrinoRig) -> None:
    with FaultProxy("127.0.0.1", trino.port) as proxy:
        engine = trino.engine(port=proxy.port, timeout=2)
    with pytest.raises(ConnectFailedError, match="No connection") as raised:
        trino.session(engine)
    assert "is the service running" in raised.value.advice


def test_a_slow_reader_keeps_its_query(trino: TrinoRig, proxy: FaultProxy) -> None:
    session = through(trino, proxy, touch_every=0.4)
    for _ in range(4):  # on a busy machine all pages may be there before one is looked at
        statement = submit(session, MANY)
        slept = False
        for event in statement.events():
            if isinstance(event, Progress) and event.phase == "fetching" and not slept:
                slept = True
                time.sleep(3)
        assert len(statement.result()) == 30000
        if proxy.count(PAGE, "HEAD") >= 2:
            break
    assert proxy.count(PAGE, "HEAD") >= 2


# -- cancel -------------------------------------------------------------------------------


def running(statement: Any, phase: str) -> None:
    for event in statement.events():
        if isinstance(event, Progress) and event.phase == phase:
            return


@pytest.mark.parametrize("phase", ["queued", "running", "fetching"])
def test_cancel_in_every_phase(trino: TrinoRig, phase: str) -> None:
    session = trino.session()
    sql = "select * from tpch.sf100.lineitem" if phase == "fetching" else SLOW
    statement = submit(session, sql)
    if phase != "queued":
        running(statement, phase)
    began = time.monotonic()
    assert statement.cancel() is CancelOutcome.STOPPED
    assert time.monotonic() - began < 2
    with pytest.raises(StatementCancelledError):
        statement.result()
    assert statement.cancel() is CancelOutcome.ALREADY_ENDED
    query = statement.reference.statement_id
    (state, code), = trino.rows(
        f"select state, error_code from system.runtime.queries where query_id = '{query}'"
    )  # fmt: skip
    assert (state, code) == ("FAILED", "USER_CANCELED")
    assert session.journal.find(statement.reference.tag).state == "cancelled"


@pytest.mark.parametrize("action", ["drop_reply", "status", "hang"])
def test_a_cancel_whose_reply_is_lost_tells_what_was_achieved(
    trino: TrinoRig, proxy: FaultProxy, action: Any
) -> None:
    session = through(trino, proxy)
    statement = submit(session, SLOW)
    running(statement, "running")
    proxy.add(Rule("DELETE", PAGE, action, times=1, status=504))
    began = time.monotonic()
    outcome = statement.cancel()
    assert time.monotonic() - began < 2
    assert outcome in (CancelOutcome.STOPPED, CancelOutcome.STILL_RUNNING)
    with pytest.raises(StatementCancelledError):
        statement.result()


def test_a_cancel_that_does_not_arrive_is_no_success(trino: TrinoRig, proxy: FaultProxy) -> None:
    session = through(trino, proxy)
    statement = submit(session, SLOW)
    running(statement, "running")
    proxy.add(Rule("DELETE", PAGE, "instead", status=502))
    assert statement.cancel() is CancelOutcome.STILL_RUNNING
    proxy.clear()
    assert statement.cancel() is CancelOutcome.STOPPED


def test_somebody_elses_cancel_is_told(trino: TrinoRig) -> None:
    statement = submit(trino.session(), SLOW)
    query = statement.reference.statement_id
    run(trino.session(), f"call system.runtime.kill_query('{query}', 'too slow')")
    with pytest.raises(StatementCancelledError, match="too slow"):
        statement.result()


@pytest.mark.parametrize("sql", [SLOW, "select * from tpch.sf100.lineitem"])
def test_an_interrupt_is_out_at_once_and_the_session_goes_on(trino: TrinoRig, sql: str) -> None:
    session = trino.session()
    statement = submit(session, sql)
    sent: list[float] = []

    def interrupt() -> None:
        sent.append(time.monotonic())
        _thread.interrupt_main()

    threading.Timer(1.5, interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        statement.result()
    assert statement.cancel() is CancelOutcome.STOPPED
    assert time.monotonic() - sent[0] < 2
    assert run(session, "select 1").table.column(0).to_pylist() == [1]


# -- another process ----------------------------------------------------------------------


def test_a_kernel_that_is_gone_leaves_its_query_to_the_next(trino: TrinoRig, table: str) -> None:
    statement = submit(trino.session(), f"insert into {table} values 1, 2")
    events = statement.events()
    next(events)
    statement._reader.stop()  # as a killed kernel: nobody asks any more
    time.sleep(0.5)
    adopted = trino.engine().recover(statement.reference)
    assert adopted is not None
    assert text_of(list(adopted.events())) == "INSERT: 2 rows"
    assert count(trino, table) == 2


def test_rows_that_a_kernel_took_along_do_not_make_a_shorter_result(trino: TrinoRig) -> None:
    statement = submit(trino.session(), "select * from tpch.sf1.orders")
    running(statement, "fetching")
    assert trino.engine().recover(statement.reference) is None
    statement.cancel()


# -- at random ----------------------------------------------------------------------------

ANYTHING = (
    ("instead", 502), ("instead", 503), ("status", 504), ("instead", 429), ("drop_reply", 0),
    ("refuse", 0), ("truncate", 0),
)  # fmt: skip


def meet_faults(trino: TrinoRig, table: str, seed: int, statements: int) -> None:
    """Run statements of both kinds through random faults: each is right, and ran once."""
    chance = random.Random(seed)
    with FaultProxy("127.0.0.1", trino.port, seed=seed) as proxy:
        session = through(trino, proxy, look=3)
        for action, status in ANYTHING:
            proxy.add(Rule("POST|GET|DELETE", "/v1/statement", action, status=status,
                           after_bytes=chance.randrange(300), probability=0.05))  # fmt: skip
        for number in range(statements):
            if chance.random() < 0.5:
                sql = f"insert into {table} values {number}"
                assert text_of(list(submit(session, sql).events())) == "INSERT: 1 row"
            else:
                rows = chance.randrange(20000)
                made = run(session, f"select orderkey from tpch.tiny.orders limit {rows}")
                assert len(made) == min(rows, 15000)
    written = trino.rows(f"select a, count(*) from {table} group by a")
    assert all(times == 1 for _, times in written)


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.full)])
def test_statements_meet_random_faults(trino: TrinoRig, table: str, seed: int) -> None:
    meet_faults(trino, table, seed, 15)


@pytest.mark.full
@pytest.mark.timeout(3600)
def test_a_thousand_statements_meet_random_faults(trino: TrinoRig, table: str) -> None:
    meet_faults(trino, table, 1000, 1000)
