"""{{name}} in SQL: its place decides what stands for it, and what is refused."""

import datetime as dt
import decimal

import pandas as pd
import pytest
from parameters_rig import put

from emr_nb.engines.sql.lexicon import lexicon
from emr_nb.engines.sql.parameters import names_in, place
from emr_nb.errors import UsageError

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
