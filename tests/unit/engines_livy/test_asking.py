"""Questions of stores: they wait their turn and say so, are given up cleanly, and open nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from emr_nb.engines.base import AnswersStores
from emr_nb.engines.livy.asking import SessionAsks
from emr_nb.errors import (
    DeadlineExceededError,
    ResultError,
    SessionLostError,
    StatementCancelledError,
    StatementError,
)
from emr_nb.model import SessionOptions
from emr_nb.results.plan import TransferPlan
from emr_nb.testing.fake_livy import Script, failed, ok
from emr_nb.testing.fs_faults import interrupted_after
from emr_nb.testing.plain_session import PlainSession

QUESTION = {"op": "info", "path": "/"}


@pytest.fixture(scope="module")
def interpreter() -> Iterator[PlainSession]:
    with PlainSession() as made:
        yield made


@pytest.fixture
def asks(livy, session, interpreter):
    """The session, whose statements that are questions truly run in an interpreter."""

    def script(code: str, _kind: str) -> Script:
        if "slow" in code:
            return ok("", seconds=1.5)
        return Script(output=interpreter.execute(code))

    livy.script = script
    heard: list[str] = []
    made = SessionAsks(session, heard.append)
    made.heard = heard
    return made


def busy(session, request_of, code="slow"):
    request = request_of(f"{code} = 1", "scala")  # whose code goes as it is
    return session.submit(request, TransferPlan(1000))


def until(condition) -> None:
    end = time.monotonic() + 20
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    assert condition()


def test_an_answer_comes_checked_and_leaves_no_row(asks, session):
    answer = asks.ask(QUESTION)
    assert answer.told["host"]
    assert b'"directory"' in answer.payload
    assert asks.label == f"session {session.info.id}"
    assert session.journal.statements(cluster="j-FAKE", session=session.info.id, limit=5) == []
    assert asks.heard == []


def test_the_runner_is_sent_where_the_session_lacks_it(asks, livy, interpreter):
    asks.ask(QUESTION)
    sent = len(livy.executed)
    asks.ask(QUESTION)
    assert len(livy.executed) == sent + 1
    assert len(livy.executed[-1]) < 2000  # the question alone


def test_no_secret_and_no_quote_reaches_the_code(asks, livy):
    asks.ask({"op": "info", "path": "/tmp'); import os; ('"})
    assert all("import os; (" not in code for code in livy.executed)


def test_it_waits_behind_a_cell_and_says_so(asks, session, request_of):
    busy(session, request_of)
    assert asks.ask(QUESTION).told["host"]
    assert "busy" in asks.heard[0]
    assert asks.heard[-1] == ""


def test_an_interrupt_takes_it_out_of_the_queue(asks, livy, session, request_of):
    asks.ask(QUESTION)
    before = len(livy.executed)
    busy(session, request_of)
    with pytest.raises((KeyboardInterrupt, StatementCancelledError)), interrupted_after(0.3):
        asks.ask(QUESTION)
    until(lambda: livy.count("POST", r"/cancel$") > 0)
    fake = next(iter(livy.sessions.values()))
    until(lambda: fake.state == "idle")
    assert len(livy.executed) == before + 1  # the cell alone
    assert asks.ask(QUESTION).told["host"]


def test_a_turn_that_does_not_come_ends_in_a_deadline(livy, session, asks, request_of):
    busy(session, request_of)
    hurried = SessionAsks(session, lambda _: None, turn=0.2)
    with pytest.raises(DeadlineExceededError, match="waits for its turn") as caught:
        hurried.ask(QUESTION)
    assert "cancel" in str(caught.value)


def test_a_question_that_hangs_ends_in_a_deadline(livy, session):
    livy.script = lambda *_: ok("", seconds=60.0)
    with pytest.raises(DeadlineExceededError, match="without an answer"):
        SessionAsks(session, lambda _: None, run=0.3).ask(QUESTION)
    until(lambda: livy.count("POST", r"/cancel$") > 0)


def test_what_the_session_says_instead_is_told(livy, session):
    asks = SessionAsks(session, lambda _: None)
    livy.script = lambda *_: Script(output=failed("ValueError", "no"))
    with pytest.raises(StatementError, match="ValueError: no"):
        asks.ask(QUESTION)
    livy.script = lambda *_: ok("noise")
    with pytest.raises(StatementError, match="noise"):
        asks.ask(QUESTION)


def test_a_damaged_answer_is_none(livy, session, interpreter):
    def cut(code: str, _kind: str) -> Script:
        output = interpreter.execute(code)
        if output["status"] == "ok":
            text = output["data"]["text/plain"]
            output["data"]["text/plain"] = text[:-40] + "AAAA" + text[-36:]
        return Script(output=output)

    livy.script = cut
    with pytest.raises(ResultError, match="damaged"):
        SessionAsks(session, lambda _: None).ask(QUESTION)


def test_the_engine_gives_what_is_open_and_opens_nothing(engine, livy):
    assert isinstance(engine, AnswersStores)
    assert engine.asking(print) is None
    assert livy.count("POST", "/sessions$") == 0
    first = engine.open(SessionOptions("emr_nb/ada/nb/1", start_timeout=10))
    second = engine.open(SessionOptions("emr_nb/ada/nb/2", start_timeout=10))
    assert engine.asking(print).label == f"session {second.info.id}"
    second.close()
    assert engine.asking(print).label == f"session {first.info.id}"
    livy.forget(int(first.info.id))
    with pytest.raises(SessionLostError):
        engine.asking(print).ask(QUESTION)
    assert engine.asking(print) is None


def test_several_threads_ask_at_once(asks):
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda: found.append(asks.ask(QUESTION).told["host"]))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4


def test_a_number_that_is_another_session_by_now_is_not_asked(livy, session):
    livy.sessions[int(session.info.id)].name = "emr_nb/bert/nb/1"  # after Livy's restart
    session._used = time.time() - 60
    with pytest.raises(SessionLostError, match="belongs to another session now"):
        SessionAsks(session, lambda _: None).ask(QUESTION)
    assert livy.executed == []
    assert session.ended
