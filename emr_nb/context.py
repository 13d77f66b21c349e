"""What engine and file-system factories are given: the facts and the ways of one cluster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from emr_nb.errors import ServiceNotInstalledError
from emr_nb.journal import Journal
from emr_nb.model import Cluster, Service
from emr_nb.settings import Settings
from emr_nb.transport.base import Route

if TYPE_CHECKING:
    from emr_nb.aws.access import AwsAccess


@dataclass(frozen=True)
class ClusterContext:
    """One attached cluster, as engines and file systems see it."""

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
            advice=f"It has: {', '.join(s.name for s in self.services) or 'nothing we know'}.",
        )
