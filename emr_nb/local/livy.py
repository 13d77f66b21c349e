"""Livy: the stock server run as user `livy`, its Spark sessions on local[2] or on YARN."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from emr_nb.errors import LocalClusterError
from emr_nb.local.daemon import DaemonSpec
from emr_nb.local.http import answers
from emr_nb.local.lockfile import load
from emr_nb.local.parts import SPARK_VERSION
from emr_nb.local.plan import Plan
from emr_nb.local.repl import driver_jar

SCALA = "2.12"

_RSC_JARS = ("livy-rsc-", "livy-api-", "netty-all-")
# the Hadoop client that Spark itself uses, and what the server reads its recovery store with:
# it has none of its own here
_HADOOP_JARS = (
    *("hadoop-client-api-*.jar", "hadoop-client-runtime-*.jar"),
    *("commons-logging-*.jar", "commons-io-*.jar"),
)
_LOG4J = """log4j.rootCategory=INFO, console
log4j.appender.console=org.apache.log4j.ConsoleAppender
log4j.appender.console.target=System.err
log4j.appender.console.layout=org.apache.log4j.PatternLayout
log4j.appender.console.layout.ConversionPattern=%d{yy/MM/dd HH:mm:ss} %p %c{1}: %m%n
"""


class Livy:
    """The Livy server of a local cluster; its drivers and their workers are its children."""

    app = "spark"
    parts = ("java", "spark", "livy", "s3a", "ecj")
    needs = ("hdfs",)
    ports = ("livy",)

    def prepare(self, plan: Plan) -> None:
        home = plan.folders.root / "livy"
        (home / "logs").mkdir(parents=True, exist_ok=True)
        conf = plan.folders.conf / "livy"
        conf.mkdir(parents=True, exist_ok=True)
        (conf / "livy.conf").write_text(_lines(livy_conf(plan)), encoding="utf-8")
        (conf / "log4j.properties").write_text(_LOG4J)
        if own_home() is None:
            _lay_out(plan, home)

    def daemons(self, plan: Plan) -> tuple[DaemonSpec, ...]:
        url = f"http://127.0.0.1:{plan.ports['livy']}/version"
        flags = ("-Xmx384m", "-XX:TieredStopAtLevel=1")
        spec = DaemonSpec(
            name="livy",
            app=self.app,
            command=plan.java("org.apache.livy.server.LivyServer", _classpath(plan), *flags),
            log=plan.folders.log("livy"),
            root=plan.folders.root,
            ready=lambda: answers(url) is not None,
            environment=self._environment(plan),
        )
        return (spec,)

    def settle(self, plan: Plan) -> None:
        """Nothing to do: sessions make what they need."""

    def _environment(self, plan: Plan) -> dict[str, str]:
        s3a = [str(jar) for jar in plan.cache.jars("s3a")]
        return {
            **plan.environment("livy"),
            "LIVY_HOME": str(own_home() or plan.folders.root / "livy"),
            "LIVY_CONF_DIR": str(plan.folders.conf / "livy"),
            "SPARK_HOME": str(plan.cache.spark()),
            "SPARK_CONF_DIR": str(plan.folders.conf / "spark"),
            "SPARK_DIST_CLASSPATH": ":".join(s3a),
        }


def own_home() -> Path | None:
    """Return the user's own Livy installation, named by `EMR_NB_LIVY_HOME`."""
    chosen = os.environ.get("EMR_NB_LIVY_HOME")
    if not chosen:
        return None
    home = Path(chosen).expanduser()
    if not (home / "jars").is_dir():
        raise LocalClusterError(
            "EMR_NB_LIVY_HOME is no Livy installation: it has no folder `jars`",
            where=str(home),
            advice="Name the folder of an unpacked Livy release, or unset the variable.",
        )
    return home


def livy_conf(plan: Plan) -> dict[str, str]:
    """Return livy.conf; what is not here is Livy's own default."""
    on_yarn = "yarn" in plan.apps
    # a driver of ours takes the catalog from Spark's configuration, as it is when it starts;
    # the stock one has a catalog in memory unless its server was told of Hive
    with_hive = own_home() is not None and "hive" in plan.apps
    return {
        **({"livy.repl.enable-hive-context": "true"} if with_hive else {}),
        "livy.server.host": "127.0.0.1",
        "livy.server.port": str(plan.ports["livy"]),
        "livy.spark.master": master(plan),
        "livy.spark.deploy-mode": "cluster" if on_yarn else "client",
        "livy.spark.version": SPARK_VERSION,
        "livy.spark.scala-version": SCALA,
        "livy.rsc.launcher.address": "127.0.0.1",
        # a session takes two ports; Livy's own range has eleven for the whole machine
        "livy.rsc.launcher.port.range": "10000~10999",
        # a driver whose server has died ends then, and not after ten minutes
        "livy.rsc.server.idle-timeout": "30s",
        "livy.file.local-dir-whitelist": str(plan.folders.root),
    }


def master(plan: Plan) -> str:
    """Return the master of the cluster's Spark sessions."""
    return "yarn" if "yarn" in plan.apps else "local[2]"


def version() -> str:
    """Return the version of the stock server that the lock names."""
    return load("livy").version.removesuffix("-incubating")


def _lay_out(plan: Plan, home: Path) -> None:
    """Make the folders that the server looks for below LIVY_HOME."""
    for folder, jars in (
        ("rsc-jars", [j for j in plan.cache.jars("livy") if j.name.startswith(_RSC_JARS)]),
        (f"repl_{SCALA}-jars", [driver_jar(plan.cache)]),
    ):
        shutil.rmtree(home / folder, ignore_errors=True)
        (home / folder).mkdir()
        for jar in jars:
            (home / folder / jar.name).symlink_to(jar)


def _classpath(plan: Plan) -> str:
    conf = [str(plan.folders.conf / "livy"), str(plan.hadoop_conf)]
    if home := own_home():
        return ":".join([*conf, f"{home}/jars/*"])
    spark = plan.cache.spark() / "jars"
    hadoop = [jar for pattern in _HADOOP_JARS for jar in sorted(spark.glob(pattern))]
    return ":".join([*conf, *map(str, [*plan.cache.jars("livy"), *hadoop])])


def _lines(properties: dict[str, str]) -> str:
    return "".join(f"{key} = {value}\n" for key, value in properties.items())
