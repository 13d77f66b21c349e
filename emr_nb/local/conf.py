"""The configuration that HDFS, Livy and Spark share: core-site.xml and Spark's defaults."""

from __future__ import annotations

import sys

from emr_nb.local.hdfs import SUPERGROUP, SUPERUSER
from emr_nb.local.hive_conf import USER as HIVE_USER
from emr_nb.local.hive_conf import client_site
from emr_nb.local.hive_conf import spark_defaults as with_hive
from emr_nb.local.httpfs import USER as HTTPFS_USER
from emr_nb.local.own import own_text
from emr_nb.local.plan import Plan, write_site, write_text
from emr_nb.local.yarn import USER as YARN_USER
from emr_nb.local.yarn import capacity_scheduler, yarn_site

ACCESS_KEY, SECRET_KEY = "local", "local"  # the local AWS APIs take any
REGION = "us-east-1"


def core_site(plan: Plan) -> dict[str, str]:
    """Return core-site.xml: the default file system, who may act for others, S3."""
    site = {
        "hadoop.tmp.dir": str(plan.folders.data / "tmp"),
        "hadoop.http.staticuser.user": "nobody",
        # users that this machine does not have; others get their groups from the machine
        "hadoop.user.group.static.mapping.overrides": (
            f"{SUPERUSER}={SUPERUSER},{SUPERGROUP};hadoop=hadoop,{SUPERGROUP};livy=livy;"
            f"{HTTPFS_USER}={HTTPFS_USER};"
            f"{YARN_USER}={YARN_USER};{HIVE_USER}={HIVE_USER};trino=trino;presto=presto"
        ),
    }
    for name in (SUPERUSER, "hadoop", "livy", "hive", "trino", "presto", HTTPFS_USER):
        site[f"hadoop.proxyuser.{name}.hosts"] = "*"
        site[f"hadoop.proxyuser.{name}.groups"] = "*"
    if "namenode-rpc" in plan.ports:
        site["fs.defaultFS"] = plan.default_fs
    if "aws" in plan.ports:
        site |= s3_site(plan)
    return site


def s3_site(plan: Plan) -> dict[str, str]:
    """Return what makes `s3://` (as on EMR), `s3a://` and `s3n://` reach the local S3."""
    file_system = "org.apache.hadoop.fs.s3a.S3AFileSystem"
    return {
        "fs.s3.impl": file_system,
        "fs.s3n.impl": file_system,
        "fs.s3a.impl": file_system,
        "fs.AbstractFileSystem.s3.impl": "org.apache.hadoop.fs.s3a.S3A",
        "fs.s3a.endpoint": plan.aws_url,
        "fs.s3a.endpoint.region": REGION,
        "fs.s3a.path.style.access": "true",
        "fs.s3a.connection.ssl.enabled": "false",
        "fs.s3a.access.key": ACCESS_KEY,
        "fs.s3a.secret.key": SECRET_KEY,
        "fs.s3a.aws.credentials.provider": (
            "org.apache.hadoop.fs.s3a.SimpleAWSCredentialsProvider"
        ),
        "fs.s3.buffer.dir": str(plan.folders.data / "tmp" / "s3"),
    }


def write_shared(plan: Plan) -> None:
    """Write core-site.xml and what several read of YARN's configuration."""
    write_site(plan.hadoop_conf / "core-site.xml", core_site(plan))
    if "yarn" in plan.apps:
        write_site(plan.hadoop_conf / "yarn-site.xml", yarn_site(plan))
        write_site(plan.hadoop_conf / "capacity-scheduler.xml", capacity_scheduler())


def write_spark(plan: Plan) -> None:
    """Write what Spark reads when a session begins; those that run keep what they read."""
    if "spark" not in plan.apps:
        return
    spark = plan.folders.conf / "spark"
    spark.mkdir(parents=True, exist_ok=True)
    rows = "".join(f"{key} {value}\n" for key, value in spark_defaults(plan).items())
    if "hive" in plan.apps:
        write_site(spark / "hive-site.xml", client_site(plan))
    write_text(spark / "spark-defaults.conf", rows + own_defaults())


def own_defaults() -> str:
    """Return the user's own spark-defaults.conf, named by `EMR_NB_SPARK_DEFAULTS`.

    Its lines come after ours: of two lines with one key Spark takes the last.
    """
    return own_text("EMR_NB_SPARK_DEFAULTS")


def spark_defaults(plan: Plan) -> dict[str, str]:
    """Return spark-defaults.conf; what is not here is Spark's own default."""
    defaults = {
        "spark.driver.memory": "1g",
        # as on EMR a driver out of memory ends, and does not live on in a state nobody knows
        "spark.driver.defaultJavaOptions": "-XX:+UseSerialGC -XX:+ExitOnOutOfMemoryError",
        "spark.ui.enabled": "true",
        "spark.ui.port": "0",  # any free one: several sessions run side by side
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.warehouse.dir": f"{plan.default_fs}/user/spark/warehouse",
        "spark.local.dir": str(plan.folders.data / "tmp" / "spark"),
    }
    if "hive" in plan.apps:
        defaults |= with_hive(plan)
    return defaults | (on_yarn(plan) if "yarn" in plan.apps else {})


def on_yarn(plan: Plan) -> dict[str, str]:
    """Return what Spark's drivers and executors need in YARN's containers."""
    return {
        "spark.master": "yarn",
        "spark.submit.deployMode": "cluster",
        # 300 MB that every application would else upload and unpack
        "spark.yarn.jars": f"local:{plan.cache.spark()}/jars/*",
        "spark.pyspark.python": sys.executable,
        "spark.executor.instances": "1",
        "spark.executor.memory": "512m",
        "spark.executor.defaultJavaOptions": "-XX:+UseSerialGC",
        "spark.eventLog.enabled": "true",
        "spark.eventLog.dir": f"{plan.default_fs}/var/log/spark/apps",
    }
