"""The records as EMR's API spells them."""

from __future__ import annotations

from typing import Any

from emr_nb.local.aws_server.model import Cluster, Machine, NodeSet, Step, utc
from emr_nb.local.aws_server.releases import version_of

_SET_STATES = {
    "STARTING": "PROVISIONING",
    "BOOTSTRAPPING": "BOOTSTRAPPING",
    "TERMINATING": "TERMINATING",
    "TERMINATED": "TERMINATED",
    "TERMINATED_WITH_ERRORS": "TERMINATED",
}


def present(**values: Any) -> dict[str, Any]:
    """Return what has a value."""
    return {k: v for k, v in values.items() if v is not None}


def status(cluster: Cluster) -> dict[str, Any]:
    """Return a cluster's Status."""
    reply = present(
        State=cluster.state,
        StateChangeReason=present(Code=cluster.reason_code or None, Message=cluster.reason or None),
        Timeline=present(
            CreationDateTime=utc(cluster.created),
            ReadyDateTime=utc(cluster.ready),
            EndDateTime=utc(cluster.ended),
        ),
    )
    if cluster.failed:
        reply["ErrorDetails"] = [
            {"ErrorCode": cluster.reason_code, "ErrorMessage": cluster.reason, "ErrorData": []}
        ]
    return reply


def summary(cluster: Cluster) -> dict[str, Any]:
    """Return an entry of ListClusters."""
    return {
        "Id": cluster.id,
        "Name": cluster.request.get("Name", ""),
        "Status": status(cluster),
        "NormalizedInstanceHours": 0,
        "ClusterArn": cluster.arn,
    }


def description(cluster: Cluster) -> dict[str, Any]:
    """Return DescribeCluster's Cluster."""
    asked = cluster.request
    instances = asked.get("Instances", {})
    copied = (
        *("LogUri", "LogEncryptionKmsKeyId", "ReleaseLabel", "ServiceRole"),
        *("SecurityConfiguration", "AutoScalingRole", "CustomAmiId", "EbsRootVolumeSize"),
        *("OSReleaseLabel", "ScaleDownBehavior", "RepoUpgradeOnBoot"),
    )
    primaries = cluster.primaries()
    return summary(cluster) | present(
        **{name: asked.get(name) for name in copied},
        Ec2InstanceAttributes=present(
            Ec2KeyName=instances.get("Ec2KeyName"),
            Ec2SubnetId=instances.get("Ec2SubnetId"),
            Ec2AvailabilityZone=instances.get("Placement", {}).get("AvailabilityZone")
            or f"{cluster.region}a",
            IamInstanceProfile=asked.get("JobFlowRole"),
            EmrManagedMasterSecurityGroup=instances.get("EmrManagedMasterSecurityGroup"),
            EmrManagedSlaveSecurityGroup=instances.get("EmrManagedSlaveSecurityGroup"),
            ServiceAccessSecurityGroup=instances.get("ServiceAccessSecurityGroup"),
        ),
        InstanceCollectionType="INSTANCE_FLEET" if cluster.uses_fleets else "INSTANCE_GROUP",
        AutoTerminate=not cluster.keep_alive,
        TerminationProtected=cluster.protected,
        VisibleToAllUsers=cluster.visible,
        Applications=applications(cluster),
        Tags=[{"Key": k, "Value": v} for k, v in cluster.tags.items()],
        MasterPublicDnsName=primaries[0].public_dns if primaries and cluster.ready else None,
        Configurations=asked.get("Configurations", []),
        KerberosAttributes=_kerberos(asked),
        StepConcurrencyLevel=cluster.concurrency,
    )


def applications(cluster: Cluster) -> list[dict[str, Any]]:
    """Return the applications, with the release's version where none was given."""
    release = str(cluster.request.get("ReleaseLabel", ""))
    return [
        present(
            Name=app.get("Name", ""),
            Version=app.get("Version") or version_of(release, app.get("Name", "")) or None,
        )
        for app in cluster.request.get("Applications", [])
    ]


def _kerberos(asked: dict[str, Any]) -> dict[str, Any] | None:
    attributes = asked.get("KerberosAttributes")
    # EMR never gives the passwords back
    return {"Realm": attributes.get("Realm", "")} if attributes else None


def _set_status(cluster: Cluster, owner: NodeSet) -> dict[str, Any]:
    return {
        "State": _SET_STATES.get(cluster.state, "RUNNING"),
        "StateChangeReason": present(
            Code="CLUSTER_TERMINATED" if cluster.over else None,
            Message="Job flow terminated" if cluster.over else "",
        ),
        "Timeline": present(
            CreationDateTime=utc(owner.created),
            ReadyDateTime=utc(cluster.ready),
            EndDateTime=utc(cluster.ended),
        ),
    }


def group(cluster: Cluster, owner: NodeSet) -> dict[str, Any]:
    """Return an entry of ListInstanceGroups."""
    running = [m for m in cluster.machines if m.owner is owner and m.ended is None]
    up = cluster.ready is not None and not cluster.over
    return present(
        Id=owner.id,
        Name=owner.name,
        Market=owner.market,
        BidPrice=owner.request.get("BidPrice"),
        InstanceGroupType=owner.role,
        InstanceType=owner.request.get("InstanceType", ""),
        RequestedInstanceCount=owner.on_demand + owner.spot,
        RunningInstanceCount=len(running) if up else 0,
        Status=_set_status(cluster, owner),
        Configurations=owner.configurations,
        ConfigurationsVersion=owner.configurations_version,
        LastSuccessfullyAppliedConfigurations=owner.configurations,
        LastSuccessfullyAppliedConfigurationsVersion=owner.configurations_version,
        EbsBlockDevices=[],
        ShrinkPolicy={},
        AutoScalingPolicy=owner.auto_scaling,
    )


def fleet(cluster: Cluster, owner: NodeSet) -> dict[str, Any]:
    """Return an entry of ListInstanceFleets."""
    up = cluster.ready is not None and not cluster.over
    specs = [
        present(
            InstanceType=t.get("InstanceType", ""),
            WeightedCapacity=t.get("WeightedCapacity", 1),
            BidPrice=t.get("BidPrice"),
            BidPriceAsPercentageOfOnDemandPrice=t.get("BidPriceAsPercentageOfOnDemandPrice"),
            Configurations=t.get("Configurations", []),
            EbsBlockDevices=[],
        )
        for t in owner.types
    ]
    provisioned = {
        market: sum(_weight(m) for m in cluster.machines if _provides(m, owner, market))
        for market in ("ON_DEMAND", "SPOT")
    }
    return present(
        Id=owner.id,
        Name=owner.name,
        Status=_set_status(cluster, owner),
        InstanceFleetType=owner.role,
        TargetOnDemandCapacity=owner.on_demand,
        TargetSpotCapacity=owner.spot,
        ProvisionedOnDemandCapacity=provisioned["ON_DEMAND"] if up else 0,
        ProvisionedSpotCapacity=provisioned["SPOT"] if up else 0,
        InstanceTypeSpecifications=specs,
        LaunchSpecifications=owner.request.get("LaunchSpecifications"),
        ResizeSpecifications=owner.request.get("ResizeSpecifications"),
    )


def _provides(machine: Machine, owner: NodeSet, market: str) -> bool:
    return machine.owner is owner and machine.market == market and machine.ended is None


def _weight(machine: Machine) -> int:
    found = (t for t in machine.owner.types if t.get("InstanceType") == machine.instance_type)
    return int(next(found, {}).get("WeightedCapacity", 1))


def instance(cluster: Cluster, machine: Machine) -> dict[str, Any]:
    """Return an entry of ListInstances."""
    gone = machine.ended is not None
    state = "TERMINATED" if gone else _SET_STATES.get(cluster.state, "RUNNING")
    return present(
        Id=machine.id,
        Ec2InstanceId=machine.ec2_id,
        PublicDnsName=machine.public_dns,
        PublicIpAddress=machine.public_ip,
        PrivateDnsName=machine.private_dns,
        PrivateIpAddress=machine.private_ip,
        Status={
            "State": "RUNNING" if state == "TERMINATING" else state,
            "StateChangeReason": present(
                Code="CLUSTER_TERMINATED" if gone else None,
                Message="Cluster was terminated." if gone else None,
            ),
            "Timeline": present(
                CreationDateTime=utc(machine.created),
                ReadyDateTime=utc(cluster.ready),
                EndDateTime=utc(machine.ended),
            ),
        },
        InstanceGroupId=machine.owner.id if machine.owner.kind == "group" else None,
        InstanceFleetId=machine.owner.id if machine.owner.kind == "fleet" else None,
        Market=machine.market,
        InstanceType=machine.instance_type,
        EbsVolumes=[],
    )


def step_config(step: Step) -> dict[str, Any]:
    """Return a step's HadoopStepConfig."""
    jar = step.request.get("HadoopJarStep", {})
    return present(
        Jar=jar.get("Jar", ""),
        Properties={p["Key"]: p["Value"] for p in jar.get("Properties", [])},
        MainClass=jar.get("MainClass"),
        Args=jar.get("Args", []),
    )


def step(entry: Step) -> dict[str, Any]:
    """Return an entry of ListSteps, or DescribeStep's Step."""
    return {
        "Id": entry.id,
        "Name": entry.request.get("Name", ""),
        "Config": step_config(entry),
        "ActionOnFailure": entry.request.get("ActionOnFailure", "TERMINATE_CLUSTER"),
        "Status": {
            "State": entry.state,
            "StateChangeReason": present(Message=entry.reason or None),
            "Timeline": present(
                CreationDateTime=utc(entry.created),
                StartDateTime=utc(entry.started),
                EndDateTime=utc(entry.ended),
            ),
        },
    }


def bootstrap_action(asked: dict[str, Any]) -> dict[str, Any]:
    """Return an entry of ListBootstrapActions."""
    script = asked.get("ScriptBootstrapAction", {})
    return {
        "Name": asked.get("Name", ""),
        "ScriptPath": script.get("Path", ""),
        "Args": script.get("Args", []),
    }
