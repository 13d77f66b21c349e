"""Sessions that last: kernels killed, stopped and interrupted around a session that lives on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import pytest
from fault_rig import LOOK, ROOT, Child, Rig, counting, submit, wait_until
from lasting_rig import Kernel

from emr_nb.errors import PathNotFoundError, StatementCancelledError, StatementError
from emr_nb.files.webhdfs import WebHdfs
from emr_nb.journal import Journal
from emr_nb.model import CancelOutcome, FilePath, SessionOptions
from emr_nb.settings import default_user
from emr_nb.testing.engines import text_of

SLOW = "import time\nfor _ in range({}): time.sleep(0.05)\n"


def home(rig: Rig) -> Path:
    path: Path = rig.cluster.settings.data_home
    return path


def running(rig: Rig, mark: str) -> Any:
    """Wait until the statement with this mark runs; returns its row in the user's journal."""
    found: list[Any] = []

    def there() -> bool:
        journal = Journal(home(rig) / "journal.sqlite")
        try:
            rows = journal.statements(open_only=True, limit=50)
        finally:
            journal.close()
        found[:] = [r for r in rows if mark in r.text and r.state == "running"]
        return bool(found)

    wait_until(there, 240, "the cell does not run")  # its session may have to start before
    return found[0]


@pytest.fixture
def kernels(rig: Rig, tmp_path: Path) -> Iterator[Any]:
    made: list[Kernel] = []
    path = str(tmp_path / f"flights-{uuid.uuid4().hex[:6]}.ipynb")

    def start() -> Kernel:
        made.append(Kernel(home(rig), path, tmp_path))
        return made[-1]

    yield start
    for kernel in made:
        kernel.close()


@pytest.mark.full
def test_the_cell_of_a_killed_kernel_gets_its_output_in_the_next_one(
    rig: Rig, kernels: Any
) -> None:
    """Killed with kill -9 in mid-statement; the result is longer than one answer takes."""
    key = f"emr_nb.{uuid.uuid4().hex}"
    code = (
        f"{counting(key)}\n{SLOW.format(40)}\n"
        "df = spark.range(1_500_000).selectExpr('id', 'rand() r')"
    )
    cell = f"%%spark -s {rig.name} -o df\n{code}"
    first = kernels()
    first.run("_c = %emr attach local")
    first.send(cell, "cell-1")
    row = running(rig, key)
    assert row.cell == "cell-1"
    first.kill()
    second = kernels()
    attached = second.run("%emr attach local")
    assert "is still running: run that cell again unchanged" in attached
    other = second.run(f"%%spark -s {rig.name}\nprint('edited')", "cell-1")
    assert "it has been edited, so it runs as new after that" in other.replace("\n", " ")
    text = second.run(cell, "cell-1")
    assert "recovered" in text
    assert "1,500,000 rows" in text
    assert "ran 1" in text
    assert "1500000 1124999250000" in second.run("print(len(df), df['id'].sum())")
    assert rig.ran(key) == 1
    again = second.run(f"%emr result {row.tag[:8]}", fails=True)
    assert "ResultError" in again  # its chunks were fetched: it says so, and shows no part of it


@pytest.mark.full
def test_the_result_command_brings_what_a_killed_kernel_waited_for(rig: Rig, kernels: Any) -> None:
    key = f"emr_nb.{uuid.uuid4().hex}"
    first = kernels()
    first.run("_c = %emr attach local")
    first.send(f'%%scala -s {rig.name} -o mine\nSystem.setProperty("{key}", "1")\n'
               'Thread.sleep(2500)\nval mine = spark.range(5).toDF("n")')  # fmt: skip
    row = running(rig, key)
    first.kill()
    second = kernels()
    second.run("_c = %emr attach local")
    text = second.run(f"_r = %emr result {row.tag[:8]} -o here")
    assert "5 rows" in text
    assert "[0, 1, 2, 3, 4]" in second.run("print(sorted(here['n']))")


# -- two notebooks on one session -------------------------------------------------------------


def test_two_notebooks_on_one_session_never_swap_outputs(rig: Rig) -> None:
    said: dict[str, list[str]] = {"a": [], "b": []}

    def run(who: str) -> None:
        with rig.engine() as engine:
            session = engine.open(SessionOptions(rig.name, create=False))
            for number in range(8):
                code = f"print('{who}', {number})\nspark.range({number} + 1)"
                statement = submit(session, code)
                text = text_of(list(statement.events())).strip()
                rows = statement.result()
                assert rows is not None
                said[who].append(f"{text} {len(rows)}")

    threads = [threading.Thread(target=run, args=(who,)) for who in said]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    for who, texts in said.items():
        assert texts == [f"{who} {n} {n + 1}" for n in range(8)]


@pytest.mark.full
def test_a_cancel_in_one_notebook_does_not_hit_the_other(rig: Rig) -> None:
    with rig.engine() as engine, rig.engine() as other:
        mine = engine.open(SessionOptions(rig.name, create=False))
        theirs = other.open(SessionOptions(rig.name, create=False))
        slow = submit(mine, f"{SLOW.format(30)}print('mine ended')")
        queued = submit(theirs, "print('never')")
        last = submit(mine, "print('mine behind')")
        assert queued.cancel() is CancelOutcome.STOPPED
        assert text_of(list(slow.events())).strip() == "mine ended"
        assert text_of(list(last.events())).strip() == "mine behind"
        with pytest.raises(StatementCancelledError):
            queued.result()
        long = submit(theirs, f"{SLOW.format(10_000)}print('never')")
        behind = submit(mine, f"{SLOW.format(10)}print('mine lives')")
        wait_until(lambda: _state(theirs, long) == "running")
        time.sleep(0.5)
        long.cancel(10.0)
        assert text_of(list(behind.events())).strip() == "mine lives"
        with pytest.raises(StatementCancelledError):
            long.result()


def _state(session: Any, statement: Any) -> str:
    reference = statement.reference
    view = session.client.statement(int(reference.session_id), int(reference.statement_id))
    return view.state if view else ""


@pytest.mark.full
def test_a_cancel_that_races_the_end_is_told_truthfully(rig: Rig) -> None:
    outcomes = set()
    for step in range(10):
        key = f"emr_nb.{uuid.uuid4().hex}"
        statement = submit(rig.session, f"{SLOW.format(8)}{counting(key)}")
        time.sleep(0.1 * step)
        outcome = statement.cancel(5.0)
        outcomes.add(outcome)
        ended = True
        try:
            statement.result()
        except StatementError:
            ended = False
        assert rig.ran(key) in ((1,) if ended else (0, 1))
        if outcome is CancelOutcome.STOPPED:
            assert not ended
        assert rig.say("print('next')") == "next"  # no late signal reaches it
    assert CancelOutcome.STILL_RUNNING not in outcomes


# -- interrupts and sleep ---------------------------------------------------------------------


@pytest.fixture
def child(rig: Rig) -> Iterator[Child]:
    made = Child.start(rig, "shell", rig.livy_port)
    yield made
    made.kill()


@pytest.mark.full
def test_two_interrupts_in_a_row_leave_one_error_and_the_session(rig: Rig, child: Child) -> None:
    mark = uuid.uuid4().hex
    for pause in (0.0, 0.2, 0.6):
        child.send(cell=f"%%spark -s {rig.name}\n# {mark}\n{SLOW.format(10_000)}")
        wait_until(lambda: rig.session.refresh().state == "busy", doing="it does not run")
        child.process.send_signal(signal.SIGINT)
        time.sleep(pause)
        child.process.send_signal(signal.SIGINT)
        answer = child.answer()
        assert answer["error"] == "StatementCancelledError", answer
        assert "Traceback" not in answer["out"]
        wait_until(lambda: rig.session.refresh().state == "idle", doing="the session stays busy")
        while (answer := child.run(f"%%spark -s {rig.name}\nprint('lives')"))["error"]:
            # the second came between two cells: it may only have reached this one's start
            assert answer["error"] in ("KeyboardInterrupt", "StatementCancelledError"), answer
        assert "lives" in answer["out"]


@pytest.mark.full
@pytest.mark.full
def test_a_kernel_that_sleeps_longer_than_its_timeouts_goes_on(rig: Rig, child: Child) -> None:
    """Stopped as by a closed laptop: past the look's 10 s and the request's 30 s."""
    key = f"emr_nb.{uuid.uuid4().hex}"
    child.send(cell=f"%%spark -s {rig.name}\n{SLOW.format(60)}{counting(key)}")
    wait_until(lambda: rig.session.refresh().state == "busy")
    child.process.send_signal(signal.SIGSTOP)
    time.sleep(40)
    child.process.send_signal(signal.SIGCONT)
    answer = child.answer()
    assert (answer["error"], "ran 1" in answer["out"]) == ("", True), answer
    assert rig.ran(key) == 1


@pytest.mark.full
def test_a_livy_that_is_deaf_for_longer_than_a_look_loses_nothing(rig: Rig) -> None:
    from emr_nb.testing.fault_proxy import Rule

    key = f"emr_nb.{uuid.uuid4().hex}"
    with rig.proxy() as proxy, rig.through(proxy.port, timeout=2) as session:
        statement = submit(session, f"{SLOW.format(40)}{counting(key)}")
        proxy.add(Rule("GET", LOOK, "hang", times=1))
        assert text_of(list(statement.events())).strip() == "ran 1"
    assert rig.ran(key) == 1


# -- without anybody there --------------------------------------------------------------------

FAILING = ["%load_ext emr_nb\n_c = %emr attach local",
           "%%spark -l sql -q -o big\nselect id, id * 2 as twice from range(1000000)",
           "assert len(big) == 1_000_000", "%%spark\n1 / 0",
           "%%spark\nprint('not reached')"]  # fmt: skip


@pytest.mark.full
@pytest.mark.parametrize(
    "command",
    [
        ["nbconvert", "--to", "notebook", "--execute", "{path}"],
        ["papermill", "{path}", "{path}.out"],
    ],
    ids=lambda command: command[0],
)
def test_a_failing_notebook_exits_non_zero_and_leaves_nothing(
    rig: Rig, tmp_path: Path, command: list[str]
) -> None:
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source) for source in FAILING],
        metadata={"kernelspec": {"name": "python3", "display_name": "", "language": "python"}},
    )
    path = tmp_path / "nightly.ipynb"
    nbformat.write(notebook, path)
    before, spools = {info.id for info in sessions(rig)}, private_folders(rig)
    env = {**os.environ, "EMR_NB_HOME": str(home(rig)), "PYTHONPATH": str(ROOT)}
    env.pop("JPY_SESSION_NAME", None)
    ran = subprocess.run(
        [sys.executable, "-m", *(word.format(path=path) for word in command)],
        env=env,
        capture_output=True,
        text=True,
        timeout=400,
    )
    assert ran.returncode != 0
    assert "ZeroDivisionError" in ran.stderr
    assert "not reached" not in json.dumps(ran.stdout)
    # beside this test others' sessions come and go
    new = [i for i in sessions(rig) if i.id not in before and "/headless/" in i.name]
    left = [i for i in new if i.state != "shutting_down"]
    assert left == []
    assert private_folders(rig) <= spools


def private_folders(rig: Rig) -> set[str]:
    """Return the folders in which sessions of whoever runs the tests keep large results."""
    user, found = default_user(), set()
    with rig.engine() as engine:
        store = WebHdfs(replace(engine._context, user=user))
        for root in (f"/user/{user}/.emr_nb", f"/tmp/emr_nb-{user}"):
            with suppress(PathNotFoundError):
                found |= {entry.name for entry in store.ls(FilePath("hdfs", "", root)).items}
    return found


def sessions(rig: Rig) -> list[Any]:
    with rig.engine() as engine:
        return list(engine.sessions())
