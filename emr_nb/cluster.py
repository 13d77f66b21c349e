"""An attached cluster: the only wiring of facts, transport and credentials to engines and files."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Protocol

from emr_nb.model import Cluster, ClusterSummary, Service

if TYPE_CHECKING:
    from emr_nb.aws.access import AwsAccess

Notify = Callable[[str], None]


class ClusterProvider(Protocol):
    """A source of clusters, found by the entry-point group `emr_nb.clusters`.

    An implementation is made with `Settings` as its only argument.
    """

    name: str
    access: AwsAccess

    def handles(self, target: str) -> bool:
        """Tell whether this target can only be meant for this provider."""
        ...

    def clusters(self, *, live_only: bool = True) -> Iterable[ClusterSummary]:
        """List clusters, newest first, page by page."""
        ...

    def attach(self, target: str, notify: Notify) -> tuple[Cluster, tuple[Service, ...]]:
        """Find one cluster (starting or waiting for it, with `notify`) and its services."""
        ...

    def close(self) -> None:
        """Release connections."""
        ...
