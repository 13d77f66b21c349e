"""An engine that somebody else wrote: found, named, run, cancelled, kept, closed."""

import time
from pathlib import Path

import pytest
from duck_rig import SLOW, lines, rows, value

from emr_nb.engines.base import Abilities
from emr_nb.errors import ServiceNotInstalledError, SessionNotFoundError, StatementCancelledError
from emr_nb.model import Service
from emr_nb.notebook.handles import Handle

PLACE = Path(__file__).parents[2] / "thirdparty" / "duckdb_engine"


# -- found --------------------------------------------------------------------------------


def test_its_magic_comes_with_the_first_cell_that_uses_it(bare, monkeypatch):
    assert "duckdb" not in bare.shell.magics_manager.magics["cell"]
    monkeypatch.syspath_prepend(PLACE)
    result = bare.run("%%duckdb\nselect 1", fails=True)
    assert "No cluster is attached" in str(result.error_in_exec)
    assert "%%duckdb" in bare.run("_h = %emr help").out or "%%duckdb" in value(bare, "_h")
    bare.extension.remove()
    assert "duckdb" not in bare.shell.magics_manager.magics["cell"]


def test_a_magic_of_somebody_else_is_left_alone(bare, monkeypatch):
    monkeypatch.syspath_prepend(PLACE)

    def theirs(line, cell):
        return "theirs"

    bare.shell.register_magic_function(theirs, "cell", "duckdb")
    assert bare.run("%%duckdb\nselect 1").result == "theirs"
    bare.run("_c = %emr attach fake")
    assert bare.run("%%duckdb\nselect 1").result == "theirs"


def test_below_line_one_it_says_what_to_write(duck):
    result = duck.run("x = 1\n%%duckdb\nselect 1", fails=True)
    assert "it must be the first line of its cell" in str(result.error_in_exec or result.out)


def test_an_engine_that_the_cluster_lacks_is_named(duck):
    result = duck.run("%%hive\nselect 1", fails=True)
    assert isinstance(result.error_in_exec, ServiceNotInstalledError)


# -- two names for one -----------------------------------------------------------------------


@pytest.fixture
def trino(duck):
    """A cluster whose Trino is played by the same engine under that name."""
    duck.cluster.services = (*duck.cluster.services, Service("trino"))
    duck.duckdb.name = "trino"
    duck.duckdb.abilities = Abilities(dialect="trino")
    duck.cluster.engines["trino"] = duck.duckdb
    return duck


def test_presto_runs_on_trino_where_that_is_there(trino):
    trino.run("%%presto -o df\nselect 1 as a")
    assert value(trino, "df")["a"].tolist() == [1]
    assert trino.screen.text.count("fake has Trino, not Presto: %%presto runs on Trino") == 1
    trino.run("r = %presto select 2")
    trino.run("r = %trino --catalog x select 3")
    assert trino.screen.text.count("has Trino") == 1
    assert len(trino.duckdb.sessions()) == 1
    assert trino.database.statements[rows(trino)[-1].tag].request.catalog == "x"


def test_a_name_that_fits_is_not_told(trino):
    trino.cluster.services = (*trino.cluster.services, Service("presto"))
    trino.cluster.engines["presto"] = trino.duckdb
    trino.run("%%presto\nselect 1")
    trino.run("%%trino\nselect 1")
    assert trino.screen.text == ""


def test_the_engines_line_tells_both(trino):
    trino.cluster.services = (*trino.cluster.services, Service("hive", version="3.1.3"))
    trino.run("c = %emr attach fake")
    told = dict(trino.notebook.attachment().facts)["engines"]
    assert "Hive 3.1.3" in told
    assert "Trino" in told.partition("not found")[0]
    assert "Presto" in told.partition("not found")[2]


# -- cancel, async ------------------------------------------------------------------------


def test_an_interrupt_stops_it_and_keeps_the_session(duck):
    import _thread
    import threading

    threading.Timer(1.0, _thread.interrupt_main).start()
    began = time.monotonic()
    result = duck.run(f"%%duckdb\nset threads = 1;\n{SLOW};\nselect 1", fails=True)
    assert time.monotonic() - began < 6
    assert isinstance(result.error_in_exec, StatementCancelledError)
    assert [row.state for row in rows(duck)] == ["done", "cancelled"]
    assert lines(duck)[-1].startswith("■ 2 of 3")
    duck.run("%%duckdb\nselect 1")
    assert len(duck.duckdb.sessions()) == 1


def test_async_gives_a_handle_and_runs_in_order(duck):
    duck.run("%%duckdb --async -o df\ncreate table t as select 1 as a; select * from t")
    handle = value(duck, "df")
    assert isinstance(handle, Handle)
    duck.run("%%duckdb -q\ninsert into t values (2)")  # behind it
    assert handle.result(30)["a"].tolist() == [1]
    assert handle.state == "done"
    assert [row.text for row in rows(duck)][-1].startswith("insert")
    assert f"job {handle.tag[:8]} · 2 of 2" in duck.screen.plain
    (job,) = duck.run("%emr jobs").result
    assert (job.state, job.rows) == ("done", 1)


def test_cancel_of_an_async_cell_stops_the_rest_too(duck):
    duck.run(f"%%duckdb --async\nset threads = 1; {SLOW}; create table never (a int)")
    handle = duck.notebook.handles.all()[-1]
    until = time.monotonic() + 20
    while len(handle.tags) < 2 or handle.state != "running":
        assert time.monotonic() < until
        time.sleep(0.02)
    (job,) = duck.run("%emr jobs").result
    assert job.state == "running"
    assert "stopped" in str(duck.run(f"%emr cancel {handle.tag[:8]}").result)
    assert isinstance(handle.exception(30), StatementCancelledError)
    assert [row.state for row in rows(duck)] == ["done", "cancelled"]
    assert not any("never" in sql for sql in duck.database.executed)


# -- what %emr knows ------------------------------------------------------------------------


def test_sessions_status_and_stop_know_them(duck):
    duck.run("%%duckdb\nselect 1")
    (info,) = duck.duckdb.sessions()
    listed = duck.run("%emr sessions").result
    assert [(s.engine, s.name) for s in listed] == [("duckdb", info.name)]
    assert f"{info.id} {info.name}" in repr(duck.run("%emr status").result)
    assert "duckdb" in repr(duck.run("%emr status").result)
    duck.run(f"%emr stop {info.id} --engine duckdb")
    assert not duck.duckdb.sessions()
    duck.run("%%duckdb\nselect 1")
    assert "Ended" in duck.run("%emr stop all").result
    assert not duck.duckdb.sessions()


def test_logs_are_those_of_the_engine(duck):
    duck.run("%%duckdb\nselect 42")
    assert duck.run("%emr logs --engine duckdb").result == ["select 42"]


def test_detach_ends_what_was_begun(duck):
    duck.run("%%duckdb\nselect 1")
    duck.run("%emr detach")
    assert not duck.duckdb.sessions()


def test_attaching_again_keeps_the_session(duck):
    duck.run("%%duckdb\ncreate temp table mine as select 1")
    duck.run("_c = %emr attach fake")
    duck.run("%%duckdb\nselect * from mine")
    duck.run("%emr detach")
    assert not duck.duckdb.sessions()


def test_a_session_by_name_must_be_there(duck):
    result = duck.run("%%duckdb -s typo\nselect 1", fails=True)
    assert isinstance(result.error_in_exec, SessionNotFoundError)


def test_a_lost_session_is_told_and_the_next_cell_has_another(duck):
    duck.run("%%duckdb\nselect 1")
    duck.database.end(duck.database.seats()[0])
    result = duck.run("%%duckdb\nselect 2", fails=True)
    assert "has ended" in str(result.error_in_exec)
    assert "select 1" in str(result.error_in_exec)
    assert "This is a new session" not in duck.screen.text
    duck.run("%%duckdb\nselect 3")


# -- kernels that are gone --------------------------------------------------------------------


@pytest.fixture
def orphan(duck, monkeypatch):
    """A cell that an earlier kernel of this notebook began, at its second statement."""
    from emr_nb.notebook import recovery, series

    monkeypatch.setattr(series, "cell_id", lambda _: "cell-1")
    duck.run(f"%%duckdb --async\ncreate table t (a int); {SLOW}")
    handle = duck.notebook.handles.all()[-1]
    until = time.monotonic() + 20
    while len(handle.tags) < 2 or handle.state != "running":
        assert time.monotonic() < until
        time.sleep(0.02)
    row = rows(duck)[-1]
    assert row.cell == "cell-1#1"
    made = duck.database.statements[row.tag]
    duck.notebook.attachment().recovery.orphans[row.tag] = recovery.Orphan(row, made.request)
    monkeypatch.setattr(duck.notebook.journal, "take_over", lambda _: True)
    return made


def test_a_cell_goes_on_where_its_kernel_left_it(duck, orphan):
    import threading

    threading.Timer(1.0, orphan.cancel).start()
    result = duck.run(f"%%duckdb\ncreate table t (a int); {SLOW}", fails=True)
    assert isinstance(result.error_in_exec, StatementCancelledError)
    assert "those before it are not run again" in duck.screen.text
    assert len(duck.database.executed) == 2
