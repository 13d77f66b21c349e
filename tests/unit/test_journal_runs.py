"""Runs of cells in the journal: what a cell showed is kept for a page that did not see it."""

import json
import time

import pytest

from emr_nb.journal import Journal, RunRow, SessionRow, StatementRow
from emr_nb.journal import runs as kept
from emr_nb.journal.kept import anything_kept


@pytest.fixture
def journal(tmp_path):
    made = Journal(tmp_path / "journal.sqlite")
    yield made
    made.close()


def begin(journal, run="r1", cell="c1", notebook="/n.ipynb"):
    journal.runs.begin(RunRow(run, notebook, cell, "j-1", digest="d"))


def test_what_a_run_showed_is_kept_until_it_is_in_the_file(journal):
    begin(journal)
    assert [r.state for r in journal.runs.of_notebook("/n.ipynb")] == ["running"]
    assert journal.runs.forget("/n.ipynb", ["r1"]) == 0, "what runs is never forgotten"
    journal.runs.end("r1", json.dumps([{"output_type": "stream"}]))
    (row,) = journal.runs.of_notebook("/n.ipynb")
    assert (row.state, row.ended is not None, row.digest) == ("ended", True, "d")
    assert journal.runs.outputs("r1") == '[{"output_type": "stream"}]'
    assert journal.runs.of_notebook("/other.ipynb") == []
    assert journal.runs.forget("/other.ipynb", ["r1"]) == 0
    assert journal.runs.forget("/n.ipynb", ["r1"]) == 1
    assert (journal.runs.find("r1"), journal.runs.outputs("r1")) == (None, "")


def test_a_cell_has_its_newest_run_alone(journal):
    begin(journal)
    journal.runs.end("r1", "[]")
    begin(journal, "r2")
    begin(journal, "r3", cell="c2")
    assert [r.run for r in journal.runs.of_notebook("/n.ipynb")] == ["r3", "r2"]


def test_runs_go_after_a_day_and_beyond_so_many_bytes(journal, monkeypatch):
    for number in range(4):
        begin(journal, f"r{number}", cell=f"c{number}")
        journal.runs.end(f"r{number}", "x" * 100)
    monkeypatch.setattr(kept, "MAX_BYTES", 250)
    begin(journal, "r9", cell="c9")
    journal.runs.end("r9", "x" * 100)
    assert [r.run for r in journal.runs.of_notebook("/n.ipynb")] == ["r9", "r3"]
    with journal._write() as db:
        db.execute("UPDATE runs SET updated = ? WHERE run = 'r3'", (time.time() - 25 * 3600,))
    assert [r.run for r in journal.runs.of_notebook("/n.ipynb")] == ["r9"]
    begin(journal, "r10", cell="c10")
    journal.runs.end("r10", "[]")
    assert journal.runs.find("r3") is None


def test_a_run_larger_than_all_that_is_kept_stays_as_the_newest(journal, monkeypatch):
    monkeypatch.setattr(kept, "MAX_BYTES", 10)
    begin(journal)
    journal.runs.end("r1", "x" * 100)
    assert journal.runs.outputs("r1") == "x" * 100


def test_clearing_the_history_forgets_what_cells_showed(journal):
    begin(journal)
    begin(journal, "r2", cell="c2")
    journal.runs.end("r1", "[]")
    journal.begin(StatementRow("aa", "j-1", "spark", "1"))
    journal.clear(cluster="j-2")
    assert len(journal.runs.of_notebook("/n.ipynb")) == 2
    journal.clear()
    assert [r.run for r in journal.runs.of_notebook("/n.ipynb")] == ["r2"]


def test_changes_are_told_by_time(journal):
    begin(journal)
    (row,) = journal.runs.changed(0.0)
    journal.runs.end("r1", "[]")
    (after,) = journal.runs.changed(row.updated)
    assert after.state == "ended"
    assert journal.runs.changed(after.updated) == []


def test_one_process_alone_takes_an_orphan_over(journal):
    begin(journal)
    with journal._write() as db:
        db.execute("UPDATE runs SET owner_pid = 1, owner_started = 2")
    row = journal.runs.find("r1")
    assert row is not None
    assert journal.runs.take_over(row)
    assert not journal.runs.take_over(row)


def test_what_is_kept_of_a_session_stays_when_a_kernel_takes_it_and_not_for_a_new_one(journal):
    name = ("j-1", "spark", "emr_nb/ada/x", "1")
    journal.remember_session(SessionRow(*name), new=True)
    (row,) = journal.sessions()
    until = time.time() + 60
    journal.keep_session(row, until)
    journal.remember_session(SessionRow(*name))
    assert [s.kept for s in journal.kept_sessions(time.time())] == [until]
    assert journal.kept_sessions(until + 1) == []
    journal.remember_session(SessionRow(*name), new=True)
    assert journal.kept_sessions(time.time()) == []


def test_a_session_is_given_back_to_whom_it_was_unless_another_has_it_by_now(journal):
    name = ("j-1", "spark", "emr_nb/ada/x", "1")
    journal.remember_session(SessionRow(*name, notebook="/n.ipynb"), new=True)
    with journal._write() as db:
        db.execute("UPDATE sessions SET owner_pid = 1, owner_started = 2")
    (before,) = journal.sessions()
    journal.remember_session(SessionRow(*name))
    journal.give_back_session(before)
    (after,) = journal.sessions()
    assert (after.owner_pid, after.owner_started, after.notebook) == (1, 2, "/n.ipynb")
    with journal._write() as db:
        db.execute("UPDATE sessions SET owner_pid = 3")
    journal.give_back_session(before)
    assert journal.sessions()[0].owner_pid == 3


def test_whether_anything_is_kept_is_asked_without_making_a_file(journal, tmp_path):
    assert not anything_kept(tmp_path / "none.sqlite")
    assert not (tmp_path / "none.sqlite").exists()
    row = SessionRow("j-1", "spark", "emr_nb/ada/x", "1")
    journal.remember_session(row, new=True)
    assert not anything_kept(journal.path)
    journal.keep_session(row, time.time() + 60)
    assert anything_kept(journal.path)
    journal.keep_session(row, time.time() - 1)
    assert not anything_kept(journal.path)
