"""One local cluster of real daemons for the whole run.

`EMR_NB_CACHE` names the cache of parts. A developer who keeps a cluster running names its
`EMR_NB_HOME` in `EMR_NB_TEST_CLUSTER_HOME`: the tests then join it and leave it running.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from emr_nb.local import state as st
from emr_nb.local.lifecycle import LocalClusters
from emr_nb.local.starting import start_saying
from emr_nb.settings import Settings


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
def local_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCluster]:
    """A running cluster `local`, started once per run; `EMR_NB_HOME` is its home meanwhile."""
    joined = os.environ.get("EMR_NB_TEST_CLUSTER_HOME")
    home = Path(joined) if joined else tmp_path_factory.mktemp("home")
    before = os.environ.get("EMR_NB_HOME")
    os.environ["EMR_NB_HOME"] = str(home)
    settings = replace(Settings(), data_home=home)
    clusters = LocalClusters(settings)
    try:
        yield RunningCluster(settings, start_saying(clusters, "local", print))
    finally:
        if not joined:
            clusters.stop("local")
        if before is None:
            del os.environ["EMR_NB_HOME"]
        else:
            os.environ["EMR_NB_HOME"] = before
