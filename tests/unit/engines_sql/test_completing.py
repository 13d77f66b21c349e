"""SQL completed: keywords, names of the catalog, columns by alias; by every dialect's rules."""

import time

import pytest

from emr_nb.engines.sql.completing import complete, tables_of
from emr_nb.engines.sql.lexicon import lexicon
from emr_nb.engines.sql.naming import parts_of
from emr_nb.errors import UsageError
from emr_nb.model import CatalogNode

COLUMNS = {"flights": ["carrier", "dep_delay", "order", "od`d"], "planes": ["tailnum", "Year"]}


class Tree:
    """A catalog with schemas at its root, or with catalogs above them; counts what it is asked."""

    def __init__(self, *catalogs):
        self.catalogs = catalogs
        self.asked = []

    def __call__(self, parent):
        self.asked.append(parent)
        if parent is None and self.catalogs:
            return [CatalogNode(c, "catalog", c) for c in self.catalogs]
        if parent is None or parent.kind == "catalog":
            return [CatalogNode(s, "schema", s) for s in ("default", "air")]
        if parent.kind == "schema":
            return [CatalogNode(t, "table", f"{parent.name}.{t}") for t in COLUMNS]
        return [CatalogNode(c, "column", c) for c in COLUMNS[parent.name]]


def texts(code, dialect="hive", tree=None, kinds=("class", "module", "property", "instance")):
    cursor = code.index("|")
    code = code.replace("|", "")
    found = complete(code, cursor, lexicon(dialect), tree or Tree())
    assert {c.end for c in found} <= {cursor}
    return [c.text for c in found if c.kind in kinds]


def keywords(code, dialect="hive"):
    return texts(code, dialect, kinds=("keyword",))


def test_a_name_that_no_statement_can_have_hides_no_other():
    tree = lambda _: [CatalogNode(name, "table", name) for name in ("fl", "${x}", "nul\0")]  # noqa: E731
    assert set(texts("select * from |", tree=tree)) == {"fl"}


def test_tables_stand_behind_from_and_the_like():
    assert texts("select * from fl|") == ["flights"]
    assert texts("select * from |") == ["default", "air", "flights", "planes"]
    assert texts("select * from air.p|") == ["planes"]
    assert texts("select * from a, fl|") == ["flights"]
    assert texts("insert into table fl|") == ["flights"]
    assert texts("select 1 from x join fl| where a = 1") == ["flights"]
    assert texts("describe fl|") == ["flights"]
    assert texts("show tables in ai|") == ["air"]


def test_catalogs_come_before_schemas():
    tree = Tree("hive", "tpch")
    assert texts("select * from h|", "trino", tree) == ["hive"]
    assert texts("select * from hive.a|", "trino", tree) == ["air"]
    assert texts("select * from hive.air.f|", "trino", tree) == ["flights"]
    assert texts("select f.c| from hive.air.flights f", "trino", tree) == ["carrier"]
    assert texts("select * from nowhere.a|", "trino", tree) == []


def test_columns_are_those_of_the_alias():
    code = "select f.| from air.flights f join air.planes as p on f.x = p.{}"
    assert texts(code.format("y")) == ["carrier", "dep_delay", "`order`", "`od``d`"]
    assert texts("select p.t| from flights f join planes p") == ["tailnum"]
    assert texts("select flights.c| from flights") == ["carrier"]
    assert texts("select c| from flights f") == ["carrier"]
    assert texts("select f| from flights f") == ["f"]
    assert texts("select nobody.c| from flights f") == []
    assert texts("select y| from planes", "trino") == ["Year"]


def test_only_the_statement_of_the_cursor_counts():
    code = "select 1 from planes; select c| from flights; select 2 from planes"
    assert texts(code) == ["carrier"]


def test_names_are_quoted_where_they_must_be():
    assert texts("select * from `fl|") == ["flights"]
    assert texts("select o| from flights") == ["`order`", "`od``d`"]
    assert texts("select o| from flights", "trino") == ['"order"', '"od`d"']
    assert texts("select f.`od| from flights f") == ["`od``d`"]


@pytest.mark.parametrize("code", ["select 'c|' from flights", "select 'c|", "-- c|\n", "/* c|"])
def test_texts_and_comments_are_left_alone(code):
    assert texts(code) == []
    assert keywords(code) == []


def test_keywords_are_the_dialects_and_written_as_the_word_is():
    assert "select" in keywords("sel|")
    assert "SELECT" in keywords("SEL|")
    assert "lateral" in keywords("select 1 from t lat|")
    assert "qualify" in keywords("select 1 from t qual|", "duckdb")
    assert keywords("select t.sel|") == []
    assert keywords("|") == []


def test_tables_of_a_statement():
    rules = lexicon("hive")
    code = "select * from `a b`.t1 x, t2 join s.t3 as y on 1 = 1 left join t4"
    code += " where a in (select 1 from t5)"
    assert [(t.parts, t.alias) for t in tables_of(code, rules)] == [
        (("a b", "t1"), "x"),
        (("t2",), "t2"),
        (("s", "t3"), "y"),
        (("t4",), "t4"),
        (("t5",), "t5"),
    ]
    assert [t.parts for t in tables_of("insert into t select a, b from u", rules)] == [
        ("t",),
        ("u",),
    ]


@pytest.mark.parametrize(
    ("text", "parts"),
    [("a.b.c", ["a", "b", "c"]), ('"a.b".c', ["a.b", "c"]), ('"a""b"', ['a"b']), ("t1", ["t1"])],
)
def test_parts_of_a_name(text, parts):
    assert parts_of(text, lexicon("trino")) == parts


@pytest.mark.parametrize("text", ["", "a.", ".a", "a b", "a;b", "'a'", "a-b", "a..b"])
def test_what_is_no_name(text):
    with pytest.raises(UsageError):
        parts_of(text, lexicon("trino"))


def test_ten_thousand_tables_are_completed_soon():
    nodes = [CatalogNode(f"table_{n}", "table", f"default.table_{n}") for n in range(10_000)]
    schema = [CatalogNode("default", "schema", "default")]
    rules = lexicon("hive")
    complete("sel", 3, rules, lambda _: [])  # sqlglot has loaded
    began = time.perf_counter()
    found = complete("select * from table_99", 22, rules, lambda p: schema if p is None else nodes)
    assert len(found) == 111
    assert time.perf_counter() - began < 0.5
