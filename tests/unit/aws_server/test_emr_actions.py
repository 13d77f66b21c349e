"""The EMR of the local AWS server, through a real botocore client."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError

from emr_nb.local.aws_server.life import advance, terminate
from emr_nb.local.aws_server.model import Cluster, Delays, Step
from emr_nb.local.aws_server.server import AwsServer
from emr_nb.testing.clusters import AwsServerRig


@pytest.fixture(scope="module")
def server() -> Iterator[AwsServer]:
    with AwsServer() as made:
        yield made


@pytest.fixture
def rig(server, request) -> Iterator[AwsServerRig]:
    server.world.clusters.clear()
    made = AwsServerRig(server)
    yield made
    made.close()


def state(rig: AwsServerRig, cluster: str) -> str:
    return str(rig.emr.describe_cluster(ClusterId=cluster)["Cluster"]["Status"]["State"])


def group(role: str, count: int, **more: object) -> dict[str, object]:
    return {"InstanceRole": role, "InstanceType": "m5.xlarge", "InstanceCount": count, **more}


def groups(*given: dict[str, object], **more: object) -> dict[str, object]:
    return {"KeepJobFlowAliveWhenNoSteps": True, "InstanceGroups": list(given), **more}


STEP = {"Name": "s", "HadoopJarStep": {"Jar": "command-runner.jar", "Args": ["true"]}}


# -- the life of a cluster, by the clock alone ------------------------------------------------


def test_a_cluster_starts_bootstraps_waits_and_ends():
    cluster = Cluster({"Name": "c"}, "1", "r", 100.0, keep_alive=True)
    delays = Delays(starting=10, bootstrapping=5, terminating=3)
    seen = []
    for now in (100, 109, 111, 116, 500):
        advance(cluster, delays, now)
        seen.append(cluster.state)
    assert seen == ["STARTING", "STARTING", "BOOTSTRAPPING", "WAITING", "WAITING"]
    assert cluster.ready == 115
    terminate(cluster, 600, "USER_REQUEST", "Terminated by user request")
    advance(cluster, delays, 602)
    assert (cluster.state, cluster.ended) == ("TERMINATING", None)
    advance(cluster, delays, 604)
    assert (cluster.state, cluster.ended) == ("TERMINATED", 603)


@pytest.mark.parametrize(
    ("concurrency", "expected"),
    [
        (
            1,
            ["RUNNING PENDING PENDING", "COMPLETED RUNNING PENDING", "COMPLETED COMPLETED RUNNING"],
        ),
        (2, ["RUNNING RUNNING PENDING", "COMPLETED COMPLETED RUNNING", "COMPLETED " * 3]),
    ],
)
def test_steps_run_in_turn(concurrency, expected):
    cluster = Cluster({}, "1", "r", 0.0, keep_alive=True, concurrency=concurrency)
    cluster.steps = [Step({}, 0.0) for _ in range(3)]
    for now, states in zip((5, 15, 25), expected, strict=True):
        advance(cluster, Delays(step=10), now)
        assert [s.state for s in cluster.steps] == states.split()
    advance(cluster, Delays(step=10), 31)
    assert cluster.state == "WAITING"


def test_steps_looked_at_late_ended_when_they_did():
    cluster = Cluster({}, "1", "r", 0.0, keep_alive=True)
    cluster.steps = [Step({}, 0.0) for _ in range(3)]
    advance(cluster, Delays(step=10), 1000)
    assert [s.ended for s in cluster.steps] == [10, 20, 30]


def test_a_cluster_that_is_not_kept_ends_after_its_steps():
    cluster = Cluster({}, "1", "r", 0.0)
    cluster.steps = [Step({}, 0.0)]
    advance(cluster, Delays(step=10), 5)
    assert cluster.state == "RUNNING"
    advance(cluster, Delays(step=10), 11)
    assert (cluster.state, cluster.reason_code) == ("TERMINATED", "ALL_STEPS_COMPLETED")


# -- clusters ---------------------------------------------------------------------------------


def test_the_primary_has_the_name_that_its_tag_says(rig):
    found = rig.run("local", tags={"emr-nb:primary-dns": "127.0.0.1"})
    assert (
        rig.emr.describe_cluster(ClusterId=found)["Cluster"]["MasterPublicDnsName"] == "127.0.0.1"
    )
    (node,) = rig.emr.list_instances(ClusterId=found, InstanceGroupTypes=["MASTER"])["Instances"]
    assert {node["PublicDnsName"], node["PrivateDnsName"], node["PrivateIpAddress"]} == {
        "127.0.0.1"
    }


def test_additional_info_steers_as_tags_do(rig):
    found = rig.run("x", AdditionalInfo='{"emr-nb:primary-dns": "localhost"}')
    told = rig.emr.describe_cluster(ClusterId=found)["Cluster"]
    assert told["MasterPublicDnsName"] == "localhost"


def test_applications_have_the_versions_of_their_release(rig):
    given = [{"Name": "Spark"}, {"Name": "Livy", "Version": "0.7.1"}]
    found = rig.run("x", Applications=given)
    told = rig.emr.describe_cluster(ClusterId=found)["Cluster"]["Applications"]
    assert [(a["Name"], a["Version"]) for a in told] == [("Spark", "3.5.2"), ("Livy", "0.7.1")]
    unknown = rig.run("y", ReleaseLabel="emr-99.0.0", Applications=[{"Name": "Spark"}])
    assert rig.emr.describe_cluster(ClusterId=unknown)["Cluster"]["Applications"] == [
        {"Name": "Spark"}
    ]


def test_lists_are_filtered_and_come_in_pages(rig):
    ids = {rig.run(f"c{n}") for n in range(55)}
    gone = rig.run("gone")
    rig.end(gone)
    first = rig.emr.list_clusters(ClusterStates=["WAITING"])
    second = rig.emr.list_clusters(ClusterStates=["WAITING"], Marker=first["Marker"])
    assert (len(first["Clusters"]), "Marker" in second) == (50, False)
    assert {c["Id"] for c in first["Clusters"] + second["Clusters"]} == ids
    (ended,) = rig.emr.list_clusters(ClusterStates=["TERMINATED"])["Clusters"]
    assert ended["Status"]["StateChangeReason"]["Code"] == "USER_REQUEST"
    assert rig.emr.list_clusters(CreatedAfter=datetime.now(UTC))["Clusters"] == []
    with pytest.raises(ClientError, match="Marker is not valid"):
        rig.emr.list_clusters(Marker="bogus")


def test_regions_are_apart(rig):
    rig.run("here")
    other = AwsServerRig(rig.server, region="us-west-2")
    assert other.emr.list_clusters()["Clusters"] == []
    other.close()


def test_protection_keeps_a_cluster(rig):
    found = rig.run("x")
    rig.emr.set_termination_protection(JobFlowIds=[found], TerminationProtected=True)
    with pytest.raises(ClientError, match="termination protected"):
        rig.end(found)
    assert state(rig, found) == "WAITING"
    rig.emr.set_termination_protection(JobFlowIds=[found], TerminationProtected=False)
    rig.end(found)
    assert state(rig, found) == "TERMINATED"


def test_three_primaries_are_protected_and_kept(rig):
    found = rig.run("ha", Instances={"InstanceGroups": [group("MASTER", 3), group("CORE", 2)]})
    told = rig.emr.describe_cluster(ClusterId=found)["Cluster"]
    assert (told["TerminationProtected"], told["AutoTerminate"]) == (True, False)
    nodes = rig.emr.list_instances(ClusterId=found, InstanceGroupTypes=["MASTER"])["Instances"]
    assert len({n["PublicDnsName"] for n in nodes}) == 3
    assert told["MasterPublicDnsName"] in {n["PublicDnsName"] for n in nodes}


@pytest.mark.parametrize(
    "instances",
    [
        {"InstanceGroups": [group("CORE", 1)]},
        {"InstanceGroups": [group("MASTER", 2)]},
        {},
        {
            "InstanceGroups": [group("MASTER", 1)],
            "InstanceFleets": [{"InstanceFleetType": "MASTER", "TargetOnDemandCapacity": 1}],
        },
    ],
)
def test_impossible_clusters_are_refused(rig, instances):
    with pytest.raises(ClientError, match="ValidationException"):
        rig.run("x", Instances=instances)
    assert rig.emr.list_clusters()["Clusters"] == []


def test_unknown_clusters_are_refused_as_aws_does(rig):
    with pytest.raises(ClientError, match="Cluster id 'j-NOPE' is not valid") as raised:
        rig.emr.describe_cluster(ClusterId="j-NOPE")
    assert raised.value.response["Error"]["Code"] == "InvalidRequestException"
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_tags_come_and_go_and_are_searched(rig):
    found = rig.run("x")
    rig.emr.add_tags(ResourceId=found, Tags=[{"Key": "a", "Value": "1"}])
    tagging = rig.access().client("resourcegroupstaggingapi")
    wanted = {
        "TagFilters": [{"Key": "a", "Values": ["1"]}],
        "ResourceTypeFilters": ["elasticmapreduce:cluster"],
    }
    (hit,) = tagging.get_resources(**wanted)["ResourceTagMappingList"]
    assert hit["ResourceARN"].endswith(found)
    rig.emr.remove_tags(ResourceId=found, TagKeys=["a"])
    assert tagging.get_resources(**wanted)["ResourceTagMappingList"] == []


def test_old_style_job_flows_and_other_settings(rig):
    found = rig.run("x")
    rig.emr.set_keep_job_flow_alive_when_no_steps(
        JobFlowIds=[found], KeepJobFlowAliveWhenNoSteps=True
    )
    (flow,) = rig.emr.describe_job_flows(JobFlowIds=[found])["JobFlows"]
    assert flow["ExecutionStatusDetail"]["State"] == "WAITING"
    assert flow["Instances"]["InstanceGroups"][0]["InstanceRunningCount"] == 1
    rig.emr.set_keep_job_flow_alive_when_no_steps(
        JobFlowIds=[found], KeepJobFlowAliveWhenNoSteps=False
    )
    assert state(rig, found) == "TERMINATED"


def test_the_instances_are_instances_of_ec2_too(rig):
    found = rig.run("x")
    (node,) = rig.emr.list_instances(ClusterId=found)["Instances"]
    ec2 = rig.access().client("ec2")

    def ec2_state() -> str:
        told = ec2.describe_instances(InstanceIds=[node["Ec2InstanceId"]])
        return str(told["Reservations"][0]["Instances"][0]["State"]["Name"])

    assert ec2_state() == "running"
    rig.end(found)
    assert state(rig, found) == "TERMINATED"
    assert ec2_state() == "terminated"


# -- nodes ------------------------------------------------------------------------------------


def fleet(role: str, on_demand: int, spot: int = 0, weight: int = 1) -> dict[str, object]:
    return {
        "InstanceFleetType": role,
        "TargetOnDemandCapacity": on_demand,
        "TargetSpotCapacity": spot,
        "InstanceTypeConfigs": [{"InstanceType": "r5.xlarge", "WeightedCapacity": weight}],
    }


def test_fleets_are_listed_grown_and_shrunk(rig):
    fleets = [fleet("MASTER", 1), fleet("CORE", 4, 4, weight=2)]
    keep = {"KeepJobFlowAliveWhenNoSteps": True}
    found = rig.run("x", Instances={"InstanceFleets": fleets} | keep)
    told = rig.emr.describe_cluster(ClusterId=found)["Cluster"]
    assert told["InstanceCollectionType"] == "INSTANCE_FLEET"
    core = rig.emr.list_instance_fleets(ClusterId=found)["InstanceFleets"][1]
    assert (core["ProvisionedOnDemandCapacity"], core["ProvisionedSpotCapacity"]) == (4, 4)
    nodes = rig.emr.list_instances(ClusterId=found, InstanceFleetType="CORE")["Instances"]
    assert sorted(n["Market"] for n in nodes) == ["ON_DEMAND"] * 2 + ["SPOT"] * 2
    rig.emr.modify_instance_fleet(
        ClusterId=found,
        InstanceFleet={"InstanceFleetId": core["Id"], "TargetOnDemandCapacity": 6}
        | {"TargetSpotCapacity": 0},
    )
    core = rig.emr.list_instance_fleets(ClusterId=found)["InstanceFleets"][1]
    assert (core["ProvisionedOnDemandCapacity"], core["ProvisionedSpotCapacity"]) == (6, 0)
    added = rig.emr.add_instance_fleet(ClusterId=found, InstanceFleet=fleet("TASK", 1))
    ids = [f["Id"] for f in rig.emr.list_instance_fleets(ClusterId=found)["InstanceFleets"]]
    assert ids[2] == added["InstanceFleetId"]
    with pytest.raises(ClientError, match="mutually exclusive"):
        rig.emr.list_instance_groups(ClusterId=found)


def test_groups_are_listed_resized_and_reconfigured(rig):
    found = rig.run("x", Instances=groups(group("MASTER", 1), group("CORE", 1, Market="SPOT")))
    _, core = rig.emr.list_instance_groups(ClusterId=found)["InstanceGroups"]
    assert (core["Market"], core["RunningInstanceCount"]) == ("SPOT", 1)
    conf = [{"Classification": "yarn-site", "Properties": {"a": "1"}}]
    more = [{"Classification": "yarn-site", "Properties": {"b": "2"}}]
    for given, kind in ((conf, "OVERWRITE"), (more, "MERGE")):
        rig.emr.modify_instance_groups(
            ClusterId=found,
            InstanceGroups=[
                {"InstanceGroupId": core["Id"], "InstanceCount": 3}
                | {"Configurations": given, "ReconfigurationType": kind}
            ],
        )
    _, core = rig.emr.list_instance_groups(ClusterId=found)["InstanceGroups"]
    assert (core["RunningInstanceCount"], core["ConfigurationsVersion"]) == (3, 2)
    assert core["Configurations"][0]["Properties"] == {"a": "1", "b": "2"}
    with pytest.raises(ClientError, match="mutually exclusive"):
        rig.emr.list_instance_fleets(ClusterId=found)


# -- steps, policies, the rest ----------------------------------------------------------------


def test_steps_progress_and_are_cancelled(rig):
    found = rig.run("x", tags={"emr-nb:delays": "step=2"})
    ids = rig.emr.add_job_flow_steps(JobFlowId=found, Steps=[STEP, STEP])["StepIds"]
    assert state(rig, found) == "RUNNING"
    told = rig.emr.cancel_steps(ClusterId=found, StepIds=[ids[1]])["CancelStepsInfoList"]
    assert told[0]["Status"] == "SUBMITTED"
    until = time.monotonic() + 30
    while state(rig, found) == "RUNNING" and time.monotonic() < until:
        time.sleep(0.1)
    steps = {s["Id"]: s for s in rig.emr.list_steps(ClusterId=found)["Steps"]}
    assert [steps[i]["Status"]["State"] for i in ids] == ["COMPLETED", "CANCELLED"]
    assert state(rig, found) == "WAITING"
    told = rig.emr.cancel_steps(ClusterId=found, StepIds=[ids[0]])["CancelStepsInfoList"]
    assert told[0]["Status"] == "FAILED"
    only = rig.emr.describe_step(ClusterId=found, StepId=ids[0])["Step"]
    assert only["Config"]["Args"] == ["true"]
    assert only["Status"]["Timeline"]["EndDateTime"] > only["Status"]["Timeline"]["StartDateTime"]


def test_policies_are_kept(rig):
    found = rig.run("x")
    idle = {"IdleTimeout": 600}
    rig.emr.put_auto_termination_policy(ClusterId=found, AutoTerminationPolicy=idle)
    assert rig.emr.get_auto_termination_policy(ClusterId=found)["AutoTerminationPolicy"] == idle
    rig.emr.remove_auto_termination_policy(ClusterId=found)
    assert "AutoTerminationPolicy" not in rig.emr.get_auto_termination_policy(ClusterId=found)
    with pytest.raises(ClientError, match="between 60 and 604800"):
        rig.emr.put_auto_termination_policy(
            ClusterId=found, AutoTerminationPolicy={"IdleTimeout": 1}
        )
    limits = {"UnitType": "Instances", "MinimumCapacityUnits": 1, "MaximumCapacityUnits": 5}
    policy = {"ComputeLimits": limits}
    rig.emr.put_managed_scaling_policy(ClusterId=found, ManagedScalingPolicy=policy)
    assert rig.emr.get_managed_scaling_policy(ClusterId=found)["ManagedScalingPolicy"] == policy
    rig.emr.remove_managed_scaling_policy(ClusterId=found)
    assert "ManagedScalingPolicy" not in rig.emr.get_managed_scaling_policy(ClusterId=found)


def test_session_credentials_differ_and_expire(rig):
    found = rig.run("x")
    one, two = (rig.emr.get_cluster_session_credentials(ClusterId=found) for _ in range(2))
    assert one["Credentials"] != two["Credentials"]
    left = (one["ExpiresAt"] - datetime.now(UTC)).total_seconds()
    assert 600 < left <= 900


def test_releases_security_configurations_and_uis(rig):
    spark = {
        a["Name"]: a["Version"]
        for a in rig.emr.describe_release_label(ReleaseLabel="emr-7.5.0")["Applications"]
    }["Spark"]
    assert spark == "3.5.2"
    with pytest.raises(ClientError, match="not known"):
        rig.emr.describe_release_label(ReleaseLabel="emr-0.0.1")
    rig.emr.create_security_configuration(Name="tls-x", SecurityConfiguration="{}")
    names = {c["Name"] for c in rig.emr.list_security_configurations()["SecurityConfigurations"]}
    assert "tls-x" in names
    rig.emr.delete_security_configuration(Name="tls-x")
    found = rig.run("x")
    arn = rig.emr.describe_cluster(ClusterId=found)["Cluster"]["ClusterArn"]
    url = rig.emr.get_on_cluster_app_ui_presigned_url(ClusterId=found)["PresignedURL"]
    assert url.startswith("https://")
    ui = rig.emr.create_persistent_app_ui(TargetResourceArn=arn)["PersistentAppUIId"]
    assert rig.emr.get_persistent_app_ui_presigned_url(PersistentAppUIId=ui)["PresignedURLReady"]


def test_an_entry_that_names_itself_is_brought_up_to_date(rig):
    def run(known: str, *applications: str) -> str:
        made = rig.emr.run_job_flow(
            Name="n",
            ReleaseLabel="emr-7.9.0",
            Applications=[{"Name": name} for name in applications],
            Configurations=[{"Classification": "x", "Properties": {"n": str(len(applications))}}],
            Instances=groups(group("MASTER", 1)),
            AdditionalInfo=json.dumps({"emr-nb:id": known}),
        )
        return str(made["JobFlowId"])

    first = run("", "Spark")
    machines = rig.emr.list_instances(ClusterId=first)["Instances"]
    assert run(first, "Spark", "Hive") == first
    told = rig.emr.describe_cluster(ClusterId=first)["Cluster"]
    assert {a["Name"] for a in told["Applications"]} == {"Spark", "Hive"}
    assert told["Configurations"][0]["Properties"] == {"n": "2"}
    assert rig.emr.list_instances(ClusterId=first)["Instances"] == machines
    rig.server.world.clusters.clear()  # as after the death of its process
    assert run(first, "Spark") == first
    assert len(rig.emr.list_instances(ClusterId=first)["Instances"]) == 1
