"""What an analyst sees of sessions, engines and history beside the cells themselves."""

import dataclasses

import pytest

from emr_nb.engines.hive.catalog import _spelled
from emr_nb.errors import NotAttachedError, SessionNotFoundError
from emr_nb.model import SessionInfo

LONG = "35605abaf5e54ac494b36931ae4a9615.56f000cf8a834d2da219c1814eb37518"


@pytest.fixture
def long_ids(duck, monkeypatch):
    """Let DuckDB's sessions have ids such as Hive's."""
    begin = duck.database.begin

    def beginning(name):
        seat = begin(name)
        number = int(seat.info.id)
        del duck.database._seats[seat.info.id]
        seat.info = dataclasses.replace(
            seat.info, id=LONG[:-2] + f"{number:02}", short=f"{number:02}605aba"
        )
        duck.database._seats[seat.info.id] = seat
        return seat

    monkeypatch.setattr(duck.database, "begin", beginning)
    return duck


def test_a_long_id_is_shown_short_everywhere(long_ids):
    long_ids.run("%%duckdb\nselect 1")
    seen = long_ids.screen.plain + str(long_ids.run("%emr status").result)
    seen += repr(long_ids.run("%emr sessions --engine duckdb").result)
    assert "session 01605aba started in" in seen
    assert "duckdb session  01605aba emr_nb/" in seen
    assert LONG[:20] not in seen


def test_the_short_form_names_a_session(long_ids):
    duck = long_ids
    duck.run("%%duckdb -s other --new\ncreate temp table mine as select 7 as a")
    duck.run("%%duckdb -s 01605aba -o df\nselect * from mine")
    assert duck.shell.user_ns["df"]["a"].tolist() == [7]
    attachment = duck.notebook.attachment()
    assert {name for _, name in attachment.turns} == {"other"}  # one line of cells, not two
    attachment.of("duckdb").sessions.forget("other")
    duck.run("%%duckdb -s 01605aba -o df\nselect a + 1 as a from mine")  # found on the server
    assert duck.shell.user_ns["df"]["a"].tolist() == [8]
    assert "Ended other" in str(duck.run("%emr stop 01605aba --engine duckdb").result)
    result = duck.run("%%duckdb -s 01605aba\nselect 1", fails=True)
    assert isinstance(result.error_in_exec, SessionNotFoundError)


def test_a_session_is_called_by_what_it_has():
    info = SessionInfo("3", "", "spark", "idle")
    assert info.label == "3"
    assert not info.called("")
    assert SessionInfo(LONG, "n", "hive", "open", short="35605aba").label == "35605aba"


def test_an_engine_behind_on_is_told_from_a_cluster(duck):
    result = duck.run("%%duckdb --on hive\nselect 1", fails=True)
    assert isinstance(result.error_in_exec, NotAttachedError)
    assert "'hive' is an engine" in str(result.error_in_exec)
    assert "--engine hive" in str(result.error_in_exec)


def test_history_leaves_out_what_commands_asked(duck):
    duck.run("%%duckdb -q\nselect 1")
    duck.run("%emr explain select 2")
    rows = duck.run("%emr history").result
    assert [r.text for r in rows] == ["select 1"]
    assert len(duck.run("%emr history --all").result) == 2
    assert len(duck.run("%emr history -n 0").result) == 0


@pytest.mark.parametrize(
    ("name", "size", "digits", "spelled"),
    [
        ("DECIMAL", "20", "4", "decimal(20,4)"),
        ("VARCHAR", "20", "", "varchar(20)"),
        ("CHAR", "3", "", "char(3)"),
        ("STRING", "2147483647", "", "string"),
        ("INT", "10", "0", "int"),
        ("array<decimal(3,1)>", "", "", "array<decimal(3,1)>"),
    ],
)
def test_hives_columns_have_their_types_in_full(name, size, digits, spelled):
    assert _spelled(name, size, digits) == spelled
