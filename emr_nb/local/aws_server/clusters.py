"""EMR actions on whole clusters."""

from __future__ import annotations

import time
from typing import Any

from moto.core.responses import ActionResult, EmptyResult

from emr_nb.local.aws_server import life, replies
from emr_nb.local.aws_server.base import EmrActions, Invalid, InvalidRequest, within
from emr_nb.local.aws_server.machines import add_machines
from emr_nb.local.aws_server.model import Cluster, NodeSet, Step, utc

_PAGE = 50
_STATES = {
    *("STARTING", "BOOTSTRAPPING", "RUNNING", "WAITING"),
    *("TERMINATING", "TERMINATED", "TERMINATED_WITH_ERRORS"),
}
_OLD_STATES = {"TERMINATING": "SHUTTING_DOWN", "TERMINATED": "COMPLETED"}
_PRIMARIES = (1, 3)
_TAKEN_OVER = ("Applications", "Configurations")


class ClusterActions(EmrActions):
    """RunJobFlow to TerminateJobFlows."""

    def run_job_flow(self) -> ActionResult:
        asked = self.asked
        if not asked.get("ReleaseLabel") and not asked.get("AmiVersion"):
            raise Invalid("A release label or an AMI version must be given.")
        cluster = Cluster(asked, self.current_account, self.region, time.time())
        if chosen := cluster.fact("id"):
            known = self.clusters.get(chosen)
            if known is not None and not known.over:
                known.request |= {k: asked[k] for k in _TAKEN_OVER if k in asked}
                return ActionResult({"JobFlowId": known.id, "ClusterArn": known.arn})
            cluster.id = chosen
        instances = asked.get("Instances", {})
        cluster.tags = {t["Key"]: t.get("Value", "") for t in asked.get("Tags", [])}
        cluster.keep_alive = bool(instances.get("KeepJobFlowAliveWhenNoSteps", False))
        cluster.protected = bool(instances.get("TerminationProtected", False))
        cluster.visible = bool(asked.get("VisibleToAllUsers", True))
        cluster.concurrency = int(asked.get("StepConcurrencyLevel", 1))
        cluster.auto_termination = asked.get("AutoTerminationPolicy")
        cluster.managed_scaling = asked.get("ManagedScalingPolicy")
        cluster.sets = _sets(instances, cluster.created)
        cluster.steps = [Step(s, cluster.created) for s in asked.get("Steps", [])]
        if _primary_count(cluster) > 1:  # EMR does both for clusters of three primaries
            cluster.keep_alive = cluster.protected = True
        for owner in cluster.sets:
            add_machines(cluster, owner)
        self.world.of(self.current_account, self.region)[cluster.id] = cluster
        return ActionResult({"JobFlowId": cluster.id, "ClusterArn": cluster.arn})

    def list_clusters(self) -> ActionResult:
        asked = self.asked
        states = set(asked.get("ClusterStates", []))
        if unknown := states - _STATES:
            raise InvalidRequest(f"ClusterStates has unknown values: {sorted(unknown)}")
        found = within(self.clusters.values(), asked)
        found = [c for c in found if not states or c.state in states]
        # by id, that is in no useful order: AWS promises none either
        found.sort(key=lambda c: c.id)
        return self.page("Clusters", found, _PAGE, replies.summary)

    def describe_cluster(self) -> ActionResult:
        return ActionResult({"Cluster": replies.description(self.cluster())})

    def describe_job_flows(self) -> ActionResult:
        asked = self.asked
        ids, states = asked.get("JobFlowIds", []), asked.get("JobFlowStates", [])
        found = [c for c in within(self.clusters.values(), asked) if not ids or c.id in ids]
        flows = [_job_flow(c) for c in sorted(found, key=lambda c: c.id)]
        if states:
            flows = [f for f in flows if f["ExecutionStatusDetail"]["State"] in states]
        return ActionResult({"JobFlows": flows[:512]})

    def terminate_job_flows(self) -> ActionResult:
        named = self.named()
        for cluster in named:
            if not cluster.protected:
                life.terminate(cluster, time.time(), "USER_REQUEST", "Terminated by user request")
        if any(c.protected and not c.over for c in named):
            raise Invalid(
                "Could not shut down one or more job flows since they are termination protected."
            )
        return EmptyResult()

    def modify_cluster(self) -> ActionResult:
        cluster = self.cluster()
        cluster.concurrency = int(self.asked.get("StepConcurrencyLevel", cluster.concurrency))
        return ActionResult({"StepConcurrencyLevel": cluster.concurrency})

    def set_termination_protection(self) -> ActionResult:
        for cluster in self.named():
            cluster.protected = bool(self.asked.get("TerminationProtected"))
        return EmptyResult()

    def set_visible_to_all_users(self) -> ActionResult:
        for cluster in self.named():
            cluster.visible = bool(self.asked.get("VisibleToAllUsers"))
        return EmptyResult()

    def set_keep_job_flow_alive_when_no_steps(self) -> ActionResult:
        for cluster in self.named():
            cluster.keep_alive = bool(self.asked.get("KeepJobFlowAliveWhenNoSteps"))
        return EmptyResult()

    def add_tags(self) -> ActionResult:
        cluster = self.cluster(str(self.asked.get("ResourceId", "")))
        cluster.tags |= {t["Key"]: t.get("Value", "") for t in self.asked.get("Tags", [])}
        return EmptyResult()

    def remove_tags(self) -> ActionResult:
        cluster = self.cluster(str(self.asked.get("ResourceId", "")))
        for key in self.asked.get("TagKeys", []):
            cluster.tags.pop(key, None)
        return EmptyResult()

    def list_bootstrap_actions(self) -> ActionResult:
        actions: list[dict[str, Any]] = self.cluster().request.get("BootstrapActions", [])
        return self.page("BootstrapActions", actions, _PAGE, replies.bootstrap_action)


def _sets(instances: dict[str, Any], created: float) -> list[NodeSet]:
    groups, fleets = instances.get("InstanceGroups", []), instances.get("InstanceFleets", [])
    if groups and fleets:
        raise Invalid("Instance groups and instance fleets cannot both be given.")
    found = [NodeSet("group", g.get("InstanceRole", ""), g, created) for g in groups]
    found += [NodeSet("fleet", f.get("InstanceFleetType", ""), f, created) for f in fleets]
    if not found:
        found = _plain_sets(instances, created)
    masters = [s for s in found if s.role == "MASTER"]
    if len(masters) != 1:
        raise Invalid("A cluster has exactly one MASTER instance group or fleet.")
    if masters[0].on_demand + masters[0].spot not in _PRIMARIES:
        raise Invalid("The MASTER instance group or fleet must have 1 or 3 instances.")
    return found


def _plain_sets(instances: dict[str, Any], created: float) -> list[NodeSet]:
    """Make groups of MasterInstanceType, SlaveInstanceType and InstanceCount."""
    if not instances.get("MasterInstanceType"):
        raise Invalid("Instance groups, instance fleets or instance types must be given.")
    wanted = [("MASTER", instances["MasterInstanceType"], 1)]
    if (others := int(instances.get("InstanceCount", 1)) - 1) > 0:
        core = instances.get("SlaveInstanceType") or instances["MasterInstanceType"]
        wanted.append(("CORE", core, others))
    return [
        NodeSet("group", role, {"InstanceType": kind, "InstanceCount": count}, created)
        for role, kind, count in wanted
    ]


def _primary_count(cluster: Cluster) -> int:
    return sum(s.on_demand + s.spot for s in cluster.sets if s.role == "MASTER")


def _job_flow(cluster: Cluster) -> dict[str, Any]:
    told = replies.description(cluster)
    state = "FAILED" if cluster.failed and cluster.over else cluster.state
    groups = [s for s in cluster.sets if s.kind == "group"]
    master = next((s for s in cluster.sets if s.role == "MASTER"), None)
    return {
        "JobFlowId": cluster.id,
        "Name": told["Name"],
        "LogUri": told.get("LogUri"),
        "ExecutionStatusDetail": replies.present(
            State=_OLD_STATES.get(state, state),
            CreationDateTime=utc(cluster.created),
            StartDateTime=utc(cluster.created),
            ReadyDateTime=utc(cluster.ready),
            EndDateTime=utc(cluster.ended),
            LastStateChangeReason=cluster.reason or None,
        ),
        "Instances": replies.present(
            MasterInstanceType=master.types[0].get("InstanceType") if master else "",
            MasterPublicDnsName=told.get("MasterPublicDnsName"),
            InstanceCount=len(cluster.machines),
            InstanceGroups=[_job_flow_group(cluster, g) for g in groups],
            NormalizedInstanceHours=0,
            KeepJobFlowAliveWhenNoSteps=cluster.keep_alive,
            TerminationProtected=cluster.protected,
        ),
        "Steps": [],
        "VisibleToAllUsers": cluster.visible,
        "JobFlowRole": cluster.request.get("JobFlowRole"),
        "ServiceRole": cluster.request.get("ServiceRole"),
    }


def _job_flow_group(cluster: Cluster, owner: NodeSet) -> dict[str, Any]:
    told = replies.group(cluster, owner)
    return {
        "InstanceGroupId": owner.id,
        "Name": owner.name,
        "Market": owner.market,
        "InstanceRole": owner.role,
        "InstanceType": told["InstanceType"],
        "InstanceRequestCount": told["RequestedInstanceCount"],
        "InstanceRunningCount": told["RunningInstanceCount"],
        "State": told["Status"]["State"],
        "CreationDateTime": utc(owner.created),
    }
