"""EMR's replies as our model; unknown words of AWS pass through as they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from emr_nb.model import (
    Application,
    Cluster,
    ClusterSummary,
    Configuration,
    Node,
    NodeGroup,
)

_Reply = Mapping[str, Any]


def state_reason(status: _Reply) -> str:
    """Return why a cluster is in its state: message, code and error details."""
    change = status.get("StateChangeReason") or {}
    message, code = str(change.get("Message") or ""), str(change.get("Code") or "")
    told = f"{message} ({code})" if message and code else message or code
    for detail in status.get("ErrorDetails") or []:
        more = str(detail.get("ErrorMessage") or detail.get("ErrorCode") or "")
        if more and more not in told:
            told = f"{told}; {more}" if told else more
    return told


def summary_of(reply: _Reply, provider: str = "aws") -> ClusterSummary:
    """Return an entry of ListClusters, or DescribeCluster's Cluster, as a summary."""
    status = reply.get("Status") or {}
    timeline = status.get("Timeline") or {}
    return ClusterSummary(
        id=str(reply["Id"]),
        name=str(reply.get("Name") or ""),
        state=str(status.get("State") or ""),
        provider=provider,
        state_reason=state_reason(status),
        created=timeline.get("CreationDateTime"),
        ready=timeline.get("ReadyDateTime"),
        ended=timeline.get("EndDateTime"),
        normalized_hours=int(reply.get("NormalizedInstanceHours") or 0),
    )


def configurations_of(entries: Iterable[_Reply] | None) -> tuple[Configuration, ...]:
    """Return EMR configurations with all nested classifications."""
    return tuple(
        Configuration(
            classification=str(entry.get("Classification") or ""),
            properties={str(k): str(v) for k, v in (entry.get("Properties") or {}).items()},
            configurations=configurations_of(entry.get("Configurations")),
        )
        for entry in entries or []
    )


def node_of(reply: _Reply, role: str) -> Node:
    """Return an entry of ListInstances."""
    return Node(
        id=str(reply.get("Ec2InstanceId") or reply.get("Id") or ""),
        role=role,
        state=str((reply.get("Status") or {}).get("State") or ""),
        instance_type=str(reply.get("InstanceType") or ""),
        private_dns=str(reply.get("PrivateDnsName") or ""),
        private_ip=str(reply.get("PrivateIpAddress") or ""),
        public_dns=str(reply.get("PublicDnsName") or ""),
        market=str(reply.get("Market") or ""),
    )


def group_of(reply: _Reply) -> NodeGroup:
    """Return an entry of ListInstanceGroups or ListInstanceFleets."""
    common: dict[str, Any] = {
        "id": str(reply.get("Id") or ""),
        "name": str(reply.get("Name") or ""),
        "state": str((reply.get("Status") or {}).get("State") or ""),
    }
    if "InstanceFleetType" not in reply:
        return NodeGroup(
            role=str(reply.get("InstanceGroupType") or ""),
            kind="group",
            instance_types=(str(reply.get("InstanceType") or ""),),
            requested=int(reply.get("RequestedInstanceCount") or 0),
            running=int(reply.get("RunningInstanceCount") or 0),
            market=str(reply.get("Market") or ""),
            **common,
        )
    on_demand = int(reply.get("TargetOnDemandCapacity") or 0)
    spot = int(reply.get("TargetSpotCapacity") or 0)
    return NodeGroup(
        role=str(reply.get("InstanceFleetType") or ""),
        kind="fleet",
        instance_types=tuple(
            str(s.get("InstanceType") or "") for s in reply.get("InstanceTypeSpecifications") or []
        ),
        requested=on_demand + spot,
        running=int(reply.get("ProvisionedOnDemandCapacity") or 0)
        + int(reply.get("ProvisionedSpotCapacity") or 0),
        market="MIXED" if on_demand and spot else "SPOT" if spot else "ON_DEMAND",
        **common,
    )


def cluster_of(
    reply: _Reply,
    sets: Sequence[_Reply],
    instances: Sequence[_Reply],
    idle_timeout: int | None,
    provider: str,
    region: str,
) -> Cluster:
    """Return DescribeCluster's Cluster with its groups or fleets and primaries."""
    brief = summary_of(reply, provider)
    primary_dns = str(reply.get("MasterPublicDnsName") or "")
    nodes = [node_of(entry, "MASTER") for entry in instances]
    # the one that EMR names comes first
    nodes.sort(key=lambda n: primary_dns not in (n.public_dns, n.private_dns))
    return Cluster(
        id=brief.id,
        name=brief.name,
        state=brief.state,
        provider=provider,
        state_reason=brief.state_reason,
        release=str(reply.get("ReleaseLabel") or ""),
        region=region,
        applications=tuple(
            Application(str(a.get("Name") or ""), str(a.get("Version") or ""))
            for a in reply.get("Applications") or []
        ),
        configurations=(
            *configurations_of(reply.get("Configurations")),
            *configurations_of(_primary_configurations(sets, nodes)),
        ),
        groups=tuple(group_of(entry) for entry in sets),
        primaries=tuple(nodes),
        primary_dns=primary_dns,
        tags={t["Key"]: str(t.get("Value") or "") for t in reply.get("Tags") or []},
        security_configuration=str(reply.get("SecurityConfiguration") or ""),
        kerberos_realm=str((reply.get("KerberosAttributes") or {}).get("Realm") or ""),
        log_uri=str(reply.get("LogUri") or ""),
        created=brief.created,
        ready=brief.ready,
        ended=brief.ended,
        auto_terminate=bool(reply.get("AutoTerminate")),
        idle_timeout=idle_timeout,
    )


def _primary_configurations(sets: Sequence[_Reply], nodes: Sequence[Node]) -> list[_Reply]:
    """Return what was configured for the primaries alone; it overrides the cluster's.

    A group that is being reconfigured, or could not be, runs with what was applied last.
    """
    found: list[_Reply] = []
    types = {node.instance_type for node in nodes}
    for entry in sets:
        if entry.get("InstanceGroupType") == "MASTER":
            wanted = entry.get("ConfigurationsVersion")
            applied = entry.get("LastSuccessfullyAppliedConfigurationsVersion")
            stale = applied is not None and wanted != applied
            key = "LastSuccessfullyAppliedConfigurations" if stale else "Configurations"
            found.extend(entry.get(key) or [])
        if entry.get("InstanceFleetType") == "MASTER":
            for spec in entry.get("InstanceTypeSpecifications") or []:
                if not types or spec.get("InstanceType") in types:
                    found.extend(spec.get("Configurations") or [])
    return found
