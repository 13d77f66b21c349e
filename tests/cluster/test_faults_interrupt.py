"""A real SIGINT to a real kernel process: free in 2 s, and the cluster truthfully stopped."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from fault_rig import LOOK, MARKS, POST, Child, Rig, counting, wait_until

from emr_nb.testing.fault_proxy import FaultProxy, Rule

FREE = 2.0  # seconds from the signal to the next cell
LOOP = "import time\nwhile True:\n    time.sleep(0.05)"
JOB = "spark.range(0, 64, 1, 64).rdd.map(lambda _: __import__('time').sleep(0.5)).count()"
LONG = "import os\nblob = os.urandom(300_000).hex()"


@pytest.fixture(scope="module")
def proxy(rig: Rig) -> Iterator[FaultProxy]:
    with rig.proxy() as made:
        yield made


@pytest.fixture(scope="module")
def kernel(rig: Rig, proxy: FaultProxy) -> Iterator[Child]:
    child = Child.start(rig, "shell", proxy.port)
    assert child.run(f"%%spark -s {rig.name}\nprint('warm')")["error"] == ""
    yield child
    child.kill()


@pytest.fixture(autouse=True)
def clean(rig: Rig, proxy: FaultProxy) -> Iterator[None]:
    yield
    proxy.clear()
    wait_until(lambda: rig.session.refresh().state == "idle", doing="the session stays busy")


def begins(rig: Rig, mark: str, state: str = "running") -> Any:
    """Wait until the statement that a cell's mark names is in a state on Livy."""
    row = None

    def there() -> bool:
        nonlocal row
        rows = rig.session.journal.statements(session=rig.session.info.id, limit=5)
        row = next((r for r in rows if mark in r.text), None)
        if row is None or not row.statement:
            return False
        view = rig.session.client.statement(int(rig.session.info.id), int(row.statement))
        return view is not None and view.state == state

    wait_until(there, doing=f"{mark} is not {state}")
    return row


def ended(rig: Rig, tag: str) -> Any:
    """Return the statement of a tag once it has ended, looked at past the kernel's back."""
    number = rig.session.find(tag)
    assert number is not None
    views: list[Any] = []

    def over() -> bool:
        views.append(rig.session.client.statement(int(rig.session.info.id), number))
        return views[-1] is None or views[-1].ended

    wait_until(over, doing="the statement goes on")
    return views[-1]


def cell(rig: Rig, code: str, options: str = "") -> tuple[str, str]:
    mark = uuid.uuid4().hex
    comment = "//" if "scala" in options else "#"
    return f"%%spark -s {rig.name} {options}\n{comment} {mark}\n{code}", mark


def checked(answer: dict[str, Any], seconds: float) -> dict[str, Any]:
    assert answer["error"] == "StatementCancelledError", answer
    assert "Traceback" not in answer["out"]
    assert seconds <= FREE, f"the kernel was free only after {seconds:.2f} s"
    return answer


def in_post(rig: Rig, proxy: FaultProxy, kernel: Child, action: Any) -> None:
    rule = proxy.add(Rule("POST", POST, action, times=1))
    text, mark = cell(rig, LOOP)
    kernel.send(cell=text)
    wait_until(lambda: rule.hits == 1)
    checked(*kernel.interrupt())
    rows = rig.session.journal.statements(session=rig.session.info.id, limit=5)
    tag = next(row.tag for row in rows if mark in row.text)
    if action == "hang":  # Livy had it: it is found by its tag and stopped
        view = ended(rig, tag)
        assert "KeyboardInterrupt" in str(view.output) or view.cancelled
    else:
        assert rig.session.find(tag) is None


def in_poll(rig: Rig, proxy: FaultProxy, kernel: Child, code: str) -> None:
    text, mark = cell(rig, code)
    kernel.send(cell=text)
    row = begins(rig, mark)
    checked(*kernel.interrupt())
    assert ended(rig, row.tag).ended


def in_download(rig: Rig, proxy: FaultProxy, kernel: Child, _: str = "") -> None:
    """The answer's first 60 kB come at once, as other looks do; the rest by the byte."""
    proxy.add(Rule("GET", LOOK, "drip", after_bytes=60_000, seconds=0.01))
    text, mark = cell(rig, LONG, "-o blob")
    kernel.send(cell=text)
    begins(rig, mark, "available")
    time.sleep(0.4)  # until the look that brings it has begun
    checked(*kernel.interrupt())


WAYS = {
    "in the POST that Livy has": (in_post, "hang"),
    "in the POST on its way": (in_post, "hold"),
    "in the poll of Python": (in_poll, LOOP),
    "in the poll of a Spark job": (in_poll, JOB),
    "in the download": (in_download, ""),
}


@pytest.mark.parametrize("way", WAYS)
def test_four_of_four_free_in_two_seconds_and_the_session_lives(
    rig: Rig, proxy: FaultProxy, kernel: Child, way: str
) -> None:
    """Five ways, four times each: 20 of 20."""
    interrupt, how = WAYS[way]
    kept = uuid.uuid4().hex
    assert rig.say(f"kept = {kept!r}") == ""
    for _ in range(4):
        interrupt(rig, proxy, kernel, how)
        proxy.clear()
        answer = kernel.run(f"%%spark -s {rig.name}\nprint('next', kept)")
        assert (answer["error"], answer["out"].count(f"next {kept}")) == ("", 1), answer


def test_a_spark_job_is_stopped_in_two_seconds_by_sparks_own_clock(rig: Rig, kernel: Child) -> None:
    rig.say("1")  # the session tells where its UI is
    ui = rig.session.spark_ui()
    assert ui is not None

    def jobs() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = ui.get(f"/{ui.application()}/jobs")
        return found

    before = {job["jobId"] for job in jobs()}
    text, _ = cell(rig, JOB)
    kernel.send(cell=text)

    def running() -> bool:
        return any(j["status"] == "RUNNING" and j["jobId"] not in before for j in jobs())

    wait_until(running, doing="the job does not start")
    signalled = datetime.now(UTC)
    checked(*kernel.interrupt())
    wait_until(lambda: not running(), doing="the job goes on")
    (job,) = [job for job in jobs() if job["jobId"] not in before]
    assert job["status"] == "FAILED"
    stopped = datetime.fromisoformat(job["completionTime"].replace("GMT", "+00:00"))
    late = (stopped - signalled).total_seconds()
    assert late <= FREE, f"Spark ran on for {late:.2f} s"


def test_python_on_the_driver_is_interrupted_by_our_watcher(rig: Rig, kernel: Child) -> None:
    """Livy's own cancel does not reach it: the cell itself sees a KeyboardInterrupt."""
    key = f"emr_nb.{uuid.uuid4().hex}"
    code = (
        "import time\ntry:\n    while True:\n        time.sleep(0.05)\n"
        "except KeyboardInterrupt:\n"
        f"    {MARKS}.setProperty('{key}', str(time.time()))\n    raise"
    )
    text, mark = cell(rig, code)
    kernel.send(cell=text)
    begins(rig, mark)
    time.sleep(0.3)  # into the loop
    signalled = time.time()
    answer = checked(*kernel.interrupt())
    assert "the statement was stopped" in answer["message"], answer
    wait_until(lambda: rig.session.refresh().state == "idle")
    late = float(rig.say(f"print({MARKS}.getProperty('{key}'))")) - signalled
    assert late <= FREE, f"Python ran on for {late:.2f} s"


def test_a_scala_loop_is_truthfully_still_running(rig: Rig, kernel: Child) -> None:
    key = f"emr_nb.{uuid.uuid4().hex}"
    code = (
        "val end = System.currentTimeMillis + 5000\n"
        "while (System.currentTimeMillis < end) {}\n"
        f'System.setProperty("{key}", "went on")'
    )
    rig.say("1", "scala")  # its interpreter takes its time to start
    text, mark = cell(rig, code, "-l scala")
    kernel.send(cell=text)
    row = begins(rig, mark)
    answer = checked(*kernel.interrupt())
    assert "the code itself still runs on the driver" in answer["message"], answer
    after = rig.session.journal.find(row.tag)
    assert after is not None
    assert after.state != "done"
    wait_until(lambda: rig.session.refresh().state == "idle")
    assert rig.say(f"print({MARKS}.getProperty('{key}'))") == "went on"  # so it was true


def test_an_interrupt_runs_nothing_twice(rig: Rig, proxy: FaultProxy, kernel: Child) -> None:
    key = f"emr_nb.{uuid.uuid4().hex}"
    rule = proxy.add(Rule("POST", POST, "hang", times=1))
    text, _ = cell(rig, counting(key))
    kernel.send(cell=text)
    wait_until(lambda: rule.hits == 1)
    checked(*kernel.interrupt())
    assert rig.ran(key) <= 1
