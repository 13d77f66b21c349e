"""What comes back: Livy's own bundles, errors made short with the cell's line."""

from __future__ import annotations

import pytest

from emr_nb.engines.livy.code import module_name
from emr_nb.engines.livy.failures import statement_error
from emr_nb.errors import SessionLostError, StatementError
from emr_nb.model import Output
from emr_nb.results.plan import TransferPlan
from emr_nb.testing.fake_livy import Script, failed, ok

PLAN = TransferPlan(1000)


@pytest.mark.parametrize(
    "data",
    [
        {"text/plain": "res0: Int = 2\n"},
        {"application/json": {"a": [1, None]}, "text/plain": "x"},
        {"image/png": "iVBORw0KGgo="},
        {"text/html": "<b>1</b>"},
    ],
)
def test_livys_bundles_come_as_they_are(livy, session, request_of, data):
    livy.script = lambda *_: ok(data=data)
    events = list(session.submit(request_of("x", "scala"), PLAN).events())
    assert [e.data for e in events if isinstance(e, Output)] == [data]


def test_livys_table_type_is_shown_escaped(livy, session, request_of):
    table = {"headers": [{"name": "<i>", "type": "STRING"}], "data": [["<script>"], [None]]}
    livy.script = lambda *_: ok(data={"application/vnd.livy.table.v1+json": table})
    (event,) = [e for e in session.submit(request_of(), PLAN).events() if isinstance(e, Output)]
    assert event.data["text/plain"] == "<i>\n<script>\nNULL"
    assert "&lt;script&gt;" in event.data["text/html"]
    assert "<script>" not in event.data["text/html"]


def test_without_the_runner_it_is_installed_and_the_cell_sent_once_more(livy, session, request_of):
    session.submit(request_of(), PLAN).result()  # now it counts as installed
    missing = failed("ModuleNotFoundError", f"No module named '{module_name()}'")
    answers = [Script(output=missing), ok("ran")]
    livy.script = lambda *_: answers.pop(0)
    request = request_of()
    statement = session.submit(request, PLAN)
    events = list(statement.events())
    assert [e.data["text/plain"] for e in events if isinstance(e, Output)] == ["ran"]
    assert statement.reference.statement_id == "2"
    assert session.journal.find(request.tag).statement == "2"


def test_a_failed_statement_raises_and_is_noted(livy, session, request_of):
    livy.script = lambda *_: Script(output=failed("ValueError", "no", ('File "<stdin>", line 3',)))
    statement = session.submit(request_of(), PLAN)
    assert [e for e in statement.events() if isinstance(e, Output)] == []
    with pytest.raises(StatementError, match="ValueError: no") as caught:
        statement.result()
    assert not isinstance(caught.value, SessionLostError)
    assert caught.value.line == 3
    row = session.journal.find(statement.reference.tag)
    assert (row.state, row.error) == ("failed", "ValueError: no")


_PY4J = """An error occurred while calling o45.collectToPython.
: org.apache.spark.SparkException: Job aborted due to stage failure: Task 1 in stage 0.0 failed \
1 times, most recent failure: Lost task 1.0 in stage 0.0 (TID 1) (localhost executor driver): \
java.lang.ArithmeticException: / by zero
\tat org.apache.X.y(X.java:1)
\t... 12 more

Driver stacktrace:
\tat a.B.c(B.java)"""
_CAUSED = """An error occurred while calling o1.x.
: java.io.IOException: outer
\tat a.B.c(B.java:1)
Caused by: java.net.ConnectException: refused
\tat d.E.f(E.java:2)"""
_WORKER = """
  An exception was thrown from the Python worker.
Traceback (most recent call last):
  File "<stdin>", line 1, in <lambda>
ZeroDivisionError: division by zero

\tat a.b(C.java)"""
_NO_TABLE = (
    "[TABLE_OR_VIEW_NOT_FOUND] The table `nix` cannot be found; line 2 pos 14;\n'Project [*]"
)
_WITHOUT_PLAN = _NO_TABLE.split(";\n", maxsplit=1)[0]
_SYNTAX = "[PARSE_SYNTAX_ERROR] Syntax error at end of input.(line 3, pos 4)\n== SQL ==\nselect"


@pytest.mark.parametrize(
    ("ename", "evalue", "language", "short", "line"),
    [
        ("Py4JJavaError", _PY4J, "python", "ArithmeticException: / by zero", None),
        ("Py4JJavaError", _CAUSED, "python", "ConnectException: refused", None),
        ("PythonException", _WORKER, "python", "ZeroDivisionError: division by zero", 1),
        ("AnalysisException", _NO_TABLE, "sql", f"AnalysisException: {_WITHOUT_PLAN}", 2),
        ("ParseException", _SYNTAX, "sql", f"ParseException: {_SYNTAX}", 3),
        (
            "Error",
            "<console>:24: error: value foo is not a member of Int\n       z.foo\n         ^",
            "scala",
            "CompileError: value foo is not a member of Int",
            2,
        ),
        ("Error", "java.lang.RuntimeException: boom", "scala", "RuntimeException: boom", None),
        ("SystemExit", "", "python", "SystemExit", None),
    ],
)
def test_noise_is_folded(ename, evalue, language, short, line):
    error = statement_error(ename, evalue, (), language, "here", code="val z = 1\nz.foo")
    assert error.what == short
    assert error.line == line
    assert error.evalue == evalue.rstrip()
    assert all("\tat " in text or "more" in text or "stacktrace" in text for text in error.folded)
