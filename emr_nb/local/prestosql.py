"""PrestoSQL 350, the last of Trino under its old name: the genuine old dialect, run as `presto`.

It is not PrestoDB. It answers X-Presto-* headers alone, needs Java 17 and its modules opened.
"""

from __future__ import annotations

import shutil

from emr_nb.local.conf import ACCESS_KEY, SECRET_KEY
from emr_nb.local.daemon import DaemonSpec
from emr_nb.local.lockfile import load
from emr_nb.local.plan import Plan
from emr_nb.local.trino import SECONDS, metastore_catalog, ready, write_properties
from emr_nb.local.trino import catalogs as trino_catalogs

USER = "presto"

_MAIN = "io.prestosql.server.PrestoServer"
_FLAGS = (
    *("-server", "-Xmx1000M", "-XX:TieredStopAtLevel=1", "-XX:+ExitOnOutOfMemoryError"),
    *("-XX:ReservedCodeCacheSize=256M", "-Djdk.attach.allowAttachSelf=true"),
    *("-Djdk.nio.maxCachedBufferSize=2000000", "-Dfile.encoding=UTF-8"),
)


class PrestoSql:
    """The PrestoSQL coordinator of a local cluster, which also works."""

    app = "prestosql"
    parts = ("java", "prestosql")
    needs = ()
    ports = ("prestosql",)

    def prepare(self, plan: Plan) -> None:
        etc = plan.folders.root / "prestosql" / "etc"
        shutil.rmtree(etc / "catalog", ignore_errors=True)  # an application may be gone
        (etc / "catalog").mkdir(parents=True)
        write_properties(etc / "config.properties", config(plan))
        (etc / "log.properties").write_text("io.prestosql=INFO\n", encoding="utf-8")
        for name, properties in catalogs(plan).items():
            write_properties(etc / "catalog" / f"{name}.properties", properties)

    def daemons(self, plan: Plan) -> tuple[DaemonSpec, ...]:
        url = f"http://127.0.0.1:{plan.ports['prestosql']}"
        server = plan.cache.part("prestosql").folder
        flags = (*_FLAGS, "-Dconfig=etc/config.properties", "-Dlog.levels-file=etc/log.properties")
        spec = DaemonSpec(
            name="prestosql",
            app=self.app,
            command=plan.java(_MAIN, f"{server}/lib/*", *flags),
            log=plan.folders.log("prestosql"),
            root=plan.folders.root,
            ready=lambda: ready(url, "Presto"),
            environment=plan.environment(USER),
            folder=plan.folders.root / "prestosql",
            seconds=SECONDS,
        )
        return (spec,)

    def settle(self, plan: Plan) -> None:
        """Nothing to do: a catalog makes what it needs."""


def version() -> str:
    """Return the version of the server that the lock names."""
    return load("prestosql").version


def config(plan: Plan) -> dict[str, str]:
    """Return config.properties; what is not here is PrestoSQL's own default."""
    port = plan.ports["prestosql"]
    return {
        "node.environment": "local",
        "node.id": f"emr-nb-{plan.name}".lower(),
        # else it listens everywhere and tells the machine's own address
        "node.bind-ip": "127.0.0.1",
        "node.internal-address": "127.0.0.1",
        "node.external-address": "127.0.0.1",
        "plugin.dir": str(plan.cache.part("prestosql").folder / "plugin"),
        "catalog.config-dir": "etc/catalog",
        "coordinator": "true",
        "node-scheduler.include-coordinator": "true",
        "discovery-server.enabled": "true",
        "discovery.uri": f"http://127.0.0.1:{port}",
        "http-server.http.port": str(port),
        "query.max-memory": "256MB",
        "query.max-memory-per-node": "256MB",
        "query.max-total-memory-per-node": "400MB",
        "memory.heap-headroom-per-node": "100MB",
        "query.min-expire-age": "2m",
        "query.max-history": "40",
    }


def catalogs(plan: Plan) -> dict[str, dict[str, str]]:
    """Return the catalogs and their properties; `hive` where the cluster has a metastore."""
    return trino_catalogs(plan, hive_catalog)


def hive_catalog(plan: Plan) -> dict[str, str]:
    """Return the catalog of the cluster's Hive metastore, on its HDFS and S3."""
    found = {
        **metastore_catalog(plan),
        "connector.name": "hive-hadoop2",
        "hive.security": "allow-all",  # by default it drops and renames nothing
        "hive.translate-hive-views": "true",
    }
    if "aws" in plan.apps:
        found |= {
            "hive.s3.endpoint": plan.aws_url,
            "hive.s3.aws-access-key": ACCESS_KEY,
            "hive.s3.aws-secret-key": SECRET_KEY,
            "hive.s3.path-style-access": "true",
            "hive.s3.ssl.enabled": "false",
        }
    return found
