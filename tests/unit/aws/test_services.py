"""Applications and configuration classifications → services and endpoints."""

from __future__ import annotations

import dataclasses

import pytest

from emr_nb.aws.services import services_of
from emr_nb.model import Application, Cluster, Configuration, Node, Service

PUBLIC, PRIVATE = "ec2-1-2-3-4.compute.amazonaws.com", "ip-10-0-0-1.ec2.internal"


def cluster(*apps: str, release: str = "emr-7.5.0", **conf: dict[str, str]) -> Cluster:
    """Make a cluster; `hive_site={...}` is the classification hive-site."""
    return Cluster(
        id="j-1",
        name="c",
        state="WAITING",
        release=release,
        region="eu-west-1",
        applications=tuple(Application(*a.split("=")) for a in apps),
        configurations=tuple(
            Configuration(name.replace("_", "-"), rows) for name, rows in conf.items()
        ),
        primaries=(Node("i-1", "MASTER", "RUNNING", private_dns=PRIVATE, public_dns=PUBLIC),),
        primary_dns=PUBLIC,
    )


def by_name(made: Cluster) -> dict[str, Service]:
    return {s.name: s for s in services_of(made)}


DEFAULTS = [
    ("livy", "http", 8998),
    ("webhdfs", "http", 9870),
    ("httpfs", "http", 14000),
    ("hdfs", "hdfs", 8020),
    ("yarn", "http", 8088),
    ("spark-ui", "http", 20888),
    ("spark-history", "http", 18080),
    ("hive", "thrift", 10000),
    ("presto", "http", 8889),
    ("trino", "http", 8889),
    ("hbase-rest", "http", 8070),
    ("flink", "http", 8083),
    ("timeline", "http", 8188),
]
ALL_APPS = ("Hadoop", "Spark", "Livy", "Hive", "Presto", "Trino", "HBase", "Flink", "Tez")


@pytest.mark.parametrize(("name", "scheme", "port"), DEFAULTS)
def test_defaults_of_emr(name, scheme, port):
    (endpoint,) = by_name(cluster(*ALL_APPS))[name].endpoints
    assert (endpoint.scheme, endpoint.host, endpoint.port) == (scheme, PUBLIC, port)


OVERRIDES = [
    ("livy", {"livy_conf": {"livy.server.port": "8999"}}, "http", 8999),
    ("livy", {"livy_conf": {"livy.keystore": "/k.jks"}}, "https", 8998),
    ("webhdfs", {"hdfs_site": {"dfs.namenode.http-address": "0.0.0.0:9999"}}, "http", 9999),
    ("webhdfs", {"hdfs_site": {"dfs.http.policy": "HTTPS_ONLY"}}, "https", 9871),
    (
        "webhdfs",
        {
            "hdfs_site": {
                "dfs.http.policy": "HTTPS_ONLY",
                "dfs.namenode.https-address": "h:9999",
            }
        },
        "https",
        9999,
    ),
    ("hdfs", {"core_site": {"fs.defaultFS": "hdfs://h:9000"}}, "hdfs", 9000),
    (
        "httpfs",
        {"httpfs_site": {"httpfs.http.port": "14443", "httpfs.ssl.enabled": "true"}},
        "https",
        14443,
    ),
    ("yarn", {"yarn_site": {"yarn.http.policy": "HTTPS_ONLY"}}, "https", 8090),
    ("spark-history", {"spark_defaults": {"spark.history.ui.port": "18081"}}, "http", 18081),
    ("spark-ui", {"spark_defaults": {"spark.master": "local[2]"}}, "http", 4040),
    ("hive", {"hive_site": {"hive.server2.thrift.port": "10002"}}, "thrift", 10002),
    ("hive", {"hive_site": {"hive.server2.transport.mode": "http"}}, "http", 10001),
    (
        "hive",
        {
            "hive_site": {
                "hive.server2.transport.mode": "http",
                "hive.server2.use.SSL": "true",
                "hive.server2.thrift.http.port": "10443",
            }
        },
        "https",
        10443,
    ),
    ("presto", {"presto_config": {"http-server.http.port": "8080"}}, "http", 8080),
    ("trino", {"trino_config": {"http-server.https.enabled": "true"}}, "https", 8446),
    ("hbase-rest", {"hbase_site": {"hbase.rest.port": "8071"}}, "http", 8071),
    ("flink", {"flink_conf": {"sql-gateway.endpoint.rest.port": "8084"}}, "http", 8084),
]


@pytest.mark.parametrize(("name", "conf", "scheme", "port"), OVERRIDES)
def test_configuration_overrides(name, conf, scheme, port):
    (endpoint,) = by_name(cluster(*ALL_APPS, **conf))[name].endpoints
    assert (endpoint.scheme, endpoint.port) == (scheme, port)


def test_hadoop_2_has_its_own_port():
    old = cluster("Hadoop", release="emr-5.36.0")
    assert by_name(old)["webhdfs"].endpoints[0].port == 50070


def test_the_primary_group_wins_over_the_cluster():
    made = cluster("Livy", livy_conf={"livy.server.port": "8999"})
    group = Configuration("livy-conf", {"livy.server.port": "9000"})
    made = dataclasses.replace(made, configurations=(*made.configurations, group))
    assert by_name(made)["livy"].endpoints[0].port == 9000


def test_only_what_is_installed_is_found():
    found = set(by_name(cluster("Spark")))
    assert found == {"webhdfs", "httpfs", "hdfs", "yarn", "s3", "spark-ui", "spark-history"}


def test_webhdfs_may_be_off():
    made = cluster("Hadoop", hdfs_site={"dfs.webhdfs.enabled": "false"})
    assert {"webhdfs", "httpfs"} & set(by_name(made)) == {"httpfs"}


def test_every_primary_is_an_endpoint_and_the_private_names_are_kept():
    nodes = tuple(
        Node(f"i-{n}", "MASTER", "RUNNING", private_dns=f"ip-{n}", public_dns=f"ec2-{n}")
        for n in range(3)
    )
    made = dataclasses.replace(cluster("Hadoop=3.4.0", "Livy"), primaries=nodes)
    livy = by_name(made)["livy"]
    assert [e.host for e in livy.endpoints] == ["ec2-0", "ec2-1", "ec2-2"]
    assert livy.properties["private_hosts"] == "ip-0,ip-1,ip-2"
    hdfs = by_name(made)["hdfs"]
    assert hdfs.version == "3.4.0"
    assert hdfs.properties["fs.defaultFS"] == "hdfs://ha-nn-uri"
    assert hdfs.properties["dfs.nameservices"] == "ha-nn-uri"


def test_named_namenodes_are_the_endpoints():
    conf = {
        "dfs.nameservices": "ns",
        "dfs.namenode.rpc-address.ns.nn1": "ip-a:8020",
        "dfs.namenode.rpc-address.ns.nn2": "ip-b:8021",
        "dfs.namenode.http-address.ns.nn1": "ip-a:9870",
        "dfs.namenode.http-address.ns.nn2": "ip-b:9871",
    }
    found = by_name(cluster("Hadoop", hdfs_site=conf))["webhdfs"].endpoints
    assert [(e.host, e.port) for e in found] == [("ip-a", 9870), ("ip-b", 9871)]
    found = by_name(cluster("Hadoop", hdfs_site=conf))["hdfs"].endpoints
    assert [e.url for e in found] == ["hdfs://ip-a:8020", "hdfs://ip-b:8021"]


def test_a_private_cluster_has_its_private_name():
    node = Node("i-1", "MASTER", "RUNNING", private_dns=PRIVATE)
    made = dataclasses.replace(cluster("Livy"), primaries=(node,), primary_dns=PRIVATE)
    livy = by_name(made)["livy"]
    assert livy.endpoints[0].host == PRIVATE
    assert "private_hosts" not in livy.properties


def test_without_permission_for_instances_the_primary_dns_serves():
    made = dataclasses.replace(cluster("Livy"), primaries=())
    assert by_name(made)["livy"].endpoints[0].host == PUBLIC


def test_a_cluster_without_an_address_has_services_without_endpoints():
    made = dataclasses.replace(cluster("Livy"), primaries=(), primary_dns="")
    assert by_name(made)["livy"].endpoints == ()


def test_facts_for_the_clients():
    found = by_name(
        cluster(
            *("Spark=3.5.2", "Livy=0.8.0", "Hive", "PrestoSQL=343"),
            livy_conf={"livy.impersonation.enabled": "true", "livy.server.session.timeout": "2h"},
            hive_site={
                "hive.metastore.client.factory.class": (
                    "com.amazonaws.glue.catalog.metastore.AWSGlueDataCatalogHiveClientFactory"
                )
            },
            core_site={"fs.defaultFS": "s3://bucket/"},
            emrfs_site={
                "fs.s3.enableServerSideEncryption": "true",
                "fs.s3.serverSideEncryption.kms.keyId": "key-1",
            },
        )
    )
    livy = found["livy"]
    assert (livy.version, livy.properties["spark_version"]) == ("0.8.0", "3.5.2")
    assert livy.properties["livy.impersonation.enabled"] == "true"
    assert livy.properties["livy.server.session.timeout"] == "2h"
    assert found["hive"].properties["glue"] == "true"
    assert found["trino"].properties["dialect"] == "presto"
    assert found["webhdfs"].properties["fs.defaultFS"] == "s3://bucket/"
    assert found["s3"].properties["encryption"] == "SSE-KMS key-1"
    assert found["s3"].properties["region"] == "eu-west-1"


def test_security_is_told_to_every_service_of_the_cluster():
    made = dataclasses.replace(
        cluster("Livy", "Hive"), security_configuration="tls", kerberos_realm="EC2.INTERNAL"
    )
    for name in ("livy", "hive", "webhdfs"):
        assert by_name(made)[name].properties["security_configuration"] == "tls"
        assert by_name(made)[name].properties["kerberos_realm"] == "EC2.INTERNAL"


def test_names_of_applications_have_no_case_and_unknown_ones_do_no_harm():
    assert "livy" in by_name(cluster("livy", "SomethingNew=1.0"))
