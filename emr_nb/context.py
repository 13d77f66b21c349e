"""What engine and file-system factories are given: the facts and the ways of one cluster."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from emr_nb.errors import ServiceNotInstalledError
from emr_nb.journal import Journal
from emr_nb.model import Cluster, Service
from emr_nb.settings import Settings
from emr_nb.transport.base import Route

if TYPE_CHECKING:
    from emr_nb.aws.access import AwsAccess


@dataclass(frozen=True, slots=True)
class Answer:
    """What a session answered: facts, and bytes that were checked by length and CRC-32."""

    told: Mapping[str, Any]
    payload: bytes = b""


class Asking(Protocol):
    """An open session that answers small questions of stores, in turn with its cells.

    Questions only read, and are data: `op`, and what emr_nb.engines.livy.remote.questions
    says of it.
    """

    @property
    def label(self) -> str:
        """How people know the session."""
        ...

    def ask(self, question: Mapping[str, Any]) -> Answer:
        """Wait for the session's turn and ask; an interrupt leaves nothing behind.

        Raises SessionLostError, StatementError, DeadlineExceededError, TransportError.
        """
        ...


def no_session() -> Asking | None:
    """Stand for a cluster of which no session is open."""
    return None


@dataclass(frozen=True)
class ClusterContext:
    """One attached cluster, as engines and file systems see it.

    `asking` returns the session that is open now, if one is; it opens none.
    """

    cluster: Cluster
    services: tuple[Service, ...]
    route: Route
    access: AwsAccess
    journal: Journal
    settings: Settings
    user: str
    asking: Callable[[], Asking | None] = no_session

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
