"""Lost sessions, cells run again, and several sessions side by side."""

import secrets
import time
from dataclasses import replace

import pyarrow as pa
from sessions_rig import NAME, PATH, value

from emr_nb.errors import SessionLostError, StatementError, UsageError
from emr_nb.journal import SessionRow, StatementRow
from emr_nb.testing.fake_engine import result_of

TABLE = result_of(pa.table({"n": [1, 2, 3]}))


def lost(bench):
    """Let the session be lost in the next cell; returns the failed cell's result."""
    bench.answer(
        [
            SessionLostError(
                "Session 1 is dead: the driver ran out of memory",
                where="Livy",
                advice="`%emr restart --rerun` or `%emr restart`",
            )
        ]
    )
    result = bench.run("%%spark\nbig.collect()", fails=True)
    bench.answer([])
    bench.engine.alive.clear()
    return result


# -- a session that is lost -------------------------------------------------------------------


def test_a_lost_session_lists_its_cells_and_ends_with_what_to_do(bench):
    bench.run("%%spark\ndf = spark.read.csv('x')")
    bench.run("%%spark -l sql\n\nselect 42")
    result = lost(bench)
    error = result.error_in_exec
    assert isinstance(error, SessionLostError)
    text = str(error)
    assert "ran out of memory" in text
    assert "It had run 3 cells:" in text
    assert "df = spark.read.csv('x')" in text
    assert "select 42" in text
    assert text.splitlines()[-1].startswith("→ `%emr restart --rerun`")
    assert "Traceback" not in result.out


def test_many_cells_are_counted_and_the_last_listed(bench):
    for number in range(20):
        bench.run(f"%%spark\nx = {number}")
    text = str(lost(bench).error_in_exec)
    assert "It had run 21 cells; the last 12:" in text
    assert "x = 9\n" in text
    assert "x = 8\n" not in text


def test_the_next_cell_says_that_its_session_is_new(bench):
    bench.run("%%spark\n1")
    lost(bench)
    bench.run("%%spark\n2")
    assert f"This is a new session: {NAME} was lost" in bench.screen.text
    assert len(bench.engine.opened) == 2
    assert bench.engine.opened[1].name != NAME
    bench.run("%%spark\n3")
    assert bench.screen.text.count("This is a new session") == 1


def test_status_tells_of_a_lost_session(bench):
    bench.run("%%spark\nx = 1")
    session = bench.notebook.attachment().sessions.opened()

    def gone():
        raise SessionLostError("Session 1 is gone")

    session.refresh = gone
    assert "x = 1" in str(bench.run("%emr status", fails=True).error_in_exec)


def test_an_attach_tells_of_a_session_that_ended_meanwhile(bare):
    row = SessionRow("j-FAKE", "spark", NAME, "7", PATH)
    bare.engine.journal.remember_session(row)
    result = bare.run("%emr attach fake")
    text = repr(bare.notebook.shown_form(result.result))
    assert f"7 {NAME} of " in text
    assert "has ended; %emr restart --rerun" in text


# -- restart --rerun --------------------------------------------------------------------------


def test_rerun_runs_what_succeeded_and_the_last_in_order(bench):
    bench.answer([TABLE])
    bench.run("%%spark -o df\na = 1")
    bench.run("%%spark -l sql\nselect 2")
    bench.answer([StatementError("no", ename="NameError")])
    bench.run("%%spark\nwrong", fails=True)
    bench.answer([])
    bench.run("%%pyspark\nb = 3")
    lost(bench)
    bench.answer([TABLE])
    del bench.shell.user_ns["df"]
    before = len(bench.engine.requests)
    assert "ran 4 cells again" in value(bench, "%emr restart --rerun")
    again = bench.engine.requests[before:]
    assert [(r.code.strip(), r.language, r.output) for r in again] == [
        ("a = 1", "python", "df"),
        ("select 2", "sql", None),
        ("b = 3", "python", None),
        ("big.collect()", "python", None),
    ]
    assert list(bench.shell.user_ns["df"]["n"]) == [1, 2, 3]
    assert "[1/4] a = 1" in bench.screen.text


def test_rerun_stops_at_the_first_failure_and_names_the_cell(bench):
    for code in ("a = 1", "b = 2", "c = 3"):
        bench.run(f"%%spark\n{code}")

    def script(request):
        if "b = 2" in request.code:
            yield StatementError("NameError: b", ename="NameError", line=1)

    bench.engine.script = script
    before = len(bench.engine.requests)
    result = bench.run("%emr restart --rerun", fails=True)
    assert isinstance(result.error_in_exec, StatementError)
    assert len(bench.engine.requests) == before + 2
    assert "cell 2 of 3 failed, `b = 2`; 1 cell after it was not run" in bench.screen.text


def test_a_cell_run_twice_is_run_again_once_where_it_stood(bench, monkeypatch):
    from emr_nb.notebook import runner

    for cell, code in (("c1", "old"), ("c2", "uses it"), ("c1", "new")):
        monkeypatch.setattr(runner, "cell_id", lambda _, cell=cell: cell)
        bench.run(f"%%spark\n{code}")
    before = len(bench.engine.requests)
    bench.run("_ = %emr restart --rerun")
    again = bench.engine.requests[before:]
    assert [(r.cell_id, r.code.strip()) for r in again] == [("c1", "new"), ("c2", "uses it")]


def test_lines_are_run_again_too(bench):
    bench.answer([TABLE])
    bench.run("x = %spark -n 2 -l sql select 1")
    before = len(bench.engine.requests)
    bench.run("_ = %emr restart --rerun")
    (request,) = bench.engine.requests[before:]
    assert (request.code, request.language, request.rows) == ("select 1", "sql", 2)


def test_rerun_needs_the_history_and_ends_nothing_without(bench):
    bench.engine.history = False
    bench.run("%%spark\nsecret = 'x'")
    result = bench.run("%emr restart --rerun", fails=True)
    assert isinstance(result.error_in_exec, UsageError)
    assert "history is off" in str(result.error_in_exec)
    assert bench.engine.closed == []
    row = bench.engine.journal.statements()[0]
    assert (row.text, row.line) == ("", "")
    bench.run("_ = %emr restart")
    assert len(bench.engine.closed) == 1


def test_rerun_after_a_kernel_restart_runs_the_ended_sessions_cells(bare):
    journal = bare.engine.journal
    journal.remember_session(SessionRow("j-FAKE", "spark", NAME, "7", PATH), new=True)
    tag = secrets.token_hex(16)
    journal.begin(
        StatementRow(
            tag,
            "j-FAKE",
            "spark",
            "7",
            notebook=PATH,
            language="sql",
            text="select 1",
            line="%%sql -q",
            cell="c",
        )
    )
    journal.update(tag, state="done")
    bare.run("_c = %emr attach fake")
    assert "ran 1 cell again" in value(bare, "%emr restart --rerun")
    (request,) = bare.engine.requests
    assert (request.code, request.language, request.cell_id) == ("select 1", "sql", "c")


def test_an_older_session_of_the_same_number_is_not_run_again(bench):
    journal = bench.engine.journal
    tag = secrets.token_hex(16)
    journal.begin(
        StatementRow(
            tag,
            "j-FAKE",
            "spark",
            "1",
            notebook=PATH,
            language="python",
            text="drop everything",
            cell="old",
        )
    )
    journal.update(tag, state="done")
    time.sleep(0.01)
    bench.engine.journal.remember_session(
        SessionRow("j-FAKE", "spark", NAME, "1", PATH), new=True
    )  # as the Livy engine does
    bench.run("%%spark\nfine = 1")
    bench.run("_ = %emr restart --rerun")
    assert all("drop" not in r.code for r in bench.engine.requests)


# -- several sessions -------------------------------------------------------------------------


def test_sessions_stand_side_by_side(bench):
    bench.run("%%spark\n1")
    bench.run("%%spark -s other --new\n2")
    bench.run("%%spark -s other\n3")
    bench.run("%%spark\n4")
    assert [o.name for o in bench.engine.opened] == [NAME, "other"]
    bench.run("%%spark -s othr\n5", fails=True)
    assert set(bench.engine.alive) == {NAME, "other"}


def test_a_lost_named_session_leaves_the_notebooks_own(bench):
    bench.run("%%spark\nmine = 1")
    bench.run("%%spark -s other --new\nx = 2")
    bench.answer([SessionLostError("Session 2 is dead")])
    text = str(bench.run("%%spark -s other\n3", fails=True).error_in_exec)
    assert "x = 2" in text
    assert "mine = 1" not in text
    bench.answer([])
    bench.run("%%spark\n4")
    assert len(bench.engine.opened) == 2
    assert replace(bench.engine.opened[0]).name == NAME
