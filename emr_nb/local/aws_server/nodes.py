"""EMR actions on instance groups, instance fleets and instances."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

from moto.core.responses import ActionResult, EmptyResult

from emr_nb.local.aws_server import replies
from emr_nb.local.aws_server.base import EmrActions, Invalid, InvalidRequest
from emr_nb.local.aws_server.machines import add_machines, remove_machines
from emr_nb.local.aws_server.model import Cluster, NodeSet

_PAGE = 50
_INSTANCE_PAGE = 2000


class NodeActions(EmrActions):
    """Instance groups and fleets exclude each other, as on AWS."""

    def list_instance_groups(self) -> ActionResult:
        cluster = self._of_kind("group")
        return self.page("InstanceGroups", cluster.sets, _PAGE, partial(replies.group, cluster))

    def list_instance_fleets(self) -> ActionResult:
        cluster = self._of_kind("fleet")
        return self.page("InstanceFleets", cluster.sets, _PAGE, partial(replies.fleet, cluster))

    def list_instances(self) -> ActionResult:
        asked, cluster = self.asked, self.cluster()
        types = list(asked.get("InstanceGroupTypes", []))
        if (types or asked.get("InstanceGroupId")) and cluster.uses_fleets:
            raise InvalidRequest("Instance fleets and instance groups are mutually exclusive.")
        types += [asked["InstanceFleetType"]] if asked.get("InstanceFleetType") else []
        owner_id = asked.get("InstanceGroupId") or asked.get("InstanceFleetId")
        states = asked.get("InstanceStates", [])
        found = [
            replies.instance(cluster, m)
            for m in cluster.machines
            if (not types or m.owner.role in types) and owner_id in (None, m.owner.id)
        ]
        found = [i for i in found if not states or i["Status"]["State"] in states]
        return self.page("Instances", found, _INSTANCE_PAGE, dict)

    def add_instance_groups(self) -> ActionResult:
        cluster = self._of_kind("group", self._flow())
        added = [
            NodeSet("group", g.get("InstanceRole", "TASK"), g, time.time())
            for g in self.asked.get("InstanceGroups", [])
        ]
        _add(cluster, added)
        return ActionResult(
            {
                "JobFlowId": cluster.id,
                "InstanceGroupIds": [s.id for s in added],
                "ClusterArn": cluster.arn,
            }
        )

    def add_instance_fleet(self) -> ActionResult:
        cluster = self._of_kind("fleet")
        asked = self.asked.get("InstanceFleet", {})
        added = NodeSet("fleet", asked.get("InstanceFleetType", "TASK"), asked, time.time())
        _add(cluster, [added])
        return ActionResult(
            {
                "ClusterId": cluster.id,
                "InstanceFleetId": added.id,
                "ClusterArn": cluster.arn,
            }
        )

    def modify_instance_groups(self) -> ActionResult:
        for change in self.asked.get("InstanceGroups", []):
            cluster, owner = self._set(str(change.get("InstanceGroupId", "")), "group")
            if change.get("InstanceCount") is not None:
                if owner.role == "MASTER":
                    raise Invalid("The MASTER instance group cannot be resized.")
                owner.request["InstanceCount"] = int(change["InstanceCount"])
            if change.get("Configurations") is not None:
                _reconfigure(owner, change)
            _resize(cluster, owner)
        return EmptyResult()

    def modify_instance_fleet(self) -> ActionResult:
        change = self.asked.get("InstanceFleet", {})
        cluster, owner = self._set(str(change.get("InstanceFleetId", "")), "fleet")
        owner.request |= {k: v for k, v in change.items() if k != "InstanceFleetId"}
        _resize(cluster, owner)
        return EmptyResult()

    def put_auto_scaling_policy(self) -> ActionResult:
        cluster, owner = self._set(str(self.asked.get("InstanceGroupId", "")), "group")
        owner.auto_scaling = self.asked.get("AutoScalingPolicy", {}) | {
            "Status": {"State": "ATTACHED"}
        }
        return ActionResult(
            {
                "ClusterId": cluster.id,
                "InstanceGroupId": owner.id,
                "AutoScalingPolicy": owner.auto_scaling,
                "ClusterArn": cluster.arn,
            }
        )

    def remove_auto_scaling_policy(self) -> ActionResult:
        self._set(str(self.asked.get("InstanceGroupId", "")), "group")[1].auto_scaling = None
        return EmptyResult()

    def _flow(self) -> str:
        return str(self.asked.get("JobFlowId", ""))

    def _of_kind(self, kind: str, cluster_id: str | None = None) -> Cluster:
        cluster = self.cluster(cluster_id)
        if cluster.uses_fleets != (kind == "fleet"):
            has = "fleets" if cluster.uses_fleets else "groups"
            raise InvalidRequest(
                "Instance fleets and instance groups are mutually exclusive."
                f" The cluster {cluster.id} uses instance {has}."
            )
        return cluster

    def _set(self, set_id: str, kind: str) -> tuple[Cluster, NodeSet]:
        for cluster in self.clusters.values():
            for owner in cluster.sets:
                if owner.id == set_id and owner.kind == kind:
                    if cluster.over:
                        raise InvalidRequest(f"Cluster {cluster.id} is terminated.")
                    return cluster, owner
        raise InvalidRequest(f"Instance {kind} id '{set_id}' is not valid.")


def _add(cluster: Cluster, added: list[NodeSet]) -> None:
    if cluster.over:
        raise InvalidRequest(f"Cluster {cluster.id} is terminated.")
    if any(s.role != "TASK" for s in added):
        raise Invalid("Only TASK instance groups and fleets can be added to a cluster.")
    cluster.sets.extend(added)
    for owner in added:
        add_machines(cluster, owner)


def _resize(cluster: Cluster, owner: NodeSet) -> None:
    remove_machines(cluster, owner)
    add_machines(cluster, owner)


def _reconfigure(owner: NodeSet, change: dict[str, Any]) -> None:
    """Replace the group's classifications, or merge into them property by property."""
    given: list[dict[str, Any]] = list(change["Configurations"])
    if change.get("ReconfigurationType") == "MERGE":
        merged = {c.get("Classification", ""): dict(c) for c in owner.configurations}
        for conf in given:
            old = merged.get(conf.get("Classification", ""), {})
            properties = old.get("Properties", {}) | conf.get("Properties", {})
            merged[conf.get("Classification", "")] = old | conf | {"Properties": properties}
        given = list(merged.values())
    owner.configurations = given
    owner.configurations_version += 1
