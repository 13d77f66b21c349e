"""What all our EMR actions share: the request, the clusters, errors and pages."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar, TypeVar

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, BaseResponse
from moto.emr.responses import ElasticMapReduceResponse

from emr_nb.local.aws_server import life
from emr_nb.local.aws_server.machines import release_machines
from emr_nb.local.aws_server.model import Cluster, World

T = TypeVar("T")


class InvalidRequest(ServiceException):
    """EMR's InvalidRequestException."""

    code = "InvalidRequestException"


class Invalid(ServiceException):
    """EMR's ValidationException."""

    code = "ValidationException"


class EmrActions(ElasticMapReduceResponse):
    """One request to EMR; what is not overridden here and in the mix-ins is moto's own."""

    world: ClassVar[World]

    def get_region_from_url(self, request: Any, full_url: str) -> str:
        """Return the region that the request was signed for; moto's EMR looks at the host."""
        return BaseResponse.get_region_from_url(self, request, full_url)

    @property
    def asked(self) -> dict[str, Any]:
        """The request's parameters, spelled as on the wire."""
        asked: dict[str, Any] = _plain(self.params)
        return asked

    @property
    def clusters(self) -> dict[str, Cluster]:
        """The clusters of the caller's account and region, up to date."""
        found = self.world.of(self.current_account, self.region)
        now = time.time()
        for cluster in found.values():
            life.advance(cluster, self.world.delays, now)
            release_machines(cluster)
        return found

    def call_action(self) -> Any:
        """Do what the request asks; one request at a time looks at the clusters."""
        with self.world.lock:
            return super().call_action()

    def cluster(self, cluster_id: str | None = None) -> Cluster:
        """Return the cluster that the request names; raises InvalidRequestException."""
        wanted = cluster_id or str(self.asked.get("ClusterId", ""))
        found = self.clusters.get(wanted)
        if found is None:
            raise InvalidRequest(f"Cluster id '{wanted}' is not valid.")
        return found

    def named(self) -> list[Cluster]:
        """Return the clusters of a request with JobFlowIds; all must exist."""
        return [self.cluster(i) for i in self.asked.get("JobFlowIds", [])]

    def page(
        self,
        key: str,
        items: Sequence[T],
        size: int,
        tell: Callable[[T], Any],
        *,
        token: str = "Marker",  # noqa: S107 - a page's, not a secret
    ) -> ActionResult:
        """Return the page of `items` that the request's marker asks for, spelled by `tell`."""
        start = _offset(str(self.asked.get(token, "")))
        reply: dict[str, Any] = {key: [tell(item) for item in items[start : start + size]]}
        if start + size < len(items):
            reply[token] = base64.urlsafe_b64encode(f"at:{start + size}".encode()).decode()
        return ActionResult(reply)


def _offset(marker: str) -> int:
    if not marker:
        return 0
    try:
        head, _, number = base64.urlsafe_b64decode(marker.encode()).decode().partition(":")
        if head == "at":
            return int(number)
    except ValueError:
        pass
    raise InvalidRequest("Marker is not valid.")


def _plain(value: Any) -> Any:
    if hasattr(value, "original_dict"):
        return {k: _plain(v) for k, v in value.original_dict().items()}
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_plain(v) for v in value]
    return value


def within(items: Iterable[Cluster], asked: dict[str, Any]) -> list[Cluster]:
    """Return the clusters created between CreatedAfter and CreatedBefore."""
    after, before = asked.get("CreatedAfter"), asked.get("CreatedBefore")
    low = after.timestamp() if after is not None else float("-inf")
    high = before.timestamp() if before is not None else float("inf")
    return [c for c in items if low < c.created < high]
