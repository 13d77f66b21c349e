"""Cells split into statements as each engine's own parser does."""

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emr_nb.engines.sql.lexicon import lexicon
from emr_nb.engines.sql.splitting import split
from emr_nb.engines.sql.tokens import tokens


def texts(code, dialect="trino"):
    return [piece.text for piece in split(code, lexicon(dialect))]


@pytest.mark.parametrize("dialect", ["hive", "spark", "trino", "presto", "duckdb", "other"])
def test_semicolons_split_and_none_of_those_inside_do(dialect):
    name = "`a;b`" if dialect in ("hive", "spark") else '"a;b"'
    code = f"select 'x;y' as {name} -- one; two\n;\n\n/* three; */ select 2; ;"
    assert texts(code, dialect) == [f"select 'x;y' as {name}", "select 2"]


@pytest.mark.parametrize("code", ["", "  \n", ";;", "-- only; this\n", "/* a */ ; -- b"])
def test_nothing_and_comments_are_no_statement(code):
    assert texts(code) == []


@pytest.mark.parametrize(
    ("dialect", "code", "count"),
    [
        ("hive", r"select 'it\'s; one'; select 2", 2),
        ("trino", r"select 'it\'; select 2", 2),  # a backslash is a character there
        ("hive", 'select "a;b"; select 2', 2),
        ("trino", 'select "a;b"; select 2', 2),
        ("hive", "/* a /* b; */ c; */ select 1; select 2", 2),
        ("trino", "select 1 /* a /* b; */; select 2", 2),
        ("spark", "select r'a\\'; select 2", 2),
        ("spark", "select 1 -- a \\\n; still a comment\n; select 2", 2),
        ("duckdb", "select $a$ x;y $a$; select $$;$$; select e'\\';'", 3),
        ("trino", "select 'a''; b'; select 2", 2),
        ("trino", "create function f() language python as $$\na; b\n$$; select 2", 2),
    ],
)
def test_each_dialect_has_its_own_quotes_and_comments(dialect, code, count):
    assert len(texts(code, dialect)) == count


def test_a_routine_of_trino_is_one_statement():
    code = """create or replace function f(n bigint) returns bigint
    begin
      declare a bigint default 0;
      if n > 3 then set a = 1; elseif n > 1 then set a = if(n > 2, 5, 6); else set a = 2; end if;
      case when a > 1 then set a = case when a = 2 then 3 else 4 end; end case;
      top: while a < 3 do set a = a + 1; iterate top; end while;
      repeat set a = a - 1; until a < 1 end repeat;
      return a;
    end;
    select f(3)"""
    assert [t.split()[0] for t in texts(code)] == ["create", "select"]
    assert [t.split()[0] for t in texts("with function g() returns int return 1 select g(); "
                                        "select 2")] == ["with", "select"]  # fmt: skip


def test_a_script_of_spark_is_one_statement():
    code = "begin declare x int; for r as (select 1) do select 2; end for; end; select 3"
    assert len(texts(code, "spark")) == 2
    assert len(texts("begin transaction; select 1", "duckdb")) == 2


def test_a_piece_knows_where_it_begins_and_whether_it_may_have_a_table():
    pieces = split("-- a\nuse x;\n(select 1);\ninsert into t values (1)", lexicon("trino"))
    assert [(p.start, p.first_word, p.may_have_table) for p in pieces] == [
        (5, "USE", False),
        (12, "SELECT", True),
        (24, "INSERT", False),
    ]


def test_five_megabytes_are_split_soon():
    code = "insert into t values " + ",".join(["(1, 'abc;def')"] * 360_000) + "; select 1"
    assert len(code) > 5_000_000
    assert len(texts(code, "hive")) == 2


SNIPPETS = st.sampled_from(
    ["select 1", "select 'a;b'", 'select 1 as "x;y"', "select $$;$$", "select $t$ $$;'$t$", ";",
     "; ", "-- c;\n", "/* ; */", "/* /* ; */ */", "select e'\\';'", "select 'it''s;'", "\n",
     "select ';' || ';'", "select 1 -- '\n", "create or replace temp table z as select ';' as a"]
)  # fmt: skip


@settings(deadline=None, max_examples=300)
@given(st.lists(SNIPPETS, max_size=8))
def test_duckdb_splits_as_we_do(snippets):
    code = " ".join(snippets)
    try:
        expected = duckdb.extract_statements(code)
    except duckdb.ParserException:
        return  # two selects without a semicolon between them
    assert len(texts(code, "duckdb")) == len(expected)


@given(st.text(alphabet="ab'\"`;-/*\\\n ${}%xre0", max_size=60), st.booleans(),
       st.sampled_from(["hive", "spark", "trino", "presto", "duckdb", "ansi"]))  # fmt: skip
def test_nothing_of_a_text_is_lost(text, fine, dialect):
    found = list(tokens(text, lexicon(dialect), fine=fine))
    assert "".join(t.of(text) for t in found) == text
    assert [t.start for t in found] == [0, *(t.end for t in found)][: len(found)]
