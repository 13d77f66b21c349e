"""A backend for the server without clusters: providers, a local control and stores in memory."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from emr_nb.errors import ClusterNotFoundError, EmrError
from emr_nb.local import state as st
from emr_nb.model import Application, Cluster, ClusterSummary, NodeGroup
from emr_nb.testing.fake_engine import FakeCluster, FakeEngine

if TYPE_CHECKING:
    from emr_nb.aws.access import AwsAccess
    from emr_nb.cluster import ClusterProvider
    from emr_nb.journal import Journal
    from emr_nb.model import Service
    from emr_nb.server.backend import Connected, LocalControl
    from emr_nb.settings import Settings

_LONGEST = 30.0


@dataclass
class FakeProvider:
    """Lists what it was given; `calls` keeps what it was asked, `free` the budget left."""

    name: str = "aws"
    listed: list[ClusterSummary] = field(default_factory=list)
    ended: list[ClusterSummary] = field(default_factory=list)
    groups: tuple[NodeGroup, ...] = (
        NodeGroup("ig-1", "primary", "MASTER", "group", ("m5.xlarge",), 1, 1, "ON_DEMAND"),
        NodeGroup("ig-2", "core", "CORE", "group", ("r5.2xlarge",), 4, 3, "SPOT"),
    )
    error: EmrError | None = None
    free: int = 1000
    calls: list[str] = field(default_factory=list)
    closed: bool = False

    @property
    def access(self) -> AwsAccess:
        raise NotImplementedError("a fake has no identity")

    def handles(self, target: str) -> bool:
        return target.startswith("j-")

    def clusters(self, *, live_only: bool = True) -> Iterable[ClusterSummary]:
        self._take("list" if live_only else "list all")
        return [*self.listed, *([] if live_only else self.ended)]

    def attach(
        self, target: str, notify: Callable[[str], None]
    ) -> tuple[Cluster, tuple[Service, ...]]:
        raise NotImplementedError("the fake backend connects by itself")

    def outline(self, cluster_id: str) -> Cluster:
        self._take(f"describe {cluster_id}", 2)
        found = next((c for c in self.listed if c.id == cluster_id), None)
        if found is None:
            raise ClusterNotFoundError("It is gone", where=cluster_id)
        applications = (Application("Spark", "3.5.5"), Application("Hive", "3.1.3"))
        return Cluster(
            cluster_id, found.name, found.state, self.name, release="emr-7.9.0",
            region="eu-west-1", applications=applications, groups=self.groups,
            tags={"team": "ops"}, idle_timeout=3600,
        )  # fmt: skip

    def room(self) -> int:
        return self.free

    def close(self) -> None:
        self.closed = True

    def _take(self, call: str, calls: int = 1) -> None:
        self.calls.append(call)
        self.free -= calls
        if self.error is not None:
            raise self.error


@dataclass
class FakeLocal:
    """Starts clusters that are nothing; `gate` holds a start back, `failure` ends it."""

    states: dict[str, st.State] = field(default_factory=dict)
    gate: threading.Event = field(default_factory=threading.Event)
    failure: EmrError | None = None
    calls: list[str] = field(default_factory=list)

    def all(self) -> Sequence[st.State]:
        return list(self.states.values())

    def apps(self) -> Sequence[str]:
        return ("hdfs", "spark", "aws")

    def start(
        self,
        name: str,
        apps: Iterable[str],
        say: Callable[[str], None],
        look: Callable[[], None],
    ) -> None:
        self.calls.append(f"start {name} {','.join(apps)}".rstrip())
        say(f"starting the local cluster {name!r}")
        until = time.monotonic() + _LONGEST
        while not self.gate.wait(0.01) and time.monotonic() < until:
            look()
        if self.failure is not None:
            raise self.failure
        daemon = st.Daemon("namenode", "hdfs", state=st.READY, ready_after=2.5)
        keeper = st.Daemon("keeper", "")
        self.states[name] = st.State(
            name, "ada", ("hdfs", "aws"), keeper, "failed", {}, (daemon,), created=1.0
        )
        say("HDFS NameNode ready after 2.5 s")

    def stop(self, name: str, *, keep_data: bool) -> None:
        self.calls.append(f"stop {name}{' keeping data' if keep_data else ''}")
        if self.states.pop(name, None) is None:
            raise ClusterNotFoundError(f"There is no local cluster {name!r}")


class FakeBackend:
    """Clusters of a FakeProvider; each is attached as one FakeCluster, made on first use."""

    def __init__(self) -> None:
        listed = [summary("j-1", "etl"), summary("j-2", "adhoc", age=120.0)]
        self.provider = FakeProvider(listed=listed)
        self.control = FakeLocal()
        self.attached: dict[str, FakeCluster] = {}
        self.connects: list[str] = []

    def cluster(self, cluster_id: str, journal: Journal | None = None) -> FakeCluster:
        """Return the cluster that the server is or will be attached to."""
        if cluster_id not in self.attached:
            engine = FakeEngine()
            engine.cluster_id = cluster_id
            self.attached[cluster_id] = FakeCluster(engine, name=cluster_id)
        found = self.attached[cluster_id]
        if journal is not None and found.spark.journal is None:
            found.spark.journal = journal
        return found

    def providers(self, settings: Settings) -> Sequence[ClusterProvider]:
        del settings
        return [cast("ClusterProvider", self.provider)]

    def local(self, settings: Settings) -> LocalControl:
        del settings
        return self.control

    def connect(
        self, provider: ClusterProvider, cluster_id: str, settings: Settings, journal: Journal
    ) -> Connected:
        del provider, settings
        self.connects.append(cluster_id)
        return cast("Connected", self.cluster(cluster_id, journal))


def summary(
    cluster_id: str, name: str, state: str = "WAITING", age: float = 60.0
) -> ClusterSummary:
    """Return an entry of a list; `age` in seconds."""
    created = datetime.fromtimestamp(time.time() - age, UTC)
    return ClusterSummary(cluster_id, name, state, created=created, ready=created)
