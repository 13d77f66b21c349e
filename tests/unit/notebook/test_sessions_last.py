"""Lost sessions, cells run again, keep-alive, and the options of the next session."""

import secrets
import time
from dataclasses import replace

import pyarrow as pa
import pytest

from emr_nb.errors import SessionLostError, StatementError, UsageError
from emr_nb.journal import SessionRow, StatementRow
from emr_nb.model import SessionInfo
from emr_nb.notebook.configure import parse
from emr_nb.notebook.keeping import KeepAlive
from emr_nb.testing.fake_engine import FakeEngine, FakeSession, result_of

NAME = "emr_nb/ada/flights/abc123"
PATH = "/home/ada/flights.ipynb"
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


def value(bench, line):
    bench.run(f"_v = {line}")
    return bench.shell.user_ns["_v"]


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


# -- keep-alive -------------------------------------------------------------------------------


def until(test, seconds=20.0):
    end = time.monotonic() + seconds
    while not test():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.fixture
def kept():
    engine = FakeEngine()
    engine.touch_every = 0.02
    session = FakeSession(engine, SessionInfo("1", "s", "spark", "idle"))
    now = [1000.0]
    keeping = KeepAlive(lambda: 7200.0, lambda: now[0])
    yield engine, session, now, keeping
    keeping.close()


def test_a_session_is_kept_for_two_hours_after_its_last_statement(kept):
    engine, session, now, keeping = kept
    keeping.used(session)
    assert keeping.until("s") == 1000 + 7200
    until(lambda: engine.touched == ["s"])
    now[0] += 7000
    keeping.used(session)
    assert keeping.until("s") == 8000 + 7200
    now[0] += 7200
    assert keeping.until("s") is None


def test_it_can_be_kept_longer_and_not_at_all(kept):
    _, session, _, keeping = kept
    assert keeping.keep(session, 4 * 3600) == 1000 + 4 * 3600
    keeping.used(session)  # the longer time holds
    assert keeping.until("s") == 1000 + 4 * 3600
    keeping.keep(session, 0)
    assert keeping.until("s") is None


def test_the_server_is_told_again_and_again():
    engine = FakeEngine()
    engine.touch_every = 0.02
    keeping = KeepAlive(lambda: 7200.0)
    keeping.used(FakeSession(engine, SessionInfo("1", "s", "spark", "idle")))
    until(lambda: len(engine.touched) >= 3)
    keeping.close()


def test_a_lost_session_is_let_go_of_quietly():
    engine = FakeEngine()
    session = FakeSession(engine, SessionInfo("1", "s", "spark", "idle"))

    def gone():
        raise SessionLostError("gone")

    session.touch = gone
    keeping = KeepAlive(lambda: 7200.0)
    keeping.used(session)
    until(lambda: keeping.until("s") is None)
    keeping.close()


def test_keep_and_status(bench):
    bench.run("%emr keep", fails=True)
    bench.run("%%spark\n1")
    lines = dict(value(bench, "%emr status"))
    assert "2 h after the last statement" in lines["kept alive"]
    assert "kept alive until" in value(bench, "%emr keep 12")
    assert "not kept alive any more" in value(bench, "%emr keep 0")
    assert "%emr keep HOURS keeps it" in dict(value(bench, "%emr status"))["kept alive"]
    assert isinstance(bench.run("%emr keep soon", fails=True).error_in_exec, UsageError)
    bench.run("%config EmrNb.keep_alive = 60")
    bench.run("%%spark\n1")
    assert "60 s after" in dict(value(bench, "%emr status"))["kept alive"]


# -- %%configure ------------------------------------------------------------------------------


def test_configure_before_the_attach_holds_for_the_first_session(bare):
    bare.run('%%configure\n{"driverMemory": "2g", "conf": {"spark.a": 1}}')
    assert 'driverMemory="2g"' in bare.screen.plain
    bare.run("_c = %emr attach fake")
    bare.run("%%spark\n1")
    assert bare.engine.opened[-1].conf == {"driverMemory": "2g", "conf": {"spark.a": 1}}


def test_an_open_session_is_not_touched_without_f(bench):
    bench.run("%%spark\n1")
    result = bench.run('%%configure\n{"driverMemory": "2g"}', fails=True)
    assert isinstance(result.error_in_exec, UsageError)
    assert "-f ends it" in str(result.error_in_exec)
    assert bench.engine.closed == []
    bench.run('%%configure -f\n{"driverMemory": "2g"}')
    assert len(bench.engine.closed) == 1
    assert bench.engine.opened[-1].conf == {"driverMemory": "2g"}
    bench.run("%%spark\n1")
    assert len(bench.engine.opened) == 2


def test_the_line_form_and_what_is_set(bench):
    assert "cluster's own" in value(bench, "%emr configure")
    bench.run('_ = %emr configure {"numExecutors": 3, "spark.x": true}')
    assert dict(value(bench, "%emr configure"))["numExecutors"] == "3"
    bench.run('_ = %emr configure -f {"executorCores": 2}')
    assert "numExecutors" not in dict(value(bench, "%emr configure"))


def test_settings_and_configure_are_merged(bench):
    bench.notebook.config.session_conf = {"queue": "a", "conf": {"spark.a": 1, "spark.b": 1}}
    bench.run('_ = %emr configure {"conf": {"spark.b": 2}}')
    bench.run("%%spark\n1")
    conf = bench.engine.opened[-1].conf
    assert conf == {"queue": "a", "conf": {"spark.a": 1, "spark.b": 2}}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"driverMemry": "2g"}', "Did you mean driverMemory"),
        ('{"driverMemory": 2}', 'driverMemory takes a size, like "2g", not 2'),
        ('{"numExecutors": true}', "takes a whole number"),
        ('{"jars": "a.jar"}', "takes a list"),
        ('{"conf": {"a": {}}}', "takes an object"),
        ('{"name": "x"}', "-s NAME"),
        ('{"driverMemory": "2g",}', "no JSON"),
        ("[1]", "must be a JSON object"),
    ],
)
def test_what_is_wrong_is_refused_by_name(text, words):
    with pytest.raises(UsageError) as caught:
        parse(text)
    assert words in str(caught.value)


def test_another_extensions_configure_is_left_alone(shell):
    from emr_nb.notebook.extension import Extension
    from emr_nb.notebook.places import Place
    from emr_nb.notebook.state import Notebook

    def theirs(line, cell):
        return "theirs"

    shell.register_magic_function(theirs, "cell", "configure")
    extension = Extension(shell, Notebook(shell, place=Place(PATH, "abc123", False)))
    extension.install()
    try:
        assert shell.magics_manager.magics["cell"]["configure"] is theirs
    finally:
        extension.remove()
        del shell.magics_manager.magics["cell"]["configure"]


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


def test_how_long_to_keep_a_session_is_told_to_the_server_for_when_this_kernel_crashes(bench):
    bench.run("%%spark\n1")
    journal = bench.engine.journal
    session = bench.notebook.attachment().sessions.opened().info
    row = SessionRow("j-FAKE", "spark", session.name, session.id)
    journal.remember_session(row, new=True)
    bench.run("%emr keep 3")
    (kept,) = journal.kept_sessions(time.time())
    assert (kept.session, kept.kept) == (session.id, pytest.approx(time.time() + 3 * 3600, abs=20))
    bench.run("%emr keep 0")
    assert journal.kept_sessions(time.time()) == []
