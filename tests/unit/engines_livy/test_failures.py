"""Failures as Spark 3.5 and Livy tell them: short, without plans, at the cell's line."""

from __future__ import annotations

import pytest

from emr_nb.engines.livy.failures import statement_error
from emr_nb.model import Log, Output
from emr_nb.notebook.errors import at_cell_lines, render
from emr_nb.results.plan import TransferPlan
from emr_nb.testing.fake_livy import ok

PLAN = (
    "'Project [unresolvedalias(('idd + 1), Some(org.apache.spark.sql.Column$$Lambda$1@5b))]\n"
    "+- Range (0, 3, step=1, splits=Some(2))\n"
)
UNRESOLVED = "[UNRESOLVED_COLUMN] A column `idd` cannot be resolved. Did you mean [`id`]."
LOST_TASK = (
    "org.apache.spark.SparkException: Job aborted due to stage failure: Task 1 in stage 6.0 "
    "failed 1 times, most recent failure: Lost task 1.0 in stage 6.0 (TID 10) (localhost "
    "executor driver): java.lang.ArithmeticException: / by zero\n"
    "\tat $anonfun$r$1(<console>:23)\n\nDriver stacktrace:\n  ... 40 elided\n"
    "Caused by: java.lang.ArithmeticException: / by zero\n  at $anonfun$r$1(<console>:23)\n"
    "  ... 3 more\n"
)


@pytest.mark.parametrize(
    ("ename", "evalue", "language", "code", "short", "line"),
    [
        (
            "AnalysisException",
            f"{UNRESOLVED};\n{PLAN}",
            "python",
            "x",
            f"AnalysisException: {UNRESOLVED}",
            None,
        ),
        (
            "AnalysisException",
            f"{UNRESOLVED};\nand more words",
            "python",
            "x",
            f"AnalysisException: {UNRESOLVED};\nand more words",
            None,
        ),
        (
            "Error",
            (
                f"org.apache.spark.sql.AnalysisException: {UNRESOLVED}; line 1 pos 0;\n{PLAN}"
                "\n  ... 40 elided"
            ),
            "scala",
            "// why\ndf.select(1)",
            f"AnalysisException: {UNRESOLVED}; line 1 pos 0",
            2,
        ),
        (
            "Error",
            (
                "org.apache.spark.sql.catalyst.parser.ParseException:\n[PARSE] Wrong at t."
                "\n\n  ... 40 elided"
            ),
            "scala",
            "a\nb",
            "ParseException: [PARSE] Wrong at t.",
            None,
        ),
        (
            "Error",
            ("java.lang.ArithmeticException: / by zero\n  at f(<console>:25)\n  ... 40 elided"),
            "scala",
            "f(0)",
            "ArithmeticException: / by zero",
            1,
        ),
        ("Error", LOST_TASK, "scala", "r.collect()\nr", "ArithmeticException: / by zero", None),
        (
            "Error",
            (
                "java.lang.RuntimeException: mine\n  ... 40 elided\n"
                "Caused by: java.lang.Error: below"
            ),
            "scala",
            "a\nb",
            "RuntimeException: mine",
            None,
        ),
        (
            "Error",
            "incomplete statement\n",
            "scala",
            "f(",
            "CompileError: incomplete statement: a bracket or a quote is not closed",
            1,
        ),
    ],
)
def test_short_and_at_its_line(ename, evalue, language, code, short, line):
    error = statement_error(ename, evalue, (), language, "statement 1", code=code)
    assert error.what == short
    assert error.line == line


def test_a_context_of_spark_counts_its_position_from_one():
    code = "select\n  cast(s as int) x\nfrom t"
    evalue = "[CAST_INVALID_INPUT] No.\n== SQL(line 2, position 3) ==\n  cast(s as int) x\n  ^^^"
    error = statement_error("NumberFormatException", evalue, (), "sql", "s", line=2)
    lines = render(error, code, 2, sql=True, colour=False).split("\n")
    marked = next(n for n, text in enumerate(lines) if text.startswith("→"))
    assert lines[marked].index("cast") == lines[marked + 1].index("^")
    parsed = statement_error("ParseException", "No.(line 2, pos 2)", (), "sql", "s", line=2)
    lines = render(parsed, code, 2, sql=True, colour=False).split("\n")
    marked = next(n for n, text in enumerate(lines) if text.startswith("→"))
    assert lines[marked].index("cast") == lines[marked + 1].index("^")


def test_calls_into_earlier_cells_are_shown_below_the_line():
    traceback = (
        "Traceback (most recent call last):\n",
        '  File "<cell>", line 2, in <module>\n    outer(3)\n',
        '  File "<cell 5574a1209d88>", line 6, in outer\n    return ratio(n, 0)\n',
        '  File "<cell 5574a1209d88>", line 3, in ratio\n    return c / b\n           ~~^~~\n',
        "ZeroDivisionError: division by zero\n",
    )
    error = statement_error(
        "ZeroDivisionError", "division by zero", traceback, "python", "s", line=2
    )
    assert render(error, "x = 1\nouter(3)", 2, colour=False).split("\n")[1:] == [
        "  2 │ x = 1",
        "→ 3 │ outer(3)",
        "  line 7 of an earlier cell, in outer: return ratio(n, 0)",
        "  line 4 of an earlier cell, in ratio: return c / b",
    ]


def test_a_kind_of_error_is_named_once():
    error = statement_error("Boom", "wrapped", (), "python", "s")
    assert render(error, colour=False).startswith("Boom: wrapped")


def test_warnings_and_printed_traces_name_the_pages_lines():
    warned = '<cell>:2: UserWarning: old\n  File "<cell>", line 3, in f\n<other>:4: x'
    assert at_cell_lines(warned, 2) == (
        'line 3: UserWarning: old\n  File "<cell>", line 4, in f\n<other>:4: x'
    )


def test_a_scala_compilers_warnings_are_told_apart(livy, session, request_of):
    text = (
        "before\n<console>:23: warning: match may not be exhaustive.\nIt would fail on: None\n"
        "       x match { case Some(y) => y }\n       ^\nwarning: one deprecation (since 1)\n"
        "res1: Int = 1\n"
    )
    livy.script = lambda *_: ok(text)
    events = list(session.submit(request_of("x", "scala"), TransferPlan(1000)).events())
    (warned,) = [e for e in events if isinstance(e, Log)]
    (shown,) = [e for e in events if isinstance(e, Output)]
    assert warned.stream == "stderr"
    assert warned.lines[0] == "warning: match may not be exhaustive."
    assert warned.lines[-1] == "warning: one deprecation (since 1)"
    assert len(warned.lines) == 5
    assert shown.data["text/plain"] == "before\nres1: Int = 1\n"
