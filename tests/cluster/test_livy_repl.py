"""How the local cluster's Livy answers, statement by statement: the forms that Livy 0.9 gives.

`EMR_NB_TEST_LIVY_URL` names a running Livy to use in place of the local cluster's.
"""

import json
import os
import re
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.cluster, pytest.mark.full]
START_SECONDS = 300.0
STATEMENT_SECONDS = 180.0
PENDING = ("waiting", "running", "cancelling")


class Session:
    """One interactive session over plain HTTP."""

    def __init__(self, url: str, kind: str) -> None:
        self._url = url
        self.id = self._call("POST", "/sessions", {"kind": kind})["id"]
        state = self.wait(self.state, lambda s: s not in ("not_started", "starting"), START_SECONDS)
        assert state == "idle"

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        request = urllib.request.Request(
            self._url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "X-Requested-By": "emr-nb"},
        )
        with urllib.request.urlopen(request, timeout=120) as reply:
            return json.load(reply)

    def wait(self, look: Callable[[], Any], done: Callable[[Any], bool], seconds: float) -> Any:
        deadline = time.monotonic() + seconds
        while not done(found := look()):
            assert time.monotonic() < deadline, found
            time.sleep(0.05)
        return found

    def call(self, method: str, path: str = "", body: Any = None) -> Any:
        return self._call(method, f"/sessions/{self.id}{path}", body)

    def state(self) -> str:
        return self.call("GET", "/state")["state"]

    def submit(self, code: str, kind: str | None = None) -> int:
        body = {"code": code, **({"kind": kind} if kind else {})}
        return self.call("POST", "/statements", body)["id"]

    def statement(self, number: int) -> Any:
        return self.call("GET", f"/statements/{number}")

    def cancel(self, number: int) -> None:
        assert self.call("POST", f"/statements/{number}/cancel") == {"msg": "canceled"}

    def ended(self, number: int, seconds: float = STATEMENT_SECONDS) -> Any:
        """Wait for the end; `completed` is written last, after the state (as in Livy)."""
        look = lambda: self.statement(number)  # noqa: E731
        return self.wait(look, lambda s: s["state"] not in PENDING and s["completed"], seconds)

    def run(self, code: str, kind: str | None = None) -> Any:
        statement = self.ended(self.submit(code, kind))
        assert statement["state"] == "available"
        return statement["output"]

    def data(self, code: str, kind: str | None = None) -> Any:
        output = self.run(code, kind)
        assert list(output) == ["status", "execution_count", "data"], output
        return output["data"]

    def text(self, code: str, kind: str | None = None) -> str:
        return self.data(code, kind)["text/plain"]

    def error(self, code: str, kind: str | None = None) -> Any:
        output = self.run(code, kind)
        assert list(output) == ["status", "execution_count", "ename", "evalue", "traceback"]
        return output


@pytest.fixture(scope="module")
def livy(request: pytest.FixtureRequest) -> str:
    named = os.environ.get("EMR_NB_TEST_LIVY_URL")
    return named or request.getfixturevalue("local_cluster").livy


@pytest.fixture(scope="module")
def python(livy: str) -> Iterator[Session]:
    session = Session(livy, "pyspark")
    yield session
    session.call("DELETE")


@pytest.fixture(scope="module")
def scala(livy: str) -> Iterator[Session]:
    session = Session(livy, "spark")
    yield session
    session.call("DELETE")


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("1 + 1", "2"),
        ("print('a')\n2", "a\n2"),
        ("x = 3", ""),
        ("'ü€😀'", "'ü€😀'"),
        ("a = 1\r\na", "1"),
        ("spark.range(10).count()", "10"),
        ("type(sqlContext).__name__, type(sc).__name__", "('SQLContext', 'SparkContext')"),
        ("__name__", "'builtins'"),
        ("sc.parallelize([1, 2]).map(lambda i: i + 1).collect()", "[2, 3]"),
        ("import os; os.system('echo stray')", "0"),
    ],
)
def test_python_text(python: Session, code: str, text: str) -> None:
    assert python.text(code) == text


def test_python_errors(python: Session) -> None:
    output = python.error("print('lost')\n1/0")
    assert (output["ename"], output["evalue"]) == ("ZeroDivisionError", "division by zero")
    assert output["traceback"] == [
        "Traceback (most recent call last):\n",
        "ZeroDivisionError: division by zero\n",
    ]
    assert python.text("1") == "1"
    assert python.error("def")["ename"] == "SyntaxError"
    assert python.error("import sys; sys.exit(3)")["evalue"] == "3"
    assert python.error("spark.sql('select nope')")["ename"] == "AnalysisException"


def test_python_magics(python: Session) -> None:
    assert python.data("t = [[1, 'a'], [2, None]]\n%json t") == {
        "application/json": [[1, "a"], [2, None]]
    }
    table = python.data("t = [[1, 'a'], [2, 'b']]\n%table t")["application/vnd.livy.table.v1+json"]
    assert table["headers"] == [
        {"name": "0", "type": "INT_TYPE"},
        {"name": "1", "type": "STRING_TYPE"},
    ]
    assert python.error("%foo")["ename"] == "UnknownMagic"
    assert python.error("v = float('nan')\n%json v")["ename"].endswith("JsonParseException")


def test_the_job_group_is_the_statements_number(python: Session) -> None:
    number = python.submit("sc.getLocalProperty('spark.jobGroup.id')")
    assert python.ended(number)["output"]["data"]["text/plain"] == f"'{number}'"


def test_views_are_shared_and_sql_answers_json(python: Session) -> None:
    python.text("spark.range(2).createOrReplaceTempView('shared_view')")
    table = python.data("select * from shared_view order by id", "sql")["application/json"]
    assert table["schema"]["fields"] == [
        {"name": "id", "type": "long", "nullable": False, "metadata": {}}
    ]
    assert table["data"] == [[0], [1]]


def test_sql_values(python: Session) -> None:
    code = (
        "select date'2020-01-02', 1.50, array(1, 2), map('a', 1), cast('ab' as binary), "
        "cast(null as int), true, double('NaN')"
    )
    [row] = python.data(code, "sql")["application/json"]["data"]
    assert row == ["2020-01-02", 1.5, [1, 2], {"a": 1}, [97, 98], None, True, None]


def test_sql_gives_a_thousand_rows(python: Session) -> None:
    rows = python.data("select id from range(1500)", "sql")["application/json"]["data"]
    assert len(rows) == 1000


def test_sql_errors(python: Session) -> None:
    output = python.error("select nope", "sql")
    assert output["ename"] == "Error"
    assert output["evalue"].startswith("[UNRESOLVED_COLUMN")
    assert output["traceback"][0].startswith("org.apache.spark.sql.")


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("1 + 1", "resN: Int = 2\n"),
        ('println("hi")', "hi\n"),
        ("val x = 5\nval y = x + 1", "x: Int = 5\ny: Int = 6\n"),
        ("case class A(a: Int)", "defined class A\n"),
        ("Seq(A(1), A(2)).toDS.count", "resN: Long = 2\n"),
        ("def f(i: Int) = {\n  i + 1\n}", "f: (i: Int)Int\n"),
        ("// only a comment", ""),
        ("List(1, 2)\n", "resN: List[Int] = List(1, 2)\n"),
    ],
)
def test_scala_text(scala: Session, code: str, text: str) -> None:
    # the numbers count what the interpreter tried, too
    assert re.sub(r"^res\d+:", "resN:", scala.text(code)) == text


def test_scala_errors(scala: Session) -> None:
    output = scala.error('val i: Int = "s"')
    assert output["ename"] == "Error"
    assert output["evalue"].endswith("error: type mismatch;")
    assert [line.strip() for line in output["traceback"][:2]] == [
        'found   : String("s")',
        "required: Int",
    ]
    assert scala.error("{")["evalue"] == "incomplete statement"
    assert scala.error("1/0")["evalue"] == "java.lang.ArithmeticException: / by zero"
    assert scala.error("%foo x")["ename"] == "UnknownMagic"


def test_scala_magics(scala: Session) -> None:
    assert scala.data("val l = List(1, 2)\n%json l") == {"application/json": [1, 2]}
    assert scala.data('val r = List(List(1, "a"))\n%table r') == {
        "application/vnd.livy.table.v1+json": {
            "headers": [
                {"type": "BIGINT_TYPE", "name": "0"},
                {"type": "STRING_TYPE", "name": "1"},
            ],
            "data": [[1, "a"]],
        }
    }


def test_scala_completes(scala: Session) -> None:
    body = {"code": "spark.ra", "kind": "spark", "cursor": 8}
    assert "range" in scala.call("POST", "/completion", body)["candidates"]


def test_a_spark_job_progresses_and_is_cancelled_soon(python: Session) -> None:
    python.text("import time\ndef slow(i):\n  import time\n  time.sleep(0.3)\n  return i")
    number = python.submit("sc.parallelize(range(400), 400).map(slow).count()")
    waiting = python.submit("'never'")
    look = lambda: python.statement(number)["progress"]  # noqa: E731
    first = python.wait(look, lambda p: p > 0, 120)
    python.wait(look, lambda p: first < p < 1, 60)
    python.cancel(waiting)
    assert python.statement(waiting)["state"] == "cancelled"
    started = time.monotonic()
    python.cancel(number)
    assert python.ended(number)["state"] == "cancelled"
    assert time.monotonic() - started < 2
    assert python.statement(waiting)["output"] is None
    assert python.text("'after'") == "'after'"


def test_python_code_is_not_stopped_by_cancel(python: Session) -> None:
    started = time.monotonic()
    number = python.submit("import time\nfor _i in range(370): time.sleep(0.1)\nlast = _i")
    python.wait(lambda: python.statement(number)["state"], lambda s: s == "running", 60)
    python.cancel(number)
    assert python.ended(number)["state"] == "cancelled"
    assert 29 < time.monotonic() - started < 36
    assert python.text("last") == "369"  # it ran on, and this waited for it


def test_a_text_beyond_jacksons_limit_is_an_error(python: Session) -> None:
    assert len(python.text("print('x' * 19_000_000)")) == 19_000_000
    output = python.error("print('x' * 30_000_000)")
    assert output["ename"] == "com.fasterxml.jackson.core.exc.StreamConstraintsException"
    assert python.text("1") == "1"


def test_thirty_megabytes_in_many_strings(python: Session) -> None:
    rows = python.data("r = ['x' * 1000] * 30_000\n%json r")["application/json"]
    assert len(rows) == 30_000


def test_delete_ends_a_driver_whose_python_loops(livy: str) -> None:
    session = Session(livy, "pyspark")
    processes = json.loads(session.text("import os; print([os.getpid(), os.getppid()])"))
    number = session.submit("while True: pass")
    session.wait(lambda: session.statement(number)["state"], lambda s: s == "running", 60)
    session.call("DELETE")
    session.wait(lambda: [p for p in processes if runs(p)], lambda left: not left, 60)


def runs(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_a_hundred_statements_are_kept(livy: str) -> None:
    session = Session(livy, "pyspark")
    try:
        for number in range(105):
            last = session.submit(str(number))
        session.ended(last)
        kept = session.call("GET", "/statements?from=0&size=200")["statements"]
        assert [s["id"] for s in kept] == list(range(5, 105))
        ended = session.submit("import os; os._exit(3)")
        assert session.ended(ended)["output"]["evalue"].startswith("Interpreter died:\n")
        assert session.state() == "error"
    finally:
        session.call("DELETE")
