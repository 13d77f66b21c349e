"""The clusters of an AWS account as a provider that `emr_nb.cluster` finds by entry point."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from emr_nb.aws.access import AwsAccess
from emr_nb.aws.clusters import ClusterDirectory
from emr_nb.aws.resolve import CLUSTER_ID, TAG_PREFIX, Patience, resolve
from emr_nb.aws.services import services_of
from emr_nb.model import Cluster, ClusterSummary, Service
from emr_nb.settings import Settings


class AwsProvider:
    """Implements `emr_nb.cluster.ClusterProvider` for EMR on EC2."""

    def __init__(self, settings: Settings) -> None:
        access = AwsAccess(
            profile=settings.profile,
            region=settings.region,
            role=settings.role,
            endpoint_url=settings.endpoint_url,
        )
        self._use(access, "aws", None)

    @classmethod
    def for_access(
        cls, access: AwsAccess, name: str = "aws", patience: Patience | None = None
    ) -> AwsProvider:
        """Return a provider of the clusters that this access sees, under another name."""
        made = cls.__new__(cls)
        made._use(access, name, patience)
        return made

    def _use(self, access: AwsAccess, name: str, patience: Patience | None) -> None:
        self.name = name
        self.access = access
        self.directory = ClusterDirectory(access, name)
        self._patience = patience

    def handles(self, target: str) -> bool:
        """Tell whether the target is spelled as an EMR cluster id or a tag."""
        return bool(CLUSTER_ID.match(target)) or target.startswith(TAG_PREFIX)

    def clusters(self, *, live_only: bool = True) -> Iterable[ClusterSummary]:
        """List the clusters, newest first; AWS promises no order, so all pages are read."""
        return self.directory.summaries(live_only=live_only)

    def attach(
        self, target: str, notify: Callable[[str], None]
    ) -> tuple[Cluster, tuple[Service, ...]]:
        """Find one cluster, waiting for it while it starts, and its services."""
        cluster = resolve(
            target, self.directory, notify, where=self.access.where, patience=self._patience
        )
        return cluster, services_of(cluster)

    def outline(self, cluster_id: str) -> Cluster:
        """Describe a cluster by two calls, without its primaries."""
        return self.directory.outline(cluster_id)

    def room(self) -> int:
        """Return how many EMR calls may go out now."""
        return self.access.budget.room()

    def joining(self, cluster_id: str) -> AwsProvider:  # noqa: ARG002 -- any, by the same calls
        """Return a provider that waits for no starting cluster, with the same memory."""
        made = AwsProvider.for_access(self.access, self.name, Patience(wait=0.0))
        made.directory = self.directory
        return made

    def close(self) -> None:
        """Close the AWS clients."""
        self.access.close()
