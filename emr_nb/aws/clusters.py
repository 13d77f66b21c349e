"""What EMR's API tells of clusters: complete lists, and one cluster with its nodes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from emr_nb.aws.access import AwsAccess
from emr_nb.aws.budget import Memory
from emr_nb.aws.facts import cluster_of, summary_of
from emr_nb.errors import AwsAccessDeniedError, AwsError
from emr_nb.model import LIVE_STATES, Cluster, ClusterSummary

log = logging.getLogger(__name__)

T = TypeVar("T")

_PRESENT = ("AWAITING_FULFILLMENT", "PROVISIONING", "BOOTSTRAPPING", "RUNNING")


class ClusterDirectory:
    """The clusters of one account and region; may be shared between threads.

    Answers are remembered for 30 s; `fresh` asks again. Every call goes through the budget
    of `access`.
    """

    def __init__(self, access: AwsAccess, provider: str = "aws") -> None:
        self.access = access
        self._provider = provider
        self._lists: Memory[tuple[ClusterSummary, ...]] = Memory()
        self._described: Memory[Mapping[str, Any]] = Memory()
        self._full: Memory[Cluster] = Memory()

    def summaries(
        self, *, live_only: bool = True, fresh: bool = False
    ) -> tuple[ClusterSummary, ...]:
        """List all clusters, or the live ones, newest first; every page is read."""
        states = sorted(LIVE_STATES) if live_only else []
        return self._lists.get(
            "live" if live_only else "all", lambda: self._list(states), fresh=fresh
        )

    def summary(self, cluster_id: str, *, fresh: bool = False) -> ClusterSummary:
        """Describe one cluster in a few words; raises ClusterNotFoundError."""
        return summary_of(self._describe(cluster_id, fresh=fresh), self._provider)

    def cluster(self, cluster_id: str, *, fresh: bool = False) -> Cluster:
        """Describe one cluster whole: groups or fleets, primaries, policy.

        What this identity may not ask for is left empty, and logged. Raises
        ClusterNotFoundError.
        """
        return self._full.get(
            cluster_id, lambda: self._cluster(cluster_id, fresh=fresh), fresh=fresh
        )

    def outline(self, cluster_id: str) -> Cluster:
        """Describe one cluster by two calls: without its primaries and its policy.

        What this identity may not ask for is left empty. Raises ClusterNotFoundError.
        """
        described = self._describe(cluster_id, fresh=False)
        fleets = described.get("InstanceCollectionType") == "INSTANCE_FLEET"
        live = described.get("Status", {}).get("State") in LIVE_STATES
        sets = self._sets(cluster_id, fleets=fleets) if live else []
        return cluster_of(described, sets, [], None, self._provider, self.access.region)

    def tagged(self, key: str, value: str) -> frozenset[str] | None:
        """Return the ids of clusters with this tag; None where we may not search by tag.

        By the Resource Groups Tagging API, since EMR's own lists have no tags. Ended
        clusters may be among them.
        """
        try:
            arns = list(self._tagged(key, value))
        except AwsError as error:
            log.info("clusters cannot be searched by tag: %s", error.what)
            return None
        return frozenset(arn.rpartition("/")[2] for arn in arns)

    def forget(self) -> None:
        """Forget what was told: whoever changed a cluster knows better."""
        for memory in (self._lists, self._described, self._full):
            memory.forget()

    # -- inside ---------------------------------------------------------------------------

    def _list(self, states: Sequence[str]) -> tuple[ClusterSummary, ...]:
        filters = {"ClusterStates": list(states)} if states else {}
        found = [
            summary_of(entry, self._provider)
            for entry in self._pages("list_clusters", "Clusters", **filters)
        ]
        # a cluster that starts meanwhile may shift another onto the next page
        unique = {entry.id: entry for entry in found}.values()
        return tuple(sorted(unique, key=_age, reverse=True))

    def _describe(self, cluster_id: str, *, fresh: bool) -> Mapping[str, Any]:
        def ask() -> Mapping[str, Any]:
            reply = self.access.call("emr", "describe_cluster", ClusterId=cluster_id)
            found: Mapping[str, Any] = reply["Cluster"]
            return found

        return self._described.get(cluster_id, ask, fresh=fresh)

    def _cluster(self, cluster_id: str, *, fresh: bool) -> Cluster:
        described = self._describe(cluster_id, fresh=fresh)
        if described.get("Status", {}).get("State") not in LIVE_STATES:
            return cluster_of(described, [], [], None, self._provider, self.access.region)
        fleets = described.get("InstanceCollectionType") == "INSTANCE_FLEET"
        # one after the other: a pool would hold an interrupt back until its calls are done
        sets = self._sets(cluster_id, fleets=fleets)
        primaries = self._primaries(cluster_id, fleets=fleets)
        idle = self._idle_timeout(cluster_id)
        return cluster_of(described, sets, primaries, idle, self._provider, self.access.region)

    def _sets(self, cluster_id: str, *, fleets: bool) -> list[dict[str, Any]]:
        operation = "list_instance_fleets" if fleets else "list_instance_groups"
        key = "InstanceFleets" if fleets else "InstanceGroups"
        return _allowed(lambda: list(self._pages(operation, key, ClusterId=cluster_id)), [])

    def _primaries(self, cluster_id: str, *, fleets: bool) -> list[dict[str, Any]]:
        role: dict[str, Any] = (
            {"InstanceFleetType": "MASTER"} if fleets else {"InstanceGroupTypes": ["MASTER"]}
        )
        role |= {"ClusterId": cluster_id, "InstanceStates": list(_PRESENT)}
        return _allowed(lambda: list(self._pages("list_instances", "Instances", **role)), [])

    def _idle_timeout(self, cluster_id: str) -> int | None:
        def ask() -> int | None:
            reply = self.access.call("emr", "get_auto_termination_policy", ClusterId=cluster_id)
            seconds = reply.get("AutoTerminationPolicy", {}).get("IdleTimeout")
            return None if seconds is None else int(seconds)

        return _allowed(ask, None)

    def _pages(self, operation: str, key: str, **parameters: Any) -> Iterator[dict[str, Any]]:
        reply = self.access.call("emr", operation, **parameters)
        yield from reply.get(key, [])
        while marker := reply.get("Marker"):
            reply = self.access.call(
                "emr", operation, further_page=True, Marker=marker, **parameters
            )
            yield from reply.get(key, [])

    def _tagged(self, key: str, value: str) -> Iterable[str]:
        asked: dict[str, Any] = {
            "TagFilters": [{"Key": key, "Values": [value]}],
            "ResourceTypeFilters": ["elasticmapreduce:cluster"],
        }
        while True:
            reply = self.access.call("resourcegroupstaggingapi", "get_resources", **asked)
            for found in reply.get("ResourceTagMappingList", []):
                yield str(found["ResourceARN"])
            if not reply.get("PaginationToken"):
                return
            asked["PaginationToken"] = reply["PaginationToken"]


def _allowed(ask: Callable[[], T], otherwise: T) -> T:
    """Return the answer, or `otherwise` where this identity may not ask."""
    try:
        return ask()
    except AwsAccessDeniedError as error:
        log.warning("%s", error.what)
        return otherwise


def _age(entry: ClusterSummary) -> float:
    return entry.created.timestamp() if entry.created else 0.0
