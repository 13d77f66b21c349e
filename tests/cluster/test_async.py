"""Cells beside the notebook, queues, errors' lines, streams and completion on the real Livy."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from fault_rig import Rig, counting, submit, wait_until
from IPython.core.interactiveshell import InteractiveShell

from emr_nb.engines.livy.queue import Queue
from emr_nb.errors import SessionNotFoundError, StatementCancelledError, StatementError
from emr_nb.model import CancelOutcome, Log, Output, Progress, SessionOptions
from emr_nb.notebook.extension import Extension
from emr_nb.notebook.places import Place
from emr_nb.notebook.state import Notebook

pytestmark = [pytest.mark.cluster, pytest.mark.full]


@pytest.fixture
def shell(rig: Rig) -> Iterator[Any]:
    """A shell whose notebook has the shared session as its own."""
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance()
    notebook = Notebook(shell, place=Place("/x/async.ipynb", "tests", headless=False))
    extension = Extension(shell, notebook)
    extension.install()
    shell.run_line_magic("emr", f"attach {rig.cluster.target} --user ada")
    sessions = notebook.attachment().sessions
    sessions.current = rig.name
    sessions._open[rig.name] = (
        notebook.attachment().cluster.engine("spark").open(SessionOptions(rig.name, create=False))
    )
    shell.notebook = notebook
    yield shell
    sessions._began.discard(rig.name)
    extension.remove()
    shell.history_manager.end_session()
    InteractiveShell.clear_instance()


def cell(shell: Any, first: str, code: str) -> Any:
    name, _, line = first.removeprefix("%%").partition(" ")
    return shell.run_cell_magic(name, line, code)


def test_async_cells_run_once_each_in_order_and_say_their_place(
    rig: Rig, shell: Any, tmp_path: Path
) -> None:
    """The first holds the session, on this machine, until all places are told."""
    go = tmp_path / "go"
    keys = [f"emr_nb.{uuid.uuid4().hex}" for _ in range(3)]
    hold = f"import os, time\nwhile not os.path.exists({str(go)!r}): time.sleep(0.05)"
    cell(shell, "%%spark --async", hold)
    for n, key in enumerate(keys):
        cell(shell, f"%%spark --async -o r{n}", f"{counting(key)}\nr{n} = n")
    handles = shell.notebook.handles.all()
    wait_until(lambda: [h.queued_behind for h in handles] == [0, 1, 2, 3])
    rows = shell.run_line_magic("emr", "jobs")
    assert [row.state for row in rows[1:4]] == [f"queued behind {n}" for n in (1, 2, 3)]
    go.touch()
    assert [shell.user_ns[f"r{n}"].result(60) for n in range(3)] == [1, 1, 1]
    assert [rig.ran(key) for key in keys] == [1, 1, 1]
    assert {shell.notebook.journal.find(h.tag).state for h in handles} == {"done"}


def test_a_job_is_cancelled_where_it_waits_and_where_it_runs(rig: Rig, shell: Any) -> None:
    running = cell(shell, "%%spark --async", "import time\nwhile True: time.sleep(0.05)")
    key = f"emr_nb.{uuid.uuid4().hex}"
    waiting = cell(shell, "%%spark --async", counting(key))
    wait_until(lambda: running.state == "running" and waiting.queued_behind == 1)
    assert waiting.cancel() is CancelOutcome.STOPPED
    with pytest.raises(StatementCancelledError):
        waiting.result(30)
    assert shell.run_line_magic("emr", f"cancel {running.tag[:8]}").startswith(running.tag[:8])
    with pytest.raises(StatementCancelledError):
        running.result(60)
    assert rig.ran(key) == 0
    assert rig.say("print('alive')") == "alive"


def test_a_failure_is_raised_with_the_cells_line(shell: Any) -> None:
    handle = cell(shell, "%%spark --async", "x = 1\nx / 0")
    with pytest.raises(StatementError, match="ZeroDivisionError") as caught:
        handle.result(60)
    assert "→ 3 │ x / 0" in "\n".join(caught.value._render_traceback_())


def test_two_sessions_run_side_by_side(rig: Rig, shell: Any) -> None:
    """Each waits for a word of the other, so neither could end if they took turns."""
    side = f"emr_nb/ada/side/{uuid.uuid4().hex[:6]}"
    word = f"/tmp/emr_nb_test-{uuid.uuid4().hex}"  # of HDFS, where both may write
    meet = (
        "import time\npath = sc._jvm.org.apache.hadoop.fs.Path\n"
        "fs = path('/').getFileSystem(sc._jsc.hadoopConfiguration())\n"
        "fs.create(path('{0}-{1}')).close()\n"
        "fs.deleteOnExit(path('{0}-{1}'))\n"
        "until = time.monotonic() + 240\n"
        "while not fs.exists(path('{0}-{2}')):\n"
        "    assert time.monotonic() < until\n    time.sleep(0.1)\nprint('met')"
    )
    other = cell(shell, f"%%spark --async -s {side} --new", meet.format(word, 2, 1))
    here = cell(shell, "%%spark --async", meet.format(word, 1, 2))
    try:
        assert other.exception(240) is None
        assert here.exception(60) is None
        assert {other.session, here.session} == {side, rig.name}
    finally:
        with suppress(SessionNotFoundError):
            shell.run_line_magic("emr", f"stop {side}")


def test_the_queue_is_counted_without_looking_at_ended_statements(rig: Rig, tmp_path: Path) -> None:
    for _ in range(2):
        submit(rig.session, "print('x' * 1000)").result()
    hold = f"import os, time\nwhile not os.path.exists({str(tmp_path / 'go')!r}): time.sleep(0.05)"
    first = submit(rig.session, hold)
    others = [submit(rig.session, "1") for _ in range(2)]
    looked: list[int] = []
    client = rig.session.client

    class Watched:
        session = staticmethod(client.session)

        @staticmethod
        def statement(session: int, number: int, **more: Any) -> Any:
            looked.append(number)
            return client.statement(session, number, **more)

    ours = int(others[-1].reference.statement_id)
    queue = Queue(Watched(), int(rig.session.info.id), ours)  # type: ignore[arg-type]
    wait_until(lambda: queue.length() == 2)
    assert min(looked) == int(first.reference.statement_id)
    (tmp_path / "go").touch()
    told = [e for e in others[-1].events() if isinstance(e, Progress) and e.phase == "queued"]
    places = [event.queued_behind or 0 for event in told]
    assert places == sorted(places, reverse=True)


def events(rig: Rig, code: str, language: str = "python") -> list[Any]:
    return list(submit(rig.session, code, language).events())


def streams(rig: Rig, code: str, language: str = "python") -> dict[str, str]:
    told: dict[str, str] = {}
    for event in events(rig, code, language):
        if isinstance(event, Log):
            told[event.stream] = told.get(event.stream, "") + "\n".join(event.lines) + "\n"
    return told


def test_streams_warnings_and_logs_are_kept_apart(rig: Rig) -> None:
    code = (
        "import logging, sys, warnings\nprint('out')\nprint('err', file=sys.stderr)\n"
        "warnings.warn('old')\nlogging.getLogger('mine').warning('logged')"
    )
    for _ in range(2):  # a cell that runs again warns again
        told = streams(rig, code)
        assert told["stdout"] == "out\n"
        assert told["stderr"].startswith("err\n<cell>:4: UserWarning: old\n")
        assert told["stderr"].endswith("WARNING:mine:logged\n")
    told = streams(rig, '@deprecated("old", "1") def g = 1\nprintln("out")\ng', "scala")
    assert "deprecation" in told["stderr"]


def test_errors_of_every_language_name_their_line(rig: Rig) -> None:
    events(rig, "def ratio(a, b):\n    return a / b")
    cases = {
        ("python", "x = 1\n\nratio(x, 0)"): ("ZeroDivisionError", 3),
        ("python", "x = 1\ndef f(:\n    pass"): ("SyntaxError", 2),
        ("python", "df = spark.range(3)\ndf.select('nope')"): ("UNRESOLVED_COLUMN", 2),
        ("sql", "select a,\n  2 frm\nfromm x y"): ("PARSE_SYNTAX_ERROR", 3),
        ("sql", "select a\nfrom values (1) t(a)\nwhere nope > 1"): ("UNRESOLVED_COLUMN", 3),
        ("scala", 'val a = 1\nval b: Int = "x"'): ("CompileError: type mismatch", 2),
        ("scala", "// zero\n1 / (1 - 1)"): ("ArithmeticException: / by zero", 2),
    }
    for (language, code), (text, line) in cases.items():
        statement = submit(rig.session, code, language)
        with pytest.raises(StatementError, match=text) as caught:
            statement.result()
        assert caught.value.line == line, (code, str(caught.value))
        assert "Project [" not in caught.value.what
    failed = submit(rig.session, "ratio(1, 0)")
    with pytest.raises(StatementError) as caught:
        failed.result()
    assert any("in ratio" in line for line in caught.value.traceback)


def test_remote_names_members_and_columns_complete(rig: Rig) -> None:
    events(
        rig,
        "from pyspark.sql import functions as F\n"
        "flown = spark.createDataFrame([('UA', 1)], 'carrier string, dep_delay int')\n"
        "flown.createOrReplaceTempView('flown_view')",
    )
    with rig.engine() as engine:
        session = engine.open(SessionOptions(rig.name, create=False))
        session.learn(rig.session.told)

        def tab(code: str, language: str = "python") -> list[str]:
            return [c.text for c in engine.complete(code, len(code), session, language)]

        assert tab("flo") == ["flown"]
        assert tab("flown.dep") == ["dep_delay"]
        assert "groupBy" in tab("flown.gr")
        assert tab('flown.select("carr') == ["carrier"]
        assert tab('F.col("dep') == ["dep_delay"]
        assert "collect_list" in tab("F.collect_l")
        events(rig, "val count = 1", "scala")
        wait_until(lambda: "range" in tab("spark.ran", "scala"))
        wait_until(lambda: "flown_view" in tab("select * from flown_v", "sql"))
        wait_until(lambda: "default" in tab("select * from def", "sql"))
        sql = "select f.car from flown_view f"
        wait_until(
            lambda: [c.text for c in engine.complete(sql, 12, session, "sql")] == ["carrier"]
        )
        assert not [r for r in session.journal.statements() if "SHOW" in r.text]
        running = submit(rig.session, "import time; time.sleep(5)")
        session.sql_names.outdated()
        began = time.monotonic()
        assert "flown_view" in tab("select * from flown_v", "sql")  # what was known before
        assert time.monotonic() - began < 4
        assert tab("select * from nowhere.t", "sql") == []
        running.result()


def test_what_is_displayed_comes_as_it_is(rig: Rig) -> None:
    code = (
        "class Html:\n    def _repr_html_(self): return '<b>bold</b>'\n"
        "class Png:\n    def _repr_png_(self): return b'\\x89PNG'\n"
        "display(Html())\ndisplay(Png())\ndisplay(spark.range(2))\ndisplay('text', 3)\nHtml()"
    )
    shown = events(rig, code)
    data = [e.data for e in shown if isinstance(e, Output) and type(e) is Output]
    assert [sorted(d) for d in data] == [
        ["text/html", "text/plain"],
        ["image/png", "text/plain"],
        ["text/html", "text/plain"],
    ]
    assert data[1]["image/png"] == "iVBORw=="
    assert any(type(e).__name__ == "TableOutput" for e in shown)
    assert streams(rig, code)["stdout"] == "'text'\n3\n"
