"""Sessions by name: found, created at most once, waited for, lost with a reason."""

from __future__ import annotations

import pytest

from emr_nb.engines.livy import LivyEngine
from emr_nb.errors import SessionError, SessionLostError, SessionNotFoundError, SessionStartError
from emr_nb.journal import Journal
from emr_nb.model import Log, Progress, SessionOptions, StatementReference
from emr_nb.results.frame import SessionFacts
from emr_nb.results.plan import TransferPlan
from emr_nb.testing.fake_livy import Fault, ok

PLAN = TransferPlan(1000)
CREATE = "POST /sessions$"


def options(**more):
    return SessionOptions(**{"name": "emr_nb/ada/nb/1", "start_timeout": 5.0, **more})


def test_a_session_is_made_as_livy_wants_it_and_found_again(livy, engine):
    conf = {"driverMemory": "1g", "spark.x": True, "conf": {"spark.y": 2}}
    first = engine.open(options(conf=conf))
    again = engine.open(options())
    assert first is again
    assert livy.count("POST", "sessions$") == 1
    body = livy.sessions[0].body
    assert body["kind"] == "pyspark"
    assert body["driverMemory"] == "1g"
    assert body["conf"] == {"spark.x": "true", "spark.y": "2"}
    assert "heartbeatTimeoutInSecond" not in body
    assert "proxyUser" not in body


def test_it_is_remembered_in_the_journal_and_forgotten_at_close(livy, engine, context):
    session = engine.open(options())
    assert [row.session for row in context.journal.sessions()] == [session.info.id]
    session.close()
    assert livy.sessions == {}
    assert context.journal.sessions() == []
    session.close()  # quiet


@pytest.mark.parametrize("kind", ["drop", "status", "hang", "garbage"])
def test_a_lost_reply_makes_no_second_session(livy, engine, kind):
    livy.faults.append(Fault(CREATE, kind, after=True, seconds=4))
    session = engine.open(options())
    assert livy.faults[0].struck == 1
    assert [s.id for s in livy.sessions.values()] == [int(session.info.id)]
    assert livy.count("POST", "sessions$") == 1


def test_a_request_that_never_arrived_is_sent_again(livy, engine):
    livy.faults.append(Fault(CREATE, "drop"))
    engine.open(options())
    assert len(livy.sessions) == 1


def test_nothing_is_started_where_it_may_not_be(livy, engine):
    with pytest.raises(SessionNotFoundError, match="nothing was started"):
        engine.open(options(create=False))
    assert livy.sessions == {}


def test_fresh_ends_the_old_one(livy, engine):
    old = engine.open(options())
    new = engine.open(options(fresh=True))
    assert list(livy.sessions) == [int(new.info.id)] != [int(old.info.id)]


def test_a_dead_session_gives_its_name_free(livy, engine):
    engine.open(options())
    livy.sessions[0].end("dead")
    assert engine.open(options()).info.id == "1"


def test_waiting_shows_progress_and_log(livy, engine):
    livy.start_seconds = 2.6
    events = []
    engine.open(options(), notify=events.append)
    assert {e.phase for e in events if isinstance(e, Progress)} == {"starting"}
    assert livy.count("GET", "log") == 2  # while it starts, and for the UI once it is ready
    assert not [e for e in events if isinstance(e, Log)] or events


def test_a_session_that_dies_while_starting_tells_its_last_lines(livy, engine):
    livy.start_seconds = 30
    import threading

    def die():
        livy.sessions[0].end("dead", "java.lang.ClassNotFoundException: org.apache.Repl")

    threading.Timer(0.5, die).start()
    with pytest.raises(SessionStartError, match="a class of its driver") as caught:
        engine.open(options())
    assert "ClassNotFoundException: org.apache.Repl" in str(caught.value)


def test_a_session_still_starting_at_the_deadline_is_left_alone(livy, engine):
    livy.start_seconds = 30
    with pytest.raises(SessionStartError, match="left so"):
        engine.open(options(start_timeout=0.5))
    assert livy.count("DELETE", "") == 0


def test_livys_refusal_is_told(livy, engine):
    livy.faults.append(Fault(CREATE, "status", status=400, body=b'{"msg":"Rejected, too many"}'))
    with pytest.raises(SessionError, match="too many"):
        engine.open(options())


def test_listing_is_one_request_a_page(livy, engine):
    for at in range(250):
        body = {"name": f"emr_nb/{at}" if at % 2 else None, "kind": "pyspark"}
        livy.act("POST", "/sessions", {}, body)
    livy.requests.clear()
    assert len(engine.sessions()) == 250
    assert livy.count("GET", "sessions$") == 3
    assert len(engine.sessions(ours=True)) == 125


def test_a_session_tells_its_spark_ui_where_livy_does_not(livy, session):
    assert session.info.ui_url == ""
    session.learn(SessionFacts({}, "local-1", "http://127.0.0.1:4040"))
    assert session.info.ui_url == "http://127.0.0.1:4040"
    session.learn(SessionFacts({}, "", ""))  # of a cell that stopped Spark
    assert session.refresh().ui_url == "http://127.0.0.1:4040"


def test_refresh_of_a_lost_session(livy, session):
    livy.sessions[0].end("killed", "Application killed by user")
    with pytest.raises(SessionLostError, match="was killed"):
        session.refresh()
    livy.forget(0)
    with pytest.raises(SessionLostError, match="does not know"):
        session.refresh()


@pytest.mark.parametrize("known", [True, False])
def test_another_process_adopts_a_running_statement(livy, session, context, request_of, known):
    """Also when the first one died between its POST and the reply: by the tag alone."""
    livy.script = lambda *_: ok("from afar", seconds=0.4)
    statement = session.submit(request_of(), PLAN)
    tag = statement.reference.tag
    if not known:
        context.journal.update(tag, state="sent", statement="")
    other = LivyEngine(
        type(context)(**{**context.__dict__, "journal": Journal(context.journal.path)})
    )
    bare = StatementReference(tag, "j-FAKE", "spark", session.info.id)
    adopted = other.recover(bare)
    number = adopted.reference.statement_id
    assert (context.journal.find(tag).state, context.journal.find(tag).statement) == (
        "running",
        number,
    )
    assert [e.data["text/plain"] for e in adopted.events() if hasattr(e, "data")] == ["from afar"]
    assert adopted.result() is None
    assert context.journal.find(tag).state == "done"
    assert sum(tag in code for code in livy.executed) == 1


def test_what_is_gone_or_was_never_sent_is_not_adopted(livy, engine, session, request_of):
    statement = session.submit(request_of(), PLAN)
    statement.result()
    never = StatementReference("f" * 32, "j-FAKE", "spark", session.info.id)
    assert engine.recover(never) is None
    fake = livy.sessions[0]
    for _ in range(120):
        fake.submit("# else", "pyspark")
    assert engine.recover(statement.reference) is None
    livy.forget(0)
    assert engine.recover(never) is None


def test_another_session_under_an_old_number_is_not_taken_for_ours(
    livy, engine, session, request_of
):
    statement = session.submit(request_of(), PLAN)
    statement.result()
    livy.forget(0)
    livy._next = 0
    engine.open(options(name="somebody else's"))
    livy.sessions[0].submit("# not ours", "pyspark")
    assert engine.recover(statement.reference) is None
