"""Spark on a real ResourceManager and NodeManager: queues, waiting, kills, and a clean end."""

from __future__ import annotations

import json
import signal
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fault_rig import context, submit, wait_until
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from lasting_rig import own_livy

from emr_nb.engines.livy import LivyEngine
from emr_nb.engines.livy.session import LivySession
from emr_nb.errors import SessionLostError, TransportError, UsageError
from emr_nb.journal import process_started
from emr_nb.local.lifecycle import LocalClusters
from emr_nb.local.ports import is_free
from emr_nb.local.processes import alive, marked
from emr_nb.local.provider import LocalProvider
from emr_nb.model import Event, SessionOptions
from emr_nb.notebook.extension import Extension
from emr_nb.notebook.places import Place
from emr_nb.notebook.state import Notebook
from emr_nb.settings import Settings
from emr_nb.testing.engines import text_of

pytestmark = [pytest.mark.full, pytest.mark.timeout(1200)]

NAME = "emr_nb/ada/yarn/nb"
START = 400.0  # seconds: a driver, its container and an executor on a busy machine


@pytest.fixture(scope="module")
def clusters(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalClusters]:
    home: Path = tmp_path_factory.mktemp("yarn-home")
    made = LocalClusters(replace(Settings(), data_home=home, user="ada"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EMR_NB_HOME", str(home))
        yield made
        for state in made.all():
            made.stop(state.name)


@pytest.fixture(scope="module")
def notebook(clusters: LocalClusters) -> Iterator[Notebook]:
    """A notebook that has attached the cluster by `%emr attach local --yarn`."""
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance()
    made = Notebook(shell, place=Place("/x/yarn.ipynb", "yarn", False))
    extension = Extension(shell, made)
    extension.install()
    shell.run_cell("_c = %emr attach local --yarn --user ada").raise_error()
    yield made
    extension.remove()
    shell.history_manager.end_session()
    InteractiveShell.clear_instance()


@pytest.fixture(scope="module")
def engine(notebook: Notebook) -> Any:
    return notebook.attachment().cluster.engine("spark")


def opened(engine: Any, name: str, **conf: str) -> LivySession:
    session = engine.open(SessionOptions(name, conf=conf, start_timeout=START))
    submit(session, "spark.range(10).rdd.count()").result()  # its executor is there
    return session


@pytest.fixture(scope="module")
def first(engine: Any) -> Iterator[LivySession]:
    session = opened(engine, f"{NAME}/first")
    yield session
    with suppress(TransportError):  # the last test has ended its Livy
        session.close()


def manager(notebook: Notebook) -> str:
    services = {s.name: s for s in notebook.attachment().cluster.services}
    return services["yarn"].endpoints[0].url + "/ws/v1/cluster"


def kill(notebook: Notebook, app: str, user: str) -> None:
    """Do what `yarn application -kill` does."""
    request = urllib.request.Request(
        f"{manager(notebook)}/apps/{app}/state?user.name={user}",
        method="PUT",
        data=b'{"state": "KILLED"}',
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as reply:
        assert json.load(reply)["state"] in ("KILLING", "KILLED", "RUNNING")


def lost(session: LivySession, code: str) -> SessionLostError:
    with pytest.raises(SessionLostError) as caught:
        submit(session, code).result()
    return caught.value


def test_cells_run_and_the_application_and_queue_are_shown(
    notebook: Notebook, first: LivySession
) -> None:
    shell, name = notebook.shell, first.info.name
    app = first.info.app_id
    assert app.startswith("application_")
    with capture_output() as shown:
        for cell in (
            f"%%spark -s {name} -o doubled\ndoubled = spark.range(5).selectExpr('id * 2 d')",
            f"%%spark -s {name} -l sql -o q\nselect id, current_user() who from range(3)",
            "listed = %emr sessions",
            "told = %emr status",
        ):
            shell.run_cell(cell).raise_error()
    assert sorted(shell.user_ns["doubled"]["d"]) == [0, 2, 4, 6, 8], shown.stdout
    assert sorted(shell.user_ns["q"]["id"]) == [0, 1, 2]
    (row,) = [s for s in shell.user_ns["listed"] if s.name == first.info.name]
    assert (row.app_id, row.queue, row.state) == (app, "default", "idle")
    assert dict(shell.user_ns["told"])["yarn"].startswith("3.4.2 · http://localhost:")
    notebook.attachment().sessions.current = first.info.name
    shell.run_cell("told = %emr status").raise_error()
    line = dict(shell.user_ns["told"])["session"]
    assert f"({app}, queue default) · idle, open here" in line


def test_jobs_and_stages_come_through_yarns_proxy(first: LivySession) -> None:
    code = "spark.range(8).repartition(4).rdd.map(lambda x: __import__('time').sleep(1)).count()"
    events = list(submit(first, code).events())
    assert [e for e in events if getattr(e, "stages", ())]


def test_a_session_waits_for_room_and_a_killed_one_says_by_whom(
    notebook: Notebook, engine: Any, first: LivySession
) -> None:
    free = engine.client.yarn.free().memory
    said: list[str] = []
    second: list[LivySession] = []

    def tell(event: Event) -> None:
        said.append(getattr(event, "detail", ""))

    def wait() -> None:
        conf = {"queue": "adhoc", "driverMemory": f"{max(1024, free)}m"}
        options = SessionOptions(f"{NAME}/second", conf=conf, start_timeout=2 * START)
        second.append(engine.open(options, tell))

    waiting = threading.Thread(target=wait, daemon=True)
    waiting.start()
    words = "waiting in YARN queue adhoc: needs "
    wait_until(lambda: any(words in text for text in said), START, "it does not wait")
    assert f"{free / 1024:.1f}".removesuffix(".0") + " GB free" in said[-1]
    listed = engine.placed(engine.sessions())
    assert [s.queue for s in listed if s.name == f"{NAME}/second"] == ["adhoc"]
    time.sleep(95)  # Livy's own patience with a driver is 90 s unless it is told otherwise
    assert waiting.is_alive()

    killer = threading.Timer(5, kill, (notebook, first.info.app_id, "yarn"))
    killer.start()
    error = lost(first, "import time\nfor _ in range(600):\n    time.sleep(1)")
    killer.join()
    assert "its YARN application was killed by user yarn" in error.what
    assert f"YARN's diagnostics of {first.info.app_id} (KILLED, queue default, " in str(error)
    assert f"Application {first.info.app_id} was killed by user yarn" in str(error)

    waiting.join(START)
    assert second, said[-5:]
    assert submit(second[0], "select 42 a", "sql").result().table.to_pydict() == {"a": [42]}
    second[0].close()


def test_a_driver_above_its_memory_is_explained(engine: Any) -> None:
    session = opened(engine, f"{NAME}/small", driverMemory="640m")
    error = lost(session, "x = b'x' * (1500 << 20)\nimport time\ntime.sleep(120)")
    assert "YARN killed its driver's container for using too much memory (" in error.what
    assert "physical memory used" in error.what
    session.close()


def test_a_cluster_with_yarn_keeps_it(clusters: LocalClusters, notebook: Notebook) -> None:
    state = clusters.state("local")
    assert clusters.start("local").apps == state.apps
    assert "yarn" in state.apps
    provider = LocalProvider(clusters.settings)
    cluster, services = provider.attach("local", lambda _: None)
    provider.close()
    assert cluster.property("spark-defaults", "spark.master") == "yarn"
    ports = {s.name: s.endpoints[0].port for s in services if s.endpoints}
    assert ports["yarn"] == state.ports["rm-http"]


def test_a_livy_that_recovers_brings_the_session_back_and_its_statement_ran_once(
    clusters: LocalClusters, notebook: Notebook, tmp_path: Path
) -> None:
    """Livy recovers sessions on YARN alone; their drivers live on without it."""
    assert notebook.attachment()
    store = tmp_path / "store"
    store.mkdir()
    recovery = {
        "livy_server_recovery_mode": "recovery",
        "livy_server_recovery_state-store": "filesystem",
        "livy_server_recovery_state-store_url": store.as_uri(),
    }
    cluster = SimpleNamespace(state=clusters.state("local"), settings=clusters.settings)
    with own_livy(cluster, tmp_path, **recovery) as livy:
        spark = LivyEngine(context(cluster, tmp_path / "journal.db", livy.port, 20))
        session = opened(spark, "emr_nb/ada/yarn/recovered")
        submit(session, "runs = 0").result()
        running = submit(session, "import time\nruns += 1\ntime.sleep(8)\nprint('ran', runs)")
        time.sleep(1)
        livy.signal(signal.SIGKILL)
        livy.start()
        assert text_of(list(running.events())).strip() == "ran 1"
        assert text_of(list(submit(session, "print(runs)").events())).strip() == "1"
        session.close()
        spark.close()


def test_nothing_survives_stop(clusters: LocalClusters, notebook: Notebook, engine: Any) -> None:
    session = opened(engine, f"{NAME}/last")
    state, root = clusters.state("local"), clusters.folders("local").root
    pids = marked(root)
    daemons = {d.pid for d in state.daemons}
    containers = set(pids) - daemons
    assert len(containers) >= 3  # driver, its Python, executor; and the shells that began them
    started = {pid: process_started(pid) for pid in pids}
    assert session.info.app_id
    clusters.stop("local")
    assert marked(root) == []
    assert not any(alive(pid, at) for pid, at in started.items())
    assert all(is_free(port) for port in state.ports.values())
    assert not root.exists()


def test_one_that_runs_without_yarn_is_not_changed(clusters: LocalClusters) -> None:
    clusters.start("plain", ("hdfs", "spark"))
    with pytest.raises(UsageError, match="runs without YARN"):
        clusters.start("plain", ("yarn", "spark"))
    clusters.stop("plain")
