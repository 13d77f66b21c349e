"""How long a session is kept alive, and the options of the next one."""

import time

import pytest
from sessions_rig import PATH, value

from emr_nb.errors import SessionLostError, UsageError
from emr_nb.journal import SessionRow
from emr_nb.model import SessionInfo
from emr_nb.notebook.configure import parse
from emr_nb.notebook.keeping import KeepAlive
from emr_nb.testing.fake_engine import FakeEngine, FakeSession

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
