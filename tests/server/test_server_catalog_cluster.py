"""Catalogs over the real backend: the run's Hive, and Spark by a session that is there."""

from __future__ import annotations

import os
import time

import pytest
from server_rig import ServerRig

import emr_nb
from emr_nb.model import SessionOptions
from emr_nb.server.backend import RealBackend

pytestmark = pytest.mark.cluster

SCHEMA = "server_catalog"  # fixed: workers of one run must collect the same tests
ODD = "odd `name`"


def ddl(attached, *statements: str) -> None:
    session = attached.engine("hive").open(SessionOptions("emr_nb/tests/server-catalog"))
    try:
        for sql in statements:
            session.run(sql).result()
    finally:
        session.close()


@pytest.fixture(scope="module")
def attached(sql_cluster):
    folder = f"/tmp/{SCHEMA}-{time.time_ns()}"
    with emr_nb.attach(sql_cluster.target, settings=sql_cluster.settings) as made:
        for month in (1, 2):
            rows = "".join(f"UA,{n}\n" for n in range(40)).encode()
            made.files.write(f"{folder}/month={month}/a.csv", [rows])
        ddl(
            made,
            f"DROP DATABASE IF EXISTS {SCHEMA} CASCADE",
            f"CREATE DATABASE {SCHEMA}",
            f"CREATE EXTERNAL TABLE {SCHEMA}.flights (carrier STRING COMMENT 'two letters', "
            "delay INT) PARTITIONED BY (month INT) ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' "
            f"LOCATION '{folder}'",
            f"MSCK REPAIR TABLE {SCHEMA}.flights",
            f"CREATE VIEW {SCHEMA}.late AS SELECT carrier FROM {SCHEMA}.flights WHERE delay > 15",
            f"CREATE TABLE {SCHEMA}.plain (`odd ``name``` ARRAY<STRUCT<a:INT,b:STRING>>)",
        )
        yield made
        ddl(made, f"DROP DATABASE {SCHEMA} CASCADE")
        made.files.remove(folder, recursive=True, skip_trash=True)


@pytest.fixture(scope="module")
def rig(attached, tmp_path_factory):
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
    with ServerRig(tmp_path_factory.mktemp("real"), RealBackend(), {"real": True}) as made:
        yield made
    del os.environ["AWS_EC2_METADATA_DISABLED"]


@pytest.fixture(scope="module")
def catalog(rig, sql_cluster) -> str:
    return f"/clusters/{sql_cluster.state.cluster_id}/catalog"


def below(rig, base: str, source: str = "hive", **names: str) -> dict[str, dict]:
    reply = rig.get(f"{base}/{source}/nodes", **names)
    assert reply.status == 200, reply.content
    return {node["name"]: node for node in reply.json["nodes"]}


def test_hives_metastore_is_listed_down_to_the_columns(rig, catalog):
    assert {"hive", "spark"} <= {s["name"] for s in rig.get(catalog).json["sources"]}
    assert SCHEMA in below(rig, catalog)
    tables = below(rig, catalog, schema=SCHEMA)
    assert {n: t["kind"] for n, t in tables.items()} == {
        "flights": "table", "late": "view", "plain": "table",
    }  # fmt: skip
    columns = below(rig, catalog, schema=SCHEMA, table="flights")
    assert [(c["name"], c["type"], c["key"]) for c in columns.values()] == [
        ("carrier", "string", False), ("delay", "int", False), ("month", "int", True),
    ]  # fmt: skip
    assert columns["carrier"]["comment"] == "two letters"
    (odd,) = below(rig, catalog, schema=SCHEMA, table="plain").values()
    assert (odd["name"], odd["sql"]) == (ODD, "`odd ``name```")
    assert odd["type"] == "array<struct<a:int,b:string>>"


def test_rows_partitions_search_and_completion_of_hive(rig, catalog):
    named = {"schema": SCHEMA, "table": "flights"}
    shown = rig.post(f"{catalog}/hive/rows", **named).json
    assert (len(shown["rows"]), shown["more"]) == (50, True)
    assert shown["rows"][0][0] == "UA"
    assert [c["kind"] for c in shown["columns"]] == ["text", "number", "number"]
    few = rig.post(f"{catalog}/hive/rows", schema=SCHEMA, table="plain").json
    assert (few["rows"], few["more"], few["columns"][0]["name"]) == ([], False, ODD)
    listed = rig.get(f"{catalog}/hive/partitions", **named).json
    assert (listed["partitions"], listed["cut"]) == (["month=1", "month=2"], False)
    hits = rig.get(f"{catalog}/hive/search", text=f"{SCHEMA}.fli").json["hits"]
    assert [h["node"]["sql"] for h in hits] == [f"{SCHEMA}.flights"]
    code = f"SELECT f. FROM {SCHEMA}.flights AS f"
    found = rig.post(f"{catalog}/hive/complete", code=code, cursor=9).json["completions"]
    assert {"carrier", "delay", "month"} <= {c["text"] for c in found}
    assert rig.post(f"{catalog}/hive/rows", schema=SCHEMA, table="gone").kind == "StatementError"


@pytest.mark.full  # its session starts for this alone
def test_spark_is_asked_by_a_session_that_is_there_and_in_no_history(rig, catalog, attached):
    session = attached.session()
    try:
        before = rig.get("/statements", commands=True).json["statements"]
        assert SCHEMA in below(rig, catalog, "spark")
        tables = below(rig, catalog, "spark", schema=SCHEMA)
        assert {n: t["kind"] for n, t in tables.items()} == {
            "flights": "table", "late": "view", "plain": "table",
        }  # fmt: skip
        columns = below(rig, catalog, "spark", schema=SCHEMA, table="flights")
        assert [(c["name"], c["key"]) for c in columns.values()] == [
            ("carrier", False), ("delay", False), ("month", True),
        ]  # fmt: skip
        shown = rig.post(f"{catalog}/spark/rows", schema=SCHEMA, table="flights").json
        assert (len(shown["rows"]), shown["more"]) == (50, True)
        assert rig.get("/statements", commands=True).json["statements"] == before
    finally:
        session.close()
    rig.post(f"{catalog}/spark/refresh")
    left = rig.get(f"{catalog}/spark/nodes")
    assert left.status == 200 or left.kind in ("SessionNotFoundError", "ServerBusyError")


def test_trinos_catalogs_are_listed_with_its_quotes(rig, catalog, attached):
    if not any(service.name == "trino" for service in attached.services):
        pytest.skip("the cluster that was joined has no Trino")
    catalogs = below(rig, catalog, "trino")
    assert {"hive", "tpch"} & set(catalogs)
    assert SCHEMA in below(rig, catalog, "trino", catalog="hive")
    named = {"catalog": "hive", "schema": SCHEMA, "table": "flights"}
    columns = below(rig, catalog, "trino", **named)
    assert [(c["name"], c["key"]) for c in columns.values()] == [
        ("carrier", False), ("delay", False), ("month", True),
    ]  # fmt: skip
    listed = rig.get(f"{catalog}/trino/partitions", **named).json["partitions"]
    assert listed == ["month=1", "month=2"]
    shown = rig.post(f"{catalog}/trino/rows", **named).json
    assert (len(shown["rows"]), shown["more"]) == (50, True)
