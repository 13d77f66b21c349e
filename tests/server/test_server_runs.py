"""What cells showed while no page was there: kept by kernels, or read from what they left."""

from __future__ import annotations

import json
import secrets
import sqlite3
from contextlib import closing

import pyarrow as pa
import pytest

from emr_nb.errors import ConnectFailedError, StatementError
from emr_nb.journal import RunRow, StatementRow
from emr_nb.journal.runs import digest_of
from emr_nb.model import FilePath, Log, Output, Request, SessionInfo, WriteTarget
from emr_nb.results.plan import plan_transfer
from emr_nb.results.table import MIME
from emr_nb.testing.fake_engine import FakeStatement, result_of

CODE = "spark.table('t')"
CELL = f"%%spark\n{CODE}"
RUN = "a" * 32
TABLE = result_of(pa.table({"n": list(range(30))}))
SHOWN = [{"output_type": "stream", "name": "stdout", "text": "hello\n"}]


@pytest.fixture
def journal(rig):
    return rig.state.journal


@pytest.fixture
def engine(rig, journal):
    made = rig.backend.cluster("j-1", journal).spark
    made.alive["x"] = SessionInfo("7", "x", "spark", "idle")
    return made


def begin(rig, run=RUN, cell="c1", notebook="a.ipynb"):
    path = str(rig.root / notebook)
    rig.state.journal.runs.begin(RunRow(run, path, cell, "j-1", digest_of(CELL)))


def gone(journal, table):
    """Let the owner of all rows be a process that has ended."""
    with closing(sqlite3.connect(journal.path)) as db, db:
        db.execute(f"UPDATE {table} SET owner_started = owner_started + 1")


def leave(rig, engine, *steps, ended=True, state="running", **asked):
    """Leave a run behind whose kernel was killed; return its statement's tag."""
    begin(rig)
    tag = secrets.token_hex(16)
    request = Request(CODE, "python", tag, **asked)
    row = StatementRow(tag, "j-1", "spark", "7", state, language="python", text=CODE,
                       notebook=str(rig.root / "a.ipynb"), cell="c1")  # fmt: skip
    rig.state.journal.begin(row)
    engine.answer = steps
    engine.script = lambda _: steps
    made = engine.statements[tag] = FakeStatement(engine, request, plan_transfer(request), "7")
    made.ended = ended
    for table in ("runs", "statements"):
        gone(rig.state.journal, table)
    return tag


def output(rig, run=RUN, source=CELL, take=True):
    return rig.post(f"/runs/{run}/output", source=source, take=take).json


def runs(rig, notebook="a.ipynb"):
    return [(r["run"], r["state"]) for r in rig.get("/runs", notebook=notebook).json["runs"]]


def test_a_run_is_listed_for_its_notebook_until_the_file_has_it(rig, journal):
    begin(rig)
    assert runs(rig) == [(RUN, "running")]
    assert output(rig)["state"] == "running"
    journal.runs.end(RUN, json.dumps(SHOWN))
    told = output(rig)
    assert (told["state"], told["outputs"], told["edited"]) == ("ended", SHOWN, False)
    assert output(rig) == told, "asking takes nothing away"
    assert runs(rig, "b.ipynb") == []
    assert rig.post("/runs/saved", notebook="b.ipynb", runs=[RUN]).json == {"forgotten": 0}
    assert rig.post("/runs/saved", notebook="a.ipynb", runs=[RUN]).json == {"forgotten": 1}
    assert runs(rig) == []
    assert rig.post(f"/runs/{RUN}/output", source="").status == 410


def test_a_cell_that_was_edited_since_is_said_to_be(rig, journal):
    begin(rig)
    journal.runs.end(RUN, "[]")
    assert output(rig, source=f"{CELL} ")["edited"] is True


def test_the_end_of_a_run_is_told_to_who_watches(rig, journal):
    begin(rig)
    page = rig.live("runs")
    journal.runs.end(RUN, "[]")
    told = page.until("runs", lambda body: body["state"] == "ended")
    assert (told["run"], told["cell"]) == (RUN, "c1")
    assert "outputs" not in told
    page.close()


def test_a_lost_kernels_table_is_drawn_from_the_cluster_and_once(rig, engine, journal):
    tag = leave(rig, engine, Log(("hello",), "stdout"), Output({"text/plain": "42"}), TABLE)
    assert rig.get("/runs", notebook="a.ipynb").json["runs"][0]["orphan"] is True
    assert output(rig, take=False)["state"] == "left", "while a kernel may adopt it"
    told = output(rig)
    printed, value, table = told["outputs"]
    assert (told["state"], printed["text"]) == ("ended", "hello\n")
    assert value["data"] == {"text/plain": "42"}
    payload = table["data"][MIME]
    assert (payload["held"], len(payload["rows"]), payload["result"]) == (30, 20, "")
    assert {"text/html", "text/plain"} < set(table["data"])
    row = journal.find(tag)
    assert (row.state, row.rows) == ("done", 30)
    assert output(rig)["outputs"] == told["outputs"]
    assert engine.requests == [], "nothing was run again"


def test_what_still_runs_is_left_to_run(rig, engine, journal):
    tag = leave(rig, engine, TABLE, ended=False)
    told = output(rig)
    assert (told["state"], told["outputs"]) == ("running", [])
    assert journal.find(tag).state == "running"
    engine.statements[tag].ended = True
    assert output(rig)["state"] == "ended"


@pytest.mark.parametrize(
    "asked",
    [{"output": "df"}, {"rows": -1}, {"target": WriteTarget(FilePath.parse("hdfs:///x"))}],
    ids=["a variable", "all rows", "a file"],
)
def test_what_a_kernel_has_to_take_waits_for_one(rig, engine, journal, asked):
    tag = leave(rig, engine, TABLE, **asked)
    told = output(rig)
    assert (told["state"], told["tag"]) == ("left", tag)
    assert journal.find(tag).state == "running"


def test_a_failure_is_shown_as_an_error(rig, engine):
    leave(rig, engine, StatementError("ZeroDivisionError: division by zero", ename="Z"))
    (error,) = output(rig)["outputs"]
    assert (error["output_type"], error["ename"]) == ("error", "StatementError")
    assert "division by zero" in error["evalue"]


def test_what_is_gone_is_said_to_be_lost(rig, engine, journal):
    tag = leave(rig, engine, TABLE)
    del engine.statements[tag]
    told = output(rig)
    assert told["state"] == "ended"
    assert "Lost" in told["outputs"][0]["text"]
    assert journal.find(tag).state == "lost"


def test_a_cluster_that_is_gone_loses_it(rig, engine):
    leave(rig, engine, TABLE)
    rig.backend.provider.listed.clear()
    rig.post("/clusters/refresh")
    assert "Lost" in output(rig)["outputs"][0]["text"]


def test_a_cluster_that_does_not_answer_loses_nothing(rig, engine, journal, monkeypatch):
    leave(rig, engine, TABLE)

    def refuse(_):
        raise ConnectFailedError("Livy refused", where="livy", advice="Wait.")

    with monkeypatch.context() as patched:
        patched.setattr(engine, "recover", refuse)
        assert rig.post(f"/runs/{RUN}/output", source=CELL, take=True).status >= 500
    assert runs(rig) == [(RUN, "running")]
    assert output(rig)["state"] == "ended"


def test_a_kernel_that_took_it_meanwhile_keeps_it(rig, engine, journal):
    tag = leave(rig, engine, TABLE)
    with closing(sqlite3.connect(journal.path)) as db, db:
        db.execute("UPDATE statements SET owner_pid = 1, owner_started = 0")  # init: alive
    told = output(rig)
    assert "Another kernel" in told["outputs"][0]["text"]
    assert journal.find(tag).state == "running"


def test_a_cell_that_sent_nothing_has_not_run(rig, journal):
    begin(rig)
    gone(journal, "runs")
    assert "has not run" in output(rig)["outputs"][0]["text"]


def test_a_run_that_cannot_be_is_refused(rig):
    assert rig.post("/runs/zz/output", source="").status == 400
    assert rig.post("/runs/saved", notebook="a.ipynb", runs=["' OR 1=1"]).status == 400
