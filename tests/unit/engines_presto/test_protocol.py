"""The statement protocol against a server that answers as recorded: once, whole, in its dialect."""

import json
import time

import pytest

from emr_nb.engines.asked import place_of
from emr_nb.errors import (
    HttpStatusError,
    ReplyLostError,
    StatementError,
    StatementOutcomeUnknownError,
)
from emr_nb.model import Log, Output, Progress, SessionOptions

COLUMNS = [{"name": "a", "type": "bigint"}]
PAGES = (
    {"stats": {"state": "QUEUED"}},
    {"columns": COLUMNS, "data": [[1], [2]]},
    {"columns": COLUMNS, "data": [[3]]},
    {"columns": COLUMNS, "stats": {"state": "FINISHED"}},
)
SLOW_DOWN = (503, b"", {"Retry-After": "0"})


def values(statement):
    return statement.result().table.column(0).to_pylist()


def headers(replay, method="POST"):
    return next(told for seen, _, told in replay.seen if seen == method)


@pytest.mark.parametrize(("prefix", "name"), [("X-Trino-", "trino"), ("X-Presto-", "presto")])
@pytest.mark.parametrize("asked", ["trino", "presto"])
def test_the_dialect_is_found_whatever_the_service_is_called(
    coordinator, submit, prefix, name, asked
):
    replay, session = coordinator(*PAGES, prefix=prefix, name=asked)
    assert session.prefix == prefix
    assert values(submit(session)) == [1, 2, 3]
    assert name in prefix.lower()
    assert {told for _, path, _ in replay.seen for told in [path.split("/")[1]]} == {"v1"}


def test_a_statement_carries_its_tag_and_the_sessions_state(coordinator, submit):
    conf = {
        "catalog": "hive",
        "properties": {"a.b": "x,y=1 %", "c": "ü"},
        "roles": {"hive": "ROLE{admin}"},
    }
    replay, session = coordinator(*PAGES, conf=conf)
    statement = submit(session)
    statement.result()
    told = headers(replay)
    tag = statement.reference.tag
    assert told["X-Trino-source"] == f"emr_nb/{tag}"
    assert tag in told["X-Trino-client-tags"].split(",")
    assert "PARAMETRIC_DATETIME" in told["X-Trino-client-capabilities"]
    assert (told["X-Trino-user"], told["X-Trino-catalog"]) == ("ada", "hive")
    assert told["X-Trino-session"] == "a.b=x%2Cy%3D1+%25,c=%C3%BC"
    assert told["X-Trino-role"] == "hive=ROLE%7Badmin%7D"
    assert told["X-Trino-transaction-id"] == "NONE"
    assert "X-Trino-query-data-encoding" not in told


def test_replies_change_the_state(coordinator, submit):
    replay, session = coordinator(*PAGES)
    replay.headers[2] = {
        "X-Trino-Set-Catalog": "c2",
        "X-Trino-Set-Schema": "s2",
        "X-Trino-Set-Path": "p.q",
        "X-Trino-Set-Session": "k=a%2Cb",
        "X-Trino-Set-Role": "hive=ALL",
        "X-Trino-Added-Prepare": "one=select+%3F",
        "X-Trino-Started-Transaction-Id": "t-1",
        "X-Trino-Set-Authorization-User": "bob",
    }
    submit(session).result()
    state = session.state
    assert (state.catalog, state.schema, state.path) == ("c2", "s2", "p.q")
    assert (state.properties, state.roles) == ({"k": "a,b"}, {"hive": "ALL"})
    assert (state.prepared, state.transaction) == ({"one": "select ?"}, "t-1")
    replay.seen.clear()
    replay.headers[2] = {
        "X-Trino-Clear-Session": "k",
        "X-Trino-Deallocated-Prepare": "one",
        "X-Trino-Clear-Transaction-Id": "true",
        "X-Trino-Reset-Authorization-User": "true",
    }
    submit(session).result()
    told = headers(replay)
    assert (told["X-Trino-user"], told["X-Trino-original-user"]) == ("bob", "ada")
    assert told["X-Trino-prepared-statement"] == "one=select+%3F"
    assert (session.state.properties, session.state.prepared) == ({}, {})
    assert not session.state.in_transaction
    assert session.state.authorization == ""


@pytest.mark.parametrize(
    "fault",
    [None, SLOW_DOWN, (502, b"", {}), (504, b"", {}), (429, b"", {"Retry-After": "0"}),
     (200, b"", {}), (200, b'{"id":"x","sta', {}), (200, b"{}", {"Content-Length": "900"}),
     (200, b"<html>", {})],
)  # fmt: skip
@pytest.mark.parametrize("method", ["POST", "GET"])
def test_a_lost_reply_is_asked_for_again(coordinator, submit, method, fault):
    replay, session = coordinator(*PAGES)
    replay.faults[method] = [fault, fault]
    statement = submit(session)
    assert values(statement) == [1, 2, 3]
    assert len(replay.posted) == 1
    assert not replay.faults[method]


def test_a_page_cut_within_its_rows_is_no_page(coordinator, submit):
    """Its beginning looks like a page without rows."""
    replay, session = coordinator(*PAGES, patience={"away": 0.5})
    whole = json.dumps({"id": "q", "stats": {}, "columns": COLUMNS, "data": [[1], [2]]})
    body = whole.replace(" ", "").encode()
    statement = submit(session)
    replay.faults["GET"] = [(200, body[:cut], {}) for cut in range(len(body) - 1, 40, -9)] * 9
    with pytest.raises(ReplyLostError):
        statement.result()


@pytest.mark.parametrize(("long", "said"), [(0.0, 1), (60.0, 0)])
def test_a_long_query_says_once_that_a_sleeping_machine_would_lose_it(
    coordinator, submit, long, said
):
    _, session = coordinator(*PAGES, patience={"long": long})
    logs = [event for event in submit(session).events() if isinstance(event, Log)]
    assert len([log for log in logs if "5 min" in "".join(log.lines)]) == said


def test_other_statuses_are_errors(coordinator, submit):
    replay, session = coordinator(*PAGES)
    replay.faults["POST"] = [(500, b"boom", {})]
    with pytest.raises(HttpStatusError, match="boom"):
        submit(session)
    assert replay.posted == []
    replay.faults["POST"] = [(413, b"", {})]
    with pytest.raises(HttpStatusError):
        submit(session)


def test_on_a_server_that_runs_at_once_nothing_is_sent_twice(coordinator, submit):
    replay, session = coordinator(*PAGES, queued=False)
    replay.faults["POST"] = [None]
    replay.queries = [{"queryId": "q7", "state": "RUNNING", "session": {"source": "other"}}]
    with pytest.raises(StatementOutcomeUnknownError, match="does not show it"):
        submit(session, "insert into t values 1")
    assert [seen for seen, path, _ in replay.seen if path.endswith("/statement")] == ["POST"]

    replay.faults["POST"] = [SLOW_DOWN]  # the server itself has not taken it
    assert values(submit(session)) == [1, 2, 3]


def test_an_adopted_statement_goes_on_where_the_other_was(coordinator, submit):
    _, session = coordinator(*PAGES)
    statement = submit(session)
    row = session.journal.find(statement.reference.tag)
    assert place_of(row).endswith("/2")
    engine = _engine_of(session)
    adopted = engine.recover(statement.reference)
    assert values(adopted) == [1, 2, 3]
    assert session.journal.find(statement.reference.tag).state == "done"
    assert engine.recover(statement.reference) is None  # it has ended: there is no place


def _engine_of(session):
    from emr_nb.engines.presto import PrestoEngine

    engine = PrestoEngine(session._context, "trino")
    engine.open(SessionOptions("other"))
    return engine


def test_a_failure_is_told_in_the_servers_words(coordinator, submit):
    failure = {
        "message": "line 2:8: Table 'a.b.c' does not exist",
        "errorCode": 46,
        "errorName": "TABLE_NOT_FOUND",
        "errorLocation": {"lineNumber": 2, "columnNumber": 8},
        "failureInfo": {
            "type": "io.trino.spi.TrinoException",
            "message": "no",
            "stack": ["a.b(C.java:1)"],
            "cause": {"type": "x.Y", "message": "root", "stack": ["d.e(F.java:2)"]},
        },
    }
    replay, session = coordinator({"error": failure, "stats": {"state": "FAILED"}})
    statement = submit(session)
    with pytest.raises(StatementError) as raised:
        statement.result()
    error = raised.value
    assert (error.ename, error.line, error.column) == ("TABLE_NOT_FOUND", 2, 8)
    assert error.what == "TABLE_NOT_FOUND: line 2:8: Table 'a.b.c' does not exist"
    assert "Caused by: x.Y: root" in error.folded
    assert "\tat d.e(F.java:2)" in error.folded
    assert session.journal.find(statement.reference.tag).state == "failed"
    assert replay.posted[0] == "select 1"


def test_progress_is_what_the_server_tells(coordinator, submit):
    stats = {"state": "RUNNING", "scheduled": True, "totalSplits": 50, "completedSplits": 20,
             "processedRows": 9, "processedBytes": 100, "peakMemoryBytes": 7,
             "queuedTimeMillis": 1500}  # fmt: skip
    few = stats | {"totalSplits": 7, "completedSplits": 3}
    pages = [{"stats": stats}, {"stats": few}, *PAGES]
    _, session = coordinator(*pages, patience={"event_every": 0.0})
    looks = [e for e in submit(session).events() if isinstance(e, Progress)]
    first = next(look for look in looks if look.splits_total == 50)
    assert (first.phase, first.fraction, first.rows, first.bytes) == ("running", 0.4, 9, 100)
    assert (first.splits_done, first.peak_memory, first.queued_seconds) == (20, 7, 1.5)
    assert next(look for look in looks if look.splits_total == 7).fraction is None
    assert looks[0].phase == "running"
    assert looks[-1].phase == "fetching"


def test_an_update_is_an_output_and_warnings_are_notices(coordinator, submit):
    count = {"columns": [{"name": "rows", "type": "bigint"}], "data": [[5]],
             "updateType": "INSERT", "updateCount": 5}  # fmt: skip
    _, session = coordinator(count)
    statement = submit(session, "insert into t select 1", rows=0)
    assert [e.data for e in statement.events() if isinstance(e, Output)] == [
        {"text/plain": "INSERT: 5 rows"}
    ]
    assert statement.result() is None
    _, session = coordinator({**PAGES[1], "warnings": [{"message": "old syntax"}]})
    assert "old syntax" in submit(session).result().notices


def test_a_statement_of_rows_named_rows_is_a_table(coordinator, submit):
    _, session = coordinator({"columns": [{"name": "rows", "type": "bigint"}], "data": [[5]]})
    assert values(submit(session, "select count(*) rows from t")) == [5]


def test_enough_rows_end_the_query(coordinator, submit):
    replay, session = coordinator(*PAGES[:2], *[PAGES[2]] * 30)
    result = submit(session, "/* first */ -- two\n (select 1)", rows=2).result()
    assert (len(result), result.truncated) == (2, True)
    give_up = time.monotonic() + 5
    while all(seen != "DELETE" for seen, _, _ in replay.seen) and time.monotonic() < give_up:
        time.sleep(0.02)
    assert any(seen == "DELETE" for seen, _, _ in replay.seen)


def test_what_may_write_is_never_cut_short(coordinator, submit):
    replay, session = coordinator(*PAGES)
    result = submit(session, "explain analyze insert into t select 1", rows=1).result()
    assert (len(result), result.truncated) == (1, True)
    assert not any(seen == "DELETE" for seen, _, _ in replay.seen)


def test_a_server_that_stays_away_is_told_once(coordinator, submit):
    replay, session = coordinator(*PAGES, patience={"notice": 0.1, "away": 10})
    statement = submit(session)
    replay.faults["GET"] = [(503, b"", {"Retry-After": "0.2"})] * 4
    logs = [line for e in statement.events() if isinstance(e, Log) for line in e.lines]
    assert len(logs) == 2
    assert "still trying" in logs[0]


@pytest.mark.parametrize("text", ["", ";", "  ;\n"])
def test_an_empty_cell_is_not_sent(coordinator, submit, text):
    replay, session = coordinator(*PAGES)
    with pytest.raises(ValueError, match="empty"):
        submit(session, text)
    assert replay.seen == []
