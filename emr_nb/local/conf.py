"""The configuration that HDFS, Livy and Spark share: core-site.xml and Spark's defaults."""

from __future__ import annotations

from emr_nb.local.hdfs import SUPERGROUP, SUPERUSER
from emr_nb.local.plan import Plan, write_site

ACCESS_KEY, SECRET_KEY = "local", "local"  # the local AWS APIs take any
REGION = "us-east-1"


def core_site(plan: Plan) -> dict[str, str]:
    """Return core-site.xml: the default file system, who may act for others, S3."""
    site = {
        "hadoop.tmp.dir": str(plan.folders.data / "tmp"),
        "hadoop.http.staticuser.user": "nobody",
        # users that this machine does not have; others get their groups from the machine
        "hadoop.user.group.static.mapping.overrides": (
            f"{SUPERUSER}={SUPERUSER},{SUPERGROUP};hadoop=hadoop,{SUPERGROUP};livy=livy"
        ),
    }
    for name in (SUPERUSER, "hadoop", "livy", "hive"):
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
    """Write core-site.xml and, for a cluster that runs Spark, Spark's configuration."""
    write_site(plan.hadoop_conf / "core-site.xml", core_site(plan))
    if "spark" not in plan.apps:
        return
    spark = plan.folders.conf / "spark"
    spark.mkdir(parents=True, exist_ok=True)
    rows = "".join(f"{key} {value}\n" for key, value in spark_defaults(plan).items())
    (spark / "spark-defaults.conf").write_text(rows, encoding="utf-8")


def spark_defaults(plan: Plan) -> dict[str, str]:
    """Return spark-defaults.conf; what is not here is Spark's own default."""
    return {
        "spark.driver.memory": "1g",
        "spark.driver.extraJavaOptions": "-XX:+UseSerialGC",
        "spark.ui.enabled": "true",
        "spark.ui.port": "0",  # any free one: several sessions run side by side
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.warehouse.dir": f"{plan.default_fs}/user/spark/warehouse",
        "spark.local.dir": str(plan.folders.data / "tmp" / "spark"),
    }
