"""Statements of our own end at their deadline, and DESCRIBE is read as each engine writes it."""

from __future__ import annotations

import pyarrow as pa
import pytest

from emr_nb.engines.asides import finished
from emr_nb.engines.sql.told_columns import told_columns
from emr_nb.errors import DeadlineExceededError, ResultError, StatementError
from emr_nb.model import Progress, Request, SessionOptions
from emr_nb.results.plan import plan_transfer
from emr_nb.testing.fake_engine import FakeEngine, result_of
from emr_nb.transport.base import Deadline


def begun(*steps):
    engine = FakeEngine(lambda _: steps)
    request = Request("SHOW TABLES", "sql", "a" * 32, rows=-1)
    statement = engine.open(SessionOptions("s")).submit(request, plan_transfer(request))
    return engine, statement


def test_a_statement_is_stopped_at_its_deadline():
    engine, statement = begun(Progress("running", 1.0), result_of(pa.table({"a": [1]})))
    with pytest.raises(DeadlineExceededError, match="was stopped") as caught:
        finished(statement, Deadline.after(0), "here")
    assert caught.value.sent
    assert engine.cancels == ["a" * 32]


def test_an_interrupt_stops_it_too():
    engine, statement = begun(Progress("running", 1.0), KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        finished(statement, Deadline.after(60), "here")
    assert engine.cancels == ["a" * 32]


def test_what_ends_in_time_gives_its_table_or_its_failure():
    engine, statement = begun(Progress("running", 1.0), result_of(pa.table({"a": [1, 2]})))
    assert len(finished(statement, Deadline.after(60), "here")) == 2
    _, statement = begun(StatementError("no such table"))
    with pytest.raises(StatementError, match="no such table"):
        finished(statement, Deadline.after(60), "here")
    _, statement = begun()
    with pytest.raises(ResultError, match="no table"):
        finished(statement, Deadline.after(60), "here")
    assert engine.cancels == []


@pytest.mark.parametrize(
    ("dialect", "rows", "wanted"),
    [
        ("hive", [("a", "int", ""), ("p", "string", None), ("", None, None),
                  ("# Partition Information", None, None), ("# col_name", "data_type", "comment"),
                  ("p", "string", "")], [("a", False), ("p", True)]),
        ("spark", [("a", "int", "x"), ("# Partitioning", "", ""), ("Part 0", "days(a)", "")],
         [("a", False)]),
        ("spark", [("a", "int", None)], [("a", False)]),
        ("trino", [("a", "bigint", "", ""), ("p", "varchar", "partition key", "day")],
         [("a", False), ("p", True)]),
    ],
)  # fmt: skip
def test_columns_and_partition_keys_are_told_apart(dialect, rows, wanted):
    assert [(c.name, c.is_key) for c in told_columns(rows, dialect)] == wanted
