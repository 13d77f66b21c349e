"""An interrupt stops the statement on the cluster, tells the truth, and frees the kernel."""

import time

import pytest

from emr_nb.errors import StatementCancelledError
from emr_nb.model import CancelOutcome, Progress
from emr_nb.notebook.cancels import CANCEL_SECONDS

INTERRUPT = [Progress("running", 0.1), KeyboardInterrupt()]


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (CancelOutcome.STOPPED, "the statement was stopped"),
        (CancelOutcome.STILL_RUNNING, "the code itself still runs"),
        (CancelOutcome.ALREADY_ENDED, "had ended already"),
    ],
)
def test_the_outcome_is_told_and_the_cell_fails(bench, outcome, words):
    bench.engine.cancel_outcome = outcome
    bench.answer(INTERRUPT)
    result = bench.run("%%spark -o df\n1", fails=True)
    assert isinstance(result.error_in_exec, StatementCancelledError)
    assert words in str(result.error_in_exec)
    assert bench.engine.cancels == [bench.engine.requests[-1].tag]
    assert "df" not in bench.shell.user_ns
    assert words in bench.screen.plain
    assert bench.screen.plain.count("■") == 1


def test_the_session_is_kept(bench):
    bench.answer(INTERRUPT)
    bench.run("%%spark\n1", fails=True)
    bench.answer([])
    bench.run("%%spark\n2")
    assert len(bench.engine.opened) == 1
    assert not bench.engine.closed


def test_a_cluster_that_does_not_answer_holds_nobody(bench):
    bench.engine.cancel_seconds = 6.0
    bench.run("%%spark\n0")
    bench.answer(INTERRUPT)
    began = time.monotonic()
    result = bench.run("%%spark\n1", fails=True)
    assert time.monotonic() - began < 2.0
    assert CANCEL_SECONDS < 2.0
    assert "has not confirmed" in str(result.error_in_exec)
    assert "%emr cancel" in result.out


def test_the_engine_tells_the_truth_before_the_notebook_stops_listening():
    """Else a loop that runs on would only ever be called unconfirmed."""
    from emr_nb.engines.livy import statement

    assert statement.CANCEL_SECONDS < CANCEL_SECONDS - 0.2


def test_a_second_interrupt_ends_the_wait_without_noise(bench):
    import _thread
    import threading

    bench.engine.cancel_seconds = 6.0
    bench.run("%%spark\n0")
    bench.answer(INTERRUPT)
    threading.Timer(0.3, _thread.interrupt_main).start()
    began = time.monotonic()
    result = bench.run("%%spark\n1", fails=True)
    assert time.monotonic() - began < 2.0  # the promise
    assert isinstance(result.error_in_exec, StatementCancelledError)
    assert "Traceback" not in result.out


def test_an_interrupt_in_the_submit_looks_for_the_tag(bench):
    bench.engine.submit_error = KeyboardInterrupt()
    result = bench.run("%%spark\n1", fails=True)
    assert "it has not run" in str(result.error_in_exec)


def test_an_interrupt_in_the_submit_cancels_what_was_accepted(bench):
    submit = bench.engine

    class Accepting(dict):
        def get(self, tag, default=None):
            from emr_nb.testing.fake_engine import FakeStatement

            request = next(r for r in submit.requests if r.tag == tag)
            from emr_nb.results.plan import plan_transfer

            return FakeStatement(submit, request, plan_transfer(request), "1")

    bench.engine.submit_error = KeyboardInterrupt()
    bench.engine.statements = Accepting()
    result = bench.run("%%spark\n1", fails=True)
    assert "the statement was stopped" in str(result.error_in_exec)
    assert len(bench.engine.cancels) == 1


def test_an_interrupt_while_the_session_starts_leaves_it_to_the_next_cell(bench):
    import _thread
    import threading

    bench.engine.start_seconds = 4.0
    threading.Timer(0.4, _thread.interrupt_main).start()
    began = time.monotonic()
    result = bench.run("%%spark\n1", fails=True)
    assert time.monotonic() - began < 2.0  # the promise
    assert "keeps starting" in str(result.error_in_exec)
    assert "keeps starting" in bench.screen.plain
    bench.run("%%spark\n1")
    assert len(bench.engine.opened) == 1
