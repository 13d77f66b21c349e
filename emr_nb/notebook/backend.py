"""Where a notebook's clusters come from; tests and third parties may give their own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from emr_nb.notebook.sessions import Attached
from emr_nb.settings import Settings

if TYPE_CHECKING:
    from emr_nb.journal import Journal
    from emr_nb.model import ClusterSummary


class Attach(Protocol):
    """Attaches a cluster, as emr_nb.cluster.attach does."""

    def __call__(
        self,
        target: str = "",
        *,
        settings: Settings,
        journal: Journal,
        notify: Callable[[str], None],
        user: str,
        name: str,
    ) -> Attached: ...


class ListClusters(Protocol):
    """Lists clusters, as emr_nb.cluster.list_clusters does."""

    def __call__(
        self, settings: Settings, *, live_only: bool = True
    ) -> Iterable[ClusterSummary]: ...


@dataclass(frozen=True)
class Backend:
    """Where clusters come from; tests and third parties may give their own."""

    attach: Attach
    list_clusters: ListClusters


def real_backend() -> Backend:
    """Return the backend of the installed cluster providers."""
    from emr_nb.cluster import attach, list_clusters

    return Backend(attach, list_clusters)
