"""What cells show is kept in the journal, for a page that was not there to see it."""

import json
from types import SimpleNamespace

import pytest

from emr_nb.errors import StatementError
from emr_nb.journal.runs import digest_of
from emr_nb.model import Log, Output, Progress
from emr_nb.notebook import telling, transcript
from emr_nb.results.table import MIME

CELL = "%%spark\nspark.table('t')"


@pytest.fixture
def told(bench, monkeypatch):
    """A bench whose front end tells the cell's id and text."""
    parent = {"metadata": {"cellId": "c1"}, "content": {"code": CELL}}
    kernel = SimpleNamespace(get_parent=lambda: parent)
    monkeypatch.setattr(bench.shell, "kernel", kernel, raising=False)
    return bench


def kept(bench):
    """Return the newest run of the notebook, and what it showed."""
    runs = bench.engine.journal.runs
    row, *_ = runs.of_notebook(bench.notebook.place.path)
    return row, json.loads(runs.outputs(row.run) or "[]")


def test_a_cell_is_kept_as_it_looks_at_its_end(told, flights):
    told.answer([Progress("running", 0.1), Log(("hello",), "stdout"), Log(("you",), "stdout"),
                 Output({"text/plain": "42"}), flights])  # fmt: skip
    told.run(CELL)
    row, outputs = kept(told)
    assert (row.cell, row.state, row.cluster) == ("c1", "ended", "j-FAKE")
    assert row.digest == digest_of(CELL)
    line, printed, value, table = outputs
    assert line["data"]["text/plain"].startswith("✓ 3 rows"), "the line as it ended"
    assert printed == {"output_type": "stream", "name": "stdout", "text": "hello\nyou\n"}
    assert value["data"] == {"text/plain": "42"}
    assert table["data"][MIME]["held"] == 3
    assert told.screen.having(MIME), "and the page that was there got it"


def test_a_failure_is_kept_with_its_short_error(told):
    told.answer([StatementError("ZeroDivisionError: division by zero", ename="Z")])
    told.run(CELL, fails=True)
    *_, error = kept(told)[1]
    assert error["output_type"] == "error"
    assert error["ename"] == "StatementError"
    assert any("division by zero" in line for line in error["traceback"])
    assert not any("Traceback (most recent" in line for line in error["traceback"])


def test_the_run_is_there_while_the_cell_runs(told):
    seen = []

    def script(_):
        seen.append(kept(told)[0].state)
        return ()

    told.engine.script = script
    told.run(CELL)
    assert seen == ["running"]


def test_what_beside_the_notebook_ends_later_is_kept_too(told, flights):
    told.answer([flights])
    told.run("%%spark --async -o df\nspark.table('t')")
    told.shell.user_ns["df"].result(10)
    # the thread keeps it just after its handle has ended
    for thread in transcript.threading.enumerate():
        if thread.name.startswith("emr_nb-job"):
            thread.join(10)
    row, outputs = kept(told)
    assert row.state == "ended"
    assert "3 rows" in json.dumps(outputs)


@pytest.mark.parametrize("reason", ["no cell id", "a line form", "not wanted", "not attached"])
def test_what_is_not_a_pages_cell_is_not_kept(told, flights, monkeypatch, reason):
    told.answer([flights])
    cell, fails = CELL, False
    if reason == "no cell id":
        monkeypatch.setattr(told.shell.kernel, "get_parent", dict)
    elif reason == "a line form":
        cell = "df = %spark spark.table('t')"
    elif reason == "not wanted":
        told.notebook.config.keep_outputs = False
    else:
        cell, fails = "%%spark --on nobody\n1", True
    told.run(cell, fails=fails)
    assert told.engine.journal.runs.of_notebook(told.notebook.place.path) == []


def test_what_is_too_large_is_said_instead(told, monkeypatch):
    monkeypatch.setattr(transcript, "MAX_BYTES", 600)
    told.answer([Output({"text/plain": "x" * 1000}), Output({"text/plain": "small"})])
    told.run(CELL)
    texts = json.dumps(kept(told)[1])
    assert "is not kept: run the cell again" in texts
    assert "small" in texts
    assert "xxxx" not in texts


def test_half_characters_can_be_told(told):
    told.answer([Log(("\ud800",), "stdout")])
    told.run(CELL)
    assert "?" in json.dumps(kept(told)[1])


def test_how_far_a_statement_is_is_told_to_the_journal_where_the_engine_tells_it(told, monkeypatch):
    monkeypatch.setattr(telling, "EVERY", 0.0)
    seen = []

    def steps():
        for fraction in (None, 0.25, 0.251, 0.5):
            yield Progress("running", 0.1, fraction)
            seen.append(told.engine.journal.statements()[0].fraction)
        yield Progress("fetching", 0.1, 0.75)

    told.engine.script = lambda _: steps()
    told.run(CELL)
    assert seen == [None, 0.25, 0.25, 0.5]
    assert told.engine.journal.statements()[0].fraction == 0.5
