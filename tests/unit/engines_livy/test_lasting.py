"""What outlives a process: adopted statements, forgotten sessions, numbers given again."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from dataclasses import replace

import pytest

from emr_nb.engines.livy import LivyEngine
from emr_nb.engines.livy.asked import request_of as asked_by
from emr_nb.engines.livy.code import cell_code, chunk_code, collect_view_code, scala_code
from emr_nb.engines.livy.lost import Past, forgotten, tail_of_log, why_lost
from emr_nb.engines.livy.pace import Patience
from emr_nb.engines.livy.wire import SessionView
from emr_nb.errors import JournalError, SessionLostError
from emr_nb.journal import Journal, SessionRow
from emr_nb.model import Output, Request, SessionOptions, StatementReference
from emr_nb.notebook.recovery import same_cell
from emr_nb.results.plan import TransferPlan, plan_transfer
from emr_nb.testing.fake_livy import Fault, ok

PLAN = TransferPlan(1000)
TAG = "0123456789abcdef" * 2


# -- what a statement was asked ---------------------------------------------------------------


@pytest.mark.parametrize("install", [False, True])
@pytest.mark.parametrize(
    "request_",
    [
        Request("df = '''\u2028{}\\'''\n", "python", TAG, output="df"),
        Request("select '{x}'", "sql", TAG, rows=5, database="d", settings={"spark.x": "1"}),
        Request('val x = """a\nb"""\n', "scala", TAG, output="x", rows=-1),
        Request("val x = 1", "scala", TAG),
        Request("x", "python", TAG, rows=0),
    ],
)
def test_the_cell_is_read_back_from_the_statement(request_, install):
    plan = plan_transfer(request_)
    if request_.language == "scala":
        code = scala_code(request_, plan)
    else:
        code = cell_code(request_, plan, cancel_path="/tmp/x", install=install)
    found = asked_by(code)
    assert found is not None
    assert same_cell(found, request_)
    assert found.tag == TAG
    assert not same_cell(found, replace(request_, code=request_.code + " "))
    assert not same_cell(found, replace(request_, output="another"))
    assert not same_cell(found, replace(request_, rows=77))


@pytest.mark.parametrize(
    "code",
    [
        "print(1)",
        "",
        f"# emr_nb:{TAG}\nprint(1)",
        f"# emr_nb:{TAG}\nx.run('bm8=', globals())",
        f"// emr_nb:{TAG} {{oops}}\nval x = 1",
        chunk_code(TAG, 0, 1),
        collect_view_code(Request("", "scala", TAG), PLAN, "v", install=True),
    ],
)
def test_what_is_no_cell_of_ours_is_none(code):
    assert asked_by(code) is None


def test_an_adopted_statement_knows_its_cell_without_any_text_in_the_journal(
    livy, session, context, request_of
):
    livy.script = lambda *_: ok("from afar", seconds=0.3)
    request = request_of("x = 1", output="x")
    session.submit(request, plan_transfer(request))
    with closing(sqlite3.connect(context.journal.path)) as db, db:
        db.execute("UPDATE statements SET text = '', line = ''")
    other = LivyEngine(replace(context, journal=Journal(context.journal.path)))
    adopted = other.recover(StatementReference(request.tag, "j-FAKE", "spark", session.info.id))
    assert adopted is not None
    assert not adopted.ended
    assert adopted.request is not None
    assert same_cell(adopted.request, request)
    adopted.result()
    again = other.recover(adopted.reference)
    assert again is not None
    assert again.ended
    livy.requests.clear()
    assert [e.data["text/plain"] for e in again.events() if isinstance(e, Output)] == ["from afar"]
    assert livy.count("GET", r"statements/\d+$") == 0  # the look that found it had the answer


# -- sessions that are gone -------------------------------------------------------------------


def past(**more):
    return Past(**{"id": 3, "name": "mine", "idle": 40.0, "limit": 3600.0, "ours": True, **more})


def told(livy, engine, **more):
    error = forgotten(engine.client, past(**more))
    assert error.advice.startswith("`%emr restart --rerun`")
    return str(error)


def test_a_forgotten_session_tells_only_what_can_be_known(livy, engine):
    text = told(livy, engine)
    assert "somebody ended it (it was used 40 s ago, and its idle limit is 1 h)" in text
    assert "or Livy was restarted" in text
    assert "it was idle for 2 h and its limit is 1 h" in told(livy, engine, idle=7200.0)
    for _ in range(5):
        livy.act("POST", "/sessions", {}, {"kind": "pyspark"})
    livy.forget(3)
    assert "restarted" not in told(livy, engine)  # numbers only grow while it lives
    text = told(livy, engine, id=4, name="x")
    assert "belongs to another session now" in text
    assert "ended by you" in told(livy, engine, id=9, ours=False)


def test_a_livy_that_does_not_answer_leaves_both_causes(livy, engine):
    livy.faults.append(Fault("GET /sessions$", "status", times=9, status=500))
    assert "somebody ended it" in told(livy, engine)


def test_a_session_ended_by_another_kernel_of_ours_is_said_so(livy, session, context, request_of):
    context.journal.forget_session("j-FAKE", "spark", session.info.id)
    livy.forget(int(session.info.id))
    with pytest.raises(SessionLostError, match="ended by you"):
        session.submit(request_of(), PLAN)


def test_a_session_reaped_while_its_cell_runs_is_lost(livy, session, context, request_of):
    livy.script = lambda *_: ok("never", seconds=30)
    statement = session.submit(request_of(), PLAN)
    livy.forget(int(session.info.id))
    with pytest.raises(SessionLostError, match="somebody ended it") as caught:
        list(statement.events())
    assert caught.value.forgotten
    row = context.journal.find(statement.reference.tag)
    assert row.state == "lost"
    assert "somebody ended it" in row.error


def test_nothing_is_sent_to_a_stranger_under_an_old_number(livy, engine, session, request_of):
    """A Livy that was restarted without recovery counts from 0 again."""
    livy.forget(int(session.info.id))
    livy._next = 0
    engine.open(SessionOptions("somebody else's", start_timeout=10))
    session._used = time.time() - 60
    with pytest.raises(SessionLostError, match="belongs to another session now"):
        session.submit(request_of("mine = 1"), PLAN)
    assert livy.executed == []


def test_after_a_pause_a_livy_that_is_slow_to_tell_stops_nobody(livy, session, request_of):
    session._used = time.time() - 60
    livy.faults.append(Fault(r"GET /sessions/\d+$", "status", times=3, status=502))
    assert session.submit(request_of(), PLAN).result() is None


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("java.lang.OutOfMemoryError: Java heap space", "out of memory"),
        ("Container killed on request. Exit code is 137", "too much memory"),
        ("Application application_1 killed by user: was killed by user ada", "was killed"),
        ("Session 3 has been inactive for more than 3600000 ms. Inactive for more than", "idle"),
        ("Interpreter died: exit status 1", "its interpreter ended"),
        ("ExecutorLostFailure: Node ip-10-0-0-1 LOST", "node"),
        ("all is well", ""),
    ],
)
def test_the_log_tells_why(line, why):
    assert why in why_lost([line])
    assert bool(why_lost([line])) is bool(why)


# -- signs of life, and the journal in the way ------------------------------------------------


def test_a_touch_is_one_request_and_tells_when_again(livy, session):
    session.be_patient(Patience(alive_every=225.0))
    livy.requests.clear()
    assert session.touch() == 225.0
    assert [(m, p) for _, m, p in livy.requests] == [("POST", "/sessions/0/connect")]
    livy.forget(0)
    with pytest.raises(SessionLostError):
        session.touch()


def test_a_running_statement_gives_signs_of_life(livy, session, request_of):
    session.be_patient(Patience(alive_every=0.05))
    livy.script = lambda *_: ok("x", seconds=0.6)
    session.submit(request_of(), PLAN).result()
    assert livy.count("POST", "/connect$") >= 2


def test_a_locked_journal_sends_nothing_and_hides_no_result(livy, session, context, request_of):
    context.journal._db.execute("PRAGMA busy_timeout=50")
    with closing(sqlite3.connect(context.journal.path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(JournalError, match="locked"):
            session.submit(request_of(), PLAN)
        other.execute("ROLLBACK")
        assert livy.count("POST", "statements$") == 0

        def script(code, kind):  # locked while the statement runs
            if not other.in_transaction:
                other.execute("BEGIN EXCLUSIVE")
            return ok("there", seconds=0.2)

        other.close()
        with closing(
            sqlite3.connect(context.journal.path, isolation_level=None, check_same_thread=False)
        ) as other:
            livy.script = script
            statement = session.submit(request_of(), PLAN)
            texts = [e.data["text/plain"] for e in statement.events() if isinstance(e, Output)]
            assert texts == ["there"]


def test_a_new_session_begins_anew_in_the_journal(livy, engine, context):
    row = SessionRow("j-FAKE", "spark", "emr_nb/ada/nb/1", "0")
    context.journal.remember_session(row)
    (before,) = context.journal.sessions()
    session = engine.open(SessionOptions("emr_nb/ada/nb/1", start_timeout=10))
    assert session.info.id == "0"  # a Livy that was restarted
    (after,) = context.journal.sessions()
    assert after.created > before.created
    engine.open(SessionOptions("emr_nb/ada/nb/1"))
    assert context.journal.sessions()[0].created == after.created


def test_a_session_that_waits_in_yarn_gives_signs_of_life(livy, engine):
    """Livy's idle limit also ends what is starting."""
    livy.start_seconds = 1.5
    engine._sessions = replace(engine._sessions, alive_every=0.2)
    engine.open(SessionOptions("emr_nb/ada/nb/1", start_timeout=20))
    assert livy.count("POST", "/connect$") >= 2


def test_what_a_driver_says_on_stdout_is_not_lost_behind_its_stderr():
    """The JVM tells there that it has run out of memory; Livy gives stdout first."""

    class Client:
        def log(self, _session, size, _deadline):
            noise = [f"INFO Executor: {n}" for n in range(200)]
            lines = ["stdout: ", "Terminating due to java.lang.OutOfMemoryError: Heap"]
            return [*lines, "\nstderr: ", *noise][-size:]

    told = tail_of_log(Client(), SessionView(7, "x", "dead"))
    assert why_lost(told) == "the driver ran out of memory (raise driverMemory)"
    assert (len(told), told[-1]) == (31, "INFO Executor: 199")
