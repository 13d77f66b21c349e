"""Completion and nearest names on a real Hive."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from hive_rig import HiveRig, hive, run, session  # noqa: F401 -- fixtures

from emr_nb.engines.hive.session import HiveSession
from emr_nb.errors import StatementError
from emr_nb.model import SessionOptions

MARK = "named"  # fixed: workers of one run must collect the same tests
SCHEMA, TABLE = f"shop_{MARK}", f"orders_{MARK}"


@pytest.fixture(scope="module", autouse=True)
def table(session: HiveSession) -> Iterator[None]:  # noqa: F811
    run(session, f"drop database if exists {SCHEMA} cascade")
    run(session, f"create database {SCHEMA}")
    run(session, f"create table {SCHEMA}.{TABLE} (order_key bigint, `odd name` string)")
    yield
    run(session, f"drop database {SCHEMA} cascade")


def texts(hive: HiveRig, code: str, database: str = "") -> list[str]:  # noqa: F811
    """Return the completions at the `|`."""
    with hive.engine() as engine:
        through = engine.open(SessionOptions(f"emr_nb/tests/{uuid.uuid4().hex[:8]}"))
        if database:
            run(through, f"use {database}")
        cursor = code.index("|")
        found = engine.complete(code.replace("|", ""), cursor, through, "sql")
        through.close()
        return [c.text for c in found]


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("sel|", "select"),
        (f"select * from shop_{MARK[:3]}|", SCHEMA),
        (f"select * from {SCHEMA}.ord|", TABLE),
        (f"select o.ord| from {SCHEMA}.{TABLE} o", "order_key"),
        (f"select o.`odd| from {SCHEMA}.{TABLE} as o", "`odd name`"),
        (f"select 1;\nselect order| from {SCHEMA}.{TABLE}", "order_key"),
    ],
)
def test_names_are_completed(hive: HiveRig, code: str, wanted: str) -> None:  # noqa: F811
    assert wanted in texts(hive, code)


def test_names_without_a_database_are_those_of_the_sessions(hive: HiveRig) -> None:  # noqa: F811
    assert texts(hive, "select * from ord|", SCHEMA)[0] == TABLE
    assert texts(hive, f"select x.ord| from {TABLE} x", SCHEMA)[0] == "order_key"
    assert texts(hive, "select 'ord|' from orders") == []


def test_what_was_listed_is_kept_until_something_changes(hive: HiveRig) -> None:  # noqa: F811
    with hive.engine() as engine:
        through = engine.open(SessionOptions(f"emr_nb/tests/{uuid.uuid4().hex[:8]}"))
        schema = next(node for node in engine.catalog() if node.name == SCHEMA)
        assert engine.catalog(schema) is engine.catalog(schema)
        run(through, f"create table {SCHEMA}.later_{MARK} (a int)")
        assert f"later_{MARK}" in [node.name for node in engine.catalog(schema)]
        run(through, f"drop table {SCHEMA}.later_{MARK}")
        through.close()


@pytest.mark.parametrize(
    ("code", "near"),
    [
        (f"select * from {SCHEMA}.{TABLE[:-1]}", TABLE),
        (f"describe {SCHEMA}.{TABLE}s", TABLE),
        (f"use {SCHEMA}s", SCHEMA),
        (f"select order_kee from {SCHEMA}.{TABLE}", "order_key"),
    ],
)
def test_a_missing_name_is_told_with_the_nearest(
    session: HiveSession,  # noqa: F811
    code: str,
    near: str,
) -> None:
    with pytest.raises(StatementError) as caught:
        run(session, code)
    assert f"Is it {near}" in caught.value.advice, (caught.value.what, caught.value.advice)
