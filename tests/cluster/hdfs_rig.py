"""A local cluster of HDFS alone: two DataNodes and HttpFS, whose daemons a test may end."""

from __future__ import annotations

import fcntl
import os
import secrets
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from emr_nb.context import ClusterContext
from emr_nb.files.webhdfs import WebHdfs, WebHdfsFactory
from emr_nb.local.datanodes import with_datanodes
from emr_nb.local.hdfs import SUPERUSER
from emr_nb.local.lifecycle import LocalClusters
from emr_nb.local.starting import start_saying
from emr_nb.local.state import State
from emr_nb.model import Cluster, Endpoint, FilePath, Service
from emr_nb.settings import Settings
from emr_nb.transport.direct import DirectRoute

NAME = "hdfs"
# EMR leaves the trash off, and a DataNode is given up after ten minutes
OWN_SITE = """fs.trash.interval 60
dfs.namenode.heartbeat.recheck-interval 1000
dfs.client.socket-timeout 5000
"""


@dataclass
class HdfsRig:
    """The cluster's stores by user and way, and its daemons."""

    clusters: LocalClusters
    name: str
    apps: tuple[str, ...]
    made: list[DirectRoute]

    @property
    def state(self) -> State:
        return self.clusters.state(self.name)

    @property
    def webhdfs(self) -> Endpoint:
        return Endpoint("webhdfs", "localhost", self.state.ports["namenode-http"])

    @property
    def httpfs(self) -> Endpoint:
        return Endpoint("httpfs", "localhost", self.state.ports["httpfs"])

    def store(self, user: str, *endpoints: Endpoint, seconds: float = 20.0) -> WebHdfs:
        """Return a store that knows these services; the NameNode's unless others are named."""
        absent: Any = None  # HDFS asks neither AWS nor the journal
        route = DirectRoute(timeout=seconds)
        self.made.append(route)
        context = ClusterContext(
            cluster=Cluster("j-TEST", "test", "WAITING"),
            services=tuple(Service(e.service, (e,)) for e in endpoints or (self.webhdfs,)),
            route=route,
            access=absent,
            journal=absent,
            settings=Settings(request_timeout=seconds),
            user=user,
        )
        return WebHdfsFactory()(context)

    def folder(self, user: str = "anna") -> FilePath:
        """Return a fresh folder of this user."""
        made = FilePath("hdfs", "", f"/tmp/rig-{secrets.token_hex(4)}")
        self.store(user).mkdir(made)
        return made

    def ask(self, path: FilePath, operation: str, method: str = "PUT", **query: str) -> Any:
        """Do one operation as the superuser."""
        admin = self.store(SUPERUSER)
        reply = admin._nodes.call(method, path, operation, query)
        return reply.json() if reply.content else None

    def end(self, daemon: str) -> None:
        """Kill a daemon as a crash does."""
        known = self.state.daemon(daemon)
        assert known is not None
        assert known.alive
        os.kill(known.pid, signal.SIGKILL)
        until(lambda: bool((d := self.state.daemon(daemon)) and d.state == "dead"))

    def bring(self) -> None:
        """Start again what has died."""
        self.clusters.start(self.name, self.apps)
        until(lambda: self.store("anna").health().safe_mode == "")


def until(said: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait for something that comes about by itself."""
    give_up = time.monotonic() + seconds
    while not said():
        assert time.monotonic() < give_up, "it did not come about"
        time.sleep(0.1)


@contextmanager
def running(home: Path, name: str, datanodes: int) -> Iterator[HdfsRig]:
    """Start a cluster of HDFS, or join the one of that name."""
    own = home / "own-hdfs-site"  # its keeper may read it again in a later run
    own.write_text(OWN_SITE)
    os.environ["EMR_NB_HDFS_SITE"] = str(own)
    clusters = LocalClusters(replace(Settings(), data_home=home))
    apps = with_datanodes(("hdfs", "httpfs") if datanodes == 2 else ("hdfs",), datanodes)
    try:
        start_saying(clusters, name, print, apps)
    finally:
        del os.environ["EMR_NB_HDFS_SITE"]
    rig = HdfsRig(clusters, name, apps, [])
    anna = FilePath("hdfs", "", "/user/anna")
    rig.ask(anna, "MKDIRS")
    rig.ask(anna, "SETOWNER", owner="anna", group="anna")
    yield rig
    for route in rig.made:
        route.close()


@pytest.fixture(scope="session")
def hdfs_rig(cluster_home: Path) -> Iterator[HdfsRig]:
    """The cluster `hdfs`: two DataNodes and HttpFS, started once per run."""
    with running(cluster_home, NAME, 2) as rig:
        yield rig


@pytest.fixture
def calm(cluster_home: Path) -> Iterator[None]:
    """No other worker's test ends daemons of the cluster `hdfs` meanwhile."""
    with _turn(cluster_home, fcntl.LOCK_SH):
        yield


@pytest.fixture
def alone(cluster_home: Path) -> Iterator[None]:
    """No other worker's test needs the cluster `hdfs` meanwhile."""
    with _turn(cluster_home, fcntl.LOCK_EX):
        yield


@contextmanager
def _turn(home: Path, kind: int) -> Iterator[None]:
    with (home / f"{NAME}.turn").open("w") as file:
        fcntl.flock(file, kind)
        yield


@pytest.fixture(scope="module")
def coding_rig(cluster_home: Path) -> Iterator[HdfsRig]:
    """A cluster of three DataNodes, ended with the module."""
    with running(cluster_home, f"{NAME}3", 3) as rig:
        yield rig
        rig.clusters.stop(rig.name)
