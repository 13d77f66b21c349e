"""%emr tables, columns, describe, explain, transpile: on DuckDB, and by others' words."""

import pytest

from emr_nb.engines.base import Abilities
from emr_nb.engines.sql.catalog import SqlCatalog
from emr_nb.engines.sql.plans import explain, plan_text
from emr_nb.errors import StatementError, UsageError
from emr_nb.model import CatalogNode


def answer(bench, line, fails=False):
    return bench.run(line, fails=fails).result


@pytest.fixture
def filled(duck):
    duck.run("""%%duckdb -q
create schema air;
create table air.flights (carrier varchar, delay int);
create table air."odd.name; x" (a int);
create view late as select 1 as a;
insert into air.flights values ('UA', 5), ('AA', 9)
""")
    duck.screen.shown.clear()
    return duck


# -- tables and columns ---------------------------------------------------------------------


def test_tables_of_the_last_engine(filled):
    found = answer(filled, "%emr tables")
    assert [(n.qualified, n.kind) for n in found] == [
        ('"air"."flights"', "table"),
        ('"air"."odd.name; x"', "table"),
        ('"main"."late"', "view"),
    ]
    assert "air.flights" in repr(found)
    assert 'air."odd.name; x"' in repr(found)
    assert list(found.pandas().columns) == ["name", "kind", "qualified"]


@pytest.mark.parametrize(
    ("pattern", "names"),
    [("fl*", ["flights"]), ("FLIGHTS", ["flights"]), ("main.*", ["late"]), ("air.f*", ["flights"]),
     ("x*", [])],
)  # fmt: skip
def test_tables_by_pattern(filled, pattern, names):
    found = answer(filled, f"%emr tables {pattern}")
    assert [n.name for n in found] == names
    assert names or "No such table" in repr(found)


def test_columns_have_the_engines_types(filled):
    found = answer(filled, "%emr columns air.flights")
    assert [(n.name, n.type) for n in found] == [("carrier", "VARCHAR"), ("delay", "INTEGER")]
    assert [n.name for n in answer(filled, """%emr columns 'air."odd.name; x"'""")] == ["a"]


@pytest.mark.parametrize("name", ["a..b", "a b", "a; drop table t", "'x'"])
def test_what_is_no_name_is_refused(filled, name):
    result = filled.run(f'%emr columns "{name}"', fails=True)
    assert isinstance(result.error_in_exec, UsageError)


def test_without_a_sql_cell_the_engine_must_be_named(duck):
    result = duck.run("%emr tables", fails=True)
    assert "--engine hive" in result.out
    assert len(answer(duck, "%emr tables --engine duckdb")) == 0
    assert not duck.engine.opened


def test_describe_tells_the_columns(filled):
    facts = dict(answer(filled, "%emr describe air.flights"))
    assert facts["columns"] == "carrier VARCHAR, delay INTEGER"


# -- explain --------------------------------------------------------------------------------


def test_explain_is_a_tree_and_runs_nothing(filled):
    filled.shell.user_ns["d"] = 7
    text = answer(filled, "%emr explain select count(*) from air.flights where delay > {{d}}")
    lines = text.splitlines()
    assert "AGGREGATE" in lines[0]
    assert lines[1].startswith("  ")
    assert "delay > 7" in text or "delay>7" in text


def test_explain_of_the_last_query(filled):
    filled.run("%%duckdb -q\nselect carrier from air.flights")
    assert "flights" in answer(filled, "%emr explain")
    assert "flights" in answer(filled, "%emr explain")  # not the plan of the explain
    assert "RESULT" in answer(filled, "%emr explain --analyze").upper()


def test_explain_takes_a_cell(filled):
    text = answer(filled, "%%emr explain --engine duckdb\nselect carrier\nfrom air.flights\n")
    assert "flights" in text
    result = filled.run("%%emr explain\nselect nope\nfrom air.flights", fails=True)
    assert isinstance(result.error_in_exec, StatementError)
    result = filled.run("%%emr tables\nselect 1", fails=True)
    assert "%%emr explain and %%emr transpile" in str(result.error_in_exec)


@pytest.mark.parametrize(
    ("dialect", "analyze", "sql"),
    [
        ("trino", False, "EXPLAIN (FORMAT JSON) q"),
        ("presto", True, "EXPLAIN ANALYZE q"),
        ("hive", False, "EXPLAIN q"),
        ("spark", False, "EXPLAIN FORMATTED q"),
        ("spark", True, ""),
    ],
)
def test_each_dialect_explains_by_its_words(dialect, analyze, sql):
    assert explain("q", dialect, analyze=analyze) == sql


def test_a_plan_of_trino_has_its_fragments():
    plan = (
        '{"0": {"id": "6", "name": "Output", "descriptor": {"columnNames": "[a]"}, "details": [],'
        ' "children": [{"name": "RemoteSource", "descriptor": {"sourceFragmentIds": "[1]"},'
        ' "children": []}]}, "1": {"name": "TableScan", "descriptor": {"table": "tpch:t"},'
        ' "details": ["a := tpch:a"], "children": []}}'
    )
    assert plan_text([[plan]]).splitlines() == [
        "Fragment 0",
        "  Output · columnNames: [a]",
        "    RemoteSource · sourceFragmentIds: [1]",
        "Fragment 1",
        "  TableScan · table: tpch:t · a := tpch:a",
    ]


# -- transpile ------------------------------------------------------------------------------


def test_transpile_writes_another_dialect(bare):
    text = answer(
        bare, "%emr transpile --from hive --to presto select `a b`, date_add(d, 3) from t"
    )
    assert '"a b"' in text
    assert "DATE_ADD('DAY', 3" in text
    text = answer(bare, "%%emr transpile --from trino --to spark\nselect 1;\nselect json_format(x)")
    assert text.startswith("SELECT\n  1;\n\nSELECT")


def test_transpile_begins_with_the_dialect_of_the_last_cell(filled):
    assert answer(filled, "%emr transpile --to hive select a::int from t") == (
        "SELECT\n  CAST(a AS INT)\nFROM t"
    )


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("--to prest select 1", "Did you mean presto"),
        ("--from trino --to hive select from from", "line 1: this is not read as trino"),
        ("--to hive", "SQL missing|CODE missing"),
        ("select 1", "DIALECT missing"),
    ],
)
def test_transpile_refuses(bare, line, words):
    result = bare.run(f"%emr transpile {line}", fails=True)
    assert isinstance(result.error_in_exec, UsageError)
    assert any(word in str(result.error_in_exec) for word in words.split("|"))


# -- catalogs by statements -----------------------------------------------------------------


class Server:
    """Answers SHOW and DESCRIBE, and counts."""

    def __init__(self, answers):
        self.answers = answers
        self.asked = []

    def __call__(self, sql):
        self.asked.append(sql)
        return self.answers[sql]


HIVE = {
    "SHOW DATABASES": [("default",), ("od`d",)],
    "SHOW TABLES IN `default`": [("flights",), ("late",)],
    "SHOW VIEWS IN `default`": [("late",)],
    "DESCRIBE `default`.`flights`": [
        ("carrier", "string", ""), ("day", "date", ""), ("", None, None),
        ("# Partition Information", None, None), ("# col_name", "data_type", "comment"),
        ("day", "date", ""),
    ],
}  # fmt: skip
TRINO = {
    "SHOW CATALOGS": [("hive",), ("tpch",)],
    'SHOW SCHEMAS FROM "hive"': [("default",)],
    'SELECT table_name, table_type FROM "hive".information_schema.tables'
    " WHERE table_schema = 'default' ORDER BY 1": [("flights", "BASE TABLE"), ("late", "VIEW")],
    'DESCRIBE "hive"."default"."flights"': [("carrier", "varchar", "", "")],
}


def test_hives_catalog_by_its_statements():
    server = Server(HIVE)
    catalog = SqlCatalog("hive", server)
    schemas = catalog.children()
    assert [n.qualified for n in schemas] == ["`default`", "`od``d`"]
    tables = catalog.children(schemas[0])
    assert [(n.name, n.kind) for n in tables] == [("flights", "table"), ("late", "view")]
    columns = catalog.children(tables[0])
    assert [(n.name, n.type) for n in columns] == [("carrier", "string"), ("day", "date")]
    assert columns[0].qualified == "`default`.`flights`.`carrier`"
    assert catalog.children(columns[0]) == []
    assert catalog.children(CatalogNode("x", "table", "`default`.`flights`")) == columns


def test_trinos_catalog_by_its_statements():
    catalog = SqlCatalog("trino", Server(TRINO))
    (hive, _) = catalog.children()
    (default,) = catalog.children(hive)
    flights, late = catalog.children(default)
    assert (flights.qualified, late.kind) == ('"hive"."default"."flights"', "view")
    assert [n.name for n in catalog.children(flights)] == ["carrier"]


def test_answers_are_kept_for_a_while_and_asked_anew():
    now = [100.0]
    server = Server(HIVE)
    catalog = SqlCatalog("hive", server, fresh=60.0, clock=lambda: now[0])
    assert catalog.age() is None
    catalog.children()
    now[0] += 50
    catalog.children()
    assert len(server.asked) == 1
    assert catalog.age() == 50
    now[0] += 20
    catalog.children()
    assert len(server.asked) == 2
    catalog.refresh()
    catalog.children()
    assert len(server.asked) == 3


def test_an_engine_without_a_catalog_of_its_own_is_asked_by_statements(duck, monkeypatch):
    from emr_nb.notebook import catalogs

    asked = []

    def quietly(session, sql):
        asked.append((session.info.engine, sql))
        return TRINO[sql]

    monkeypatch.setattr(catalogs, "ask_quietly", quietly)
    monkeypatch.setattr(duck.duckdb, "catalog", lambda _: [])
    duck.duckdb.abilities = Abilities(dialect="trino")
    found = answer(duck, "%emr tables hive.*.f* --engine duckdb")
    assert [n.qualified for n in found] == ['"hive"."default"."flights"']
    assert {engine for engine, _ in asked} == {"duckdb"}
    assert [n.type for n in answer(duck, "%emr columns hive.default.flights --engine duckdb")] == [
        "varchar"
    ]


def test_a_statement_of_ours_runs_quietly(duck):
    from emr_nb.notebook.asking import ask_quietly

    duck.run("%%duckdb -q\ncreate temp table mine as select 1 as a, 'x' as b")
    session = duck.notebook.attachment().of("duckdb").sessions.opened()
    duck.screen.shown.clear()
    assert ask_quietly(session, "select * from mine") == [(1, "x")]
    assert not duck.screen.shown
