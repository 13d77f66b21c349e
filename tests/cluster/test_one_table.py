"""One table for Hive, Spark, Trino and Presto's dialect: on HDFS and on S3, by real daemons.

What was written is always counted by reading it. The traps are those that configuration
remedies: each was seen to lose or refuse rows without it.
"""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal

import pytest
from one_table_rig import (
    ENGINES,
    HIVE,
    PRESTO,
    SPARK,
    STRANGER,
    TRINO,
    Engines,
    bucket,  # noqa: F401 -- a fixture, as are those below
    engines,  # noqa: F401
    hive,  # noqa: F401
    stranger,  # noqa: F401
)

from emr_nb.errors import StatementError

# ruff: noqa: F811 -- fixtures; the statements are made of our own names

_ROWS = {  # the same values in each engine's words
    HIVE: "insert into {table} partition (part = 'hive') select 1, 9007199254740993, 0.5D, true, "
    "'ä', cast(-1.5 as decimal(10,2)), date '2020-02-29', "
    "cast('2020-01-02 03:04:05.678' as timestamp), array('x', 'yy')",
    SPARK: "insert into {table} partition (part = 'spark') select 1, 9007199254740993, 0.5D, true, "
    "'ä', cast(-1.5 as decimal(10,2)), date '2020-02-29', "
    "timestamp '2020-01-02 03:04:05.678', array('x', 'yy')",
    TRINO: "insert into {table} values (1, 9007199254740993, 0.5e0, true, 'ä', decimal '-1.50', "
    "date '2020-02-29', timestamp '2020-01-02 03:04:05.678', array['x', 'yy'], 'trino')",
    PRESTO: "insert into {table} values (1, 9007199254740993, 0.5e0, true, 'ä', decimal '-1.50', "
    "date '2020-02-29', timestamp '2020-01-02 03:04:05.678', array['x', 'yy'], 'presto')",
}
_VALUES = (
    *(1, 9007199254740993, 0.5, True, "ä", Decimal("-1.50"), dt.date(2020, 2, 29)),
    *("2020-01-02 03:04:05.678", ["x", "yy"]),
)


def fresh() -> str:
    return f"{{db}}.t_{uuid.uuid4().hex[:8]}"


def place_of(engines: Engines, table: str) -> str:
    """Return the folder of a managed table on HDFS."""
    return f"/user/hive/warehouse/{engines.db}.db/{table.rpartition('.')[2]}"


@pytest.mark.parametrize("where", ["hdfs", "s3"])
def test_all_write_partitions_of_one_table_and_read_all(
    engines: Engines, bucket: str, where: str
) -> None:
    table = fresh()
    kind, location = "", ""
    if where == "s3":
        kind, location = "external", f"location '{bucket}/one/{engines.db}/parts'"
    engines.run(
        HIVE,
        f"create {kind} table {table} (i int, b bigint, d double, t boolean, s string, "
        "p decimal(10,2), day date, at timestamp, a array<string>) "
        f"partitioned by (part string) stored as parquet {location}",
    )
    for engine in ENGINES:
        engines.run(engine, _ROWS[engine].replace("{table}", table))
    want = sorted((*_VALUES, engine) for engine in ENGINES)
    for engine in ENGINES:
        columns = "i, b, d, t, s, p, day, cast(at as {text}) as at, a, part"
        assert sorted(engines.rows(engine, f"select {columns} from {table}")) == want, engine
    for engine in (HIVE, SPARK):
        shown = engines.rows(engine, f"show partitions {table}")
        assert {name for (name,) in shown} == {f"part={engine}" for engine in ENGINES}
    if where == "hdfs":  # files belong to whoever ran the statement; Livy's sessions are its own
        entries = engines.cluster.files.ls(place_of(engines, table))
        owners = {e.path.name: e.owner for e in entries if e.path.name.startswith("part=")}
        user = engines.cluster.user
        assert owners == {f"part={e}": "livy" if e == SPARK else user for e in ENGINES}
    engines.run(TRINO, f"drop table {table}")


@pytest.mark.full
def test_a_managed_database_on_s3(engines: Engines, bucket: str) -> None:
    name = f"{engines.db}_s3"
    engines.run(HIVE, f"create database {name} location '{bucket}/one/{name}.db'")
    engines.run(TRINO, f"create table hive.{name}.by_trino as select 1 as a")
    engines.run(HIVE, f"insert into {name}.by_trino select 2")
    engines.run(SPARK, f"create table {name}.by_spark stored as parquet as select 3 as a")
    engines.run(PRESTO, f"insert into hive.{name}.by_spark select a from hive.{name}.by_trino")
    both = "select a from {0}.by_trino union all select a from {0}.by_spark"
    for engine in ENGINES:
        schema = f"hive.{name}" if engine in (TRINO, PRESTO) else name
        assert sorted(engines.rows(engine, both.format(schema))) == [(1,), (1,), (2,), (2,), (3,)]
    assert engines.there(f"{bucket}/one/{name}.db/by_trino")
    engines.run(HIVE, f"drop database {name} cascade")
    assert not engines.there(f"{bucket}/one/{name}.db/by_trino")


def test_hive_reads_the_small_decimals_and_the_lists_that_spark_writes(engines: Engines) -> None:
    table = fresh()
    engines.run(
        SPARK,
        f"create table {table} stored as parquet as select cast(1.5 as decimal(7,2)) as d, "
        "cast(-2 as decimal(18,0)) as e, array('x', null) as l, named_struct('k', 1L) as s",
    )
    for engine in ENGINES:
        got = engines.rows(engine, f"select d, e, l from {table}")
        assert got == [(Decimal("1.50"), Decimal(-2), ["x", None])], engine


def test_a_union_of_hive_is_read_whole_by_all(engines: Engines) -> None:
    table = fresh()
    engines.run(HIVE, f"create table {table} (a int) stored as parquet")
    engines.run(HIVE, f"insert into {table} select 1 union all select 2 union all select 3")
    for engine in ENGINES:
        assert sorted(engines.rows(engine, f"select a from {table}")) == [(1,), (2,), (3,)], engine


@pytest.mark.parametrize("partitioned", ["", "partitioned by (p int)"])
def test_spark_shows_at_once_what_others_add(engines: Engines, partitioned: str) -> None:
    table = fresh()
    engines.run(HIVE, f"create table {table} (a int) {partitioned} stored as parquet")
    into = f"insert into {table} partition (p = 1)" if partitioned else f"insert into {table}"
    count = f"select count(*) from {table}"
    engines.run(SPARK, f"{into} select 1")
    assert engines.rows(SPARK, count) == [(1,)]
    engines.run(HIVE, f"{into} select 2")
    assert engines.rows(SPARK, count) == [(2,)]
    engines.run(TRINO, f"insert into {table} values ({'3, 1' if partitioned else '3'})")
    assert engines.rows(SPARK, count) == [(3,)]
    assert engines.rows(HIVE, count) == [(3,)]


def test_a_view_of_hive_is_read_by_all(engines: Engines) -> None:
    table = fresh()
    engines.run(TRINO, f"create table {table} as select * from (values 1, 2, 3) as t (a)")
    engines.run(HIVE, f"create view {table}_v as select a * 10 as b from {table} where a > 1")
    for engine in ENGINES:
        assert sorted(engines.rows(engine, f"select b from {table}_v")) == [(20,), (30,)], engine


@pytest.mark.parametrize(
    ("maker", "dropper"), [(SPARK, TRINO), (TRINO, HIVE), (HIVE, PRESTO), (TRINO, SPARK)]
)
def test_anothers_table_is_dropped_with_its_files(
    engines: Engines, maker: str, dropper: str
) -> None:
    table = fresh()
    stored = "" if maker == TRINO else "stored as parquet"
    engines.run(maker, f"create table {table} {stored} as select 1 as a")
    assert engines.there(place_of(engines, table))
    engines.run(dropper, f"drop table {table}")
    assert not engines.there(place_of(engines, table))


def test_a_stranger_reads_and_does_not_write(engines: Engines, stranger: Engines) -> None:
    table = fresh()
    engines.run(HIVE, f"create table {table} stored as parquet as select 1 as a")
    for engine in (HIVE, TRINO, PRESTO):
        assert stranger.rows(engine, f"select a from {table}") == [(1,)], engine
        with pytest.raises(StatementError) as refused:
            stranger.run(engine, f"insert into {table} select 2")
        assert STRANGER in str(refused.value) or "ermission denied" in str(refused.value), engine
    assert engines.rows(TRINO, f"select a from {table}") == [(1,)]
    with pytest.raises(StatementError):  # nor in the folder of another's database
        stranger.run(HIVE, f"create table {table}_own stored as parquet as select 1 as a")
    own = f"own_{uuid.uuid4().hex[:8]}"
    stranger.run(HIVE, f"create table default.{own} stored as parquet as select 1 as a")
    owner = engines.cluster.files.info(f"/user/hive/warehouse/{own}").owner
    stranger.run(HIVE, f"drop table default.{own}")
    assert owner == STRANGER  # doAs: neither Hive's own user nor the cluster's
