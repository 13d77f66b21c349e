"""A statement is submitted at most once, whatever happens to its POST."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from emr_nb.engines.livy.code import refuse_code
from emr_nb.engines.livy.pace import Patience
from emr_nb.engines.livy.scala import derived
from emr_nb.engines.livy.submit import is_statement_of
from emr_nb.errors import (
    ConnectFailedError,
    SessionError,
    SessionLostError,
    StatementCancelledError,
    StatementOutcomeUnknownError,
    UsageError,
)
from emr_nb.model import Output
from emr_nb.results.plan import TransferPlan
from emr_nb.testing.fake_livy import Fault, Script, failed, ok

PLAN = TransferPlan(1000)
POST = r"POST /sessions/\d+/statements$"


def runs_of(livy, tag):
    return [code for code in livy.executed if is_statement_of(code, tag)]


@pytest.mark.parametrize(
    "fault",
    [
        Fault(POST, "drop", after=True),
        Fault(POST, "status", after=True, status=504),
        Fault(POST, "status", after=True, status=502),
        Fault(POST, "status", after=True, status=500, body=b'"java.util.concurrent.Timeout"'),
        Fault(POST, "hang", after=True, seconds=4),
        Fault(POST, "garbage", after=True, body=b'{"id": 0, "sta'),
    ],
    ids=lambda f: f"{f.kind}-{f.status}",
)
@pytest.mark.parametrize("earlier", [0, 2])
def test_lost_reply_runs_once_and_is_adopted(livy, session, request_of, fault, earlier):
    livy.script = lambda *_: ok("done", seconds=0.05)
    for _ in range(earlier):
        session.submit(request_of(), PLAN).result()
    livy.faults.append(
        Fault(fault.match, fault.kind, fault.after, 1, 0, fault.status, fault.body, fault.seconds)
    )
    request = request_of()
    statement = session.submit(request, PLAN)
    statement.result()
    assert livy.faults[0].struck == 1
    assert len(runs_of(livy, request.tag)) == 1
    row = session.journal.find(request.tag)
    assert (row.state, row.statement) == ("done", statement.reference.statement_id)


@pytest.mark.parametrize("earlier", [0, 2])
def test_a_post_that_never_arrived_is_sent_again_once(livy, session, request_of, earlier):
    for _ in range(earlier):
        session.submit(request_of(), PLAN).result()
    livy.faults.append(Fault(POST, "drop", after=False))
    request = request_of()
    session.submit(request, PLAN).result()
    assert len(runs_of(livy, request.tag)) == 1


def test_a_ring_that_has_moved_on_is_no_proof_of_absence(livy, engine, session, request_of):
    """With 100 statements of others since, the next id is gone: only a probe tells."""
    session.submit(request_of(), PLAN).result()
    fake = livy.sessions[int(session.info.id)]
    for _ in range(150):
        fake.submit("# somebody else's", "pyspark")
    livy.faults.append(Fault(POST, "drop", after=True))
    request = request_of()
    session.submit(request, PLAN).result()
    assert len(runs_of(livy, request.tag)) == 1


@pytest.mark.parametrize("patience", [Patience(settle=1.0)])
def test_when_livy_stays_away_the_outcome_is_unknown_and_never_repeated(livy, session, request_of):
    session.submit(request_of(), PLAN).result()
    livy.faults.append(Fault(POST, "drop", after=True))
    livy.faults.append(Fault(r"GET /sessions/\d+/statements", "drop", times=1000))
    request = request_of()
    with pytest.raises(StatementOutcomeUnknownError) as caught:
        session.submit(request, PLAN)
    assert request.tag[:8] in str(caught.value)
    livy.faults.clear()
    assert session.journal.find(request.tag).state == "unknown"
    assert livy.count("POST", "statements$") == 2


def test_a_refused_connection_is_not_ambiguous(livy, session, context, request_of):
    livy.stop()
    context.route.close()  # what was kept alive is gone, as after a restart of the kernel
    request = request_of()
    with pytest.raises((ConnectFailedError, SessionLostError)):
        session.submit(request, PLAN)
    assert session.journal.find(request.tag).state in ("failed", "lost")


def test_livys_own_refusal_is_not_ambiguous(livy, session, request_of):
    livy.sessions[int(session.info.id)].state = "starting"
    with pytest.raises(SessionError, match="Session is in state starting"):
        session.submit(request_of(), PLAN)
    assert livy.count("POST", "statements$") == 1


def test_too_many_requests_is_waited_for(livy, session, request_of):
    livy.faults.append(Fault(POST, "status", status=429, times=2))
    request = request_of()
    session.submit(request, PLAN).result()
    assert len(runs_of(livy, request.tag)) == 1


def test_submit_to_a_lost_session_says_so(livy, session, request_of):
    livy.forget(int(session.info.id))
    request = request_of()
    with pytest.raises(SessionLostError, match="does not know session"):
        session.submit(request, PLAN)
    assert session.journal.find(request.tag).state == "lost"


def test_code_above_livys_limit_is_refused_before_it_is_sent(livy, session, request_of):
    with pytest.raises(UsageError, match="40 MiB"):
        session.submit(request_of("x" * (64 << 20), "scala"), PLAN)
    assert livy.count("POST", "statements$") == 0


def remembering():
    """A session's answers with our runner in it: a tag that it has seen does not run again."""
    seen, ran = set(), []

    def script(code, _kind):
        tag = code.partition("\n")[0].rpartition(":")[2]
        if ".refuse('" in code:
            seen.add(code.rpartition("'")[0].rpartition("'")[2])
            return ok()
        if tag in seen:
            again = tag in ran
            return Script(output=failed("AlreadyRan" if again else "Refused", tag))
        seen.add(tag)
        ran.append(tag)
        return ok(f"ran {tag}", seconds=0.05)

    return script, ran


def text_of(statement):
    outputs = [event for event in statement.events() if isinstance(event, Output)]
    return "".join(output.data["text/plain"] for output in outputs)


@pytest.mark.parametrize("held", [(1.5,), (0.8, 1.2)])
def test_a_post_that_was_held_back_does_not_run_twice(livy, session, request_of, held):
    """It comes behind the one that we sent again, which may have been held back as well."""
    session.submit(request_of(), PLAN).result()
    livy.script, ran = remembering()
    livy.faults += [Fault(POST, "late", seconds=seconds) for seconds in held]
    request = request_of()
    statement = session.submit(request, PLAN)
    assert text_of(statement) == f"ran {request.tag}"
    until(lambda: len(runs_of(livy, request.tag)) == 2)
    assert ran == [request.tag]
    assert session.journal.find(request.tag).state == "done"


def test_a_second_arrival_is_recognised_and_the_first_followed(livy, session, request_of):
    livy.script, ran = remembering()
    request = request_of()
    first = session.submit(request, PLAN)
    code = livy.sessions[int(session.info.id)].statement(0)["code"]
    second = session.send(code, "pyspark", request.tag)
    late = session.adopt(replace(first.reference, statement_id=str(second.id)), "python")
    assert text_of(late) == f"ran {request.tag}"
    assert late.reference.statement_id == first.reference.statement_id
    assert ran == [request.tag]


def test_scala_is_not_sent_again(livy, session, request_of):
    """No runner tells there what has run, and a gateway may still hold the first one."""
    livy.faults.append(Fault(POST, "late", seconds=1.5))
    request = request_of("val x = 1", "scala")
    with pytest.raises(StatementOutcomeUnknownError):
        session.submit(request, PLAN)
    until(lambda: len(runs_of(livy, request.tag)) == 1)


def test_what_was_given_up_never_begins(livy, session, request_of):
    livy.script, ran = remembering()
    request = request_of()
    name = derived(request.tag, "refuse")
    session.run(refuse_code(name, request.tag), "pyspark", name)
    statement = session.submit(request, PLAN)
    with pytest.raises(StatementCancelledError, match="nothing of it ran"):
        statement.result()
    assert ran == []
    assert session.journal.find(request.tag).state == "cancelled"


def until(condition, seconds=20.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)
