"""An attached cluster: the only wiring of facts, transport and credentials to engines and files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, Protocol

from emr_nb.errors import ClusterNotFoundError, ServiceNotInstalledError, UsageError
from emr_nb.journal import Journal
from emr_nb.model import Cluster, ClusterSummary, Event, FilePath, Service
from emr_nb.settings import Settings
from emr_nb.transport.base import Route

if TYPE_CHECKING:
    from emr_nb.aws.access import AwsAccess
    from emr_nb.engines.base import Engine
    from emr_nb.files.base import FileSystem

Notify = Callable[[str], None]


class ClusterProvider(Protocol):
    """A source of clusters, found by the entry-point group `emr_nb.clusters`.

    An implementation is made with `Settings` as its only argument.
    """

    name: str
    access: AwsAccess

    def handles(self, target: str) -> bool:
        """True when this target can only be meant for this provider."""
        ...

    def clusters(self, *, live_only: bool = True) -> Iterable[ClusterSummary]:
        """List clusters, newest first, page by page."""
        ...

    def attach(self, target: str, notify: Notify) -> tuple[Cluster, tuple[Service, ...]]:
        """Find one cluster (starting or waiting for it, with `notify`) and its services."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True)
class ClusterContext:
    """What engine and file-system factories are given: the facts and the ways of one cluster."""

    cluster: Cluster
    services: tuple[Service, ...]
    route: Route
    access: AwsAccess
    journal: Journal
    settings: Settings
    user: str

    def service(self, name: str) -> Service:
        """Return a service of the cluster; raises ServiceNotInstalledError."""
        for service in self.services:
            if service.name == name:
                return service
        raise ServiceNotInstalledError(
            f"{self.cluster.name} has no {name}",
            where=self.cluster.id,
            advice=f"It has: {', '.join(s.name for s in self.services) or 'no services we know'}.",
        )
