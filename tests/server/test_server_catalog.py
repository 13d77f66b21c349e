"""Catalogs: each source for itself, kept with an age, bounded, its names quoted right."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pytest

from emr_nb.errors import DeadlineExceededError, StatementError, TransportError
from emr_nb.model import Endpoint, Service
from emr_nb.server.catalog_looks import Looks
from emr_nb.testing.fake_catalog import FakeCatalogEngine, nodes

CATALOG = "/clusters/j-1/catalog"
DESCRIBED = pa.table({
    "col_name": ["carrier", "month", "", "# Partition Information", "# col_name", "month"],
    "data_type": ["string", "int", None, None, "data_type", "int"],
    "comment": ["two letters", None, None, None, "comment", None],
})  # fmt: skip


@pytest.fixture
def hive(rig):
    """A Hive with a table `air.flights`, beside the cluster's Spark, which has no catalog."""
    engine = FakeCatalogEngine("hive")
    engine.listed = {
        "": nodes("schema", "default", "air", "o'dd `db"),
        "`air`": [
            *nodes("table", "flights", "planes", below="`air`"),
            *nodes("view", "late", below="`air`"),
        ],
        "`o'dd ``db`": nodes("table", "<img src=x onerror=alert(1)>", below="`o'dd ``db`"),
    }
    engine.asides["DESCRIBE `air`.`flights`"] = DESCRIBED
    cluster = rig.backend.cluster("j-1")
    cluster.services = (*cluster.services, Service("hive"))
    cluster.engines["hive"] = engine
    return engine


def names(reply) -> list[str]:
    assert reply.status == 200, reply.content
    return [node["name"] for node in reply.json["nodes"]]


def test_the_sources_are_those_of_the_cluster(rig, hive):
    found = rig.get(CATALOG).json["sources"]
    assert [(s["name"], s["magic"]) for s in found] == [
        ("hive", "%%hive"), ("spark", "%%spark -l sql"),
    ]  # fmt: skip
    assert found[0]["levels"] == ["schema", "table", "column"]
    assert hive.asked == []


def test_a_source_that_cannot_be_made_hides_no_other(rig, hive):
    cluster = rig.backend.cluster("j-1")
    cluster.services = (*cluster.services, Service("trino"))
    found = {s["name"]: s for s in rig.get(CATALOG).json["sources"]}
    assert found["trino"]["failure"]["kind"] == "ServiceNotInstalledError"
    assert found["hive"]["failure"] is None
    assert names(rig.get(f"{CATALOG}/hive/nodes")) == ["default", "air", "o'dd `db"]
    assert rig.get(f"{CATALOG}/presto/nodes").status == 404


def test_two_services_at_one_address_are_one_source(rig, hive):
    cluster = rig.backend.cluster("j-1")
    at = (Endpoint("trino", "primary", 8889),)
    cluster.services = (*cluster.services, Service("trino", at), Service("presto", at))
    cluster.engines["trino"] = FakeCatalogEngine("trino")
    cluster.engines["trino"].listed[""] = nodes("catalog", "hive")
    names_ = [s["name"] for s in rig.get(CATALOG).json["sources"]]
    assert names_ == ["hive", "spark", "trino"]
    assert complete(rig, "SELECT * FROM hi|", source="presto") == ["hive"]


def test_levels_are_listed_with_names_as_sql_takes_them(rig, hive):
    tables = rig.get(f"{CATALOG}/hive/nodes", schema="air").json["nodes"]
    assert [(t["name"], t["kind"], t["sql"]) for t in tables] == [
        ("flights", "table", "air.flights"), ("planes", "table", "air.planes"),
        ("late", "view", "air.late"),
    ]  # fmt: skip
    (odd,) = rig.get(f"{CATALOG}/hive/nodes", schema="o'dd `db").json["nodes"]
    assert odd["sql"] == "`o'dd ``db`.`<img src=x onerror=alert(1)>`"
    columns = rig.get(f"{CATALOG}/hive/nodes", schema="air", table="flights").json["nodes"]
    assert [(c["name"], c["type"], c["comment"], c["key"]) for c in columns] == [
        ("carrier", "string", "two letters", False), ("month", "int", "", True),
    ]  # fmt: skip


def test_names_of_a_page_cannot_end_a_statement(rig, hive):
    rig.get(f"{CATALOG}/hive/nodes", schema="air", table="x`; DROP TABLE y; --")
    assert hive.asked[-1] == "DESCRIBE `air`.`x``; DROP TABLE y; --`"
    before = list(hive.asked)
    assert rig.get(f"{CATALOG}/hive/nodes", table="flights").kind == "UsageError"
    assert rig.get(f"{CATALOG}/hive/nodes", catalog="c", schema="air").kind == "UsageError"
    assert hive.asked == before


def test_a_name_that_no_statement_can_have_hides_no_other(rig, hive):
    """Another engine may have made it: Hive would replace what is in `${}`."""
    odd = ("${x}", "nul\0")
    hive.listed[""] = nodes("schema", "air", *odd)
    hive.listed["`air`"] = nodes("table", "flights", *odd, below="`air`")
    hive.asides["DESCRIBE `air`.`flights`"] = pa.table({"name": ["a", *odd], "type": ["int"] * 3})
    for query in ({}, {"schema": "air"}, {"schema": "air", "table": "flights"}):
        found = rig.get(f"{CATALOG}/hive/nodes", **query).json["nodes"]
        assert [one["name"] for one in found[1:]] == list(odd)
        assert [bool(one["sql"]) for one in found] == [True, False, False]
    hits = rig.get(f"{CATALOG}/hive/search", text="x}").json["hits"]
    assert {hit["node"]["kind"] for hit in hits} == {"schema", "table", "column"}
    assert rig.get(f"{CATALOG}/hive/nodes", schema="${x}").kind == "UsageError"


def test_answers_are_kept_with_their_age_until_a_refresh(rig, hive):
    first = rig.get(f"{CATALOG}/hive/nodes").json
    again = rig.get(f"{CATALOG}/hive/nodes").json
    assert hive.asked == ["list"]
    assert again["age"] > first["age"]
    hive.listed[""] = nodes("schema", "new")
    assert rig.post(f"{CATALOG}/hive/refresh").status == 200
    assert names(rig.get(f"{CATALOG}/hive/nodes")) == ["new"]
    assert hive.forgotten == 1


def test_long_lists_come_by_pages_and_are_searched(rig, hive):
    hive.listed["`air`"] = nodes("table", *(f"t{n:04}" for n in range(1200)), below="`air`")
    page = rig.get(f"{CATALOG}/hive/nodes", schema="air", count=500).json
    assert (len(page["nodes"]), page["total"], page["after"]) == (500, 1200, "500")
    last = rig.get(f"{CATALOG}/hive/nodes", schema="air", count=500, after="1000").json
    assert (last["nodes"][-1]["name"], last["after"]) == ("t1199", None)
    assert names(rig.get(f"{CATALOG}/hive/nodes", schema="air", search="T119", count=20)) == [
        f"t119{n}" for n in range(10)
    ]
    assert rig.get(f"{CATALOG}/hive/nodes", after="x").kind == "UsageError"


def test_failures_are_told_and_not_kept(rig, hive):
    hive.listed["`air`"] = TransportError("The metastore is down", where="hive")
    reply = rig.get(f"{CATALOG}/hive/nodes", schema="air")
    assert (reply.status, reply.json["what"]) == (502, "The metastore is down")
    hive.listed["`air`"] = nodes("table", "back", below="`air`")
    assert names(rig.get(f"{CATALOG}/hive/nodes", schema="air")) == ["back"]
    hive.asides["DESCRIBE `air`.`planes`"] = StatementError("No such table")
    assert rig.get(f"{CATALOG}/hive/nodes", schema="air", table="planes").status == 422


def test_a_search_looks_into_every_schema_and_known_columns(rig, hive):
    hive.listed["`default`"] = TransportError("One schema is broken")
    found = rig.get(f"{CATALOG}/hive/search", text="LATE").json
    assert [(h["node"]["sql"], h["schema"]) for h in found["hits"]] == [("air.late", "air")]
    assert (found["looked"], found["schemas"]) == (2, 3)
    assert [f["what"] for f in found["failures"]] == ["One schema is broken"]
    assert rig.get(f"{CATALOG}/hive/search", text="carr").json["hits"] == []
    rig.get(f"{CATALOG}/hive/nodes", schema="air", table="flights")
    (hit,) = rig.get(f"{CATALOG}/hive/search", text="carr").json["hits"]
    assert (hit["node"]["kind"], hit["of"], hit["table"]) == ("column", "air.flights", "flights")
    assert [h["node"]["name"] for h in rig.get(f"{CATALOG}/hive/search", text="air.p").json["hits"]
            ] == ["planes"]  # fmt: skip


def test_first_rows_are_texts_and_say_that_there_are_more(rig, hive):
    sql = "SELECT * FROM `air`.`flights` LIMIT 51"
    hive.asides[sql] = pa.table({"n": range(51), "t": [None, *"x" * 50]})
    shown = rig.post(f"{CATALOG}/hive/rows", schema="air", table="flights").json
    assert (shown["sql"], len(shown["rows"]), shown["more"]) == (sql, 50, True)
    assert shown["rows"][:2] == [["0", None], ["1", "x"]]
    assert [c["kind"] for c in shown["columns"]] == ["number", "text"]
    hive.asides[sql] = pa.table({"n": [1]})
    assert rig.post(f"{CATALOG}/hive/rows", schema="air", table="flights").json["more"] is False


def test_partitions_of_hive_and_of_trino(rig, hive):
    sql = "SHOW PARTITIONS `air`.`flights`"
    hive.asides[sql] = pa.table({"partition": [f"month={n}" for n in range(3)]})
    page = rig.get(f"{CATALOG}/hive/partitions", schema="air", table="flights", count=2).json
    assert (page["partitions"], page["total"], page["cut"], page["after"]) == (
        ["month=0", "month=1"], 3, False, "2",
    )  # fmt: skip
    trino = FakeCatalogEngine("trino")
    trino.asides = {
        'DESCRIBE "hive"."air"."flights"': pa.table({
            "Column": ["carrier", "month"], "Type": ["varchar", "integer"],
            "Extra": ["", "partition key"], "Comment": ["", ""],
        }),
        'SELECT "month" FROM "hive"."air"."flights$partitions" ORDER BY "month" LIMIT 20001':
            pa.table({"month": [1, 2]}),
    }  # fmt: skip
    cluster = rig.backend.cluster("j-1")
    cluster.services = (*cluster.services, Service("trino"))
    cluster.engines["trino"] = trino
    named = {"catalog": "hive", "schema": "air", "table": "flights"}
    assert rig.get(f"{CATALOG}/trino/partitions", **named).json["partitions"] == [
        "month=1", "month=2",
    ]  # fmt: skip
    columns = rig.get(f"{CATALOG}/trino/nodes", **named).json["nodes"]
    assert [(c["name"], c["key"]) for c in columns] == [("carrier", False), ("month", True)]


def complete(rig, code: str, source: str = "hive", **more) -> list[str]:
    cursor = code.index("|")
    asked = {"code": code.replace("|", ""), "cursor": cursor, **more}
    reply = rig.post(f"{CATALOG}/{source}/complete", **asked)
    assert reply.status == 200, reply.content
    return [c["text"] for c in reply.json["completions"]]


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("SEL|", "SELECT"),
        ("select * from ai|", "air"),
        ("select * from air.fl|", "flights"),
        ("select f.| from air.flights f", "carrier"),
        ("select mo| from air.flights", "month"),
    ],
)
def test_sql_is_completed_by_the_catalog(rig, hive, code, wanted):
    assert wanted in complete(rig, code)


def test_a_magics_database_and_a_spark_without_session_are_understood(rig, hive):
    assert complete(rig, "select * from fl|", here=["air"])[0] == "flights"
    assert "air" in complete(rig, "select * from a|", source="spark")


def test_a_completion_does_not_wait_for_a_catalog_that_hangs(rig, hive):
    hive.gate.clear()
    cursor = len("select x from air.")
    reply = rig.post(f"{CATALOG}/hive/complete", code="select x from air.", cursor=cursor).json
    assert (reply["completions"], reply["whole"]) == ([], False)
    hive.gate.set()
    until = time.monotonic() + 20
    while not rig.post(f"{CATALOG}/hive/complete", code="select x from air.",
                       cursor=cursor).json["completions"]:  # fmt: skip
        assert time.monotonic() < until


def test_nothing_of_it_is_in_the_history(rig, hive):
    rig.get(f"{CATALOG}/hive/nodes", schema="air", table="flights")
    rig.post(f"{CATALOG}/hive/rows", schema="air", table="flights")
    assert rig.get("/statements", commands=True).json["statements"] == []


# -- what is kept -----------------------------------------------------------------------------


def test_a_question_is_asked_once_at_a_time_and_goes_on_behind():
    engine = FakeCatalogEngine("hive")
    engine.gate.clear()
    looks = Looks()
    source = ("j-1", "hive")

    def ask(seconds: float) -> int:
        return len(looks.get(source, (), lambda: engine.catalog(), seconds, "The list").found)

    with pytest.raises(DeadlineExceededError, match="The list did not come"):
        ask(0.01)
    engine.listed[""] = nodes("schema", "a", "b")
    with ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(ask, 20.0) for _ in range(4)]
        engine.gate.set()
        assert [one.result() for one in waiting] == [2] * 4
    assert engine.asked == ["list"]
    looks.close()


def test_what_was_asked_before_a_refresh_is_not_kept():
    engine = FakeCatalogEngine("hive")
    engine.gate.clear()
    looks = Looks()
    source = ("j-1", "hive")
    with pytest.raises(DeadlineExceededError):
        looks.get(source, (), engine.catalog, 0.01, "The list")
    looks.forget(source)
    engine.gate.set()
    looks.get(source, (), engine.catalog, 20.0, "The list")
    assert engine.asked == ["list", "list"]
    looks.close()
