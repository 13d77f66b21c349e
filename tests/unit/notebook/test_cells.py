"""Cells: what they ask of the engine, what they show and bind, and how they fail."""

import pandas as pd
import pyarrow as pa
import pytest

from emr_nb.engines.tables import table_output
from emr_nb.errors import (
    NotAttachedError,
    ResultError,
    SessionLostError,
    StatementError,
    UsageError,
)
from emr_nb.model import Log, Output, Progress
from emr_nb.results.result import Result
from emr_nb.results.table import MIME
from emr_nb.testing.fake_engine import result_of


def test_a_cell_is_sent_as_it_is(bench):
    code = 'x = """a {b} \\n"""\n$y = {z}\n'
    bench.run(f"%%spark\n{code}")
    assert bench.engine.requests[-1].code == code
    assert bench.engine.requests[-1].language == "python"


@pytest.mark.parametrize(
    ("first", "language"),
    [
        ("%%spark", "python"),
        ("%%spark -l sql", "sql"),
        ("%%spark -c sql", "sql"),
        ("%%spark -c spark", "python"),
        ("%%spark -l scala", "scala"),
        ("%%pyspark", "python"),
        ("%%scala", "scala"),
        ("%%sql", "sql"),
    ],
)
def test_the_language_of_a_cell(bench, first, language):
    bench.run(f"{first}\n1")
    assert bench.engine.requests[-1].language == language


def test_options_reach_the_request(bench, flights):
    bench.answer([flights])
    bench.run("%%spark -l sql -o df -n 2 -d sales --set a.b=1 --set c=x=y\nselect 1")
    request = bench.engine.requests[-1]
    assert (request.output, request.rows, request.database) == ("df", 2, "sales")
    assert request.settings == {"a.b": "1", "c": "x=y"}
    assert request.notebook == "/home/ada/flights.ipynb"
    assert len(request.tag) == 32


def test_output_binds_a_dataframe_and_shows_the_table(bench, flights):
    bench.answer([flights])
    bench.run("%%spark -l sql -o df\nselect 1")
    frame = bench.shell.user_ns["df"]
    assert isinstance(frame, pd.DataFrame)
    assert len(frame) == 3
    (payload,) = bench.screen.having(MIME)
    assert payload["rows"][0] == ["UA", "11", "1.10"]
    assert "3 rows · in df" in bench.screen.plain


def test_quiet_shows_the_summary_alone(bench, flights):
    bench.answer([flights])
    bench.run("%%spark -q -o df\n1")
    assert not bench.screen.having(MIME)
    assert "✓ 3 rows" in bench.screen.plain


def test_a_cut_result_is_announced(bench, flights):
    bench.answer([flights])
    bench.run("%%spark -l sql -n 2\nselect 1")
    (payload,) = bench.screen.having(MIME)
    assert payload["truncated"]
    assert payload["total"] is None
    assert "Only the first 2 rows are here (-n 2)" in payload["notices"][0]


def test_a_whole_result_has_no_notice(bench, flights):
    bench.answer([flights])
    bench.run("%%spark -l sql\nselect 1")
    (payload,) = bench.screen.having(MIME)
    assert payload["notices"] == []
    assert payload["total"] == 3


def test_the_line_form_returns_its_result_and_takes_the_code_as_written(bench, flights):
    bench.answer([flights])
    bench.run("df = %spark -l sql select '{x}' as \"a  b\", $y -- -n 3")
    assert bench.engine.requests[-1].code == "select '{x}' as \"a  b\", $y -- -n 3"
    assert len(bench.shell.user_ns["df"]) == 3
    assert not bench.screen.having(MIME)


def test_a_line_form_in_the_middle_of_a_cell_shows_its_table(bench, flights):
    bench.answer([flights])
    bench.run("%sql select 1\nx = 1")
    assert len(bench.screen.having(MIME)) == 1


def test_a_line_form_at_the_end_is_displayed_once(bench, flights):
    bench.answer([flights])
    result = bench.run("%sql select 1")
    assert len(result.result) == 3
    assert not bench.screen.having(MIME)  # the display hook shows it
    data, _ = bench.shell.display_formatter.format(result.result)
    assert data[MIME]["rows"][0][0] == "UA"


def test_remote_output_is_shown_in_order(bench):
    bench.answer([Log(("one", "two"), "stdout"), Output({"image/png": "AA=="}), Log(("x",))])
    bench.run("%%spark\n1")
    assert bench.screen.text == "one\ntwo\n"
    assert bench.screen.having("image/png") == ["AA=="]


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("%%spark\n\n  \n", "The cell is empty"),
        ("%spark -l sql", "nothing to run"),
        ("%%spark -o 1x\n1", "name of a variable"),
        ("%%spark -o class\n1", "belongs to Python"),
        ("%%spark --rwos 5\n1", "no option --rwos"),
        ("%%spark -n many\n1", "whole number"),
        ("%%spark -n -2\n1", "-1 for all"),
        ("%%spark -l ruby\n1", "does not take 'ruby'"),
        ("%%spark -x a\n1", "--chart"),
        ("%%spark --new\n1", "needs -s"),
        ("%%spark -o\n1", "-o needs VAR"),
        ("%%spark --set a\n1", "K=V"),
    ],
)
def test_usage_errors_come_before_anything_runs(bench, cell, message):
    result = bench.run(cell, fails=True)
    assert isinstance(result.error_in_exec, UsageError)
    assert message in str(result.error_in_exec)
    assert not bench.engine.requests


def test_an_unknown_flag_names_the_nearest(bench):
    result = bench.run("%%spark --quite\n1", fails=True)
    assert "Did you mean --quiet?" in str(result.error_in_exec)


def test_without_a_cluster_the_advice_is_what_to_write(bare):
    result = bare.run("%%spark\n1", fails=True)
    assert isinstance(result.error_in_exec, NotAttachedError)
    assert "%emr attach" in result.out


def test_a_magic_below_line_one_says_what_to_write(bench):
    result = bench.run("x = 1\n%%spark -l sql\nselect * from t", fails=True)
    assert "line 1 is: %%spark -l sql" in str(result.error_before_exec)
    assert not bench.engine.requests


def test_a_magic_inside_a_text_is_left_alone(bench):
    bench.run('x = """\n%%spark\n"""')
    assert bench.shell.user_ns["x"] == "\n%%spark\n"


def test_a_failed_statement_fails_the_cell_at_its_line(bench):
    bench.answer(
        [
            StatementError(
                "NameError: name 'y' is not defined",
                ename="NameError",
                evalue="name 'y' is not defined",
                line=2,
                folded=("at java.base/x",) * 42,
            )
        ]
    )
    result = bench.run("%%spark\nx = 1\nprint(y)\nz = 2", fails=True)
    assert isinstance(result.error_in_exec, StatementError)
    assert "→ 3 │ print(y)" in result.out
    assert "  4 │ z = 2" in result.out
    assert "42 lines folded" in result.out
    assert "Traceback" not in result.out
    assert "✗ failed" in bench.screen.plain
    whole = bench.run("e = %emr logs --error") and bench.shell.user_ns["e"]
    assert "at java.base/x" in whole


def test_sql_positions_get_a_caret(bench):
    error = StatementError("no such table (line 1, pos 14)", ename="AnalysisException")
    bench.answer([error])
    result = bench.run("%%sql\nselect * from nowhere", fails=True)
    lines = result.out.splitlines()
    at = next(n for n, line in enumerate(lines) if "│ select" in line)
    assert lines[at].index("nowhere") == lines[at + 1].index("^")


def test_output_without_a_value_fails(bench):
    result = bench.run("%%spark -o df\n1", fails=True)
    assert isinstance(result.error_in_exec, ResultError)
    assert "df" not in bench.shell.user_ns


def test_an_error_leaves_the_variable_as_it_was(bench):
    bench.shell.user_ns["df"] = "old"
    bench.answer([StatementError("no")])
    bench.run("%%spark -o df\n1", fails=True)
    assert bench.shell.user_ns["df"] == "old"


def test_a_lost_session_is_not_used_again(bench):
    bench.answer([SessionLostError("The session is gone")])
    bench.run("%%spark\n1", fails=True)
    bench.answer([])
    bench.run("%%spark\n1")
    first, second = (options.name for options in bench.engine.opened)
    assert second.startswith(first)
    assert second != first


def test_the_session_is_opened_once_and_named_after_the_notebook(bench):
    bench.run("%%spark\n1")
    bench.run("%%spark\n2")
    (options,) = bench.engine.opened
    assert options.name == "emr_nb/ada/flights/abc123"


def test_a_named_session_is_only_started_with_new(bench):
    bench.run("%%spark -s typo\n1", fails=True)
    assert not bench.engine.alive
    bench.run("%%spark -s other --new\n1")
    assert list(bench.engine.alive) == ["other"]


def test_progress_ends_as_one_static_line(bench, flights):
    looks = [Progress("running", 1.0, 0.5, jobs_done=1, jobs_total=2, bytes=2048)] * 5
    ended = Progress("fetching", 2.0, jobs_done=2, jobs_total=2, stages_total=5, bytes=2048)
    bench.run("%%spark\nwarm")
    bench.answer([*looks, ended, flights])
    bench.run("%%spark -q\n1")
    lines = [line for line in bench.screen.plain.splitlines() if "2 jobs" in line]
    assert len(lines) == 1
    assert lines[0].startswith("✓ 3 rows · ")
    assert lines[0].endswith(" · 2 jobs · 5 stages · 2.0 KiB read")


def test_saved_rows_zero_keeps_data_out_of_the_file(bench, flights):
    bench.answer([flights])
    bench.run("%config EmrNb.saved_rows = 0")
    bench.run("%%spark\n1")
    entry = next(e for e in bench.screen.shown if MIME in e)
    assert entry[MIME]["rows"] == []
    assert all("UA" not in str(text) for text in entry.values())


def test_a_plain_value_is_bound_as_it_is(bench):
    bench.answer([Result.of_value({"a": [1, None]})])
    bench.run("%%spark -o x\n1")
    assert bench.shell.user_ns["x"] == {"a": [1, None]}
    assert not bench.screen.having(MIME)
    assert "dict in x" in bench.screen.plain


def test_arrow_and_float_decimals(bench, flights):
    bench.answer([flights])
    bench.run("%%spark -o t --as arrow\n1")
    assert bench.shell.user_ns["t"].num_rows == 3
    bench.run("%%spark -o f --decimal float\n1")
    assert bench.shell.user_ns["f"]["fare"].dtype.kind == "f"


def test_a_plain_value_beside_a_table_is_what_o_binds(bench, flights):
    bench.answer([flights, Result.of_value(5)])
    bench.run("%%spark -o x\nx = 5\nflights")
    assert bench.shell.user_ns["x"] == 5
    assert bench.screen.having(MIME)[0]["name"] == ""
    assert "int in x" in bench.screen.plain


def test_a_table_displayed_on_the_way_is_shown_as_a_table(bench, flights):
    last = result_of(pa.table({"n": [1, 2]}))
    bench.answer([Log(("before",), "stdout"), table_output(flights), last])
    bench.run("%%spark\n1")
    assert [payload["held"] for payload in bench.screen.having(MIME)] == [3, 2]
    assert bench.screen.text == "before\n"


def test_the_first_cell_has_one_line_that_tells_of_the_session_too(bench, flights):
    bench.answer([Output({"text/plain": "a figure"}), flights])
    bench.run("%%spark\n1")
    first, figure, _ = (entry["text/plain"] for entry in bench.screen.shown)
    assert first.startswith("✓ 3 rows · ")
    assert " · session 1 started in " in first
    assert figure == "a figure"


def test_the_calls_that_led_to_the_failing_line_are_told(bench):
    traceback = (
        "Traceback (most recent call last):\n",
        '  File "<cell>", line 4, in <module>\n    inner(3)\n',
        '  File "/usr/lib/python3/somewhere.py", line 99, in wrap\n    return f()\n',
        '  File "<cell>", line 3, in inner\n    return y / 0\n',
        "ZeroDivisionError: division by zero\n",
    )
    error = StatementError(
        "ZeroDivisionError: division by zero",
        ename="ZeroDivisionError",
        traceback=traceback,
        line=4,
    )
    bench.answer([error])
    out = bench.run("%%spark\ndef inner(x):\n    y = x\n    return y / 0\ninner(3)", fails=True).out
    assert "line 5, in <module>: inner(3)" in out
    assert "→ 4 │     return y / 0" in out
    assert "somewhere.py" not in out
    assert "somewhere.py" in bench.run("%emr logs --error").out


def test_a_sql_error_shows_the_cell_and_not_the_copy_of_it(bench):
    what = "ParseException: Syntax error at or near 'x'.(line 1, pos 13)\n== SQL ==\nselect * frm x"
    bench.answer([StatementError(what, ename="ParseException", line=1)])
    out = bench.run("%%spark -l sql\nselect * frm x", fails=True).out
    assert "== SQL" not in out
    assert "pos 13" not in out
    assert "→ 2 │ select * frm x" in out


def test_a_statement_without_columns_counts_no_rows(bench):
    bench.answer([result_of(pa.table({}))])
    bench.run("%%spark -l sql\ninsert into t select 1")
    assert "0 rows" not in bench.screen.plain
    assert "✓" in bench.screen.plain
