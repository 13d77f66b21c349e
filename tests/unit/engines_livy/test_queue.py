"""Statements before ours are counted as they are, and no ended one's output is moved for it."""

from __future__ import annotations

import re
import time

import pytest

from emr_nb.engines.livy.pace import Patience
from emr_nb.engines.livy.queue import Queue
from emr_nb.model import Progress
from emr_nb.results.plan import TransferPlan
from emr_nb.testing.fake_livy import ok

PLAN = TransferPlan(1000)


def until(test):
    end = time.monotonic() + 30
    while not test():
        assert time.monotonic() < end
        time.sleep(0.005)


class Clock:
    """Time that only the test moves on."""

    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def waiting(livy, session, request_of):
    """Two ended statements, one that runs until it is cancelled, and three behind it."""
    for _ in range(2):
        session.submit(request_of(), PLAN).result()
    livy.script = lambda *_: ok(seconds=60)
    statements = [session.submit(request_of(), PLAN) for _ in range(4)]
    fake = livy.sessions[int(session.info.id)]
    until(lambda: fake.state == "busy")
    yield statements
    for statement in statements:
        livy.sessions[int(session.info.id)].cancel(int(statement.reference.statement_id))


def looked_at(livy):
    """Return the statements that were asked for, by their ids."""
    found = [re.search(r"/sessions/\d+/statements/(\d+)$", path) for _, _, path in livy.requests]
    return [int(match[1]) for match in found if match]


def queue_of(session, statement, clock):
    number = int(statement.reference.statement_id)
    return Queue(session.client, int(session.info.id), number, clock)


def test_the_running_one_and_those_that_wait_are_counted(livy, session, waiting):
    assert [queue_of(session, s, Clock()).length() for s in waiting[1:]] == [1, 2, 3]


def test_an_ended_statement_is_never_looked_at(livy, session, waiting):
    clock = Clock()
    queue = queue_of(session, waiting[-1], clock)
    del livy.requests[:]
    seen = [queue.length()]
    assert set(looked_at(livy)) == {4, 3, 2}  # those that wait, then the running one
    livy.sessions[int(session.info.id)].cancel(2)
    until(lambda: livy.sessions[int(session.info.id)].statement(3)["state"] == "running")
    del livy.requests[:]
    for _ in range(3):
        clock.now += 1.1
        seen.append(queue.length())
    assert seen == [3, 2, 2, 2]
    assert 2 not in looked_at(livy)
    assert not livy.count("GET", r"/statements(\?|$)")


def test_what_was_cancelled_while_it_waited_counts_no_more(livy, session, waiting):
    clock = Clock()
    queue = queue_of(session, waiting[-1], clock)
    assert queue.length() == 3
    livy.sessions[int(session.info.id)].cancel(4)
    clock.now += 1.1
    assert queue.length() == 2
    assert queue_of(session, waiting[-1], Clock()).length() == 2


def test_it_is_asked_once_a_second(livy, session, waiting):
    clock = Clock()
    queue = queue_of(session, waiting[-1], clock)
    queue.length()
    before = len(livy.requests)
    clock.now += 0.9
    assert queue.length() == 3
    assert len(livy.requests) == before


@pytest.mark.parametrize("patience", [Patience(event_every=0.0)])
def test_an_interpreter_that_starts_is_no_queue(livy, session, request_of):
    session.submit(request_of(), PLAN).result()
    livy.interpreter_seconds = 0.5
    livy.script = lambda *_: ok("x")
    events = session.submit(request_of("1", "scala"), PLAN).events()
    queued = [e for e in events if isinstance(e, Progress) and e.phase == "queued"]
    assert {e.queued_behind for e in queued} == {0}
