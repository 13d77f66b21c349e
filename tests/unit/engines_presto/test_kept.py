"""A result that is taken page by page: whole, in bounded memory, and let go of."""

import sqlite3
import time
import uuid
from contextlib import closing
from dataclasses import replace

import pytest

from emr_nb.engines.asked import place_of
from emr_nb.engines.presto.pace import Patience
from emr_nb.errors import ResultError, StatementCancelledError, StatementError
from emr_nb.model import Request
from emr_nb.results.plan import TransferPlan, plan_transfer

COLUMNS = [{"name": "a", "type": "bigint"}]
FIRST = {"columns": COLUMNS, "stats": {"state": "RUNNING"}}
LAST = {"columns": COLUMNS, "stats": {"state": "FINISHED"}}
FAILED = {"error": {"message": "Division by zero", "errorName": "DIVISION_BY_ZERO"}}


def page(*values):
    return {"columns": COLUMNS, "data": [[value] for value in values]}


def keep(session, sql="select a from t", limit=None):
    request = Request(sql, "sql", uuid.uuid4().hex, rows=-1 if limit is None else limit)
    return session.submit(request, replace(plan_transfer(request), keep=True))


def taken(statement):
    return [v for _, table in statement.kept.tables() for v in table.column(0).to_pylist()]


def state(session, statement):
    row = session.journal.find(statement.reference.tag)
    return row.state, row.rows


def test_rows_are_taken_page_by_page_and_counted(coordinator):
    _, session = coordinator(FIRST, page(1, 2), page(), page(3), LAST)
    statement = keep(session)
    result = statement.result()
    assert (len(result), result.schema) == (0, statement.kept.arrow_schema)
    assert statement.kept.limit is None
    assert state(session, statement)[0] == "running"
    assert taken(statement) == [1, 2, 3]
    with pytest.raises(ResultError, match="read once"):
        list(statement.kept.tables())
    statement.release()
    assert statement.kept is None
    assert state(session, statement) == ("done", 3)
    statement.release()


def test_a_limit_ends_the_query(coordinator):
    replay, session = coordinator(FIRST, page(1, 2), page(3, 4), *[page(5)] * 30, LAST)
    statement = keep(session, limit=3)
    statement.result()
    assert taken(statement) == [1, 2, 3, 4]  # the writer counts
    statement.release()
    give_up = time.monotonic() + 5
    while all(seen != "DELETE" for seen, _, _ in replay.seen) and time.monotonic() < give_up:
        time.sleep(0.02)
    assert any(seen == "DELETE" for seen, _, _ in replay.seen)
    assert state(session, statement)[0] == "done"


def test_a_failure_on_the_way_is_no_short_result(coordinator):
    _, session = coordinator(FIRST, page(1, 2), FAILED)
    statement = keep(session)
    statement.result()
    tables = statement.kept.tables()
    next(tables)
    with pytest.raises(StatementError, match="Division by zero"):
        next(tables)
    statement.release()
    assert state(session, statement)[0] == "failed"


def test_rows_that_nobody_takes_are_let_go_of(coordinator):
    replay, session = coordinator(FIRST, page(1), *[page(2)] * 30, LAST)
    statement = keep(session)
    statement.result()
    statement.release()
    assert state(session, statement)[0] == "cancelled"
    with pytest.raises(StatementCancelledError):
        statement.result()
    give_up = time.monotonic() + 5
    while all(seen != "DELETE" for seen, _, _ in replay.seen) and time.monotonic() < give_up:
        time.sleep(0.02)
    assert any(seen == "DELETE" for seen, _, _ in replay.seen)


def test_the_query_is_touched_while_the_writer_is_busy(coordinator):
    replay, session = coordinator(
        FIRST, *[page(n) for n in range(30)], LAST, patience={"touch_every": 0.2}
    )
    statement = keep(session)
    statement.result()
    tables = statement.kept.tables()
    next(tables)
    give_up = time.monotonic() + 10
    while all(seen != "HEAD" for seen, _, _ in replay.seen) and time.monotonic() < give_up:
        time.sleep(0.05)
    # few pages are ahead, however long the writer takes
    assert sum(seen == "GET" for seen, _, _ in replay.seen) < 12
    assert sum(1 for _ in tables) == 29
    assert any(seen == "HEAD" for seen, _, _ in replay.seen)
    statement.release()


def test_what_changes_something_is_no_table_to_keep(coordinator):
    count = {"columns": [{"name": "rows", "type": "bigint"}], "data": [[5]],
             "updateType": "INSERT", "updateCount": 5}  # fmt: skip
    _, session = coordinator(count)
    statement = keep(session, "insert into t select 1")
    assert statement.result() is None
    assert statement.kept is None


# -- adopted ------------------------------------------------------------------------------


def test_an_adopted_statement_knows_its_cell_and_takes_its_plan(coordinator, submit):
    _, session = coordinator(FIRST, page(1, 2), page(3), LAST)
    statement = submit(
        session, "select a from t", rows=None, database="s", catalog="c", settings={"k": "v"},
        cell_id="c1",
    )  # fmt: skip
    row = session.journal.find(statement.reference.tag)
    assert place_of(row).endswith("/2")
    adopted = session.adopt(statement.reference, row)
    asked = adopted.request
    assert (asked.code, asked.rows, asked.database, asked.catalog) == (
        *("select a from t", None),
        *("s", "c"),
    )
    assert (asked.settings, asked.cell_id) == ({"k": "v"}, "c1")
    adopted.resume(TransferPlan(2))
    result = adopted.result()
    assert (len(result), result.truncated) == (2, True)


def test_a_kernel_that_is_gone_leaves_its_sessions_number_and_no_half_read_rows(
    coordinator, submit
):
    from emr_nb.engines.presto import PrestoEngine
    from emr_nb.model import SessionOptions

    _, session = coordinator(FIRST, page(1, 2), page(3), LAST)
    statement = submit(session, "select a from t")
    next(iter(statement.events()))
    statement._reader.stop()
    later = PrestoEngine(session._context, "trino")
    assert later.open(SessionOptions("s")).info.id != session.info.id  # its kernel lives
    session.journal._started += 1  # what other kernels see of one that is gone
    session.journal.remember_session(session.journal.sessions()[-1])
    session.journal._started -= 1
    later = PrestoEngine(session._context, "trino")
    rows = session.journal.sessions()
    gone = next(row for row in rows if row.session == later.open(SessionOptions("s")).info.id)
    assert gone.name == "s"
    place = session.journal.find(statement.reference.tag).place
    session.journal.update(statement.reference.tag, place="+" + place.lstrip("+"))
    assert later.recover(statement.reference) is None


@pytest.mark.parametrize(
    "gone", [{"forgot": True}, {"query": {"errorCode": {"name": "ABANDONED_QUERY"}}}]
)
def test_what_the_server_gave_up_runs_anew_unless_it_may_have_changed_something(
    coordinator, submit, gone
):
    from emr_nb.engines.presto import PrestoEngine

    replay, session = coordinator(FIRST, page(1, 2), page(3), LAST)
    engine = PrestoEngine(session._context, "trino")
    query = submit(session, "select a from t")
    assert engine.recover(query.reference) is not None
    insert = submit(session, "insert into t select 1")
    for name, value in gone.items():
        setattr(replay, name, value)
    assert engine.recover(query.reference) is None
    assert engine.recover(insert.reference) is not None  # its cell tells that nobody knows


def test_what_a_gone_kernel_began_is_touched_until_its_cell_takes_it(coordinator, submit):
    from emr_nb.engines.presto import PrestoEngine

    replay, session = coordinator(FIRST, page(1, 2), LAST)
    statement = submit(session, "select a from t")
    engine = PrestoEngine(session._context, "trino", Patience(touch_every=0.1))

    def heads():
        return sum(seen == "HEAD" for seen, _, _ in replay.seen)

    def wait(enough):
        give_up = time.monotonic() + 5
        while not enough() and time.monotonic() < give_up:
            time.sleep(0.02)
        return enough()

    engine.recover(statement.reference)  # its kernel lives
    assert engine._warmed()._tags == set()
    row = session.journal.find(statement.reference.tag)
    with closing(sqlite3.connect(session.journal.path)) as db, db:
        db.execute("UPDATE statements SET owner_started = owner_started + 1")
    assert engine.recover(statement.reference) is not None
    assert engine.recover(statement.reference) is not None
    assert wait(lambda: heads() >= 2)
    paths = {path for seen, path, _ in replay.seen if seen == "HEAD"}
    assert paths == {"/" + place_of(row).partition("//")[2].partition("/")[2]}
    assert session.journal.take_over(session.journal.find(statement.reference.tag))
    assert wait(lambda: not engine._warmed()._tags)
    engine.close()
