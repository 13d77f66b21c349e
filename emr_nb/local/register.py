"""Enters the local cluster in its own AWS APIs, so that it is found as any other cluster."""

from __future__ import annotations

import json
import time
from typing import Any

from emr_nb.local import prestosql
from emr_nb.local.aws import client
from emr_nb.local.hive import version as hive_version
from emr_nb.local.hive_conf import client_site, execution_engine
from emr_nb.local.livy import master
from emr_nb.local.lockfile import load
from emr_nb.local.parts import SPARK_VERSION
from emr_nb.local.plan import Plan
from emr_nb.local.trino import version as trino_version

RELEASE = "emr-7.9.0"  # EMR's releases with Spark 3.5 are 7.x

_TYPE = "m5.xlarge"


def register(plan: Plan, known: str = "") -> str:
    """Run a job flow named as the cluster and return its id; an older entry is ended first.

    An entry `known` by its id is brought up to date instead, or made again under it.
    """
    emr = client("emr", plan.aws_url)
    unregister(emr, plan.name, known)
    made = emr.run_job_flow(
        Name=plan.name,
        ReleaseLabel=RELEASE,
        Applications=applications(plan),
        Configurations=configurations(plan),
        Instances={
            "InstanceGroups": [
                {"Name": "Primary", "InstanceRole": "MASTER", "InstanceType": _TYPE}
                | {"InstanceCount": 1, "Market": "ON_DEMAND"},
            ],
            "KeepJobFlowAliveWhenNoSteps": True,
        },
        JobFlowRole="EMR_EC2_DefaultRole",
        ServiceRole="EMR_DefaultRole",
        VisibleToAllUsers=True,
        AdditionalInfo=json.dumps({"emr-nb:primary-dns": "localhost", "emr-nb:id": known}),
    )
    return str(made["JobFlowId"])


def unregister(emr: Any, name: str, known: str = "") -> None:
    """End the live entries of that name, but for the one known by its id."""
    live = emr.list_clusters(ClusterStates=["STARTING", "BOOTSTRAPPING", "RUNNING", "WAITING"])
    named = (found["Id"] for found in live["Clusters"] if found["Name"] == name)
    ids = [found for found in named if found != known]
    if ids:
        emr.terminate_job_flows(JobFlowIds=ids)
        time.sleep(0.1)


def applications(plan: Plan) -> list[dict[str, str]]:
    """Return the applications with their true versions."""
    found = []
    if "hdfs" in plan.apps:
        found.append({"Name": "Hadoop", "Version": load("hdfs").version})
    if "spark" in plan.apps:
        livy = load("livy").version.removesuffix("-incubating")
        found += [
            {"Name": "Spark", "Version": SPARK_VERSION},
            {"Name": "Livy", "Version": livy},
        ]
    if "trino" in plan.apps:
        found.append({"Name": "Trino", "Version": trino_version()})
    if "prestosql" in plan.apps:
        found.append({"Name": "Presto", "Version": f"PrestoSQL {prestosql.version()}"})
    elif "trino" in plan.apps:
        # no Presto of its own: the same server, asked in Presto's dialect
        found.append({"Name": "Presto", "Version": f"on Trino {trino_version()}"})
    if "hive" in plan.apps:
        found.append({"Name": "Hive", "Version": hive_version()})
    return found


def configurations(plan: Plan) -> list[dict[str, Any]]:
    """Return the true ports in EMR's own classifications."""
    found: dict[str, dict[str, str]] = {}
    if "hdfs" in plan.apps:
        ports = plan.ports
        found["core-site"] = {"fs.defaultFS": plan.default_fs}
        found["hdfs-site"] = {
            "dfs.namenode.rpc-address": f"localhost:{ports['namenode-rpc']}",
            "dfs.namenode.http-address": f"localhost:{ports['namenode-http']}",
            "dfs.datanode.http.address": f"localhost:{ports['datanode-http']}",
            "dfs.webhdfs.enabled": "true",
        }
    if "httpfs" in plan.apps:
        found["httpfs-site"] = {"httpfs.http.port": str(plan.ports["httpfs"])}
    if "yarn" in plan.apps:
        address = f"localhost:{plan.ports['rm-http']}"
        found["yarn-site"] = {
            "yarn.resourcemanager.webapp.address": address,
            "yarn.web-proxy.address": address,
        }
    if "spark" in plan.apps:
        found["livy-conf"] = {
            "livy.server.host": "127.0.0.1",
            "livy.server.port": str(plan.ports["livy"]),
        }
        found["spark-defaults"] = {"spark.master": master(plan)}
    if "trino" in plan.apps:
        port = {"http-server.http.port": str(plan.ports["trino"])}
        found |= {"trino-config": port, "presto-config": dict(port)}
    if "prestosql" in plan.apps:
        port = {"http-server.http.port": str(plan.ports["prestosql"])}
        found["presto-config"] = port
    if "hive" in plan.apps:
        found["hive-site"] = {
            **client_site(plan),
            "hive.server2.thrift.port": str(plan.ports["hive"]),
            "hive.server2.authentication": "NONE",
            "hive.server2.enable.doAs": "true",
            "hive.execution.engine": execution_engine(),
            # by which a client knows that a cancelled job may go on inside the server
            "mapreduce.framework.name": "local",
        }
    return [{"Classification": name, "Properties": rows} for name, rows in found.items()]
