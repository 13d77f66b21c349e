"""`--profile`: statistics of a query's columns, computed on DuckDB, and written for others."""

from decimal import Decimal

import pyarrow as pa
import pytest

from emr_nb.engines.sql.around import around, is_query
from emr_nb.engines.sql.lexicon import lexicon
from emr_nb.engines.sql.parameters import Placed, place
from emr_nb.engines.sql.profiles import ProfiledColumn, ProfileQuery, kind_of
from emr_nb.errors import StatementError, UsageError
from emr_nb.notebook.profiling import table_of
from emr_nb.results.result import Result
from emr_nb.results.table import MIME
from emr_nb.testing.fake_engine import result_of

NUMBERS = """select * from (values
  (1, 'a', 1.50::decimal(20,2), true, date '2024-01-01', [1], 2.5::double),
  (2, 'b', -3.25, false, null, null, null),
  (3, 'b', 10000000000000000.01, true, date '2023-01-01', [2], 0.5)
) t (i, s, d, b, day, l, x) order by i"""


def by_column(result):
    return {row["column"]: row for row in result.table.to_pylist()}


def test_a_cell_shows_the_statistics_of_its_columns(duck):
    duck.run(f"%%duckdb --profile -o p\n{NUMBERS};")
    (payload,) = duck.screen.having(MIME)
    assert payload["notices"] == ["Of 3 rows; distinct values are estimated."]
    frame = duck.shell.user_ns["p"].set_index("column")
    assert frame["values"].tolist() == [3, 3, 3, 3, 2, 2, 2]
    assert frame["nulls"].tolist() == [0, 0, 0, 0, 1, 1, 1]
    assert frame.loc["d", "min"] == "-3.25"
    assert frame.loc["d", "max"] == "10000000000000000.01"  # all its digits
    assert (frame.loc["day", "min"], frame.loc["day", "max"]) == ("2023-01-01", "2024-01-01")
    assert frame.loc["i", "mean"] == "2.0"
    assert frame.loc["i", "stddev"] == 1.0
    assert float(frame.loc["b", "mean"]) == pytest.approx(2 / 3)  # the share that is true
    assert frame.loc["s", "distinct"] == 2
    assert frame.isna().loc["l", ["distinct", "min", "max", "mean"]].all()


def test_it_costs_one_query_that_reads(duck):
    duck.run(f"%%duckdb --profile\n{NUMBERS}")
    look, whole = duck.database.executed
    assert look.endswith("LIMIT 0")
    assert "count(*) AS total" in whole
    rows = duck.run("%emr history").result
    assert [r.line for r in rows] == ["%%duckdb"]  # run again it is a query as any other


def test_the_line_form_returns_it(duck):
    duck.shell.user_ns["least"] = 2
    duck.run("r = %duckdb --profile select range as n from range(5) where range > {{least}}")
    result = duck.shell.user_ns["r"]
    assert isinstance(result, Result)
    row = by_column(result)["n"]
    assert (row["values"], row["min"], row["max"]) == (2, "3", "4")
    assert {c.name: c.engine_type for c in result.columns}["distinct"] == "approximate"


def test_of_several_statements_the_last_table_is_looked_at(duck):
    duck.run("%%duckdb --profile -q -o p\ncreate table t as select 1 as a;\nfrom t;\n")
    assert duck.shell.user_ns["p"]["column"].tolist() == ["a"]


def test_columns_of_one_name_and_of_none(duck):
    duck.run('r = %duckdb --profile select 1 as a, 2 as a, 3, \';\' as "x ""y"')
    assert [r["min"] for r in duck.shell.user_ns["r"].table.to_pylist()] == ["1", "2", "3", ";"]


def test_beside_the_notebook(duck):
    duck.run("%%duckdb --profile --async -o p\nselect range as a from range(10)")
    handle = duck.shell.user_ns["p"]
    assert handle.result(30)["max"].tolist() == ["9"]


def test_an_error_tells_its_place_in_the_cell(duck):
    duck.shell.user_ns["long"] = "x" * 100
    result = duck.run(
        "%%duckdb --profile\nselect 1;\nwith a as (select {{long}} as b)\nselect b,\n  nix from a",
        fails=True,
    )
    error = result.error_in_exec
    assert isinstance(error, StatementError)
    assert error.line == 4


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("%%duckdb --profile -n 3\nselect 1", "-n has no meaning"),
        ("%%duckdb --profile --to /x\nselect 1", "--to has no meaning"),
        ("%%duckdb --profile --chart bar\nselect 1", "--chart has no meaning"),
        ("%%duckdb --profile\nshow tables", "this is none"),
        ("%%spark --profile\n1", "of SQL alone"),
    ],
)
def test_what_makes_no_sense_is_refused(duck, cell, words):
    result = duck.run(cell, fails=True)
    assert isinstance(result.error_in_exec, UsageError)
    assert words in str(result.error_in_exec)
    assert not duck.database.executed


# -- a query inside another -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("select 1", "WITH emr_nb_q AS (\nselect 1\n) S"),
        ("with a as (select 1) select 2", "with a as (select 1) , emr_nb_q AS (\nselect 2\n) S"),
        ("with a (x) as ((select (1))), b as (values 1) (select 2)",
         "with a (x) as ((select (1))), b as (values 1) , emr_nb_q AS (\n(select 2)\n) S"),
        ("(select 1) union (select 2)", "WITH emr_nb_q AS (\n(select 1) union (select 2)\n) S"),
        ("select 1 -- end", "WITH emr_nb_q AS (\nselect 1 -- end\n) S"),
    ],
)  # fmt: skip
def test_its_own_with_comes_first(text, made):
    assert around(Placed(text), lexicon("hive"), "S").text == made


def test_what_is_no_query_is_refused():
    for text in ("insert into t select 1", "show tables", "explain select 1", ""):
        assert not is_query(text, lexicon("trino"))
    with pytest.raises(UsageError):
        around(Placed("drop table t"), lexicon("trino"), "S")


def test_places_lead_back_to_the_cell():
    placed = place(
        "with a as (select {{x}})\nselect {{x}}, y from a", {"x": "long"}, lexicon("hive")
    )
    made = around(placed, lexicon("hive"), "S")
    for word in ("y from a", "with a", "select 'long')"):
        at = made.text.index(word)
        source = "with a as (select {{x}})\nselect {{x}}, y from a"
        assert made.origin(at) == source.index(word.replace("'long'", "{{x}}"))


# -- dialects -------------------------------------------------------------------------------


def columns(**types):
    return [ProfiledColumn(name, spelled, type_) for name, (spelled, type_) in types.items()]


DECIMAL = {"d": ("decimal(20, 4)", pa.decimal128(20, 4))}


def test_trino_keeps_a_decimals_digits_and_counts_what_is_frequent():
    query = ProfileQuery(columns(**DECIMAL, s=("varchar", pa.string())), lexicon("trino"))
    text = query.placed(Placed("select * from t")).text
    assert text.startswith("WITH emr_nb_q (c0, c1) AS (\nselect * from t\n) SELECT")
    assert "avg(CAST(c0 AS DECIMAL(24, 8)))" in text
    assert "approx_most_frequent(3, c1, 1000)" in text
    assert "approx_most_frequent(3, c0" not in text
    wide = ProfileQuery(columns(d=("decimal(38, 4)", pa.decimal128(38, 4))), lexicon("trino"))
    assert "avg(c0)" in wide.placed(Placed("select 1")).text


def test_hive_names_the_columns_themselves():
    query = ProfileQuery(
        columns(**{"a b": ("int", pa.int32()), "t": ("boolean", pa.bool_()),
                   "x": ("binary", pa.binary())}),
        lexicon("hive"),
    )  # fmt: skip
    text = query.placed(Placed("select 1")).text
    assert text.startswith("WITH emr_nb_q AS (\n")
    assert "compute_stats(`a b`, 'hll').numdistinctvalues AS d0" in text
    assert "WHEN `t` = true" in text
    assert "compute_stats(`x`" not in text


def test_a_dialect_that_is_not_known_counts():
    query = ProfileQuery(columns(a=("int", pa.int32())), lexicon("ansi"))
    assert "count(DISTINCT c0) AS d0" in query.placed(Placed("select 1")).text
    assert not query.approximate


@pytest.mark.parametrize(
    ("spelled", "type_", "kind"),
    [
        ("json", pa.string(), "other"),
        ("varchar(3)", pa.string(), "text"),
        ("interval_year_month", pa.string(), "other"),
        ("row(a integer)", pa.struct([("a", pa.int32())]), "nested"),
        ("interval day", pa.duration("us"), "other"),
        ("timestamp(3)", pa.timestamp("us"), "time"),
        ("array<int>", pa.string(), "other"),  # Hive's text that tells no values
    ],
)
def test_a_type_has_the_statistics_it_can(spelled, type_, kind):
    assert kind_of(ProfiledColumn("c", spelled, type_)) == kind


def test_one_row_becomes_a_table():
    query = ProfileQuery(columns(**DECIMAL, s=("varchar", pa.string())), lexicon("trino"))
    row = result_of(
        pa.table(
            {
                "total": [4], "n0": [3], "d0": [5], "lo0": [Decimal("-1.0000")],
                "hi0": [Decimal("2.5000")], "m0": [Decimal("0.50000000")], "s0": [1.25],
                "n1": [4], "d1": [2], "lo1": ["a"], "hi1": ["b"],
                "top1": pa.array([[("a", 1), ("b", 3)]], pa.map_(pa.string(), pa.int64())),
            }
        ),
        {},
    )  # fmt: skip
    made = table_of(query, row)
    d, s = made.table.to_pylist()
    assert (d["nulls"], d["distinct"], d["mean"]) == (1, 3, "0.50000000")
    assert s["most frequent"] == "b (3), a (1)"
    assert d["most frequent"] is None
    many = ProfileQuery(query.columns * 150, lexicon("trino"))
    assert "The first 200 of 300 columns" in table_of(many, _wide(row)).notices[1]


def _wide(row):
    table = row.table
    for number in range(2, 200):
        table = table.append_column(f"n{number}", pa.array([1]))
    return Result(table, ())
