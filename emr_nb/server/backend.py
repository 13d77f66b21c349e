"""Where the server's clusters come from; tests give their own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from emr_nb.cluster import ClusterProvider
    from emr_nb.cluster_files import ClusterFiles
    from emr_nb.engines.base import Engine
    from emr_nb.files.base import FileSystem
    from emr_nb.journal import Journal
    from emr_nb.local.state import State
    from emr_nb.model import Cluster, FilePath, Service
    from emr_nb.settings import Settings


class Connected(Protocol):
    """What the server asks of an attached cluster (emr_nb.cluster.AttachedCluster)."""

    info: Cluster
    name: str
    services: tuple[Service, ...]
    user: str

    @property
    def files(self) -> ClusterFiles: ...
    def engine(self, name: str = "spark") -> Engine: ...
    def filesystem(self, path: FilePath) -> FileSystem: ...
    def path(self, text: str) -> FilePath: ...
    def close(self, *, end_sessions: bool = True) -> None: ...


class LocalControl(Protocol):
    """Starts and ends local clusters."""

    def all(self) -> Sequence[State]:
        """Return every local cluster that has a state."""
        ...

    def apps(self) -> Sequence[str]:
        """Return the applications that one can have."""
        ...

    def start(
        self,
        name: str,
        apps: Iterable[str],
        say: Callable[[str], None],
        look: Callable[[], None],
    ) -> None:
        """Start a cluster or what it lacks; what `look` raises ends it."""
        ...

    def stop(self, name: str, *, keep_data: bool) -> None:
        """End a cluster; raises ClusterNotFoundError."""
        ...


class Backend(Protocol):
    """All that the server reaches beyond itself."""

    def providers(self, settings: Settings) -> Sequence[ClusterProvider]:
        """Make the providers; they are kept, and with them AWS's clients and budget."""
        ...

    def local(self, settings: Settings) -> LocalControl:
        """Return what starts and ends local clusters."""
        ...

    def connect(
        self, provider: ClusterProvider, cluster_id: str, settings: Settings, journal: Journal
    ) -> Connected:
        """Attach a running cluster by looking alone."""
        ...


class RealBackend:
    """The installed providers, and the local clusters of this machine."""

    def providers(self, settings: Settings) -> Sequence[ClusterProvider]:
        from emr_nb.cluster import providers
        from emr_nb.server.local_states import LocalStates

        made = list(providers(settings))
        # its `access` is a property, which the protocol cannot tell from an attribute
        return [cast("ClusterProvider", LocalStates(p)) if p.name == "local" else p for p in made]

    def local(self, settings: Settings) -> LocalControl:
        from emr_nb.server.local_states import LocalStarter

        return LocalStarter(settings)

    def connect(
        self, provider: ClusterProvider, cluster_id: str, settings: Settings, journal: Journal
    ) -> Connected:
        from emr_nb.cluster import AttachedCluster, HasRoute, Joins

        if isinstance(provider, Joins):
            provider = provider.joining(cluster_id)
        info, services = provider.attach(cluster_id, lambda _: None)
        route = provider.route() if isinstance(provider, HasRoute) else None
        return AttachedCluster(info, services, provider, settings, journal, route=route)
