"""Two local clusters of real daemons for the whole run: `local`, and `sql` with Hive and Trino.

`EMR_NB_CACHE` names the cache of parts. A developer who keeps a cluster running names its
`EMR_NB_HOME` in `EMR_NB_TEST_CLUSTER_HOME`: the tests then join it and leave it running; one
cluster serves for both when `EMR_NB_TEST_SQL_NAME` is its name.

A run of everything has three workers that share the cluster: daemons, sessions and browsers are
waited for half of the time. A run of chosen files has none, so that it can be debugged.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from emr_nb.local import state as st
from emr_nb.local.apps import APPS
from emr_nb.local.lifecycle import LocalClusters
from emr_nb.local.starting import start_saying
from emr_nb.settings import Settings

# jsonschema, which nbformat imports, makes forty grammars of formats that no notebook has
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

_JOINED = "EMR_NB_TEST_CLUSTER_HOME"
_SHARED = "EMR_NB_TEST_WORKERS_HOME"
_WORKERS = 3
# What takes longest begins first. Browsers come last: Playwright leaves an event loop running.
_ORDER = (
    *("tests/cluster", "tests/contract", "tests/unit", "tests/server"),
    *("tests/ui/test_quickstart", "tests/ui/test_panel_local", "tests/ui/test_panel_recovery"),
    *("tests/ui/test_panel_payloads", "tests"),
)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Three workers where everything is run, none where tests are chosen."""
    chosen = config.args_source is not pytest.Config.ArgsSource.TESTPATHS
    return 0 if chosen or config.option.keyword else _WORKERS


def pytest_configure(config: pytest.Config) -> None:
    """Give the workers one home; the cluster in it ends with the run."""
    # most sessions end before a JVM's second compiler has gained what it costs; and Spark's own
    # classes need no verification
    defaults = Path(__file__).with_name("spark-defaults.conf")
    os.environ.setdefault("EMR_NB_SPARK_DEFAULTS", str(defaults))
    if hasattr(config, "workerinput") or not getattr(config.option, "numprocesses", 0):
        return
    home = Path(tempfile.mkdtemp(prefix="emr_nb-tests-"))
    os.environ[_SHARED] = str(home)
    config.add_cleanup(lambda: _end(home))


def _end(home: Path) -> None:
    _stop_all(home)
    shutil.rmtree(home, ignore_errors=True)


def _stop_all(home: Path) -> None:
    clusters = LocalClusters(replace(Settings(), data_home=home))
    for state in clusters.all():
        clusters.stop(state.name)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put files in order; a file's tests stay together, on one worker."""
    root = Path(__file__).parents[1]
    places = {item: item.path.relative_to(root).as_posix() for item in items}
    items.sort(key=lambda item: [not places[item].startswith(first) for first in _ORDER])


@dataclass(frozen=True)
class RunningCluster:
    """The cluster that the tests use; `settings` points at its home."""

    settings: Settings
    state: st.State

    @property
    def target(self) -> str:
        """What `%emr attach` takes."""
        return "local" if self.state.name == "local" else f"local:{self.state.name}"

    @property
    def livy(self) -> str:
        return f"http://127.0.0.1:{self.state.ports['livy']}"

    @property
    def webhdfs(self) -> str:
        return f"http://localhost:{self.state.ports['namenode-http']}/webhdfs/v1"

    @property
    def aws(self) -> str:
        return self.state.endpoint_url

    @property
    def bucket(self) -> str:
        return f"emr-nb-{self.state.name}"


@pytest.fixture(scope="session")
def cluster_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The home of the run's clusters, which is `EMR_NB_HOME` meanwhile."""
    joined = os.environ.get(_JOINED) or os.environ.get(_SHARED)
    home = Path(joined) if joined else tmp_path_factory.mktemp("home")
    before = os.environ.get("EMR_NB_HOME")
    os.environ["EMR_NB_HOME"] = str(home)
    try:
        yield home
    finally:
        if not joined:
            _stop_all(home)
        if before is None:
            del os.environ["EMR_NB_HOME"]
        else:
            os.environ["EMR_NB_HOME"] = before


@pytest.fixture(scope="session")
def local_cluster(cluster_home: Path) -> RunningCluster:
    """A running cluster `local`, or of another name, started once per run."""
    return _running(cluster_home, os.environ.get("EMR_NB_TEST_LOCAL_NAME", "local"), APPS)


@pytest.fixture(scope="session")
def sql_cluster(cluster_home: Path) -> RunningCluster:
    """A running cluster with Hive and Trino beside all that `local` has, started once per run."""
    name = os.environ.get("EMR_NB_TEST_SQL_NAME", "sql")
    return _running(cluster_home, name, (*APPS, "hive", "trino"))


def _running(home: Path, name: str, apps: tuple[str, ...]) -> RunningCluster:
    settings = replace(Settings(), data_home=home)
    return RunningCluster(settings, start_saying(LocalClusters(settings), name, print, apps))
