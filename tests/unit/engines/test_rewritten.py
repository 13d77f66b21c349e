"""A statement that writes for `--to`: it ends with its files in place, or with nothing left."""

import time

import pyarrow as pa
import pytest

from emr_nb.engines.rewritten import TargetStatement, Writing
from emr_nb.engines.sql.origins import Origin
from emr_nb.engines.sql.parameters import Placed
from emr_nb.engines.target_folder import TargetFolder
from emr_nb.errors import FileError, StatementError
from emr_nb.journal import Journal, StatementRow
from emr_nb.model import (
    CancelOutcome,
    FilePath,
    Output,
    Progress,
    Request,
    SessionOptions,
    WriteTarget,
)
from emr_nb.results.plan import plan_transfer
from emr_nb.testing.fake_engine import FakeEngine, MemoryFileSystem, result_of

TAG = "ab" * 16
PREFIX = "CREATE TABLE t AS\n"
TARGET = FilePath("hdfs", "", "/data/out")


@pytest.fixture
def write(tmp_path):
    """Return a statement whose engine does these steps, its store, and what was dropped."""
    journal = Journal(tmp_path / "journal.db")
    made = []

    def make(*steps, there=(), empty=b"empty"):
        store, dropped = MemoryFileSystem("hdfs", {str(TARGET.child(n)): b"" for n in there}), []
        journal.begin(StatementRow(TAG, "j-1", "hive", "s", spool="hdfs:///data/x"))
        folder = TargetFolder.make(store, WriteTarget(TARGET), TAG, ())

        def script(_request):
            store.write(folder.files.child("0"), [b"rows"])
            yield Progress("running", 0.1)
            yield Output({"text/plain": "CREATE TABLE: 5 rows"})
            yield from steps

        engine = FakeEngine(script)
        request = Request("select\n x", "sql", TAG)
        session = engine.open(SessionOptions("s"))
        inner = session.submit(request, plan_transfer(request))
        writing = Writing(folder, journal, lambda: dropped.append(1), lambda: [empty])
        origin = Origin(request.code, 0, Placed(request.code).behind(PREFIX))
        made.append((TargetStatement(inner, origin, writing), store, dropped))
        return made[-1]

    yield make, journal
    journal.close()


def test_it_ends_with_its_files_in_place(write):
    make, journal = write
    statement, store, dropped = make(result_of(pa.table({"rows": [5]})))
    events = list(statement.events())
    assert [type(event) for event in events] == [Progress]  # its own count is no output
    assert statement.result() is None
    assert store.files == {"hdfs:///data/out/0": b"rows"}
    assert dropped == [1]
    assert journal.find(TAG).spool == ""


def test_a_failure_leaves_nothing_and_points_at_the_cell(write):
    make, _ = write
    error = StatementError("X: line 3:2: no x", line=3)
    statement, store, dropped = make(error)
    with pytest.raises(StatementError, match="line 2:2"):
        statement.result()
    assert error.line == 2
    assert store.files == {}
    assert dropped == [1]
    with pytest.raises(StatementError):
        statement.result()
    assert statement.cancel() is CancelOutcome.ALREADY_ENDED


def test_what_came_to_the_target_meanwhile_stays(write):
    make, journal = write
    statement, store, _ = make(there=("theirs",))
    with pytest.raises(FileError, match="there by now"):
        statement.result()
    assert list(store.files) == ["hdfs:///data/out/theirs"]
    row = journal.find(TAG)
    assert (row.state, row.spool) == ("failed", "")


def test_a_cancel_removes_what_was_written(write):
    make, _ = write
    statement, store, _ = make()
    events = statement.events()
    next(events)
    assert statement.cancel() is CancelOutcome.STOPPED
    events.close()
    for _ in range(500):
        if not store.files:
            break
        time.sleep(0.01)
    assert store.files == {}
