"""Hive on a real server: every type and edge, one table with Spark, and whose files they are."""

# ruff: noqa: DTZ001 -- Hive's timestamps have no zone

from __future__ import annotations

import datetime as dt
import json
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hive_rig import HiveRig, hive, rows, run, session, submit, unreadable  # noqa: F401 -- fixtures
from hive_types import VALUES, same

from emr_nb.engines.hive.session import HiveSession
from emr_nb.errors import ResultTooLargeError, StatementError
from emr_nb.model import CatalogNode, Progress, Request, SessionOptions
from emr_nb.results.plan import plan_transfer


@pytest.fixture(scope="module")
def types(session: HiveSession) -> pa.Table:  # noqa: F811
    """All values in one row, behind a row of nulls and before one, so that masks matter."""
    names = [f"c{at}" for at in range(len(VALUES))]
    values = ", ".join(f"{sql} as {name}" for (sql, _, _), name in zip(VALUES, names, strict=True))
    result = run(session, f"select {values}")
    assert result is not None
    assert result.notices == ()
    return result.table


@pytest.mark.parametrize("at", range(len(VALUES)), ids=[sql[:40] for sql, _, _ in VALUES])
def test_every_value_is_exact(types: pa.Table, at: int) -> None:
    _, kind, wanted = VALUES[at]
    column = types.column(at)
    assert column.type == kind
    got = column[0].as_py()
    if pa.types.is_interval(kind):
        got = tuple(got)
    assert same(got, wanted), (got, wanted)


def test_nulls_stand_where_they_stood(session: HiveSession) -> None:  # noqa: F811
    result = run(
        session,
        "select pos, if(pos % 3 = 0, null, pos), if(pos % 7 = 0, null, concat('r', pos)),"
        " if(pos % 2 = 0, null, pos % 4 = 1), if(pos % 5 = 0, null, cast(pos as decimal(9,2))),"
        " if(pos % 9 = 0, null, array(pos, null)) from (select 1) q"
        " lateral view posexplode(split(space(2999), ' ')) p as pos, x",
    )
    assert result is not None
    numbers, threes, sevens, twos, fives, nines = (c.to_pylist() for c in result.table.columns)
    assert numbers == list(range(3000))
    assert threes == [None if n % 3 == 0 else n for n in numbers]
    assert sevens == [None if n % 7 == 0 else f"r{n}" for n in numbers]
    assert twos == [None if n % 2 == 0 else n % 4 == 1 for n in numbers]
    assert fives == [None if n % 5 == 0 else Decimal(n) for n in numbers]
    assert nines == [None if n % 9 == 0 else [n, None] for n in numbers]


def test_nanoseconds_are_kept_or_said(session: HiveSession) -> None:  # noqa: F811
    fine, wide = "timestamp '2013-01-01 05:15:00.123456789'", "timestamp '9999-12-31 00:00:00'"
    result = run(session, f"select {fine}")
    assert result is not None
    assert result.table.column(0).type == pa.timestamp("ns")
    assert result.table.column(0)[0].value == 1357017300123456789
    both = run(session, f"select stack(2, {fine}, {wide}) as t")
    assert both is not None
    assert both.table.column(0).to_pylist() == [
        "2013-01-01 05:15:00.123456789",
        "9999-12-31 00:00:00",
    ]
    assert "stays text" in both.notices[0]


def test_what_hives_text_does_not_tell_stays_text_and_is_said(
    session: HiveSession,  # noqa: F811
) -> None:
    result = run(session, "select array(unhex('ff')) b, create_union(0, 1, 'a') u")
    assert result is not None
    assert [str(field.type) for field in result.table.schema] == ["string", "string"]
    assert len(result.notices) == 2
    assert result.columns[1].engine_type == "uniontype<int,string>"


def test_two_columns_of_one_name_and_strange_names(session: HiveSession) -> None:  # noqa: F811
    result = run(session, "select 1 as a, 2 as `b.c d`, array(3) as `e, type:f`, 4 as `g)h`")
    assert result is not None
    assert [c.name for c in result.columns] == ["a", "b.c d", "e, type:f", "g)h"]
    assert result.table.column(2).to_pylist() == [[3]]


def test_other_clients_say_the_same(hive: HiveRig, session: HiveSession) -> None:  # noqa: F811
    impala = pytest.importorskip("impala.dbapi")
    sql = (
        "select pos, concat('é', pos), pos / 7, cast(pos / 7 as decimal(20,10)),"
        " if(pos % 3 = 0, null, pos * 10000000000), pos % 2 = 0 from (select 1) q"
        " lateral view posexplode(split(space(4999), ' ')) p as pos, x"
    )
    connection = impala.connect("127.0.0.1", hive.port, auth_mechanism="PLAIN", user="ada")
    cursor = connection.cursor()
    cursor.execute(sql)
    wanted = cursor.fetchall()
    connection.close()
    assert rows(session, sql) == wanted


# -- limits -------------------------------------------------------------------------------

MANY = "select pos from (select 1) q lateral view posexplode(split(space({}), ' ')) p as pos, x"


def test_rows_are_cut_where_asked_and_known_to_be(session: HiveSession) -> None:  # noqa: F811
    for asked, total, cut in ((5, 10, True), (10, 10, False), (0, 10, True), (2500, 5000, True)):
        result = run(session, MANY.format(total - 1), rows=asked)
        assert result is not None
        assert (len(result), result.truncated) == (min(asked, total), cut), asked


def test_a_result_above_the_budget_is_refused(session: HiveSession) -> None:  # noqa: F811
    request = Request(MANY.format(99_999), "sql", uuid.uuid4().hex, rows=-1)
    statement = session.submit(request, plan_transfer(request, budget=100_000))
    with pytest.raises(ResultTooLargeError, match="may be loaded here"):
        statement.result()
    assert rows(session, "select 1") == [(1,)]


def test_a_kept_result_is_read_piece_by_piece(session: HiveSession) -> None:  # noqa: F811
    run(session, f"create temporary table many as {MANY.format(29_999)}")
    request = Request("select pos from many", "sql", uuid.uuid4().hex, rows=-1)
    statement = session.submit(request, replace(plan_transfer(request), keep=True))
    assert len(statement.result()) == 0
    assert statement.kept is not None
    tables = [table for _, table in statement.kept.tables()]
    assert len(tables) > 1
    assert pa.concat_tables(tables).column(0).to_pylist() == list(range(30_000))
    statement.release()


def test_a_job_tells_its_stages_and_no_share_that_lies(session: HiveSession) -> None:  # noqa: F811
    statement = submit(session, f"select count(*) from ({MANY.format(9)}) z group by pos % 2")
    looks = [e for e in statement.events() if isinstance(e, Progress)]
    assert any(look.jobs_total == 1 for look in looks)
    assert all(look.fraction is None for look in looks)


def test_errors_point_at_the_cells_line(session: HiveSession) -> None:  # noqa: F811
    with pytest.raises(StatementError, match="nowhere_at_all") as caught:
        run(session, "select 1,\n  a from nowhere_at_all")
    assert caught.value.line == 2
    assert caught.value.folded
    assert "\tat " not in str(caught.value)


def test_the_catalog_is_a_tree(hive: HiveRig, session: HiveSession) -> None:  # noqa: F811
    run(session, "create database if not exists tree_1")
    run(session, "create database if not exists treeX1")  # matches the other as a pattern
    run(session, "create table tree_1.leaf_a (a int, `b c` array<decimal(5,2)>)")
    run(session, "create view tree_1.leaf_v as select a from tree_1.leaf_a")
    run(session, "create table treeX1.leaf_a (wrong int)")
    try:
        with hive.engine() as engine:
            schemas = {node.name: node for node in engine.catalog()}
            assert {"default", "tree_1", "treex1"} <= set(schemas)
            tables = engine.catalog(schemas["tree_1"])
            assert [(t.name, t.kind) for t in tables] == [("leaf_a", "table"), ("leaf_v", "view")]
            columns = engine.catalog(CatalogNode("", "table", "tree_1.leaf_a"))
            assert [(c.name, c.type) for c in columns] == [
                ("a", "int"),
                ("b c", "array<decimal(5,2)>"),
            ]
            assert columns[1].qualified == "`tree_1`.`leaf_a`.`b c`"
            for info in engine.sessions():
                if info.name.endswith("/catalog"):
                    engine.open(SessionOptions(info.name)).close()
    finally:
        run(session, "drop database tree_1 cascade")
        run(session, "drop database treeX1 cascade")


# -- one table ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def spark(hive: HiveRig) -> Iterator[Any]:  # noqa: F811
    with hive.spark() as spark:
        yield spark


KINDS = "i int, l bigint, d double, b boolean, s string, m decimal(10,2), y date, t timestamp, a array<string>"  # noqa: E501
ROW = (
    "{0}, cast({0} as bigint), 1.5, true, 'é{0}', cast(2.50 as decimal(10,2)),"
    " date '2020-02-29', timestamp '2013-01-01 05:15:00', array('x', 'y')"
)


def wanted(number: int) -> tuple[Any, ...]:
    when = dt.datetime(2013, 1, 1, 5, 15)
    return (
        *(number, number, 1.5, True, f"é{number}", Decimal("2.50"), dt.date(2020, 2, 29)),
        *(when, ["x", "y"]),
    )


def without_zone(found: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return [
        tuple(v.replace(tzinfo=None) if isinstance(v, dt.datetime) else v for v in row)
        for row in found
    ]


@pytest.mark.full  # test_one_table has the same with Trino among them
@pytest.mark.parametrize("maker", ["hive", "spark"])
def test_one_table_is_written_and_read_by_both(
    hive: HiveRig,  # noqa: F811
    session: HiveSession,  # noqa: F811
    spark: Any,
    maker: str,
) -> None:
    name = f"both_{maker}"
    made = session if maker == "hive" else spark
    run(made, f"create table {name} ({KINDS}) stored as parquet")
    try:
        run(session, f"insert into {name} select {ROW.format(1)}")
        run(spark, f"insert into {name} select {ROW.format(2)}")
        run(session, f"insert into {name} select {ROW.format(3)} union all select {ROW.format(4)}")
        run(spark, f"refresh table {name}")
        expected = [wanted(n) for n in (1, 2, 3, 4)]
        query = f"select * from {name} order by i"
        assert rows(session, query) == expected
        assert without_zone(rows(spark, query)) == expected
    finally:
        run(session, f"drop table {name}")
    # whoever made it, a DROP that says OK has removed the files
    with pytest.raises(urllib.error.HTTPError, match="404"):
        owner(hive, f"/user/hive/warehouse/{name}")


def test_a_partition_of_each_is_seen_by_both(session: HiveSession, spark: Any) -> None:  # noqa: F811
    run(session, "create table parts (a int) partitioned by (p string) stored as parquet")
    try:
        run(session, "insert into parts partition (p='h') select 1")
        run(spark, "insert into parts partition (p='s') select 2")
        for engine in (session, spark):
            assert rows(engine, "select a, p from parts order by a") == [(1, "h"), (2, "s")]
            assert len(rows(engine, "show partitions parts")) == 2
    finally:
        run(session, "drop table parts")


def test_a_filter_chooses_partitions(session: HiveSession, spark: Any) -> None:  # noqa: F811
    run(session, "create table by_p (a int) partitioned by (n bigint, s string) stored as parquet")
    try:
        run(session, "insert into by_p partition (n=7, s='x') select 1")
        run(session, "insert into by_p partition (n=8, s='y') select 2")
        for engine in (session, spark):
            assert rows(engine, "select a from by_p where n = 7") == [(1,)]
            assert rows(engine, "select a from by_p where n > 7 and s like 'y%'") == [(2,)]
        run(session, "alter table by_p drop partition (n > 7)")
        assert rows(session, "select a from by_p") == [(1,)]
    finally:
        run(session, "drop table by_p")


# -- what local execution must not do -----------------------------------------------------


def test_a_failed_read_loses_no_row_of_a_later_insert(
    hive: HiveRig,  # noqa: F811
    session: HiveSession,  # noqa: F811
) -> None:
    """Stock Hive marks an input for all later jobs of its process, which then write nothing."""
    run(session, "create table later (a int) stored as textfile")
    try:
        with unreadable(hive, session) as broken:
            for _ in range(2):
                with pytest.raises(StatementError):
                    run(session, f"select count(*), sum(a) from {broken}")
                run(session, "insert into later select 1")
        assert rows(session, "select count(*), sum(a) from later") == [(2, 2)]
        assert rows(session, "select count(*) from (select a from later) z") == [(2,)]
    finally:
        run(session, "drop table later")


def test_sessions_at_once_lose_nothing(hive: HiveRig, session: HiveSession) -> None:  # noqa: F811
    run(session, "create table together (a int) stored as textfile")
    try:
        with hive.session() as first, hive.session() as second:
            for _ in range(2):
                started = [submit(s, "insert into together select 1") for s in (first, second)]
                for statement in started:
                    statement.result()
        assert rows(session, "select count(*) from together") == [(4,)]
    finally:
        run(session, "drop table together")


def test_no_session_changes_the_execution_engine(session: HiveSession) -> None:  # noqa: F811
    with pytest.raises(StatementError, match=r"Cannot modify hive\.execution\.engine"):
        run(session, "set hive.execution.engine=tez")


# -- whose files ---------------------------------------------------------------------------


def owner(hive: HiveRig, path: str) -> str:  # noqa: F811
    port = hive.state.ports["namenode-http"]
    url = f"http://localhost:{port}/webhdfs/v1{path}?op=GETFILESTATUS&user.name=hdfs"
    with urllib.request.urlopen(url, timeout=20) as reply:
        return str(json.load(reply)["FileStatus"]["owner"])


def test_files_belong_to_whoever_ran_the_query(hive: HiveRig, session: HiveSession) -> None:  # noqa: F811
    with hive.session(user="grace") as grace:
        run(grace, "create table hers stored as textfile as select 1 as a")
        assert owner(hive, "/user/hive/warehouse/hers") == "grace"
        run(session, "create table ours stored as textfile as select 1 as a")
        try:
            assert owner(hive, "/user/hive/warehouse/ours") == session.info.owner
            with pytest.raises(StatementError, match="Permission denied: user=grace") as caught:
                run(grace, "insert into ours select 2")
            assert "who may not do that" in caught.value.advice
            assert rows(grace, "select a from ours") == [(1,)]
        finally:
            run(session, "drop table ours")
            run(grace, "drop table hers")
