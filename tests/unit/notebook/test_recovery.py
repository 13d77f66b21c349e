"""A kernel that is gone: what it left is said at the attach and adopted by its own cell."""

import secrets
import sqlite3
from contextlib import closing

import pyarrow as pa
import pytest

from emr_nb.errors import ResultError, UsageError
from emr_nb.journal import StatementRow
from emr_nb.model import Log, Progress, Request, SessionInfo
from emr_nb.results.plan import plan_transfer
from emr_nb.testing.fake_engine import FakeStatement, result_of

NAME = "emr_nb/ada/flights/abc123"
PATH = "/home/ada/flights.ipynb"
TABLE = result_of(pa.table({"n": [1, 2, 3]}))


def leave(bench, code="spark.table('t')\n", *, state="running", cell="", there=True, **asked):
    """Leave a statement behind, as a kernel that was killed does."""
    tag = secrets.token_hex(16)
    bench.engine.alive.setdefault(NAME, SessionInfo("7", NAME, "spark", "busy"))
    journal = bench.engine.journal
    journal.begin(
        StatementRow(
            *(tag, "j-FAKE", "spark", "7", state),
            notebook=PATH, cell=cell, text=code, language="python",
        )
    )  # fmt: skip
    with closing(sqlite3.connect(journal.path)) as db, db:
        db.execute("UPDATE statements SET owner_started = owner_started + 1 WHERE tag = ?", (tag,))
    if there:
        request = Request(code, "python", tag, **asked)
        made = FakeStatement(bench.engine, request, plan_transfer(request), "7")
        bench.engine.statements[tag] = made
    return tag


def attach(bench):
    result = bench.run("%emr attach fake")
    data, _ = bench.shell.display_formatter.format(result.result)
    return data["text/plain"]


def test_the_attach_says_which_cell_still_runs(bare):
    tag = leave(bare)
    text = attach(bare)
    assert "found 7" in text
    assert "its state of " in text
    assert "`spark.table('t')` of " in text
    assert "is still running" in text
    assert f"%emr result {tag[:8]}" in text


def test_the_same_cell_takes_its_output_and_sends_nothing(bare):
    bare.answer([Progress("running", 0.1), Log(("hello",), "stdout"), TABLE])
    tag = leave(bare)
    attach(bare)
    result = bare.run("%%spark\nspark.table('t')")
    assert bare.engine.requests == []
    assert bare.engine.journal.find(tag).state == "done"
    assert "hello" in result.out + bare.screen.text
    assert "recovered" in bare.screen.plain
    assert "3 rows" in bare.screen.plain
    bare.run("%%spark\nspark.table('t')")  # the next time it runs
    assert len(bare.engine.requests) == 1


def test_a_variable_arrives_whole(bare):
    bare.answer([TABLE])
    leave(bare, output="df", rows=-1)
    attach(bare)
    bare.run("%%spark -o df\nspark.table('t')")
    assert bare.engine.requests == []
    assert list(bare.shell.user_ns["df"]["n"]) == [1, 2, 3]


@pytest.mark.parametrize(
    "cell",
    [
        "%%spark\nspark.table('u')",
        "%%spark -o df\nspark.table('t')",
        "%%spark -n 5\nspark.table('t')",
    ],
)
def test_another_cell_runs_as_new(bare, cell):
    bare.answer([TABLE])
    tag = leave(bare)
    attach(bare)
    bare.shell.user_ns["df"] = None
    bare.run(cell)
    assert len(bare.engine.requests) == 1
    assert bare.engine.requests[0].tag != tag


def test_an_edited_cell_is_told_once_and_runs_as_new(bare, monkeypatch):
    from emr_nb.notebook import runner

    monkeypatch.setattr(runner, "cell_id", lambda _: "c1")  # as a front end sends it
    bare.answer([TABLE])
    tag = leave(bare, cell="c1")
    attach(bare)
    bare.run("%%spark\nspark.table('edited')")
    assert len(bare.engine.requests) == 1
    assert "has been edited" in bare.screen.text
    assert f"%emr result {tag[:8]}" in bare.screen.text
    bare.run("%%spark\nspark.table('edited again')")
    assert bare.screen.text.count("has been edited") == 1


def test_the_cell_of_another_id_does_not_take_it(bare, monkeypatch):
    from emr_nb.notebook import runner

    monkeypatch.setattr(runner, "cell_id", lambda _: "c2")
    leave(bare, cell="c1")
    attach(bare)
    bare.run("%%spark\nspark.table('t')")
    assert len(bare.engine.requests) == 1


def test_result_shows_and_binds(bare):
    bare.answer([Log(("hello",), "stdout"), TABLE])
    tag = leave(bare)
    attach(bare)
    result = bare.run(f"%emr result {tag[:8]} -o mine")
    assert len(result.result) == 3
    assert list(bare.shell.user_ns["mine"]["n"]) == [1, 2, 3]
    assert "hello" in result.out + bare.screen.text
    assert "recovered" in bare.screen.plain
    assert bare.notebook.attachment().recovery.orphans == {}


def test_result_without_a_tag_takes_the_newest_that_runs(bare):
    bare.answer([TABLE])
    leave(bare)
    attach(bare)
    bare.run("_r = %emr result")
    assert len(bare.shell.user_ns["_r"]) == 3


def test_result_in_the_middle_of_a_cell_shows_the_table(bare):
    bare.answer([TABLE])
    tag = leave(bare)
    attach(bare)
    bare.run(f"%emr result {tag[:8]}\nx = 1")
    assert "application/vnd.emr-nb.table.v1+json" in str(bare.screen.shown)


def test_result_of_what_is_gone_says_so(bench):
    bench.run("%%spark\n1")
    tag = bench.engine.requests[-1].tag
    bench.engine.statements.clear()
    result = bench.run(f"%emr result {tag[:8]}", fails=True)
    assert isinstance(result.error_in_exec, ResultError)
    assert "not kept" in str(result.error_in_exec)
    result = bench.run("%emr result", fails=True)
    assert isinstance(result.error_in_exec, UsageError)


def test_an_interrupted_wait_leaves_the_statement_running(bare):
    bare.answer([Progress("running", 0.1), KeyboardInterrupt()])
    tag = leave(bare)
    attach(bare)
    result = bare.run(f"%emr result {tag[:8]}", fails=True)
    assert "runs on" in str(result.error_in_exec)
    assert bare.engine.cancels == []


def test_an_interrupted_adopted_cell_is_cancelled(bare):
    bare.answer([Progress("running", 0.1), KeyboardInterrupt()])
    tag = leave(bare)
    attach(bare)
    bare.run("%%spark\nspark.table('t')", fails=True)
    assert bare.engine.cancels == [tag]


@pytest.mark.parametrize(("state", "why"), [("prepared", "has not run"), ("running", "is gone")])
def test_what_is_not_on_the_cluster_gets_its_end(bare, state, why):
    tag = leave(bare, state=state, there=False)
    assert "still running" not in attach(bare)
    row = bare.engine.journal.find(tag)
    assert row.state == "lost"
    assert why in row.error


def test_what_a_living_kernel_waits_for_is_left_alone(bare):
    tag = leave(bare)
    with closing(sqlite3.connect(bare.engine.journal.path)) as db, db:
        db.execute("UPDATE statements SET owner_started = owner_started - 1")
    assert "still running" not in attach(bare)
    bare.run("%%spark\nspark.table('t')")
    assert bare.engine.requests[0].tag != tag


def test_two_kernels_adopt_it_once(bare):
    tag = leave(bare)
    attach(bare)
    row = bare.engine.journal.find(tag)
    assert bare.engine.journal.take_over(row)
    bare.run("%%spark\nspark.table('t')")
    assert len(bare.engine.requests) == 1
    assert "Another kernel has taken" in bare.screen.text


def test_fresh_adopts_nothing(bare):
    leave(bare)
    result = bare.run("%emr attach fake --fresh")
    assert "still running" not in repr(bare.notebook.shown_form(result.result))
