"""Lists and descriptions from EMR's replies: whole, tolerant, within the budget."""

from __future__ import annotations

import time

import pytest

from emr_nb.aws.budget import CallBudget
from emr_nb.aws.clusters import ClusterDirectory
from emr_nb.aws.facts import cluster_of, group_of, node_of, summary_of
from emr_nb.aws.provider import AwsProvider
from emr_nb.errors import AwsError, ClusterStartingError
from emr_nb.local.aws_server.model import Cluster as Record


@pytest.mark.parametrize("many", [120, pytest.param(2000, marks=pytest.mark.full)])
def test_all_of_many_clusters_are_listed(rig, many):
    known = rig.server.world.of("123456789012", rig.region)
    for n in range(many):
        record = Record({"Name": f"c{n}"}, "123456789012", rig.region, time.time(), keep_alive=True)
        known[record.id] = record
    budget = CallBudget(page_gap=0.0)
    listed = ClusterDirectory(rig.access(budget=budget)).summaries()
    assert {c.id for c in listed} == set(known)
    assert [c.created for c in listed] == sorted((c.created for c in listed), reverse=True)
    budget.take("DescribeCluster", wait=0)  # the pages belonged to one operation


def test_an_attach_is_within_the_budget_of_a_minute(rig):
    found = rig.run("etl", tags={"team": "ops"})
    provider = AwsProvider.for_access(rig.access(budget=CallBudget()))
    began = time.monotonic()
    for target in ("etl", found, "tag:team=ops", ""):  # remembered: no further calls
        provider.attach(target, lambda _: None)
    assert time.monotonic() - began < 30  # a wait for the budget would be a minute
    provider.access.budget.take("DescribeCluster", wait=0)  # the sixth is still free
    with pytest.raises(AwsError):
        provider.access.budget.take("DescribeCluster", wait=0)


def test_an_outline_costs_two_calls_and_an_attach_behind_it_no_second_description(rig):
    found = rig.run("etl", tags={"team": "ops"})
    provider = AwsProvider.for_access(rig.access(budget=CallBudget()))
    outline = provider.outline(found)
    assert (outline.release, outline.tags["team"]) == ("emr-7.5.0", "ops")
    assert [a.name for a in outline.applications][:1] == ["Spark"]
    assert [g.role for g in outline.groups] == ["MASTER"]
    assert provider.room() == 4
    cluster, services = provider.joining(found).attach(found, lambda _: None)
    assert (cluster.id, provider.room()) == (found, 1)  # groups, primaries, policy
    assert {s.name for s in services} >= {"livy", "webhdfs"}


def test_what_is_forgotten_is_asked_again(rig):
    found = rig.run("grows")
    provider = AwsProvider.for_access(rig.access())
    provider.attach(found, lambda _: None)
    records = rig.server.world.of("123456789012", rig.region)
    record = records[found]
    record.request["Applications"] = [*record.request["Applications"], {"Name": "Hive"}]
    before, _ = provider.attach(found, lambda _: None)
    provider.directory.forget()
    after, _ = provider.attach(found, lambda _: None)
    assert "Hive" not in [a.name for a in before.applications]
    assert "Hive" in [a.name for a in after.applications]


def test_joining_waits_for_no_cluster_that_starts(rig):
    found = rig.run("slow", starting=60)
    provider = AwsProvider.for_access(rig.access())
    with pytest.raises(ClusterStartingError, match=found):
        provider.joining(found).attach(found, lambda _: None)


def test_a_fleet_cluster_of_three_primaries_is_described_whole(rig):
    kinds = [
        {
            "InstanceType": "m5.xlarge",
            "Configurations": [
                {"Classification": "livy-conf", "Properties": {"livy.server.port": "8999"}}
            ],
        }
    ]
    found = rig.run(
        "fleets",
        Instances={
            "KeepJobFlowAliveWhenNoSteps": True,
            "InstanceFleets": [
                {
                    "Name": "Primary",
                    "InstanceFleetType": "MASTER",
                    "TargetOnDemandCapacity": 3,
                    "InstanceTypeConfigs": kinds,
                },
                {
                    "Name": "Core",
                    "InstanceFleetType": "CORE",
                    "TargetOnDemandCapacity": 2,
                    "TargetSpotCapacity": 4,
                    "InstanceTypeConfigs": [{"InstanceType": "r5.xlarge", "WeightedCapacity": 2}],
                },
            ],
        },
        SecurityConfiguration="tls",
        KerberosAttributes={"Realm": "EC2.INTERNAL", "KdcAdminPassword": "hidden"},
        LogUri="s3://logs/",
        Configurations=[
            {
                "Classification": "hadoop-env",
                "Configurations": [{"Classification": "export", "Properties": {"A": "b"}}],
            }
        ],
        AutoTerminationPolicy={"IdleTimeout": 7200},
    )
    cluster = ClusterDirectory(rig.access()).cluster(found)
    assert [(g.kind, g.role, g.requested, g.running, g.market) for g in cluster.groups] == [
        ("fleet", "MASTER", 3, 3, "ON_DEMAND"),
        ("fleet", "CORE", 6, 6, "MIXED"),
    ]
    assert len(cluster.primaries) == 3
    assert cluster.primaries[0].public_dns == cluster.primary_dns
    assert cluster.property("livy-conf", "livy.server.port") == "8999"
    assert cluster.configurations[0].configurations[0].properties == {"A": "b"}
    assert (cluster.security_configuration, cluster.kerberos_realm) == ("tls", "EC2.INTERNAL")
    assert (cluster.log_uri, cluster.idle_timeout) == ("s3://logs/", 7200)
    assert cluster.ready is not None
    assert cluster.ready.tzinfo is not None
    assert "hidden" not in repr(cluster)


def test_a_reconfigured_primary_group_overrides_the_cluster(rig):
    conf = [{"Classification": "livy-conf", "Properties": {"livy.server.port": "8999"}}]
    found = rig.run("etl", Configurations=conf)
    access = rig.access()
    (group,) = access.client("emr").list_instance_groups(ClusterId=found)["InstanceGroups"]
    changed = [{"Classification": "livy-conf", "Properties": {"livy.server.port": "9000"}}]
    access.client("emr").modify_instance_groups(
        ClusterId=found,
        InstanceGroups=[{"InstanceGroupId": group["Id"], "Configurations": changed}],
    )
    cluster = ClusterDirectory(access).cluster(found)
    assert cluster.property("livy-conf", "livy.server.port") == "9000"


def test_a_reconfiguration_that_is_not_applied_does_not_count():
    group = {
        "Id": "ig-1",
        "InstanceGroupType": "MASTER",
        "Configurations": [{"Classification": "livy-conf", "Properties": {"p": "new"}}],
        "ConfigurationsVersion": 2,
        "LastSuccessfullyAppliedConfigurations": [
            {"Classification": "livy-conf", "Properties": {"p": "old"}}
        ],
        "LastSuccessfullyAppliedConfigurationsVersion": 1,
    }
    cluster = cluster_of({"Id": "j-1"}, [group], [], None, "aws", "r")
    assert cluster.property("livy-conf", "p") == "old"


def test_missing_and_unknown_fields_are_tolerated():
    odd = {"Id": "j-1", "Status": {"State": "HIBERNATING", "Colour": "blue"}, "New": {"x": 1}}
    assert summary_of(odd).state == "HIBERNATING"
    assert cluster_of(odd, [], [], None, "aws", "r").primaries == ()
    assert node_of({}, "MASTER").state == ""
    assert group_of({"Status": {"State": "DREAMING"}}).state == "DREAMING"


def test_the_reason_has_message_code_and_details():
    status = {
        "State": "TERMINATED_WITH_ERRORS",
        "StateChangeReason": {"Code": "VALIDATION_ERROR", "Message": "No subnet"},
        "ErrorDetails": [{"ErrorCode": "SUBNET", "ErrorMessage": "subnet-1 is full"}],
    }
    reason = summary_of({"Id": "j-1", "Status": status}).state_reason
    assert reason == "No subnet (VALIDATION_ERROR); subnet-1 is full"


@pytest.mark.parametrize(
    ("denied", "lost"),
    [
        ("ListInstances", "primaries"),
        ("ListInstanceGroups", "groups"),
        ("GetAutoTerminationPolicy", "idle_timeout"),
    ],
)
def test_what_may_not_be_asked_is_left_empty(scripted, caplog, denied, lost):
    from emr_nb.aws.access import AwsAccess
    from emr_nb.aws.credentials import Credentials

    bodies = {
        "DescribeCluster": {
            "Cluster": {"Id": "j-1", "Name": "n", "Status": {"State": "WAITING"}}
            | {"MasterPublicDnsName": "ec2-1"}
        },
        "ListInstances": {"Instances": [{"Id": "ci-1", "PublicDnsName": "ec2-1"}]},
        "ListInstanceGroups": {"InstanceGroups": [{"Id": "ig-1", "InstanceGroupType": "MASTER"}]},
        "GetAutoTerminationPolicy": {"AutoTerminationPolicy": {"IdleTimeout": 60}},
    }

    def answer(_: str, target: str) -> tuple[int, dict]:
        action = target.rpartition(".")[2]
        if action == denied:
            return 400, {"__type": "AccessDeniedException", "message": "no"}
        return 200, bodies[action]

    scripted.answer = answer
    access = AwsAccess(
        region="us-east-1", endpoint_url=scripted.url, credentials=Credentials("AKIA", "s")
    )
    cluster = ClusterDirectory(access).cluster("j-1")
    assert not getattr(cluster, lost)
    kept = {"primaries", "groups", "idle_timeout"} - {lost}
    assert all(getattr(cluster, name) for name in kept)
    assert f"elasticmapreduce:{denied}" in caplog.text
