"""Copies that the cluster runs: one step of EMR's, followed to its end, cancelled on interrupt."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

pytest.importorskip("moto", reason="needs emr-nb[local]")

from emr_nb.aws.access import AwsAccess
from emr_nb.aws.credentials import Credentials
from emr_nb.context import ClusterContext
from emr_nb.errors import AwsError, ClusterError, UsageError
from emr_nb.files.cluster_copy import MANY_BYTES, is_large, refusal, run_on_cluster, step_of
from emr_nb.files.plans import Plan, Transfer
from emr_nb.local.aws_server.server import AwsServer
from emr_nb.model import Cluster, FileEntry, FilePath
from emr_nb.settings import Settings
from emr_nb.testing.fault_proxy import FaultProxy, Rule
from emr_nb.transport.direct import DirectRoute

HDFS, S3 = FilePath("hdfs", "", "/d"), FilePath("s3", "b", "d")


@pytest.fixture(scope="module")
def server() -> Iterator[AwsServer]:
    with AwsServer() as made:
        yield made


@pytest.fixture
def context(server: AwsServer) -> Iterator[ClusterContext]:
    absent: Any = None
    access = AwsAccess(
        region="us-east-1", endpoint_url=server.url, credentials=Credentials("AKIA", "secret")
    )
    made = access.client("emr").run_job_flow(
        Name="copies",
        ReleaseLabel="emr-7.9.0",
        ServiceRole="EMR_DefaultRole",
        Instances={
            "KeepJobFlowAliveWhenNoSteps": True,
            "MasterInstanceType": "m5.xlarge",
            "InstanceCount": 1,
        },
    )
    yield ClusterContext(
        cluster=Cluster(made["JobFlowId"], "copies", "WAITING"),
        services=(),
        route=DirectRoute(),
        access=access,
        journal=absent,
        settings=Settings(),
        user="anna",
    )
    access.close()


def steps(context: ClusterContext) -> list[dict[str, Any]]:
    reply = context.access.call("emr", "list_steps", ClusterId=context.cluster.id)
    return list(reply["Steps"])


def test_a_folder_is_copied_by_s3_dist_cp(context: ClusterContext):
    told: list[str] = []
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        time.sleep(0.3)  # the server's steps take 0.2 s

    words = step_of(HDFS, S3, is_directory=True)
    step = run_on_cluster(context, words, told=told.append, wait=wait)
    (found,) = steps(context)
    assert found["Id"] == step
    assert found["Status"]["State"] == "COMPLETED"
    assert found["Config"]["Jar"] == "command-runner.jar"
    assert found["Config"]["Args"] == ["s3-dist-cp", "--src=hdfs:///d", "--dest=s3://b/d"]
    assert any(step in text for text in told)
    assert set(waits) == {10.0}  # EMR counts calls


def test_an_interrupt_cancels_the_step(context: ClusterContext):
    def wait(_: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_on_cluster(context, step_of(S3, HDFS, is_directory=False), wait=wait)
    (found,) = steps(context)
    assert found["Status"]["State"] == "CANCELLED"
    assert found["Config"]["Args"] == ["hadoop", "distcp", "s3://b/d", "hdfs:///d"]


@pytest.mark.parametrize("action", ["drop_reply", "status"])
def test_a_step_whose_reply_was_lost_runs_once_and_is_followed(
    context: ClusterContext, server: AwsServer, action: Any
):
    with FaultProxy("127.0.0.1", server.port) as proxy:
        broken = through(context, proxy)
        broken.access.call("emr", "list_steps", ClusterId=context.cluster.id)
        lost = proxy.add(Rule("POST", "^/$", action, times=1, status=503))
        words = step_of(HDFS, S3, is_directory=True)
        step = run_on_cluster(broken, words, wait=lambda _: time.sleep(0.3))
        broken.access.close()
    assert lost.hits == 1
    (found,) = steps(context)
    assert (found["Id"], found["Status"]["State"]) == (step, "COMPLETED")


def test_a_step_that_never_arrived_is_no_step(context: ClusterContext, server: AwsServer):
    with FaultProxy("127.0.0.1", server.port) as proxy:
        broken = through(context, proxy)
        proxy.add(Rule("POST", "^/$", "refuse", times=1))
        with pytest.raises(AwsError):
            run_on_cluster(broken, step_of(HDFS, S3, is_directory=True))
        broken.access.close()
    assert steps(context) == []


def through(context: ClusterContext, proxy: FaultProxy) -> ClusterContext:
    """Return the cluster with its control plane behind a proxy."""
    access = AwsAccess(
        region="us-east-1",
        endpoint_url=f"http://127.0.0.1:{proxy.port}",
        credentials=Credentials("AKIA", "secret"),
    )
    return replace(context, access=access)


def test_a_step_that_does_not_end_well_is_told(context: ClusterContext):
    def wait(_: float) -> None:
        (step,) = steps(context)
        context.access.call(
            "emr", "cancel_steps", ClusterId=context.cluster.id, StepIds=[step["Id"]]
        )

    with pytest.raises(ClusterError, match="CANCELLED"):
        run_on_cluster(context, step_of(HDFS, S3, is_directory=True), wait=wait)


@pytest.mark.parametrize("provider", ["local", "url", "sparkmagic"])
def test_where_there_is_no_control_plane_nothing_is_sent(context: ClusterContext, provider: str):
    elsewhere = replace(context, cluster=replace(context.cluster, provider=provider))
    assert refusal(elsewhere)
    with pytest.raises(ClusterError, match="control plane"):
        run_on_cluster(elsewhere, step_of(HDFS, S3, is_directory=True))
    assert steps(context) == []


def test_what_is_large_and_what_can_be_a_step():
    def plan(size: int, files: int = 1) -> Plan:
        entry = FileEntry(HDFS, "file", size=size)
        return Plan(transfers=[Transfer(entry, S3)] * files)

    assert not is_large(HDFS, S3, plan(MANY_BYTES))
    assert is_large(HDFS, S3, plan(MANY_BYTES + 1))
    assert is_large(S3, HDFS, plan(1, 10_001))
    assert not is_large(HDFS, HDFS, plan(MANY_BYTES + 1))
    with pytest.raises(UsageError, match="HDFS and S3"):
        step_of(HDFS, FilePath("file", "", "/x"), is_directory=True)
