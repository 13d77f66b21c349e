"""Trino: a coordinator that also works, run as user `trino`; it answers Presto's dialect too.

It needs a newer Java than the other daemons and so has one of its own. Its files:
`etc/config.properties` and one file per catalog in `etc/catalog`, below its working folder.
"""

from __future__ import annotations

import base64
import secrets
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from emr_nb.local.conf import ACCESS_KEY, REGION, SECRET_KEY
from emr_nb.local.daemon import DaemonSpec
from emr_nb.local.http import answers, call
from emr_nb.local.lockfile import load
from emr_nb.local.plan import Plan

USER = "trino"
PLUGINS = ("tpch", "memory", "spooling-filesystem")
HIVE_PART = "trino-hive"  # fetched only where Hive is among the applications

_MAIN = "io.trino.server.TrinoServer"
SECONDS = 240.0  # to start: 14 alone, ten times that beside what fills a small machine
_READY = "select count(*) from tpch.tiny.region"
_ASK_SECONDS = 5.0
_MOST_PAGES = 200
_FLAGS = (
    *("-server", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
    *("-XX:+ExitOnOutOfMemoryError", "-XX:ReservedCodeCacheSize=256M"),
    *("-Djdk.attach.allowAttachSelf=true", "-Djdk.nio.maxCachedBufferSize=2000000"),
    *("-Dfile.encoding=UTF-8", "-Djava.net.preferIPv4Stack=true"),
    *("-XX:+EnableDynamicAgentLoading", "--enable-native-access=ALL-UNNAMED"),
    "--sun-misc-unsafe-memory-access=allow",
)


class Trino:
    """The Trino coordinator of a local cluster, with the catalogs tpch and memory."""

    app = "trino"
    parts = ("java25", "trino")
    needs = ()
    ports = ("trino",)

    def prepare(self, plan: Plan) -> None:
        etc = home(plan) / "etc"
        shutil.rmtree(etc / "catalog", ignore_errors=True)  # an application may be gone
        (etc / "catalog").mkdir(parents=True)
        write_properties(etc / "config.properties", config(plan))
        (etc / "log.properties").write_text("io.trino=INFO\n", encoding="utf-8")
        spooling = etc / "spooling-manager.properties"
        spooling.unlink(missing_ok=True)
        if "aws" in plan.apps:
            write_properties(spooling, spooling_manager(plan))
        for name, properties in catalogs(plan).items():
            write_properties(etc / "catalog" / f"{name}.properties", properties)
        _lay_out_plugins(plan)

    def daemons(self, plan: Plan) -> tuple[DaemonSpec, ...]:
        url = f"http://127.0.0.1:{plan.ports['trino']}"
        java = plan.cache.java("java25")
        spec = DaemonSpec(
            name="trino",
            app=self.app,
            command=(str(java / "bin" / "java"), *_flags(plan), _MAIN),
            log=plan.folders.log("trino"),
            root=plan.folders.root,
            ready=lambda: ready(url),
            environment={**plan.environment(USER), "JAVA_HOME": str(java)},
            folder=home(plan),
            seconds=SECONDS,
        )
        return (spec,)

    def settle(self, plan: Plan) -> None:
        """Nothing to do: a catalog makes what it needs."""


def home(plan: Plan) -> Path:
    """Return the server's working folder, which it reads its configuration from."""
    return plan.folders.root / "trino"


def version() -> str:
    """Return the version of the server that the lock names."""
    return load("trino").version


def config(plan: Plan) -> dict[str, str]:
    """Return config.properties; what is not here is Trino's own default."""
    port = plan.ports["trino"]
    found = {
        "coordinator": "true",
        "node-scheduler.include-coordinator": "true",
        "http-server.http.port": str(port),
        "discovery.uri": f"http://127.0.0.1:{port}",
        "query.max-memory": "256MB",
        "query.max-memory-per-node": "256MB",
        "memory.heap-headroom-per-node": "100MB",
        # no limit counts the memory of queries that have ended, and of what waits to be sent
        "query.min-expire-age": "2m",
        "query.max-history": "40",
        "sink.max-buffer-size": "16MB",
        "exchange.max-buffer-size": "16MB",
        "web-ui.authentication.type": "FIXED",
        "web-ui.user": USER,
        "catalog.management": "static",
        # the same server answers X-Presto-* headers, which Trino's own client does not send
        "protocol.v1.alternate-header-name": "Presto",
    }
    if "aws" in plan.apps:
        secret = base64.b64encode(secrets.token_bytes(32)).decode("ascii")
        found |= {
            "protocol.spooling.enabled": "true",
            "protocol.spooling.shared-secret-key": secret,
            # a notebook that reaches the coordinator alone can read the segments
            "protocol.spooling.retrieval-mode": "coordinator_proxy",
        }
    return found


def spooling_manager(plan: Plan) -> dict[str, str]:
    """Return where results of the spooled protocol lie: in the cluster's own bucket."""
    return {
        "spooling-manager.name": "filesystem",
        "fs.s3.enabled": "true",
        "fs.location": f"s3://{plan.bucket}/trino-spool",
        "fs.segment.encryption": "false",  # the local S3 keeps no customer's keys
        **s3_properties(plan),
    }


def s3_properties(plan: Plan) -> dict[str, str]:
    """Return how Trino's own S3 client reaches the local S3."""
    return {
        "s3.endpoint": plan.aws_url,
        "s3.region": REGION,
        "s3.aws-access-key": ACCESS_KEY,
        "s3.aws-secret-key": SECRET_KEY,
        "s3.path-style-access": "true",
    }


def catalogs(
    plan: Plan, hive: Callable[[Plan], dict[str, str]] | None = None
) -> dict[str, dict[str, str]]:
    """Return the catalogs and their properties; `hive` where the cluster has a metastore.

    The function `hive` gives its properties; by default they are those of Trino's connector.
    """
    found = {
        "tpch": {"connector.name": "tpch", "tpch.splits-per-node": "4"},
        "memory": {"connector.name": "memory", "memory.max-data-per-node": "128MB"},
    }
    if has_hive(plan):
        found["hive"] = (hive or hive_catalog)(plan)
    return found


def hive_catalog(plan: Plan) -> dict[str, str]:
    """Return the catalog of the cluster's Hive metastore, on its HDFS and S3."""
    found = {
        **metastore_catalog(plan),
        "connector.name": "hive",
        "fs.hadoop.enabled": "true",
        "hive.hive-views.enabled": "true",
        "hive.hive-views.run-as-invoker": "true",
    }
    if "aws" in plan.apps:
        found |= {"fs.native-s3.enabled": "true", **s3_properties(plan)}
    return found


def metastore_catalog(plan: Plan) -> dict[str, str]:
    """Return what every Hive connector is told of the cluster's metastore and HDFS."""
    sites = (plan.hadoop_conf / name for name in ("core-site.xml", "hdfs-site.xml"))
    return {
        "hive.metastore.uri": f"thrift://127.0.0.1:{plan.ports['metastore']}",
        "hive.config.resources": ",".join(str(site) for site in sites),
        "hive.storage-format": "PARQUET",
        "hive.non-managed-table-writes-enabled": "true",
        "hive.recursive-directories": "true",  # Hive's UNION ALL writes folders
        # files belong to whoever runs the query, and so do the rights that are asked
        "hive.hdfs.impersonation.enabled": "true",
        "hive.metastore.thrift.impersonation.enabled": "true",
    }


def ready(url: str, dialect: str = "Trino") -> bool:
    """Tell whether a query is answered: `starting: false` comes before there is a worker."""
    info = answers(f"{url}/v1/info")
    if info is None or info.get("starting", True):
        return False
    try:
        return bool(_rows(url, _READY, dialect))
    except (OSError, ValueError):
        return False


def _rows(url: str, sql: str, dialect: str) -> list[list[object]]:
    """Run a statement and return its rows; none when it fails."""
    headers = {f"X-{dialect}-User": USER, f"X-{dialect}-Source": "emr_nb-local"}
    page = call("POST", f"{url}/v1/statement", body=sql.encode(), headers=headers)
    rows: list[list[object]] = []
    for _ in range(_MOST_PAGES):
        rows += page.get("data") or []
        if not page.get("nextUri"):
            break
        page = call("GET", page["nextUri"], headers=headers, seconds=_ASK_SECONDS)
    return [] if page.get("error") else rows


def has_hive(plan: Plan) -> bool:
    """Tell whether the cluster has a metastore to make a catalog of."""
    return "hive" in plan.apps and "metastore" in plan.ports


def _flags(plan: Plan) -> tuple[str, ...]:
    server = plan.cache.part("trino").folder
    names = {
        "config": "etc/config.properties",
        "log.levels-file": "etc/log.properties",
        "node.environment": "local",
        "node.id": f"emr-nb-{plan.name}".lower(),
        "node.data-dir": str(plan.folders.data / "trino"),
        # else it listens everywhere and tells the machine's own address
        "node.bind-ip": "127.0.0.1",
        "node.internal-address": "127.0.0.1",
        "node.external-address": "127.0.0.1",
        "plugin.dir": str(home(plan) / "plugin"),
        "catalog.config-dir": "etc/catalog",
    }
    # spooled segments and Hive's readers take memory that no query's limit counts
    heap = "-Xmx1200M" if has_hive(plan) or "aws" in plan.apps else "-Xmx700M"
    properties = (f"-D{name}={value}" for name, value in names.items())
    return (heap, *_FLAGS, *properties, "-cp", f"{server}/lib/*")


def _lay_out_plugins(plan: Plan) -> None:
    """Link the plugins that this cluster has: the server loads whatever is in the folder."""
    folder = home(plan) / "plugin"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in PLUGINS:
        (folder / name).symlink_to(plan.cache.part("trino").folder / "plugin" / name)
    if has_hive(plan):
        (folder / "hive").symlink_to(plan.cache.part(HIVE_PART).folder / "plugin" / "hive")


def write_properties(path: Path, properties: Mapping[str, str]) -> None:
    """Write a Java properties file that its owner alone may read."""
    path.touch(mode=0o600)
    rows = "".join(f"{name}={value}\n" for name, value in properties.items())
    path.write_text(rows, encoding="utf-8")
