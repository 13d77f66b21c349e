"""Looking at a running statement, through whatever the service does meanwhile."""

from __future__ import annotations

import random
import time

import pytest

from emr_nb.engines.livy import LivyEngine
from emr_nb.engines.livy.pace import FIRST, Pace, Patience
from emr_nb.errors import SessionLostError, StatementError, TransportError
from emr_nb.model import Log, Output, Progress, SessionOptions
from emr_nb.results.plan import TransferPlan
from emr_nb.testing.fake_livy import Fault, Script, failed, ok

PLAN = TransferPlan(1000)
GET = r"GET /sessions/\d+/statements/\d+$"


def test_the_pace_is_67_looks_in_12_seconds_and_at_most_1900_in_an_hour():
    for seed in range(5):
        pace, elapsed, looks = Pace(random.Random(seed)), FIRST, 1
        while elapsed < 12:
            elapsed += pace.delay(elapsed)
            looks += 1
        assert 60 <= looks <= 70
        while elapsed < 3600:
            elapsed += pace.delay(elapsed)
            looks += 1
        assert looks <= 1950


@pytest.mark.parametrize("seconds", [0.05, 0.2, 0.6])
def test_an_end_is_seen_soon(livy, session, request_of, seconds):
    livy.script = lambda *_: ok("x", seconds=seconds)
    late = []
    for _ in range(5):
        statement = session.submit(request_of(), PLAN)
        statement.result()
        seen = time.time() * 1000
        fake = livy.sessions[int(session.info.id)]
        late.append(seen - fake.statement(int(statement.reference.statement_id))["completed"])
    assert sorted(late)[2] / 1000 <= 0.08 * seconds + 0.3  # the rest is the machine's own


@pytest.mark.parametrize(
    "fault",
    [
        Fault(GET, "status", status=500, times=2, body=b'"java.lang.RuntimeException"'),
        Fault(GET, "status", status=502, times=2),
        Fault(GET, "status", status=503, times=2),
        Fault(GET, "status", status=504, times=2),
        Fault(GET, "status", status=429, times=2),
        Fault(GET, "drop", times=2),
        Fault(GET, "garbage", body=b'{"id": 0, "state": "avai', times=2),
    ],
    ids=lambda f: f"{f.kind}-{f.status}",
)
def test_failed_looks_do_not_fail_the_statement(livy, session, request_of, fault):
    livy.script = lambda *_: ok("fine", seconds=0.1)
    livy.faults.append(fault)
    events = list(session.submit(request_of(), PLAN).events())
    assert fault.struck == fault.times
    assert [e.data["text/plain"] for e in events if isinstance(e, Output)] == ["fine"]


@pytest.mark.parametrize("patience", [Patience(look=0.5)])
def test_a_look_that_hangs_is_given_up_and_repeated(livy, session, request_of):
    livy.faults.append(Fault(GET, "hang", seconds=60))
    began = time.monotonic()
    assert [e for e in session.submit(request_of(), PLAN).events() if isinstance(e, Output)] == []
    assert time.monotonic() - began < 20


@pytest.mark.parametrize("patience", [Patience(away=1.0, notice=0.3)])
def test_after_a_while_away_there_is_a_notice_and_past_the_budget_an_error(
    livy, session, request_of
):
    livy.script = lambda *_: ok(seconds=30)
    statement = session.submit(request_of(), PLAN)
    livy.faults.append(Fault("GET", "status", status=503, times=10_000))
    events = []
    with pytest.raises(TransportError):
        events.extend(statement.events())
    livy.faults.clear()
    # extend() keeps what came before the error
    assert any("still trying" in e.lines[0] for e in events if isinstance(e, Log))
    assert session.journal.find(statement.reference.tag).state == "running"


def test_unknown_states_are_waited_through(livy, session, request_of):
    livy.faults.append(
        Fault(GET, "garbage", body=b'{"id": 0, "state": "pondering", "new": [1]}', times=3)
    )
    livy.script = lambda *_: ok("then")
    events = list(session.submit(request_of(), PLAN).events())
    assert any(isinstance(e, Output) for e in events)


def test_a_session_unknown_to_livy_is_lost_not_failed(livy, session, request_of):
    livy.script = lambda *_: ok(seconds=30)
    statement = session.submit(request_of(), PLAN)
    livy.forget(int(session.info.id))
    with pytest.raises(SessionLostError, match="variables are gone"):
        statement.result()
    assert session.journal.find(statement.reference.tag).state == "lost"


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("java.lang.OutOfMemoryError: Java heap space", "out of memory"),
        ("Container killed on request. Exit code is 137", "YARN killed its container"),
        ("final status: KILLED", "application was killed"),
    ],
)
def test_a_dead_session_says_why_within_a_look(livy, session, request_of, line, why):
    livy.script = lambda *_: Script(0.1, kills="dead", log=(line,))
    statement = session.submit(request_of(), PLAN)
    waiting = session.submit(request_of(), PLAN)
    for one in (statement, waiting):  # queued ones fail too
        with pytest.raises(SessionLostError) as caught:
            one.result()
        assert not isinstance(caught.value, StatementError)
        assert why in str(caught.value)
        assert line in str(caught.value)


def test_a_dead_interpreter_is_a_lost_session(livy, session, request_of):
    livy.script = lambda *_: Script(output=failed("Error", "Interpreter died:\nexit 3"))
    with pytest.raises(SessionLostError):
        session.submit(request_of(), PLAN).result()


@pytest.mark.parametrize("patience", [Patience(session_every=0.1)])
def test_a_statement_that_livy_lost_track_of_is_told(livy, session, request_of):
    livy.script = lambda *_: ok(seconds=30)
    statement = session.submit(request_of(), PLAN)
    fake = livy.sessions[int(session.info.id)]
    while fake.state != "busy":
        time.sleep(0.01)
    fake.state = "idle"
    with pytest.raises(SessionLostError, match="lost track"):
        statement.result()


@pytest.mark.parametrize("patience", [Patience(event_every=0.0)])
def test_queued_statements_say_how_many_are_before(livy, session, request_of):
    livy.script = lambda *_: ok(seconds=0.4)
    first, second, third = (session.submit(request_of(), PLAN) for _ in range(3))
    queued = [e for e in third.events() if isinstance(e, Progress) and e.phase == "queued"]
    assert queued[0].queued_behind == 2
    first.result()
    second.result()


@pytest.mark.parametrize("patience", [Patience(alive_every=0.2)])
def test_a_long_statement_keeps_its_session_alive(livy, session, request_of):
    livy.script = lambda *_: ok(seconds=1.0)
    session.submit(request_of(), PLAN).result()
    assert livy.count("POST", "/connect") >= 2


@pytest.mark.parametrize("patience", [Patience(session_every=0.05)])
def test_an_interpreter_that_starts_slowly_is_waited_for(livy, session, request_of):
    """Livy's session is idle meanwhile, and the statement waiting: nothing is lost."""
    livy.interpreter_seconds = 1.5
    livy.script = lambda *_: ok("at last")
    events = list(session.submit(request_of("1", "scala"), PLAN).events())
    assert [e.data["text/plain"] for e in events if isinstance(e, Output)] == ["at last"]
    assert livy.count("GET", r"/sessions/\d+$") > 3


@pytest.mark.parametrize(("half", "patience"), [(0.3, Patience()), (60.0, Patience(half=0.4))])
def test_an_end_shown_before_its_output_is_looked_at_again(livy, session, request_of, half):
    """`available` with no output yet is no answer; past the bound it is taken for none."""
    livy.script = lambda *_: ok("whole", half=half)
    statement = session.submit(request_of(), PLAN)
    if half < 1:
        outputs = [event for event in statement.events() if isinstance(event, Output)]
        assert [output.data["text/plain"] for output in outputs] == ["whole"]
    else:
        with pytest.raises(SessionLostError):
            statement.result()


def test_a_look_takes_no_longer_than_any_request_may(livy, context, request_of):
    engine = LivyEngine(context)  # its requests may take 2 s, where a look may else take 10
    session = engine.open(SessionOptions("emr_nb/ada/nb/look", start_timeout=10))
    assert session.patience.look == context.settings.request_timeout == 2
    livy.faults.append(Fault(GET, "hang", seconds=60))
    livy.script = lambda *_: ok("then", seconds=0.3)
    events = list(session.submit(request_of(), PLAN).events())
    assert any(isinstance(e, Output) for e in events)
    engine.close()
