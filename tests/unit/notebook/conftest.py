"""A real IPython shell with our extension over a fake cluster, one for each test."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from emr_nb.journal import Journal
from emr_nb.model import ClusterSummary
from emr_nb.notebook.backend import Backend
from emr_nb.notebook.extension import Extension
from emr_nb.notebook.places import Place
from emr_nb.notebook.state import Notebook
from emr_nb.testing.fake_engine import FakeCluster, FakeEngine, result_of

sys.path.insert(0, str(Path(__file__).parent))  # browse_rig.py and others

THIRD_PARTY = Path(__file__).parents[2] / "thirdparty" / "duckdb_engine"
PLACE = Place("/home/ada/flights.ipynb", "abc123", headless=False)


@dataclass
class RecordingScreen:
    """Keeps what was shown, in order, and what an update made of it."""

    updates: bool = True
    shown: list[dict[str, Any]] = field(default_factory=list)
    by_id: dict[str, dict[str, Any]] = field(default_factory=dict)
    changes: int = 0
    text: str = ""

    def show(self, data, metadata=None, display_id=None):
        entry = dict(data)
        self.shown.append(entry)
        if display_id:
            self.by_id[display_id] = entry

    def update(self, data, display_id):
        self.changes += 1
        entry = self.by_id[display_id]
        entry.clear()
        entry.update(data)

    def stream(self, text, name="stdout"):
        self.text += text

    @property
    def plain(self) -> str:
        return "\n".join(entry.get("text/plain", "") for entry in self.shown)

    def having(self, mime: str) -> list[Any]:
        return [entry[mime] for entry in self.shown if mime in entry]


@dataclass
class Bench:
    """What a test works with."""

    shell: Any
    notebook: Notebook
    screen: RecordingScreen
    cluster: FakeCluster
    extension: Extension
    attached: list[dict[str, Any]] = field(default_factory=list)

    @property
    def engine(self) -> FakeEngine:
        return self.cluster.spark

    def run(self, cell: str, *, fails: bool = False) -> Any:
        """Run a cell as a front end does; returns its ExecutionResult with `.out`."""
        with capture_output() as captured:
            result = self.shell.run_cell(cell, store_history=False)
        result.out = captured.stdout
        result.displayed = captured.outputs
        assert result.success is not fails, captured.stdout
        return result

    def answer(self, steps: Any) -> None:
        """Let every statement answer these steps."""
        self.engine.script = lambda _: steps


@pytest.fixture
def shell():
    InteractiveShell.clear_instance()
    made = InteractiveShell.instance()
    made.colors = "nocolor"
    yield made
    made.history_manager.end_session()
    InteractiveShell.clear_instance()


@pytest.fixture
def bare(shell, tmp_path, monkeypatch):
    """A loaded extension with nothing attached."""
    monkeypatch.setenv("EMR_NB_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("EMR_NB_CLUSTER", raising=False)
    screen = RecordingScreen()
    cluster = FakeCluster(FakeEngine(journal=Journal(tmp_path / "home" / "journal.sqlite")))
    calls: list[dict[str, Any]] = []

    def attach(target="", **given):
        calls.append({"target": target, **given})
        cluster.name = given["name"] or "fake"
        return cluster

    def list_clusters(settings, *, live_only=True):
        yield ClusterSummary("j-1", "etl-prod", "WAITING")
        yield ClusterSummary("j-2", "etl-dev", "RUNNING")
        if not live_only:
            yield ClusterSummary("j-0", "old", "TERMINATED")

    backend = Backend(attach, list_clusters)
    notebook = Notebook(
        shell, backend=lambda: backend, screen=screen, place=PLACE, neighbours=lambda _: ()
    )
    extension = Extension(shell, notebook)
    extension.install()
    yield Bench(shell, notebook, screen, cluster, extension, calls)
    if shell.meta.get("emr_nb") is extension:
        extension.remove()
    cluster.spark.journal.close()


@pytest.fixture
def bench(bare):
    """A loaded extension with the fake cluster attached."""
    bare.run("_c = %emr attach fake")
    bare.screen.shown.clear()
    return bare


@pytest.fixture
def flights():
    """A small result with nulls, an exact decimal and hostile text."""
    from decimal import Decimal

    return result_of(
        pa.table(
            {
                "carrier": ["UA", None, "<b onclick=alert(1)>&\"'"],
                "delay": pa.array([11, -4, None], pa.int64()),
                "fare": pa.array([Decimal("1.10"), None, Decimal("-0.05")], pa.decimal128(18, 2)),
            }
        ),
        {"carrier": "string", "delay": "bigint", "fare": "decimal(18,2)"},
    )


@pytest.fixture
def duck(bare, monkeypatch):
    """The fake cluster with DuckDB beside Spark; its package is installed as a third party's."""
    monkeypatch.syspath_prepend(THIRD_PARTY)
    from emr_nb_duckdb.database import Database
    from emr_nb_duckdb.engine import DuckEngine

    database = Database()
    context = SimpleNamespace(journal=bare.engine.journal, cluster=SimpleNamespace(id="j-FAKE"))
    bare.cluster.engines["duckdb"] = bare.duckdb = DuckEngine(context, database)
    bare.database = database
    bare.run("_c = %emr attach fake")
    bare.screen.shown.clear()
    yield bare
    for handle in bare.notebook.handles.all():
        handle.cancel()
        handle.exception(30)
    database.close()
    for name in [n for n in sys.modules if n.partition(".")[0] == "emr_nb_duckdb"]:
        monkeypatch.delitem(sys.modules, name)
