"""`%emr df` and `%emr snapshots`: what is told, and what is said where it is not known."""

import pytest

from emr_nb.files.webhdfs_health import StoreHealth
from emr_nb.model import Cluster, NodeGroup
from emr_nb.notebook.commands.hdfs import health_line, health_lines, lies_on


def core(*types: str, role: str = "CORE") -> NodeGroup:
    return NodeGroup("ig-1", "", role, "group", types, 2, 2)


@pytest.mark.parametrize(
    ("types", "words"),
    [
        (("m5d.xlarge",), "the instance store of m5d.xlarge (2 nodes)"),
        (("i4i.large", "d3.xlarge", "r6gd.xlarge", "c5ad.large"), "the instance store of"),
        (("m5.xlarge", "r6g.large"), "the EBS volumes of m5.xlarge, r6g.large"),
        (("m5.xlarge", "m5d.xlarge"), "the instance store or EBS volumes"),
    ],
)
def test_what_hdfs_lies_on_is_named_as_ephemeral(types, words):
    cluster = Cluster("j-1", "c", "WAITING", groups=(core("x9.large", role="TASK"), core(*types)))
    told = lies_on(cluster)
    assert words in told
    assert "ephemeral" in told
    assert "s3://" in told


def test_a_cluster_of_one_node_and_a_local_one():
    primary = Cluster("j-1", "c", "WAITING", groups=(core("m5.xlarge", role="MASTER"),))
    assert "EBS volumes of m5.xlarge" in lies_on(primary)
    assert "this machine's disk" in lies_on(Cluster("j-1", "c", "WAITING", provider="local"))
    assert "instance store or EBS volumes" in lies_on(Cluster("j-1", "c", "WAITING"))


def test_health_is_told_in_lines():
    told = dict(health_lines(StoreHealth(1 << 40, 1 << 39, 1 << 38, 3, 1, 7, 2, 0, 1234, "")))
    assert told["capacity"].startswith(
        "1.0 TiB with replicas, 512.0 GiB used (50.0 %), 256.0 GiB free"
    )
    assert told["DataNodes"] == "3 live, 1 dead"
    assert told["blocks"] == "7 under-replicated, 2 missing"
    assert told["files and folders"] == "1,234"
    assert told["safe mode"] == "off"


def test_what_is_not_known_is_said():
    told = dict(health_lines(StoreHealth(0, 0, 0)))
    assert "not known" in told["DataNodes"]
    assert "blocks" not in told
    old = dict(health_lines(StoreHealth(1, 0, 1, 2, 0, None, 0, 0, None, "Safe mode is ON.")))
    assert old["blocks"] == "under-replicated not known"
    assert old["safe mode"] == "Safe mode is ON."


def test_status_has_it_in_one_line_and_what_is_wrong_too():
    well = health_line(StoreHealth(1 << 40, 1 << 39, 1 << 38, 3, 0, 0, 0, 0, 1234, ""))
    assert well == "1.0 TiB, 512.0 GiB used (50.0 %), 256.0 GiB free · DataNodes: 3 live"
    ill = health_line(StoreHealth(1, 0, 1, 2, 1, 7, 2, 0, 9, "Safe mode is ON."))
    assert "2 live, 1 dead" in ill
    assert "7 under-replicated, 2 missing" in ill
    assert ill.endswith("safe mode: Safe mode is ON.")
    assert "DataNodes" not in health_line(StoreHealth(0, 0, 0))
