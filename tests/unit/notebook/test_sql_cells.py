"""What SQL cells give on somebody else's engine: tables, files, several statements, widgets."""

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from duck_rig import lines, rows, value

from emr_nb.errors import PathExistsError, ResultError, StatementError, UsageError
from emr_nb.results.result import Result
from emr_nb.results.table import MIME

# -- results ------------------------------------------------------------------------------


def test_a_cell_shows_its_table_and_binds_it(duck):
    duck.run("%%duckdb -o df\nselect range as a, 1.5::decimal(4,2) as d from range(3);\n")
    frame = value(duck, "df")
    assert isinstance(frame, pd.DataFrame)
    assert frame["a"].tolist() == [0, 1, 2]
    assert len(duck.screen.having(MIME)) == 1
    (line,) = lines(duck)
    assert line.startswith("✓ 3 rows · in df · ")
    assert "started in" in line
    assert duck.database.executed == ["select range as a, 1.5::decimal(4,2) as d from range(3)"]
    (row,) = rows(duck)
    assert (row.engine, row.language, row.state, row.rows) == ("duckdb", "sql", "done", 3)
    assert row.line == "%%duckdb -o df"
    assert not duck.engine.opened  # no Spark session came about


@pytest.mark.parametrize(
    ("form", "kind"), [("pandas", pd.DataFrame), ("polars", pl.DataFrame), ("arrow", pa.Table)]
)
def test_as_makes_what_it_says(duck, form, kind):
    duck.run(f"%%duckdb -o df --as {form}\nselect 1")
    assert isinstance(value(duck, "df"), kind)


def test_a_line_form_returns_its_result(duck):
    duck.shell.user_ns["n"] = 4
    duck.run("r = %duckdb select {{n}} as a, '{}' as b")
    found = value(duck, "r")
    assert isinstance(found, Result)
    assert found.table.to_pylist() == [{"a": 4, "b": "{}"}]
    assert not duck.screen.having(MIME)
    duck.run("%duckdb -n 1 select * from range(5)\nx = 1")
    assert len(duck.screen.having(MIME)) == 1


def test_rows_are_limited_and_it_is_said(duck):
    duck.run("%%duckdb -n 2 -o df\nfrom range(5)")
    assert len(value(duck, "df")) == 2
    assert "first 2 rows" in duck.screen.plain
    duck.run("%%duckdb -n 0 -o df\nfrom range(5)")
    assert value(duck, "df").columns.tolist() == ["range"]
    duck.run("%%duckdb -n -1 -o df\nfrom range(2000)")
    assert len(value(duck, "df")) == 2000
    duck.run("%%duckdb\nfrom range(2000)")
    assert "Only the first 1,000 rows are here" in str(duck.screen.having(MIME)[-1])


def test_quiet_decimal_and_chart(duck):
    duck.run("%%duckdb -q -o df --decimal float\nselect 1.5::decimal(4,2) as d")
    assert value(duck, "df")["d"].dtype == "float64"
    assert not duck.screen.having(MIME)
    duck.run("%%duckdb --chart bar -x a -y count\nselect range % 3 as a from range(30)")
    (chart,) = duck.screen.having("application/vnd.vegalite.v5+json")
    assert len(chart["data"]["values"]) == 3


def test_settings_and_schema_hold_for_their_cell(duck):
    duck.run("%%duckdb\ncreate schema s; create table s.t as select 1 as a")
    assert duck.run("r = %duckdb -d s select * from t")
    assert len(value(duck, "r")) == 1
    duck.run("%%duckdb\nselect * from t", fails=True)
    duck.run("r = %duckdb --set TimeZone=Asia/Tokyo select current_setting('TimeZone')")
    assert value(duck, "r").table.column(0).to_pylist() == ["Asia/Tokyo"]


def test_what_the_engine_cannot_do_is_refused_by_name(duck):
    result = duck.run("%%duckdb --catalog x\nselect 1", fails=True)
    assert isinstance(result.error_in_exec, UsageError)
    assert "--catalog has no meaning on duckdb: a database of DuckDB" in result.out
    result = duck.run("%%duckdb --bogus\nselect 1", fails=True)
    assert "There is no option --bogus" in result.out
    assert duck.database.executed == []
    assert not duck.duckdb.sessions()


def test_inputs_are_sent_first(duck):
    duck.shell.user_ns["frame"] = pd.DataFrame({"a": [1, 2, 3]})
    duck.run("%%duckdb -i frame -o df\nset threads = 1; select sum(a)::int as s from frame")
    assert value(duck, "df")["s"].tolist() == [6]


# -- files --------------------------------------------------------------------------------


def test_to_writes_through_the_notebook_piece_by_piece(duck, tmp_path):
    target = tmp_path / "big.parquet"
    duck.run(f"import os; os.chdir({str(tmp_path)!r})")
    duck.run("%%duckdb --to big.parquet\nselect range as a from range(1000000)")
    table = pq.read_table(target)
    assert table.column("a").to_pylist()[-1] == 999_999
    assert "✓ 1,000,000 rows · 1 file" in duck.screen.plain
    result = duck.run("%%duckdb --to big.parquet\nselect 1", fails=True)
    assert isinstance(result.error_in_exec, PathExistsError)
    assert len(duck.database.executed) == 1
    duck.run("%%duckdb --to big.parquet --overwrite -n 5\nselect range as a from range(1000)")
    assert pq.read_table(target).num_rows == 5
    duck.run("r = %duckdb select 1")  # the session is free again


def test_to_a_store_of_the_cluster_goes_by_the_notebook_too(duck):
    duck.run("%%duckdb --to /out/t.csv --format csv\nselect 1 as a, 'x' as b")
    (stored,) = duck.cluster.stores["hdfs"].files.values()
    assert stored == b'"a","b"\n1,"x"\n'


def test_to_needs_a_table(duck):
    result = duck.run("%%duckdb --to /out/t.csv --format csv\nset threads = 1", fails=True)
    assert isinstance(result.error_in_exec, ResultError)


# -- several statements ---------------------------------------------------------------------


def test_statements_run_in_order_and_the_last_table_is_the_cells(duck):
    code = (
        "create table t (a int, b varchar); -- a; comment\n"
        "insert into t values (1, 'x;y'), (2, null);\n"
        "select 'not shown';\n"
        "select * from t order by a;\n"
        "set threads = 1;\n"
    )
    duck.run(f"%%duckdb -o df\n{code}")
    assert value(duck, "df").to_dict("list")["a"] == [1, 2]
    assert len(duck.screen.having(MIME)) == 1
    told = lines(duck)
    assert [line.split(" · ")[0] for line in told] == [f"✓ {n} of 5" for n in range(1, 6)]
    assert "2 rows · in df" in told[3]
    assert "1 row" in told[2]
    made = rows(duck)
    assert [row.state for row in made] == ["done"] * 5
    assert len({row.tag for row in made}) == 5
    assert len({row.session for row in made}) == 1
    assert [row.text for row in made][3] == "select * from t order by a"
    assert len(duck.duckdb.sessions()) == 1


def test_the_first_failure_ends_the_cell(duck):
    code = "create table t (a int);\n\nselect b\n  from t; drop table t"
    result = duck.run(f"%%duckdb -o df\n{code}", fails=True)
    assert isinstance(result.error_in_exec, StatementError)
    assert [row.state for row in rows(duck)] == ["done", "failed"]
    assert "df" not in duck.shell.user_ns
    assert [line[:8] for line in lines(duck)] == ["✓ 1 of 3", "✗ 2 of 3"]
    assert "→ 4 │ select b" in result.out  # the cell's line: its magic is on the first


def test_an_error_points_at_the_place_in_the_cell(duck):
    duck.shell.user_ns["words"] = ["a\nb", "c"]
    code = "select 1;\nselect 2 in {{words}}, 1 where\n  nope = 3"
    result = duck.run(f"%%duckdb\n{code}", fails=True)
    assert "→ 4 │   nope = 3" in result.out
    assert "line 3" in result.error_in_exec.what


def test_only_what_gives_no_table(duck):
    duck.run("%%duckdb\ncreate table t (a int); insert into t values (1)")
    assert not duck.screen.having(MIME)
    result = duck.run("%%duckdb -o df\ncreate table u (a int); set threads = 1", fails=True)
    assert isinstance(result.error_in_exec, ResultError)


@pytest.mark.parametrize("code", ["-- nothing", "/* ; */", ";;"])
def test_comments_alone_are_refused(duck, code):
    result = duck.run(f"%%duckdb\n{code}", fails=True)
    assert isinstance(result.error_in_exec, UsageError)
    assert duck.database.executed == []


def test_a_line_may_hold_several(duck):
    duck.run("r = %duckdb create table t as select 7 as a; select * from t")
    assert value(duck, "r").table.to_pylist() == [{"a": 7}]


def test_statements_of_spark_sql_are_split_too(duck, flights):
    duck.answer([flights])
    duck.shell.user_ns["who"] = "O'Hare"
    duck.run("%%spark -l sql -o df\nuse db;\nselect * from t where a = '{{who}}';")
    assert [r.code for r in duck.engine.requests] == [
        "use db",
        r"select * from t where a = 'O\'Hare'",
    ]
    assert [r.output for r in duck.engine.requests] == [None, "df"]
    assert len(value(duck, "df")) == 3
    duck.run("%%sql\nselect {{nobody}}", fails=True)
    assert len(duck.engine.requests) == 2


def test_a_session_holds_its_state_between_cells(duck):
    duck.run("%%duckdb\ncreate temp table mine as select 1")
    duck.run("%%duckdb\nselect * from mine")
    duck.run("%%duckdb -s other --new\nselect * from mine", fails=True)
    assert len(duck.duckdb.sessions()) == 2


# -- parameters ---------------------------------------------------------------------------


def test_parameters_are_placed_and_never_run(duck):
    duck.run("%%duckdb\ncreate table t as select 1 as a")
    duck.shell.user_ns |= {"x": "'; drop table t; --", "t": "t", "n": [1, 2]}
    duck.run("%%duckdb -o df\nselect {{x}} as x, '{{x}}' as y from {{t}} where a in {{n}}")
    assert value(duck, "df").to_dict("list") == {"x": [duck.shell.user_ns["x"]] * 1,
                                                 "y": [duck.shell.user_ns["x"]]}  # fmt: skip
    duck.run("r = %duckdb select * from t")
    result = duck.run("%%duckdb\nselect 1; select {{nn}}", fails=True)
    assert "Did you mean n" in result.out
    assert "drop" not in duck.database.executed[-1]
    assert len(duck.database.executed) == 3  # nothing of the last cell was run


# -- widgets ----------------------------------------------------------------------------------


def test_a_widget_for_each_parameter_and_a_button_that_runs(duck, monkeypatch):
    import datetime as dt

    import ipywidgets

    made = []
    monkeypatch.setattr(
        ipywidgets, "VBox", lambda items: made.extend(items) or ipywidgets.HBox(items)
    )
    duck.shell.user_ns |= {"n": 3, "day": dt.date(2013, 1, 1), "words": ["a", "b"], "yes": True}
    duck.run(
        "%%duckdb -o df --interact\n"
        "select {{n}} as n, '{{who}}' as who, {{day}} as day, {{yes}} as yes where 'a' in {{words}}"
    )
    *fields, button, _ = made
    assert [type(f).__name__ for f in fields] == [
        "IntText",
        "Text",
        "DatePicker",
        "Checkbox",
        "SelectMultiple",
    ]
    assert duck.database.executed == []
    assert "Widgets for n = 3, who = ''" in duck.screen.plain
    fields[0].value, fields[1].value = 5, "it's"
    button.click()
    assert value(duck, "df")[["n", "who", "yes"]].values.tolist() == [[5, "it's", True]]
    assert value(duck, "n") == 3
    button.click()
    assert len(duck.database.executed) == 2


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("%%duckdb --interact\nselect 1", "There is no {{name}}"),
        ("%%duckdb --interact --async\nselect {{n}}", "--async at once"),
        ("%%duckdb --interact\nselect {{n}}", "too large a number"),
        ("%%duckdb --interact\nselect {{o}}", "no widget shows one"),
    ],
)
def test_interact_refuses(duck, cell, words):
    duck.shell.user_ns |= {"n": 2**60, "o": object()}
    result = duck.run(cell, fails=True)
    assert isinstance(result.error_in_exec, UsageError)
    assert words in str(result.error_in_exec)
