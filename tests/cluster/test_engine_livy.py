"""The engine contract and Spark's own promises on a real Livy."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from node_cases import NodeCases

from emr_nb.context import ClusterContext
from emr_nb.engines.base import Engine
from emr_nb.engines.livy import LivyEngine
from emr_nb.engines.livy.session import LivySession
from emr_nb.errors import SessionLostError, StatementCancelledError, StatementError
from emr_nb.files.webhdfs import WebHdfsFactory
from emr_nb.journal import Journal
from emr_nb.model import (
    CancelOutcome,
    Cluster,
    Endpoint,
    FilePath,
    Progress,
    Request,
    Service,
    SessionOptions,
)
from emr_nb.results.plan import plan_transfer
from emr_nb.settings import Settings
from emr_nb.testing.engines import Cells, EngineContract, text_of
from emr_nb.testing.fault_proxy import FaultProxy, Rule
from emr_nb.transport.direct import DirectRoute

pytestmark = pytest.mark.cluster

MARKS = "spark._jvm.java.lang.System"  # properties of the driver count what really ran


def make_context(cluster: Any, journal: Path, livy: int | None = None) -> ClusterContext:
    ports = cluster.state.ports
    return ClusterContext(
        cluster=Cluster("local", "local", "WAITING", provider="local"),
        services=(
            Service("livy", (Endpoint("livy", "127.0.0.1", livy or ports["livy"]),)),
            Service("webhdfs", (Endpoint("webhdfs", "localhost", ports["namenode-http"]),)),
        ),
        route=DirectRoute(timeout=60),
        access=None,  # type: ignore[arg-type]  # the engine makes no AWS call
        journal=Journal(journal),
        settings=Settings(user="ada", request_timeout=60),
        user="ada",
    )


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("journal") / "journal.db"


@pytest.fixture(scope="module")
def shared_engine(local_cluster: Any, journal: Path) -> Iterator[LivyEngine]:
    engine = LivyEngine(make_context(local_cluster, journal))
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def shared_session(shared_engine: LivyEngine) -> Iterator[LivySession]:
    name = f"emr_nb/ada/tests/{os.getpid()}"
    session = shared_engine.open(SessionOptions(name, start_timeout=300))
    yield session
    session.close()


@pytest.fixture
def engine(shared_engine: LivyEngine) -> LivyEngine:
    return shared_engine


@pytest.fixture
def session(shared_session: LivySession) -> LivySession:
    return shared_session


@pytest.fixture
def other_engine(local_cluster: Any, journal: Path) -> Iterator[Engine]:
    engine = LivyEngine(make_context(local_cluster, journal))
    yield engine
    engine.close()


def submit(session: LivySession, code: str, language: str = "python", **more: Any) -> Any:
    request = Request(code, language, uuid.uuid4().hex, **more)
    return session.submit(request, plan_transfer(request))


class TestPython(EngineContract):
    cells = Cells(
        language="python",
        shows="print('forty', 'two')",
        shown="forty two",
        fails="x = 1\nx / 0",
        failure="ZeroDivisionError: division by zero",
        slow="spark.range(0, 64, 1, 64).rdd.map(lambda _: __import__('time').sleep(1)).count()",
        one="print({})",
        table="spark.range(3)",
    )


@pytest.mark.full
def test_errors_point_at_the_cells_line(session: LivySession) -> None:
    cases = {
        ("python", "def f():\n    return 1 / 0\n\nf()"): ("ZeroDivisionError", 2),
        ("sql", "select 1,\n  nope from nowhere_at_all"): ("TABLE_OR_VIEW_NOT_FOUND", 2),
        ("scala", "val z = 1\nz.foo"): ("value foo is not a member of Int", 2),
    }
    for (language, code), (text, line) in cases.items():
        with pytest.raises(StatementError, match=text) as caught:
            submit(session, code, language).result()
        assert caught.value.line == line, language


@pytest.mark.full
def test_a_scala_frame_is_brought_as_a_table(session: LivySession) -> None:
    result = submit(session, 'val q = spark.range(3).toDF("a")\nq', "scala").result()
    assert result.table.to_pydict() == {"a": [0, 1, 2]}
    named = submit(session, "val w = spark.range(2)", "scala", output="w").result()
    assert named.table.to_pydict() == {"id": [0, 1]}
    with pytest.raises(StatementError, match="toDF is not a member"):
        submit(session, "val v = 1", "scala", output="v").result()


@pytest.mark.full
def test_a_long_result_comes_in_chunks(session: LivySession) -> None:
    code = "spark.range(600000).selectExpr('id', 'uuid() u')"
    statement = submit(session, code, rows=-1)
    phases = [e.phase for e in statement.events() if isinstance(e, Progress)]
    assert "fetching" in phases
    assert statement.result().table.column("id").to_pylist() == list(range(600_000))


def test_python_on_the_driver_is_interrupted(session: LivySession, local_cluster: Any) -> None:
    statement = submit(session, "import time\nwhile True:\n    time.sleep(0.05)")
    time.sleep(2.0)
    assert statement.cancel(seconds=5) is CancelOutcome.STOPPED
    with pytest.raises(StatementCancelledError):
        statement.result()
    assert text_of(list(submit(session, "print('alive')").events())).strip() == "alive"
    fs = WebHdfsFactory()(session._context)
    folder = FilePath("hdfs", "", "/tmp/emr_nb-ada")
    end = time.monotonic() + 10
    while [e for e in fs.ls(folder).items if statement.reference.tag in e.name]:
        assert time.monotonic() < end
        time.sleep(0.2)


@pytest.mark.parametrize("status", [None, 502, 504])
def test_a_lost_reply_runs_once_counted_on_the_cluster(
    local_cluster: Any, journal: Path, session: LivySession, status: int | None
) -> None:
    with FaultProxy("127.0.0.1", local_cluster.state.ports["livy"]) as proxy:
        engine = LivyEngine(make_context(local_cluster, journal, proxy.port))
        faulty = engine.open(SessionOptions(session.info.name, create=False))
        rule = proxy.add(lost_reply(status))
        key = f"emr_nb.{uuid.uuid4().hex}"
        code = (
            f"n = int({MARKS}.getProperty('{key}', '0')) + 1\n"
            f"{MARKS}.setProperty('{key}', str(n))\nprint('ran', n)"
        )
        statement = submit(faulty, code)
        assert "ran 1" in text_of(list(statement.events()))
        assert rule.hits == 1
        engine.close()
    counted = submit(session, f"print({MARKS}.getProperty('{key}'))")
    assert text_of(list(counted.events())).strip() == "1"


def lost_reply(status: int | None) -> Rule:
    """Let Livy act on the next statement, then lose its answer."""
    action = "drop_reply" if status is None else "status"
    return Rule("POST", r"/statements$", action, times=1, status=status or 502)


def test_a_dead_driver_is_a_lost_session(engine: LivyEngine) -> None:
    name = f"emr_nb/ada/tests/dead-{os.getpid()}"
    session = engine.open(SessionOptions(name, start_timeout=300))
    try:
        with pytest.raises(SessionLostError):
            submit(session, "import os\nos._exit(3)").result()
    finally:
        session.close()


JOBS = """import time
until, count = time.time() + 3, 0
while time.time() < until:
    count += len(sc.parallelize([7], 1).map(lambda x: time.sleep(0.5) or x).collect())
for _ in range({more}):
    count += len(sc.parallelize([7], 1).collect())
print("jobs", count)"""


@pytest.mark.parametrize("more", [1, 7])
def test_a_long_cell_tells_how_many_jobs_it_took(session: LivySession, more: int) -> None:
    """Many short jobs, beside the thread that looks for a cancel: all are of the cell's group.

    On a busy machine the UI may not answer in the second that a cell waits for it, and one that
    failed thrice has a minute's rest: then nothing is told, and a number never is a wrong one.
    """
    told: list[int] = []
    until = time.monotonic() + 200
    while not told and time.monotonic() < until:
        request = Request(JOBS.format(more=more), "python", uuid.uuid4().hex)
        events = list(session.submit(request, plan_transfer(request)).events())
        (said,) = [int(line.split()[1]) for line in text_of(events).splitlines() if "jobs" in line]
        told = [e.jobs_total for e in events if isinstance(e, Progress) and e.stages_total]
        assert told in ([], [said])
    assert told == [said]


class TestNode(NodeCases):
    """Stores that read through the session."""
