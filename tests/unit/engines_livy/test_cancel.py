"""Cancelling: stopped only where it is proved, and never a session lost for it."""

from __future__ import annotations

import threading
import time

import pytest

from emr_nb.engines.livy.cancelling import CancelFiles
from emr_nb.errors import StatementCancelledError
from emr_nb.files.base import FileSystem
from emr_nb.model import CancelOutcome, FilePath
from emr_nb.results.plan import TransferPlan
from emr_nb.testing.fake_livy import Fault, ok
from emr_nb.testing.fake_livy_session import Script

PLAN = TransferPlan(1000)


def wait_until(test, seconds=3.0):
    end = time.monotonic() + seconds
    while not test():
        assert time.monotonic() < end
        time.sleep(0.01)


def running(livy, statement):
    fake = livy.sessions[int(statement.reference.session_id)]
    number = int(statement.reference.statement_id)
    return lambda: fake.statement(number)["state"] == "running"


class Watcher(FileSystem):
    """Stands for HDFS and the watcher in the session: a cancel file interrupts the code."""

    scheme = "hdfs"

    def __init__(self, livy):
        self.livy, self.written, self.removed = livy, [], []

    def mkdir(self, path):
        pass

    def write(self, path, chunks, *, overwrite=False):
        self.written.append(path.name)
        for session in self.livy.sessions.values():
            session.interrupt()

    def rm(self, path, *, recursive=False):
        self.removed.append(path.name)

    def ls(self, path, after=None):
        from emr_nb.model import Page

        return Page([])


def test_a_spark_job_is_stopped_and_the_session_lives(livy, session, request_of):
    livy.script = lambda *_: ok(seconds=30)
    statement = session.submit(request_of(), PLAN)
    wait_until(running(livy, statement))
    began = time.monotonic()
    assert statement.cancel() is CancelOutcome.STOPPED
    assert time.monotonic() - began < 2.0
    with pytest.raises(StatementCancelledError):
        statement.result()
    assert session.journal.find(statement.reference.tag).state == "cancelled"
    livy.script = lambda *_: ok("alive")
    session.submit(request_of(), PLAN).result()
    assert livy.count("POST", "interrupt") == 0
    assert livy.count("DELETE", "") == 0


def test_a_scala_loop_is_truthfully_still_running(livy, session, request_of):
    livy.cancel_timeout = 0.3  # Livy says `cancelled` then, and the loop runs on
    livy.script = lambda *_: ok(seconds=4, kind="loop")
    statement = session.submit(request_of("while(true){}", "scala"), PLAN)
    wait_until(running(livy, statement))
    began = time.monotonic()
    assert statement.cancel() is CancelOutcome.STILL_RUNNING
    assert time.monotonic() - began < 2.3
    with pytest.raises(StatementCancelledError, match="may run on"):
        statement.result()


def test_what_ran_to_its_end_in_spite_of_the_cancel_is_not_called_stopped(
    livy, session, request_of
):
    """Livy says `cancelled` and has its whole output: nothing was stopped, nothing is lost."""
    livy.script = lambda *_: ok("its result", seconds=0.7, kind="loop")
    statement = session.submit(request_of("Thread.sleep(700)", "scala"), PLAN)
    wait_until(running(livy, statement))
    assert statement.cancel() is CancelOutcome.ALREADY_ENDED
    shown = [e.data["text/plain"] for e in statement.events() if hasattr(e, "data")]
    assert shown == ["its result"]
    statement.result()
    assert session.journal.find(statement.reference.tag).state == "done"


def test_python_on_the_driver_is_interrupted_by_the_watcher(livy, session, request_of):
    store = Watcher(livy)
    session.cancel_files = CancelFiles(store, FilePath("hdfs", "", "/tmp/emr_nb-ada"))
    livy.script = lambda *_: ok(seconds=30, kind="signal")
    statement = session.submit(request_of("while True: pass"), PLAN)
    wait_until(running(livy, statement))
    assert statement.cancel() is CancelOutcome.STOPPED
    assert store.written == [f"{statement.reference.tag}.cancel"]
    wait_until(lambda: store.removed == store.written)


def test_what_ended_before_is_told_and_its_result_stays(livy, session, request_of):
    statement = session.submit(request_of(), PLAN)
    fake = livy.sessions[int(session.info.id)]
    wait_until(lambda: fake.statement(0)["state"] == "available")
    assert statement.cancel() is CancelOutcome.ALREADY_ENDED
    assert statement.result() is None
    assert statement.cancel() is CancelOutcome.ALREADY_ENDED


def test_a_queued_statement_is_cancelled_without_touching_the_running_one(
    livy, session, request_of
):
    livy.script = lambda *_: ok("mine", seconds=0.8)
    first = session.submit(request_of(), PLAN)
    second = session.submit(request_of(), PLAN)
    assert second.cancel() is CancelOutcome.STOPPED
    first.result()
    assert session.journal.find(first.reference.tag).state == "done"
    assert len(livy.executed) == 1


@pytest.mark.parametrize("delay", [0.0, 0.1, 0.19, 0.2, 0.21, 0.25])
def test_cancel_against_finish_gives_one_outcome(livy, session, request_of, delay):
    livy.script = lambda *_: ok("done", seconds=0.2)
    statement = session.submit(request_of(), PLAN)
    outcomes = []
    thread = threading.Timer(delay, lambda: outcomes.append(statement.cancel()))
    thread.start()
    try:
        statement.result()
        cancelled = False
    except StatementCancelledError:
        cancelled = True
    thread.join()
    assert (outcomes[0] is CancelOutcome.STOPPED) == cancelled


def test_a_cancel_that_livy_does_not_answer_ends_in_time(livy, session, request_of):
    livy.script = lambda *_: ok(seconds=30)
    statement = session.submit(request_of(), PLAN)
    livy.faults.append(Fault("(GET|POST) /sessions/.*", "hang", times=100, seconds=20))
    began = time.monotonic()
    assert statement.cancel() is CancelOutcome.STILL_RUNNING
    assert time.monotonic() - began < 2.5


def test_a_lost_reply_to_the_cancel_does_no_harm(livy, session, request_of):
    livy.script = lambda *_: ok(seconds=30)
    statement = session.submit(request_of(), PLAN)
    wait_until(running(livy, statement))
    livy.faults.append(Fault("POST .*/cancel", "drop", after=True))
    assert statement.cancel() is CancelOutcome.STOPPED


def test_cancel_from_another_thread_wakes_the_one_that_waits(livy, session, request_of):
    livy.script = lambda *_: Script(30)
    statement = session.submit(request_of(), PLAN)
    threading.Timer(0.3, statement.cancel).start()
    began = time.monotonic()
    with pytest.raises(StatementCancelledError):
        statement.result()
    assert time.monotonic() - began < 2.5
