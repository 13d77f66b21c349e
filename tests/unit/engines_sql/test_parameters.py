# ruff: noqa: DTZ001 -- SQL has timestamps without a zone, and their values are naive
"""{{name}} in SQL: a value is always one value, whatever it holds, and its place decides how."""

import datetime as dt
import decimal
import enum
import uuid
import zoneinfo

import duckdb
import numpy as np
import pandas as pd
import pytest
import sqlglot
from hypothesis import example, given, settings
from hypothesis import strategies as st

from emr_nb.engines.sql.lexicon import lexicon
from emr_nb.engines.sql.parameters import names_in, place
from emr_nb.errors import UsageError

DIALECTS = ["hive", "spark", "trino", "presto", "duckdb"]
HOSTILE = [
    "", "'", "''", "\\", "\\'", "'; drop table t; --", "*/ drop table t /*", "--", "/*", ";",
    "${env:HOME}", "{{x}}", "{% a %}", "\n", "\r\n\t", "ü漢😀", '"', "`", "$$", "$a$", "%s",
    "\\u0027",
    "a\\", "\u2028", "\x1a", "'||(select 1)||'", "null", "?", ":x",
]  # fmt: skip


@pytest.fixture(scope="module")
def con():
    with duckdb.connect() as made:
        made.execute("set timezone='America/New_York'")
        made.execute("create table t (v varchar)")
        yield made


def put(code, dialect="duckdb", **values):
    return place(code, values, lexicon(dialect)).text


def read(con, code, **values):
    """Run one statement with DuckDB and return its only value."""
    text = put(code, **values)
    assert len(duckdb.extract_statements(text)) == 1
    value = con.execute(text).fetchone()[0]
    assert con.execute("select count(*) from duckdb_tables()").fetchone() == (1,)
    return value


SURE_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


# -- values come back ---------------------------------------------------------------------


@settings(deadline=None, max_examples=300)
@given(SURE_TEXT | st.sampled_from(HOSTILE))
@example("'\xa0")  # DuckDB makes plain spaces of others outside of what it takes for texts
def test_a_text_comes_back_wherever_it_stands(con, x):
    assert read(con, "select {{x}}", x=x) == x
    assert read(con, "select '{{x}}'", x=x) == x
    assert read(con, "select 'a{{ x }}b{{x}}'", x=x) == f"a{x}b{x}"
    assert read(con, "select 'it''s {{x}}' -- {{y}}", x=x) == f"it's {x}"
    assert read(con, "select e'\\t{{x}}'", x=x) == f"\t{x}"
    assert read(con, "select case when {{x}} = '{{x}}' then 1 end", x=x) == 1
    if x:
        assert read(con, "select 7 as {{x}}", x=x) == 7
        assert con.execute(put('select 7 as "{{x}}."', x=x)).description[0][0] == f"{x}."


VALUES = st.one_of(
    st.booleans(),
    st.integers(-(10**38) + 1, 10**38 - 1),
    st.floats(allow_nan=False),
    st.binary(max_size=40),
    st.dates(),
    st.datetimes(min_value=dt.datetime(1800, 1, 1)),
    st.timedeltas(dt.timedelta(days=-9999), dt.timedelta(days=9999)),
    st.decimals(-(10**18), 10**18, places=9, allow_nan=False, allow_infinity=False),
    st.uuids(),
    st.times(),
)


@settings(deadline=None, max_examples=300)
@given(VALUES)
@example(-(2**63))
@example(2**63)
@example(-0.0)
@example(float("inf"))
@example(decimal.Decimal("1E+5"))
@example(decimal.Decimal("-0.00"))
@example(dt.datetime(1, 1, 1))
def test_a_value_comes_back_with_its_type(con, x):
    found = read(con, "select {{x}}", x=x)
    assert found == x
    assert str(found) == str(x) or isinstance(x, (decimal.Decimal, dt.timedelta))
    assert isinstance(found, type(x)) or (isinstance(x, int) and found == x)
    assert read(con, "select 5 -{{x}} is null", x=3) is False


def test_what_is_no_number_comes_back(con):
    assert str(read(con, "select {{x}}", x=float("nan"))) == "nan"
    assert read(con, "select {{x}} is null", x=None) is True
    assert read(con, "select 5 -{{x}}", x=-3) == 8  # and begins no comment


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Asia/Kathmandu", "America/New_York"])
def test_a_time_with_a_zone_is_its_instant(con, zone):
    for when in (dt.datetime(2024, 10, 27, 2, 30, 0, 123456), dt.datetime(1890, 1, 1, 12)):
        for fold in (0, 1):
            x = when.replace(tzinfo=zoneinfo.ZoneInfo(zone), fold=fold)
            assert read(con, "select epoch_us({{x}})", x=x) == (
                (x - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1)
            )


class Colour(enum.StrEnum):
    RED = "r'd"


def test_what_equals_a_plain_value_is_one(con):
    assert read(con, "select {{x}}", x=np.int64(5)) == 5
    assert read(con, "select {{x}}", x=np.str_("a'b")) == "a'b"
    assert read(con, "select {{x}}", x=Colour.RED) == "r'd"
    assert read(con, "select {{x}}", x=pd.Timestamp("2024-01-02 03:04:05.000006")) == (
        dt.datetime(2024, 1, 2, 3, 4, 5, 6)
    )
    assert read(con, "select {{x}} is null", x=pd.NaT) is True
    assert read(con, "select {{x}} is null", x=pd.NA) is True
    assert read(con, "select 2 in {{x}}", x=pd.Series([1, 2])) is True
    assert read(con, "select {{x}}", x=[1, 2]) == [1, 2]


@given(st.lists(SURE_TEXT | st.sampled_from(HOSTILE), min_size=1, max_size=20))
@settings(deadline=None)
def test_lists_expand_in_in(con, xs):
    for code in ("select {{y}} in {{xs}}", "select {{y}} in ({{xs}})",
                 "select {{y}} in ('q', {{xs}})"):  # fmt: skip
        assert read(con, code, y=xs[-1], xs=xs) is True
        assert read(con, code, y="no such text", xs=tuple(xs)) is False


def test_ten_thousand_elements(con):
    xs = range(10_000)
    assert read(con, "select count(*) from range(20000) r(i) where i in {{xs}}", xs=xs) == 10_000


# -- other dialects, read by an independent tokenizer -----------------------------------------


@pytest.mark.parametrize("dialect", DIALECTS)
@settings(deadline=None, max_examples=150)
@given(x=SURE_TEXT.filter(lambda t: "$" not in t) | st.sampled_from(
    [h for h in HOSTILE if "$" not in h]))  # fmt: skip
def test_one_token_holds_the_text_in_every_dialect(dialect, x):
    for code in ("select {{x}}", "select '{{x}}'"):
        kinds = sqlglot.tokenize(put(code, dialect, x=x), read=dialect)
        assert [t.token_type.name for t in kinds] == ["SELECT", "STRING"]
        if dialect in ("trino", "presto", "duckdb") or "\\u" not in x:
            assert kinds[1].text == x or (dialect in ("hive", "spark") and "\\" in x)
    if x:
        name = sqlglot.tokenize(put("use {{x}}", dialect, x=x), read=dialect)[1]
        assert (name.token_type.name, name.text) == ("IDENTIFIER", x)


def unescaped(text):
    """Read a Hive or Spark literal as unescapeSQLString does, for the escapes that we write."""
    out, at = "", 1
    while at < len(text) - 1:
        if text[at] != "\\":
            out, at = out + text[at], at + 1
        elif text[at + 1] == "u":
            out, at = out + chr(int(text[at + 2 : at + 6], 16)), at + 6
        else:
            assert text[at + 1] in "\\'\""
            out, at = out + text[at + 1], at + 2
    return out


@given(SURE_TEXT | st.sampled_from(HOSTILE))
def test_hive_and_spark_read_the_text_back_and_replace_nothing(x):
    for dialect in ("hive", "spark"):
        for code in ("{{x}}", "'{{x}}'", '"{{x}}"'):
            text = put(f"select {code}", dialect, x=x).removeprefix("select ")
            assert "$" not in text
            assert unescaped(text) == x


@pytest.mark.parametrize(
    ("value", "trino", "hive", "spark"),
    [
        (True, "TRUE", "TRUE", "TRUE"),
        (-7, "-7", "-7", "-7"),
        (2**64, "DECIMAL '18446744073709551616'", "CAST('18446744073709551616' AS DECIMAL(20,0))",
         "CAST('18446744073709551616' AS DECIMAL(20,0))"),
        (1.5, "DOUBLE '1.5'", "CAST('1.5' AS DOUBLE)", "CAST('1.5' AS DOUBLE)"),
        (float("nan"), "DOUBLE 'NaN'", "CAST('NaN' AS DOUBLE)", "CAST('NaN' AS DOUBLE)"),
        (decimal.Decimal("1.10"), "DECIMAL '1.10'", "CAST('1.10' AS DECIMAL(3,2))",
         "CAST('1.10' AS DECIMAL(3,2))"),
        (decimal.Decimal("0.001"), "DECIMAL '0.001'", "CAST('0.001' AS DECIMAL(3,3))",
         "CAST('0.001' AS DECIMAL(3,3))"),
        (b"\x00\xff", "X'00ff'", "unhex('00ff')", "X'00ff'"),
        (dt.date(24, 1, 2), "DATE '0024-01-02'", "DATE '0024-01-02'", "DATE '0024-01-02'"),
        (dt.datetime(2024, 1, 2, 3, 4), "TIMESTAMP '2024-01-02 03:04:00'",
         "TIMESTAMP '2024-01-02 03:04:00'", "TIMESTAMP '2024-01-02 03:04:00'"),
        (dt.datetime(2024, 1, 2, 3, 4, tzinfo=dt.timezone(dt.timedelta(hours=2))),
         "TIMESTAMP '2024-01-02 03:04:00+02:00'",
         "CAST('2024-01-02 01:04:00 UTC' AS TIMESTAMP WITH LOCAL TIME ZONE)",
         "TIMESTAMP '2024-01-02 03:04:00+02:00'"),
        (dt.timedelta(days=-1, milliseconds=-5), "INTERVAL -'1 00:00:00.005' DAY TO SECOND",
         "INTERVAL '-1 00:00:00.005000' DAY TO SECOND",
         "INTERVAL '-1 00:00:00.005000' DAY TO SECOND"),
        (None, "NULL", "NULL", "NULL"),
        ([1, "a"], "ARRAY[1, 'a']", "array(1, 'a')", "array(1, 'a')"),
        (uuid.UUID(int=1), "CAST('00000000-0000-0000-0000-000000000001' AS UUID)",
         "'00000000-0000-0000-0000-000000000001'", "'00000000-0000-0000-0000-000000000001'"),
    ],
)  # fmt: skip
def test_literals_have_the_type_of_their_value(value, trino, hive, spark):
    expected = {"trino": trino, "presto": trino, "hive": hive, "spark": spark}
    for dialect, text in expected.items():
        assert put("select {{x}}", dialect, x=value) == f"select {text}"


# -- places -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "code",
    [
        "select * from {{n}}", "select * from a, {{n}}", "select * from a join {{n}} on 1 = 1",
        "select * from {{n}}.x", "select * from s.{{n}}", "insert into {{n}} values (1)",
        "insert into t ({{n}}, b) values (1, 2)", "create table {{n}} (a int)",
        "create table t ({{n}} int, b int)", "drop table if exists {{n}}", "update {{n}} set a = 1",
        "update t set {{n}} = 1", "update t set a = 1, {{n}} = 2", "select 1 as {{n}}",
        "select a from t group by {{n}}", "select a from t order by b desc, {{n}}",
        "select max(a) over (partition by {{n}}) from t", "select * from a join b using ({{n}})",
        "describe {{n}}", "use {{n}}", "with {{n}} as (select 1) select 1",
        "with q as (select 1), {{n}} as (select 2) select 1", "show tables in {{n}}",
        "show columns from {{n}}", "grant select on {{n}} to bob", "select t.{{n}} from t",
        "alter table t add column {{n}} int", "alter table {{n}} rename to x",
        "alter table x rename to {{n}}", "select (select max(a) from {{n}})",
        "truncate table {{n}}",
        "select a from t group by rollup ({{n}}, b)", "analyze table {{n}}",
        "select {{n}}(a) from t",
        "create table t (a int) partitioned by ({{n}} int)",
        "insert overwrite table {{n}} select 1",
    ],
)  # fmt: skip
def test_names_are_quoted(code):
    assert put(code, "trino", n='od"d; x') == code.replace("{{n}}", '"od""d; x"')
    assert put(code, "hive", n="od`d; x") == code.replace("{{n}}", "`od``d; x`")


@pytest.mark.parametrize(
    "code",
    [
        "select {{v}}", "select a, {{v}} from t", "select * from t where a = {{v}}",
        "select * from t where {{v}} = a", "select f({{v}}, {{v}}) from t",
        "select * from t where a between {{v}} and {{v}}", "insert into t values ({{v}}, {{v}})",
        "update t set a = {{v}} where b > {{v}}", "select extract(year from {{v}})",
        "select trim(both ' ' from {{v}})", "select a is distinct from {{v}} from t",
        "select a is not distinct from {{v}} from t", "select case when {{v}} then {{v}} end",
        "select * from t group by f({{v}})", "select * from f(t, {{v}})", "select {{v}} || {{v}}",
        "insert into t partition (dt={{v}}) values (1)", "select * from t having a > {{v}}",
        "select a from t order by a = {{v}}", "select coalesce({{v}}, a)", "call p({{v}})",
        "select * from t a join u b on a.x = {{v}}",
        "create table t with (format = {{v}}) as select 1",
        "select * from t where a like {{v}}", "select * from (select {{v}})", "select [{{v}}]",
    ],
)  # fmt: skip
def test_values_are_literals(code):
    assert put(code, "trino", v="it's") == code.replace("{{v}}", "'it''s'")


def test_words_are_made_of_several_parts():
    assert put("select * from sales_{{y}}", "trino", y=2024) == 'select * from "sales_2024"'
    assert put("select * from {{a}}_{{b}} t", "hive", a="x", b="y`") == "select * from `x_y``` t"
    assert put("select 1 as {{a}}{{b}}", "trino", a="x", b=1) == 'select 1 as "x1"'


def test_a_qualified_name_is_a_tuple():
    assert put("select * from {{t}}", "trino", t=("s", "t.x")) == 'select * from "s"."t.x"'
    assert put("select * from {{t}}", "trino", t="s.t") == 'select * from "s.t"'


def test_numbers_of_rows_and_columns():
    assert put("select 1 limit {{n}}", n=5) == "select 1 limit 5"
    assert put("select a, b from t order by {{n}}", n=2) == "select a, b from t order by 2"
    for bad in ("5", 5.0, -1, True, None):
        with pytest.raises(UsageError, match="a number of rows"):
            put("select 1 limit {{n}}", n=bad)


def test_typed_literals_take_the_text():
    when = dt.date(2024, 1, 2)
    assert put("select date {{d}}", d=when) == put("select date '{{d}}'", d=when)
    assert put("select interval {{n}} day", "trino", n=3) == "select interval '3' day"


def test_settings_of_hive_are_taken_as_they_stand():
    assert put("set a.b={{v}}", "hive", v="x-1") == "set a.b=x-1"
    assert put("set session a = {{v}}", "trino", v="x") == "set session a = 'x'"
    with pytest.raises(UsageError, match="--set K=V"):
        put("set a.b={{v}}", "hive", v="x; drop table t")


def test_comments_keep_what_they_hold():
    code = "select 1 -- {{nobody}}\n/* {{nobody}} {% %} */"
    assert put(code) == code
    assert put("select '{% no block %}'") == "select '{% no block %}'"


# -- refusals -----------------------------------------------------------------------------


@pytest.mark.parametrize("operator", ["=", "<>", "!=", "<", ">=", "like"])
def test_none_is_compared_with_nothing(operator):
    with pytest.raises(UsageError, match="is None") as told:
        put(f"select * from t where a {operator} {{{{x}}}}", x=None)
    assert "is null" in told.value.advice
    if operator != "like":
        with pytest.raises(UsageError, match="is None"):
            put(f"select * from t where {{{{x}}}} {operator} a", x=None)
    assert put("update t set a = {{x}}", x=None) == "update t set a = NULL"
    assert put("insert into t values ({{x}})", x=None) == "insert into t values (NULL)"
    assert put("select a <=> {{x}}", "spark", x=None) == "select a <=> NULL"


@pytest.mark.parametrize("xs", [[1, None], [None]])
def test_none_is_in_nothing(xs):
    for code in ("select 1 in {{x}}", "select 1 not in ({{x}})"):
        with pytest.raises(UsageError, match="None in it"):
            put(code, x=xs)


@pytest.mark.parametrize(
    ("code", "values", "words"),
    [
        ("select {{fares}}", {"fare": 1, "_fares": 2}, "Did you mean fare"),
        ("select '{{nobody}}'", {}, "no variable nobody"),
        ("{% if x %} select 1 {% endif %}", {}, "a list expands in IN"),
        ("select\n {{x + 1}}", {"x": 1}, "line 2: {{x \\+ 1}}"),
        ("select {{x.y}}", {"x": 1}, "Assign the expression to a variable"),
        ("select 1 in {{x}}", {"x": []}, "is empty"),
        ("select {{x}}", {"x": object()}, "builtins.object"),
        ("select {{x}}", {"x": pd.DataFrame({"a": [1]})}, "DataFrame"),
        ("select {{x}}", {"x": {"a": 1}}, "dict"),
        ("select {{x}}", {"x": 10**39}, "38 digits"),
        ("select {{x}}", {"x": decimal.Decimal("nan")}, "Decimal"),
        ("select {{x}}", {"x": "\ud800"}, "surrogate"),
        ("select {{x}}", {"x": "a\0b"}, "NUL"),
        ("select '{{x}}'", {"x": [1]}, "stands inside quotes"),
        ("select '{{x}}'", {"x": None}, "is None"),
        ("select * from {{x}}", {"x": ""}, "can be no name"),
        ("select * from {{x}}", {"x": 5}, "stands for a name"),
        ("select cast(a as {{x}})", {"x": "int"}, "stands for a type"),
        ("select a::{{x}}", {"x": "int"}, "stands for a type"),
        ("select 1{{x}}", {"x": 5}, "begins with a digit"),
        ("select 'a'{{x}}", {"x": "b"}, "touches a quoted text"),
        ("select a_{{x}}", {"x": 1.5}, "a part of the name"),
        ("select $a$ {{x}} $a$", {"x": "$a$; drop"}, "cannot hold"),
    ],
)
def test_what_cannot_be_placed_is_refused(code, values, words):
    with pytest.raises(UsageError, match="(?s)" + words) as told:
        put(code, **values)
    assert "Nothing was run" in str(told.value)


@pytest.mark.parametrize(
    ("code", "value"),
    [
        (r"select '\{{x}}'", "'; drop table t"),
        (r"select '\u00{{x}}'", "27"),
        (r"select '\0{{x}}'", "12"),
        (r"select r'{{x}}'", "'"),
        ("select `{{x}}`", "${env:HOME}"),
        ("select x'{{x}}'", "0"),
    ],
)
def test_escapes_of_the_cell_never_reach_into_a_value(code, value):
    with pytest.raises(UsageError):
        put(code, "spark", x=value)


def test_a_backslash_of_the_text_does_not_count():
    assert put(r"select '\\{{x}}'", "hive", x="'") == r"select '\\\''"
    assert put(r"select '\\u00{{x}}'", "hive", x="27") == r"select '\\u0027'"
    assert put(r"select u&'\00e9{{x}}'", "trino", x="a\\'") == r"select u&'\00e9a\\'''"
    assert put("select x'{{x}}'", "trino", x=b"\x01") == "select x'01'"


def test_names_are_found_where_they_count():
    assert names_in("select {{a}}, '{{ b }}', {{a}} -- {{c}}", lexicon("trino")) == ["a", "b"]


def test_the_place_of_an_error_is_told_in_the_source():
    code = "select {{a}},\n  {{b}} frm t"
    placed = place(code, {"a": "x\ny", "b": [1, 2]}, lexicon("trino"))
    at = placed.text.index("frm")
    assert code[placed.origin(at) :] == "frm t"
    assert placed.origin(placed.text.index("y'")) == code.index("{{a}}")
    assert placed.origin(3) == 3
