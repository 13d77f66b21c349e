"""A kernel interrupt gets out of POST and poll at once, and the cluster is cancelled."""

from __future__ import annotations

import _thread
import threading
import time

import pytest

from emr_nb.engines.livy.submit import is_statement_of
from emr_nb.results.plan import TransferPlan
from emr_nb.testing.fake_livy import Fault, ok

PLAN = TransferPlan(1000)


def interrupt_after(seconds):
    import os
    import signal

    threading.Timer(seconds, lambda: os.kill(os.getpid(), signal.SIGINT)).start()


def cut_off(livy, session, request, *, acted=True):
    """Interrupt a submit whose reply does not come; return how long that took, in seconds."""
    livy.script = lambda *_: ok(seconds=20)
    livy.faults.insert(0, Fault("POST .*/statements$", "hang", after=acted, seconds=1.5))
    interrupt_after(0.4)
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        session.submit(request, PLAN)
    return time.monotonic() - began


def states_once_cancelled(livy, session, tag, seconds=25):
    """Wait until the journal calls it cancelled; return the states on Livy of all with the tag."""
    end = time.monotonic() + seconds
    while session.journal.find(tag).state != "cancelled":
        assert time.monotonic() < end
        time.sleep(0.05)
    sent = livy.sessions[0]._statements.values()
    return [s.state for s in sent if is_statement_of(s.code, tag)]


@pytest.mark.parametrize("acted", [True, False])
def test_interrupt_in_post(livy, session, request_of, acted):
    request = request_of()
    assert cut_off(livy, session, request, acted=acted) < 1.5
    # what the POST left behind is found by its tag and cancelled, or refused should it arrive
    states = states_once_cancelled(livy, session, request.tag, 20)
    assert states == (["cancelled"] if acted else [])
    sent = livy.sessions[0]._statements.values()
    assert acted or any(f".refuse('{request.tag}')" in s.code for s in sent)


def test_a_livy_that_cannot_tell_is_asked_again(livy, session, request_of):
    """What is not found for want of an answer may be there, and run."""
    livy.faults.append(Fault("GET .*/statements/", "status", status=500, times=8))
    request = request_of()
    cut_off(livy, session, request)
    assert states_once_cancelled(livy, session, request.tag) == ["cancelled"]


@pytest.mark.parametrize("language", ["python", "scala"])
def test_the_next_cell_does_not_hide_what_an_interrupted_one_left(
    livy, session, request_of, language
):
    """The reply that was cut off is that of a smaller id than the next cell's."""
    session.submit(request_of(), PLAN).result()
    livy.faults.append(Fault("GET .*/statements/", "status", status=500, times=4))
    cut = request_of(language=language)
    cut_off(livy, session, cut)
    session.submit(request_of(), PLAN)
    assert states_once_cancelled(livy, session, cut.tag) == ["cancelled"]
    assert session.find(cut.tag) is not None


@pytest.mark.parametrize("hang", [True, False])
def test_interrupt_in_poll(livy, session, request_of, hang):
    livy.script = lambda *_: ok(seconds=20)
    statement = session.submit(request_of(), PLAN)
    if hang:
        livy.faults.append(Fault("GET .*/statements/", "hang", seconds=1.5))
    interrupt_after(0.4)
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        statement.result()
    statement.cancel()
    assert time.monotonic() - began < 2.4
    assert _thread  # the interrupt is a real signal to the main thread
