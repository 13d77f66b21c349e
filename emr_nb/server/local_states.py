"""Local clusters for the server: their state files instead of their AWS APIs, start and end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from emr_nb.errors import ClusterNotFoundError
from emr_nb.model import ClusterSummary

if TYPE_CHECKING:
    from emr_nb.aws.access import AwsAccess
    from emr_nb.aws.provider import AwsProvider
    from emr_nb.cluster import ClusterProvider
    from emr_nb.local.lifecycle import LocalClusters
    from emr_nb.local.provider import LocalProvider
    from emr_nb.local.state import State
    from emr_nb.model import Cluster, Service
    from emr_nb.settings import Settings

_STATES = {"starting": "STARTING", "running": "WAITING", "stopping": "TERMINATING"}


class LocalStates:
    """The local provider, with lists that are read from disk: they may be asked every second.

    A cluster's own AWS APIs are asked by one kept client per cluster.
    """

    name = "local"
    every = 2.0  # seconds between two lists
    facts_every = 30.0

    def __init__(self, provider: ClusterProvider) -> None:
        self._provider: LocalProvider = provider  # type: ignore[assignment]
        self._lock = threading.Lock()
        self._joined: dict[str, AwsProvider] = {}

    @property
    def access(self) -> AwsAccess:
        return self._provider.access

    def handles(self, target: str) -> bool:
        return self._provider.handles(target)

    def clusters(self, *, live_only: bool = True) -> Iterable[ClusterSummary]:
        """List the clusters that have an id; an ended one leaves nothing behind."""
        del live_only
        return [_summary(s) for s in self._provider.states() if s.cluster_id and s.running]

    def attach(
        self, target: str, notify: Callable[[str], None]
    ) -> tuple[Cluster, tuple[Service, ...]]:
        return self.joining(target).attach(target, notify)

    def joining(self, cluster_id: str) -> AwsProvider:
        """Return the provider of one cluster's own APIs, always the same while it runs."""
        running = {s.cluster_id for s in self._provider.states() if s.running}
        with self._lock:
            for gone in set(self._joined) - running:
                self._joined.pop(gone).close()
            if cluster_id not in self._joined:
                self._joined[cluster_id] = self._provider.joining(cluster_id)
            return self._joined[cluster_id].joining(cluster_id)

    def outline(self, cluster_id: str) -> Cluster:
        return self.joining(cluster_id).outline(cluster_id)

    def room(self) -> int:
        """Return many: a local API has no limit."""
        return 1000

    def close(self) -> None:
        with self._lock:
            joined, self._joined = self._joined, {}
        for provider in joined.values():
            provider.close()
        self._provider.close()


class LocalStarter:
    """Implements emr_nb.server.backend.LocalControl."""

    def __init__(self, settings: Settings) -> None:
        from emr_nb.local.lifecycle import LocalClusters

        self._clusters: LocalClusters = LocalClusters(settings)

    def all(self) -> Sequence[State]:
        found = []
        for name in self._names():
            try:
                found.append(self._clusters.state(name))
            except ClusterNotFoundError:
                continue  # it ended between the two looks
        return found

    def apps(self) -> Sequence[str]:
        from emr_nb.local.apps import ALL_APPS

        return ALL_APPS

    def start(
        self,
        name: str,
        apps: Iterable[str],
        say: Callable[[str], None],
        look: Callable[[], None],
    ) -> None:
        from emr_nb.local.apps import APPS
        from emr_nb.local.aws import require_moto
        from emr_nb.local.starting import start_saying

        require_moto()
        before = next((known.apps for known in self.all() if known.name == name), ())
        start_saying(self._clusters, name, say, tuple(apps) or before or APPS, look)

    def stop(self, name: str, *, keep_data: bool) -> None:
        self._clusters.stop(name, keep_data=keep_data)

    def _names(self) -> list[str]:
        root = self._clusters.settings.data_home / "local"
        return sorted(path.parent.name for path in root.glob("*/state.json"))


def _summary(state: State) -> ClusterSummary:
    return ClusterSummary(
        id=state.cluster_id,
        name=state.name,
        state=_STATES.get(state.phase, "TERMINATED"),
        provider="local",
        state_reason=state.error.partition("\n")[0],
        created=datetime.fromtimestamp(state.created, UTC),
    )
