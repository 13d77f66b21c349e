"""The journal: rows before submits, found again by tag, from another process too."""

import os
import sqlite3
import stat
import subprocess
import sys
import textwrap
import threading
from contextlib import closing

import pytest

from emr_nb.errors import JournalError
from emr_nb.journal import Journal, SessionRow, StatementRow, owner_is_gone, process_started


@pytest.fixture
def journal(tmp_path):
    journal = Journal(tmp_path / "home" / "journal.sqlite")
    yield journal
    journal.close()


def row(tag: str, **values: object) -> StatementRow:
    return StatementRow(tag=tag, cluster="j-1", engine="spark", session="0", **values)


def test_a_row_is_owned_by_the_process_that_wrote_it(journal):
    journal.begin(row("ab" * 16, text="select 1"))
    found = journal.find("ab" * 16)
    assert found is not None
    assert (found.owner_pid, found.owner_started) == (os.getpid(), process_started(os.getpid()))
    assert found.state == "prepared"
    assert found.ended is None


def test_only_its_owner_can_read_the_file(journal):
    assert stat.S_IMODE(journal.path.stat().st_mode) == 0o600


def test_a_tag_is_found_by_its_beginning_when_it_is_the_only_one(journal):
    journal.begin(row("aa11"))
    journal.begin(row("aa22"))
    assert journal.find("aa1") is not None
    assert journal.find("aa") is None
    assert journal.find("bb") is None


def test_a_percent_sign_in_a_tag_is_no_wildcard(journal):
    journal.begin(row("aa11"))
    assert journal.find("%1") is None


def test_an_end_state_sets_the_end(journal):
    journal.begin(row("aa"))
    journal.update("aa", state="running", statement="7")
    running = journal.find("aa")
    assert running is not None
    assert running.ended is None
    journal.update("aa", state="done", rows=3)
    done = journal.find("aa")
    assert done is not None
    assert done.ended is not None
    assert (done.rows, done.statement) == (3, "7")
    assert journal.statements(open_only=True) == []


def test_an_unknown_column_is_refused(journal):
    with pytest.raises(ValueError, match="no such journal columns"):
        journal.update("aa", statee="done")


def test_one_tag_cannot_begin_twice(journal):
    journal.begin(row("aa"))
    with pytest.raises(JournalError):
        journal.begin(row("aa"))


def test_newest_first_and_filtered(journal):
    for number in range(5):
        journal.begin(row(f"t{number}", statement=str(number)))
    journal.begin(StatementRow(tag="other", cluster="j-2", engine="spark", session="0"))
    assert [r.tag for r in journal.statements(cluster="j-1", limit=2)] == ["t4", "t3"]


def test_sessions_are_taken_over_and_forgotten(journal):
    session = SessionRow(cluster="j-1", engine="spark", name="emr_nb/a", session="3")
    journal.remember_session(session)
    journal.remember_session(session)
    assert [s.session for s in journal.sessions("j-1")] == ["3"]
    journal.forget_session("j-1", "spark", "3")
    assert journal.sessions() == []


def test_another_process_sees_and_changes_the_same_rows(journal):
    journal.begin(row("aa"))
    code = f"""
        from pathlib import Path
        from emr_nb.journal import Journal
        journal = Journal(Path({str(journal.path)!r}))
        assert journal.find("aa").state == "prepared"
        journal.update("aa", state="running")
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True, timeout=60)
    found = journal.find("aa")
    assert found is not None
    assert found.state == "running"


def test_many_threads_write_at_once(journal):
    def write(number: int) -> None:
        for i in range(20):
            journal.begin(row(f"{number}-{i}"))
            journal.update(f"{number}-{i}", state="done")

    threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rows = journal.statements(limit=1000)
    assert len(rows) == 160
    assert {r.state for r in rows} == {"done"}


def test_a_file_that_is_no_journal_is_named(tmp_path):
    path = tmp_path / "journal.sqlite"
    path.write_text("not a database, and long enough to be told from an empty file " * 20)
    with pytest.raises(JournalError, match=r"journal\.sqlite"):
        Journal(path)


def test_a_newer_journal_is_refused_not_changed(tmp_path):
    path = tmp_path / "journal.sqlite"
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version=99")
    with pytest.raises(JournalError, match="newer"):
        Journal(path)


def test_a_process_that_is_gone_has_no_start_time():
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    child.wait()
    assert process_started(child.pid) == 0.0


# -- formats, owners, and files that are in the way -------------------------------------------

FORMAT_1 = """
CREATE TABLE statements (
  tag TEXT PRIMARY KEY, cluster TEXT NOT NULL, cluster_name TEXT NOT NULL DEFAULT '',
  engine TEXT NOT NULL, session TEXT NOT NULL, statement TEXT NOT NULL DEFAULT '',
  language TEXT NOT NULL DEFAULT '', notebook TEXT NOT NULL DEFAULT '',
  kernel TEXT NOT NULL DEFAULT '', cell TEXT NOT NULL DEFAULT '', text TEXT NOT NULL DEFAULT '',
  state TEXT NOT NULL, rows INTEGER, error TEXT NOT NULL DEFAULT '',
  spool TEXT NOT NULL DEFAULT '', owner_pid INTEGER NOT NULL, owner_started REAL NOT NULL,
  created REAL NOT NULL, updated REAL NOT NULL, ended REAL);
CREATE INDEX statements_created ON statements (created);
CREATE TABLE sessions (
  cluster TEXT NOT NULL, engine TEXT NOT NULL, name TEXT NOT NULL, session TEXT NOT NULL,
  notebook TEXT NOT NULL DEFAULT '', owner_pid INTEGER NOT NULL, owner_started REAL NOT NULL,
  created REAL NOT NULL, updated REAL NOT NULL, PRIMARY KEY (cluster, engine, session));
INSERT INTO statements (tag, cluster, engine, session, state, text, owner_pid, owner_started,
  created, updated) VALUES ('aa', 'j-1', 'spark', '0', 'running', 'select 1', 1, 2.0, 3.0, 4.0);
INSERT INTO sessions VALUES ('j-1', 'spark', 'emr_nb/a', '0', '', 1, 2.0, 3.0, 4.0);
PRAGMA user_version=1;
"""


@pytest.fixture
def old(tmp_path):
    path = tmp_path / "journal.sqlite"
    with closing(sqlite3.connect(path)) as db:
        db.executescript(FORMAT_1)
    return path


def test_an_older_journal_is_brought_up_to_date_with_all_it_holds(old):
    with closing(Journal(old)) as journal:
        found = journal.find("aa")
        assert found is not None
        assert (found.text, found.state, found.line) == ("select 1", "running", "")
        assert [(s.name, s.kept) for s in journal.sessions()] == [("emr_nb/a", 0)]
        assert found.fraction is None
        journal.begin(row("bb", line="%%spark -o df"))
        after = journal.find("bb")
        assert after is not None
        assert after.line == "%%spark -o df"
    with closing(sqlite3.connect(old)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (4,)
    with closing(Journal(old)) as journal:
        assert len(journal.statements()) == 2


def test_two_kernels_bring_it_up_to_date_at_once(old):
    failures = []

    def open_it() -> None:
        try:
            Journal(old).close()
        except JournalError as error:
            failures.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_a_journal_that_another_program_holds_is_named_and_nothing_is_written(journal):
    with closing(sqlite3.connect(journal.path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        journal._db.execute("PRAGMA busy_timeout=50")  # not the ten seconds of a user
        with pytest.raises(JournalError, match="locked"):
            journal.begin(row("aa"))
    journal.begin(row("aa"))
    assert len(journal.statements()) == 1


def test_a_journal_damaged_while_it_is_open_is_named(tmp_path):
    path = tmp_path / "journal.sqlite"
    with closing(Journal(path)) as journal:
        for number in range(200):
            journal.begin(row(f"t{number}", text="x" * 500))
        journal._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    path.write_bytes(data)
    with (
        pytest.raises(JournalError, match=r"journal\.sqlite"),
        closing(Journal(path)) as journal,
    ):
        journal.statements()


def test_a_statement_is_taken_over_once(journal):
    journal.begin(row("aa"))
    found = journal.find("aa")
    assert found is not None
    assert not owner_is_gone(found)
    with journal._write() as db:
        db.execute("UPDATE statements SET owner_started = owner_started + 1")
    found = journal.find("aa")
    assert found is not None
    assert owner_is_gone(found)
    assert journal.take_over(found)
    assert not journal.take_over(found)
    taken = journal.find("aa")
    assert taken is not None
    assert not owner_is_gone(taken)


def test_where_start_times_are_unknown_only_the_process_counts(journal):
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    child.wait()
    unknown = row("aa", owner_pid=child.pid)
    assert owner_is_gone(unknown)
    assert not owner_is_gone(row("aa", owner_pid=os.getpid()))


def test_a_number_given_again_is_another_session(journal):
    first = SessionRow(cluster="j-1", engine="spark", name="emr_nb/a", session="3")
    journal.remember_session(first, new=True)
    (before,) = journal.sessions()
    journal.remember_session(first)
    assert journal.sessions()[0].created == before.created
    journal.remember_session(first, new=True)
    assert journal.sessions()[0].created > before.created
    journal.remember_session(SessionRow("j-1", "spark", "emr_nb/b", "3"))
    (after,) = journal.sessions()
    assert after.name == "emr_nb/b"


def test_a_second_connection_leaves_the_first_ones_locks(tmp_path):
    path = tmp_path / "journal.sqlite"
    first, second = Journal(path), Journal(path)
    taken = (
        "import fcntl, sys\n"
        "with open(sys.argv[1], 'r+b') as file:\n"
        "    try: fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)\n"
        "    except OSError: sys.exit(0)\n"
        "sys.exit('nobody holds a lock')\n"
    )
    # else another process takes itself for the last and removes what is not written back yet
    subprocess.run([sys.executable, "-c", taken, str(path)], check=True)
    first.close()
    second.close()
