"""The engine contract and a session's own promises on a real Trino, in both dialects."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from trino_rig import TrinoRig, run, submit

from emr_nb.engines.base import Engine, Session
from emr_nb.engines.presto.client import PRESTO, TRINO
from emr_nb.engines.presto.state import ClientState
from emr_nb.errors import (
    AuthenticationError,
    ResultTooLargeError,
    StatementError,
    UsageError,
)
from emr_nb.model import Output, Progress, SessionOptions
from emr_nb.results.plan import TransferPlan
from emr_nb.testing.engines import Cells, EngineContract, text_of
from emr_nb.transport.base import Deadline

pytestmark = pytest.mark.cluster

SLOW = "select count(*) from tpch.sf100.lineitem"


class TestTrinoEngine(EngineContract):
    tables_only = True
    cells = Cells(
        language="sql",
        shows="select 'forty-two'",
        shown="forty-two",
        fails="select 1/0",
        failure="Division by zero",
        slow=SLOW,
        one="select {}",
        table="select * from (values 1, 2, 3)",
    )
    dialect = "trino"

    @pytest.fixture
    def engine(self, trino: TrinoRig) -> Engine:
        return trino.engine(self.dialect)

    @pytest.fixture
    def other_engine(self, trino: TrinoRig) -> Engine:
        return trino.engine(self.dialect)

    @pytest.fixture
    def session(self, engine: Engine) -> Session:
        return engine.open(SessionOptions("emr_nb/ada/contract/1"))


@pytest.mark.full
class TestPrestoDialect(TestTrinoEngine):
    dialect = "presto"


@pytest.fixture(params=["trino", "presto"])
def session(request: pytest.FixtureRequest, trino: TrinoRig) -> Iterator[object]:
    return trino.session(trino.engine(request.param))


def test_the_dialect_is_found_by_itself(trino: TrinoRig) -> None:
    for name, prefix in (("trino", TRINO), ("presto", PRESTO)):
        assert trino.session(trino.engine(name)).prefix == prefix


# -- state --------------------------------------------------------------------------------


def test_a_session_remembers_what_statements_change(session) -> None:
    run(session, "use tpch.tiny")
    assert run(session, "select count(*) n from nation").table["n"].to_pylist() == [25]
    run(session, "set session query_max_run_time = '7m'")
    shown = run(session, "show session like 'query_max_run_time'").table
    assert shown["Value"].to_pylist() == ["7m"]
    run(session, "prepare odd from select ? + 1, 'a=b,\"c\" %'")
    assert run(session, "execute odd using 41").table.column(0).to_pylist() == [42]
    assert {"catalog tpch", "schema tiny", "prepared odd"} <= set(session.info.log)
    run(session, "deallocate prepare odd")
    run(session, "reset session query_max_run_time")
    assert (session.state.prepared, session.state.properties) == ({}, {})


def test_a_transaction_spans_statements(session) -> None:
    run(session, "start transaction")
    assert session.state.in_transaction
    assert any(line.startswith("transaction ") for line in session.info.log)
    run(session, "select 1")
    run(session, "rollback")
    assert not session.state.in_transaction


def test_a_cells_own_options_do_not_stay(session) -> None:
    made = run(session, "select count(*) from region", database="tpch.tiny")
    assert made.table.column(0).to_pylist() == [5]
    shown = run(
        session, "show session like 'query_max_run_time'", settings={"query_max_run_time": "9m"}
    )
    assert shown.table["Value"].to_pylist() == ["9m"]
    assert (session.state.catalog, session.state.properties) == ("memory", {})


def test_a_session_begins_as_it_is_asked_to(trino: TrinoRig) -> None:
    session = trino.session(
        catalog="tpch", schema="sf1", time_zone="America/St_Johns",
        properties={"query_max_run_time": "3m"},
    )  # fmt: skip
    assert run(session, "select current_timezone()").table.column(0).to_pylist() == [
        "America/St_Johns"
    ]
    assert run(session, "select count(*) from region").table.column(0).to_pylist() == [5]
    with pytest.raises(UsageError, match="no option colour"):
        trino.session(colour="red")


def test_a_role_that_is_refused_changes_nothing(session) -> None:
    with pytest.raises(StatementError):
        run(session, "set role none in nowhere")
    assert session.state.roles == {}


# -- results ------------------------------------------------------------------------------


def test_updates_say_what_they_did_and_give_no_table(session) -> None:
    run(session, "drop table if exists updates")
    statement = submit(session, "create table updates as select * from (values 1, 2) t(a)")
    assert text_of(list(statement.events())) == "CREATE TABLE: 2 rows"
    assert statement.result() is None
    for sql, said in (
        ("insert into updates values 3", "INSERT: 1 row"),
        ("drop table updates", "DROP TABLE"),
    ):
        assert text_of(list(submit(session, sql, rows=0).events())) == said


def test_a_semicolon_at_the_end_and_an_empty_cell(session) -> None:
    assert run(session, "select ';' -- a note ;\n;;\n").table.column(0).to_pylist() == [";"]
    for code in ("", " ;\n"):
        with pytest.raises(UsageError, match="empty"):
            run(session, code)


def test_a_limit_is_known_and_ends_the_query(session) -> None:
    statement = submit(session, "select * from tpch.sf100.lineitem", rows=5)
    began = time.monotonic()
    result = statement.result()
    assert (len(result), result.truncated) == (5, True)
    assert time.monotonic() - began < 30
    whole = run(session, "select * from (values 1, 2, 3)", rows=3)
    assert (len(whole), whole.truncated) == (3, False)
    schema = run(session, "select 1 a, 'x' b from tpch.sf100.lineitem", rows=0)
    assert (schema.table.column_names, len(schema), schema.truncated) == (["a", "b"], 0, True)


def test_a_result_above_the_budget_stops_the_query(session) -> None:
    plan = TransferPlan(None, budget=200_000)
    statement = submit(session, "select * from tpch.sf100.lineitem", plan)
    with pytest.raises(ResultTooLargeError, match=r"more than .* MiB.*may be loaded"):
        statement.result()
    query = statement.reference.statement_id
    give_up = time.monotonic() + 20
    state = ""
    while state != "FAILED" and time.monotonic() < give_up:
        told = run(
            session,
            f"select state from system.runtime.queries where query_id = '{query}'",
        )
        (state,) = told.table.column(0).to_pylist()
    assert state == "FAILED"


def test_progress_tells_splits_rows_and_memory_and_no_percentage_that_lies(session) -> None:
    statement = submit(session, "select count(*) from tpch.sf1.lineitem")
    looks = [event for event in statement.events() if isinstance(event, Progress)]
    assert {look.phase for look in looks} <= {"queued", "starting", "running", "fetching"}
    assert max(look.splits_total for look in looks) >= 4
    assert all(look.fraction is None for look in looks if look.splits_total < 25)
    assert statement.result().table.column(0).to_pylist() == [6001215]


def test_no_page_is_waited_for_with_a_sleep(session) -> None:
    """What a short statement takes beyond the server's own time is a few requests."""
    run(session, "select 1")
    beyond = []
    for number in range(9):
        began = time.monotonic()
        statement = submit(session, f"select {number}")
        statement.result()
        took = time.monotonic() - began
        beyond.append(took - statement._page.stats["elapsedTimeMillis"] / 1000)
    assert sorted(beyond)[4] < 0.1  # 20 ms on a machine that does nothing else


# -- failures -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sql", "name", "line", "advice"),
    [
        ("select\n  from", "SYNTAX_ERROR", 2, ""),
        ("select *\nfrom nothing_here", "TABLE_NOT_FOUND", 2, "SHOW TABLES"),
        ("select * from nowhere.a.b", "CATALOG_NOT_FOUND", 1, "SHOW CATALOGS"),
        ("select *\nfrom tpch.nix.region", "SCHEMA_NOT_FOUND", 2, "SHOW SCHEMAS"),
        ("select\n\n nix from tpch.tiny.region", "COLUMN_NOT_FOUND", 3, "DESCRIBE"),
        ("select 1/0 from tpch.tiny.region", "DIVISION_BY_ZERO", None, ""),
    ],
)
def test_a_failure_points_at_its_line_and_folds_the_stack(session, sql, name, line, advice) -> None:
    with pytest.raises(StatementError) as raised:
        run(session, sql)
    error = raised.value
    assert (error.ename, error.line) == (name, line)
    assert advice in error.advice
    assert error.folded
    assert "\tat " not in error.what
    assert "query 20" in error.where


def test_the_memory_limit_names_what_to_do(session) -> None:
    run(session, "set session query_max_memory = '1MB'")
    with pytest.raises(StatementError, match="memory") as raised:
        run(session, "select array_agg(comment) from tpch.sf1.orders")
    assert raised.value.ename in ("EXCEEDED_GLOBAL_MEMORY_LIMIT", "EXCEEDED_LOCAL_MEMORY_LIMIT")
    assert "SET SESSION" in raised.value.advice


def test_a_long_statement_and_many_columns(session) -> None:
    wide = ", ".join(f"{n} c{n}" for n in range(2000))
    assert run(session, f"select {wide}").table.num_columns == 2000
    with pytest.raises(StatementError) as raised:
        run(session, f"select '{'x' * 5_000_000}'")
    assert raised.value.ename == "QUERY_TEXT_TOO_LARGE"


def test_names_come_back_as_they_are(session) -> None:
    names = ['a"b', "a.b", "Ünï", "select", "", " ", "a\nb", "x", "x"]
    quoted = ", ".join(f'{n} as "{name.replace(chr(34), chr(34) * 2)}"' if name else f"{n}"
                       for n, name in enumerate(names))  # fmt: skip
    table = run(session, f"select {quoted}").table
    want = [name or "_col4" for name in names]
    assert table.column_names == want


def test_history_has_the_statement_and_no_address_once_it_has_ended(session) -> None:
    statement = submit(session, "select 1")
    row = session.journal.find(statement.reference.tag)
    assert row.state == "running"
    assert row.statement == statement.reference.statement_id
    assert "/v1/statement/" in row.place
    statement.result()
    row = session.journal.find(statement.reference.tag)
    assert (row.state, row.rows, row.place) == ("done", 1, "")


def test_who_is_refused_is_told(trino: TrinoRig) -> None:
    engine = trino.engine("trino")
    with pytest.raises(AuthenticationError):
        engine.client.probe(ClientState(""), TRINO, Deadline.after(10))


def test_outputs_are_for_updates_alone(session) -> None:
    events = list(submit(session, "select 1").events())
    assert not [event for event in events if isinstance(event, Output)]
