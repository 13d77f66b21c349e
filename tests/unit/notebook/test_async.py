"""Cells with --async: at once, beside others, into their own place, and out again."""

import asyncio
import threading
import time

import pandas as pd
import pytest

from emr_nb.errors import SessionNotFoundError, StatementCancelledError, StatementError
from emr_nb.model import CancelOutcome, Log, Progress
from emr_nb.notebook.handles import Handle
from emr_nb.results.table import MIME
from emr_nb.testing.fake_engine import FakeSession


@pytest.fixture
def held(bench, flights):
    """Statements wait for `go` once their first look is told; then they answer a table."""
    go = threading.Event()

    def script(request):
        yield Progress("running", 0.1)
        if "hold" in request.code:
            assert go.wait(30)
        if "fail" in request.code:
            yield StatementError(
                "ZeroDivisionError: x", ename="ZeroDivisionError", line=2, where="statement 1"
            )
        else:
            yield flights

    bench.engine.script = script
    yield go
    go.set()
    for handle in bench.notebook.handles.all():
        handle.exception(30)


def value(bench, name):
    return bench.shell.user_ns[name]


def until(test, seconds=30.0):
    end = time.monotonic() + seconds
    while not test():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_output_names_a_handle_at_once_and_its_value_later(bench, held):
    bench.run("%%spark -l sql --async -o df\nselect 'hold'")
    handle = value(bench, "df")
    assert isinstance(handle, Handle)
    assert not handle.done()
    assert f"job {handle.tag[:8]}" in bench.screen.plain
    with pytest.raises(TimeoutError, match="has not ended within"):
        handle.result(timeout=0.01)
    bench.run("%%spark -q\nmeanwhile")
    held.set()
    frame = handle.result(30)
    assert isinstance(frame, pd.DataFrame)
    assert len(frame) == handle.rows == 3
    assert value(bench, "df") is handle
    assert (handle.done(), handle.state, handle.exception()) == (True, "done", None)
    assert f"✓ job {handle.tag[:8]} · 3 rows · in df.result() · " in bench.screen.plain
    assert len(bench.screen.having(MIME)) == 1
    assert bench.notebook.journal.find(handle.tag).state == "done"


@pytest.fixture
def submitted(monkeypatch):
    """What reached the session, in its order; `first` takes long to get there."""
    codes, real = [], FakeSession.submit

    def submit(self, request, plan):
        if "first" in request.code:
            time.sleep(0.4)
        codes.append(request.code.strip())
        return real(self, request, plan)

    monkeypatch.setattr(FakeSession, "submit", submit)
    return codes


def test_cells_reach_the_session_in_their_order(bench, held, submitted):
    bench.run("%%spark --async\nfirst")
    bench.run("%%spark --async\nsecond")
    bench.run("%%spark -q\nthird")
    assert submitted == ["first", "second", "third"]


def test_the_session_by_its_name_is_the_same_queue(bench, held, submitted):
    name = bench.notebook.attachment().sessions.name
    bench.run("%%spark --async\nfirst")
    bench.run(f"%%spark --async -s {name}\nsecond")
    bench.run("%%spark -q\nthird")
    assert submitted == ["first", "second", "third"]


def test_one_that_is_cancelled_before_its_turn_holds_nobody_up(bench, held, submitted):
    bench.run("%%spark --async\nfirst")
    second = bench.run("%%spark --async\nsecond").result
    assert second.cancel() is CancelOutcome.STOPPED
    bench.run("%%spark -q\nthird")
    assert submitted == ["first", "third"]


def test_without_output_the_handle_is_the_cells_value(bench, held, flights):
    result = bench.run("%%spark --async -n 2\nspark.range(3)").result
    assert isinstance(result, Handle)
    assert result.result(30).table.equals(flights.table.slice(0, 2))
    assert value(bench, "_") is result
    # the line stands there already; in another cell it is shown anew
    until(lambda: bench.screen.plain.count(f"job {result.tag[:8]}") >= 1)
    bench.run("_")
    assert f"job {result.tag[:8]} · done · 2 rows" in bench.screen.plain


def test_the_line_form_returns_the_handle(bench, held, flights):
    bench.run("h = %spark --async spark.range(3)")
    handle = value(bench, "h")
    assert handle.result(30).table.equals(flights.table)
    assert not bench.screen.having(MIME)


def test_await_gives_the_value(bench, held):
    bench.run("%%spark --async -o df\nhold")
    threading.Timer(0.1, held.set).start()
    bench.run("got = await df\nagain = await df")
    assert len(value(bench, "got")) == 3
    assert value(bench, "again") is value(bench, "got")


def test_several_are_awaited_together(bench, held):
    for name in "ab":
        bench.run(f"%%spark --async -o {name}\nhold")
    held.set()
    bench.run("import asyncio\nboth = await asyncio.gather(a, b)")
    assert [len(frame) for frame in value(bench, "both")] == [3, 3]


def test_an_interrupted_wait_leaves_the_job_and_says_so(bench, held):
    bench.run("%%spark --async -o df\nhold")
    handle = value(bench, "df")

    async def given_up():
        task = asyncio.ensure_future(handle)
        await asyncio.sleep(0.05)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(given_up())
    assert "The wait was interrupted; job" in bench.screen.plain
    assert f"%emr cancel {handle.tag[:8]}" in bench.screen.plain
    assert not bench.engine.cancels
    held.set()
    assert len(handle.result(30)) == 3


def test_a_failure_shows_in_the_cell_and_is_raised_by_result(bench, held):
    bench.run("%%spark --async -o df\nok\nfail")
    handle = value(bench, "df")
    assert isinstance(handle.exception(30), StatementError)
    assert handle.state == "failed"
    assert "ZeroDivisionError: x" in bench.screen.text
    assert "→ 3 │ fail" in bench.screen.text
    assert f"✗ job {handle.tag[:8]}" in bench.screen.plain
    with pytest.raises(StatementError) as caught:
        handle.result()
    assert "→ 3 │ fail" in "\n".join(caught.value._render_traceback_())
    bench.run("await df", fails=True)
    assert bench.notebook.journal.find(handle.tag).state == "failed"
    assert bench.notebook.last_error


def test_cancel_reaches_the_cluster(bench, held):
    bench.run("%%spark --async -o df\nhold")
    handle = value(bench, "df")
    until(lambda: bench.engine.statements)
    assert handle.cancel() is CancelOutcome.STOPPED
    bench.run("said = %emr cancel " + handle.tag[:8])
    assert value(bench, "said") == f"{handle.tag[:8]}: stopped"
    assert bench.engine.cancels == [handle.tag] * 2
    held.set()
    handle.exception(30)
    assert handle.cancel() is CancelOutcome.ALREADY_ENDED


def test_what_is_cancelled_before_it_is_sent_never_runs(bench, held):
    bench.engine.start_seconds = 1.0
    bench.run("%%spark --async -o df\nhold")
    handle = value(bench, "df")
    assert handle.state == "starting"
    assert handle.cancel() is CancelOutcome.STOPPED
    with pytest.raises(StatementCancelledError, match="before it was sent"):
        handle.result(30)
    assert handle.state == "cancelled"
    assert "■ job" in bench.screen.plain
    bench.run("%%spark -q\nnext")  # joins the session that still starts
    assert [r.code for r in bench.engine.requests] == ["next\n"]
    assert len(bench.engine.opened) == 1


def test_cells_that_start_together_open_one_session(bench, held):
    bench.engine.start_seconds = 0.3
    for name in "abc":
        bench.run(f"%%spark --async -o {name}\n1")
    bench.run("%%spark -q\n2")
    for name in "abc":
        assert len(value(bench, name).result(30)) == 3
    assert len(bench.engine.opened) == 1


def test_a_session_of_another_name_needs_new(bench, held):
    bench.run("%%spark --async -s side -o a\n1")
    assert isinstance(value(bench, "a").exception(30), SessionNotFoundError)
    bench.run("%%spark --async -s side --new -o a\n1")
    assert len(value(bench, "a").result(30)) == 3
    assert value(bench, "a").session == "side"


def test_what_is_known_to_be_wrong_fails_the_cell_itself(bare):
    bare.run("%%spark --async\n1", fails=True)
    assert not bare.notebook.handles.all()


def test_jobs_lists_handles_and_other_kernels_open_rows(bench, held):
    from emr_nb.journal import StatementRow

    bench.notebook.journal.begin(
        StatementRow("f" * 32, "j-FAKE", "spark", "7", notebook="/home/ada/other.ipynb", text="x=1")
    )
    bench.run("%%spark --async -o df\nhold")
    bench.run("%%spark --async\nquick")
    bench.notebook.handles.all()[1].exception(30)
    until(lambda: value(bench, "df").state == "running")
    bench.run("listed = %emr jobs")
    mine, quick, other = value(bench, "listed")
    assert (mine.state, mine.code, mine.handle) == ("running", "hold\n", value(bench, "df"))
    assert mine.session == "flights/abc123"
    assert (quick.state, quick.rows) == ("done", 3)
    assert (other.cell, other.session, other.state) == ("other.ipynb", "7", "prepared")
    assert other.handle is None
    bench.run("left = %emr jobs --clear")
    assert [row.tag for row in value(bench, "left")] == [mine.tag, other.tag]
    held.set()


def test_jobs_never_shows_the_secret_half_of_an_id(bench):
    from emr_nb.journal import StatementRow

    session = f"{'1' * 32}.{'5ec2e7' * 5}aa"
    bench.notebook.journal.begin(StatementRow("e" * 32, "j-FAKE", "hive", session, text="select 1"))
    (row,) = bench.shell.run_line_magic("emr", "jobs")
    assert row.session == "1" * 8


def test_a_queued_job_says_what_is_before_it(bench):
    go = threading.Event()

    def script(request):
        yield Progress("queued", 0.1, queued_behind=3)
        assert go.wait(30)
        yield Log(("through",), "stdout")

    bench.engine.script = script
    bench.run("%%spark --async\n1")
    (handle,) = bench.notebook.handles.all()
    until(lambda: handle.queued_behind)
    assert "queued behind 3" in repr(handle)
    (row,) = bench.shell.run_line_magic("emr", "jobs")
    assert row.state == "queued behind 3"
    go.set()
    handle.exception(30)
    assert (handle.queued_behind, bench.screen.text) == (0, "through\n")


def test_a_lost_session_is_forgotten_once(bench, held):
    """The session that took its place stays."""
    bench.run("%%spark --async -o df\nhold")
    until(lambda: bench.engine.statements)
    sessions = bench.notebook.attachment().sessions
    bench.run("_r = %emr restart")
    kept = sessions.opened()
    from emr_nb.errors import SessionLostError

    def lose(request):
        if "lose" in request.code:
            sessions._open[sessions.name] = second
            raise SessionLostError("gone")
        return ()

    second = object()
    bench.engine.script = lose
    bench.run("%%spark --async -o gone\nlose")
    assert isinstance(value(bench, "gone").exception(30), SessionLostError)
    assert sessions.opened() is second
    sessions._open[sessions.name] = kept


def test_a_clean_end_ends_the_session_and_says_so_in_the_journal(bench, held):
    bench.run("%%spark --async -o df\nhold")
    until(lambda: bench.engine.statements)
    handle = value(bench, "df")
    until(lambda: bench.engine.journal.find(handle.tag).state == "running")
    bench.run("ended = %emr detach")
    assert bench.engine.closed == [handle.session]
    assert bench.engine.journal.find(handle.tag).state == "lost"


def test_the_help_names_it(bench):
    assert "--async" in bench.shell.run_line_magic("emr", "help spark")
