"""Hive's configuration in a local cluster: the metastore's, HiveServer2's, and what Spark needs."""

from __future__ import annotations

import os

from emr_nb.errors import UsageError
from emr_nb.local.plan import Plan

USER = "hive"
WAREHOUSE = "/user/hive/warehouse"
SCRATCH = "/tmp/hive"  # noqa: S108 - HDFS's, not this machine's
ENGINES = ("mr", "tez")
CATALOG = "spark.emr_nb.catalog"  # the catalog of a session, as its driver is told

_DUMMY_TRANSACTIONS = "org.apache.hadoop.hive.ql.lockmgr.DummyTxnManager"
_RESTRICTED = (  # what may not be set in a session: Hive's own list, and the execution engine
    *("hive.security.authenticator.manager", "hive.security.authorization.manager"),
    *("hive.security.metastore.authorization.manager", "hive.users.in.admin.role"),
    *("hive.security.metastore.authenticator.manager", "hive.server2.xsrf.filter.enabled"),
    *("hive.security.authorization.enabled", "hive.distcp.privileged.doAs"),
    "hive.execution.engine",
)


def execution_engine() -> str:
    """Return the engine of every session: `mr`, or what `EMR_NB_HIVE_ENGINE` names.

    A session cannot change it: in one process a Tez job behind a MapReduce job was seen to
    write nothing and report success.
    """
    chosen = os.environ.get("EMR_NB_HIVE_ENGINE") or ENGINES[0]
    if chosen not in ENGINES:
        raise UsageError(
            f"EMR_NB_HIVE_ENGINE is {chosen!r}", advice=f"It may be {' or '.join(ENGINES)}."
        )
    return chosen


def metastore_uri(plan: Plan) -> str:
    """Return where the metastore answers."""
    return f"thrift://localhost:{plan.ports['metastore']}"


def client_site(plan: Plan) -> dict[str, str]:
    """Return hive-site.xml of whoever only reads the metastore (Spark)."""
    return {"hive.metastore.uris": metastore_uri(plan)}


def metastore_site(plan: Plan) -> dict[str, str]:
    """Return metastore-site.xml: Derby in the data folder, tables on the cluster's HDFS."""
    database = plan.folders.data / "hive" / "metastore_db"
    return {
        "javax.jdo.option.ConnectionURL": f"jdbc:derby:;databaseName={database};create=true",
        "javax.jdo.option.ConnectionDriverName": "org.apache.derby.jdbc.EmbeddedDriver",
        "datanucleus.schema.autoCreateAll": "true",
        "hive.metastore.schema.verification": "false",
        "metastore.thrift.bind.host": "127.0.0.1",
        **_warehouse(plan),
        # the default has classes that our sets lack
        "metastore.task.threads.always": (
            "org.apache.hadoop.hive.metastore.events.EventCleanerTask"
        ),
        "hive.metastore.event.db.notification.api.auth": "false",
        "metastore.server.min.threads": "8",
    }


def server_site(plan: Plan) -> dict[str, str]:
    """Return hive-site.xml of HiveServer2; what is not here is Hive's own default."""
    return {
        **client_site(plan),
        **_warehouse(plan),
        **_server(plan),
        **_folders(plan),
        **_execution(),
        "hive.metastore.client.capability.check": "false",
        "hive.notification.event.poll.interval": "0s",
        # no transactional tables: their locks and compaction need a larger metastore
        "hive.support.concurrency": "false",
        "hive.txn.manager": _DUMMY_TRANSACTIONS,
        "hive.server2.materializedviews.registry.impl": "DUMMY",
        "hive.query.results.cache.enabled": "false",  # it demands a shared folder of its own
        # the metastore fails on the statistics of a second INSERT
        "hive.stats.column.autogather": "false",
        # statistics are not told of what Spark and Trino write
        "hive.compute.query.using.stats": "false",
    }


def spark_defaults(plan: Plan) -> dict[str, str]:
    """Return what Spark needs to share its tables with Hive."""
    return {
        "spark.sql.catalogImplementation": "hive",
        # Livy read its own configuration before it knew of Hive, and overrides the line above
        CATALOG: "hive",
        "spark.hadoop.hive.metastore.uris": metastore_uri(plan),
        "spark.sql.warehouse.dir": f"{plan.default_fs}{WAREHOUSE}",
        # Hive 3.1 reads no decimals that are written as integers
        "spark.sql.parquet.writeLegacyFormat": "true",
        # the metastore refuses LIKE beside a comparison of numbers
        "spark.sql.hive.metastorePartitionPruningFallbackOnException": "true",
        # no list of a table's files is kept: Spark would not see what Hive and Trino add, and
        # show old counts until REFRESH TABLE
        "spark.sql.filesourceTableRelationCacheSize": "0",
        "spark.sql.hive.filesourcePartitionFileCacheSize": "0",
    }


def _warehouse(plan: Plan) -> dict[str, str]:
    place = f"{plan.default_fs}{WAREHOUSE}"
    return {"hive.metastore.warehouse.dir": place, "hive.metastore.warehouse.external.dir": place}


def _server(plan: Plan) -> dict[str, str]:
    return {
        "hive.server2.thrift.port": str(plan.ports["hive"]),
        "hive.server2.thrift.bind.host": "127.0.0.1",
        "hive.server2.authentication": "NONE",
        "hive.server2.enable.doAs": "true",  # files belong to whoever runs the query
        "hive.server2.webui.port": "0",
        "hive.server2.max.start.attempts": "1",
        "hive.server2.tez.initialize.default.sessions": "false",
        "hive.server2.active.passive.ha.enable": "false",
        "hive.server2.in.place.progress": "true",
        "hive.server2.logging.operation.enabled": "true",
        "hive.server2.logging.operation.level": "EXECUTION",
        "hive.conf.restricted.list": ",".join(_RESTRICTED),
        # Hive strips the keys of S3 from a job's configuration otherwise; these are public
        "hive.conf.hidden.list": "javax.jdo.option.ConnectionPassword",
    }


def _folders(plan: Plan) -> dict[str, str]:
    data = plan.folders.data / "hive"
    return {
        "hive.exec.scratchdir": f"{plan.default_fs}{SCRATCH}",
        "hive.exec.local.scratchdir": str(data / "scratch"),
        "hive.downloaded.resources.dir": str(data / "resources"),
        "hive.querylog.location": str(data / "querylog"),
        "hive.server2.logging.operation.log.location": str(data / "operations"),
    }


def _execution() -> dict[str, str]:
    """Return how queries run: inside the server, in one thread each."""
    return {
        "hive.execution.engine": execution_engine(),
        "mapreduce.framework.name": "local",
        "mapreduce.task.io.sort.mb": "32",
        "hive.exec.submit.local.task.via.child": "false",
        "hive.strict.checks.cartesian.product": "false",
        "hive.vectorized.execution.enabled": "false",  # it cannot read the lists Spark writes
        # else UNION ALL leaves folders that Spark does not look into
        "hive.merge.mapfiles": "true",
        "hive.merge.tezfiles": "true",
        "tez.local.mode": "true",
        "tez.local.mode.without.network": "true",
        "tez.ignore.lib.uris": "true",
        "tez.runtime.optimize.local.fetch": "true",
        "tez.runtime.io.sort.mb": "32",
        "tez.staging-dir": f"{SCRATCH}/tez-staging",
        "tez.am.resource.memory.mb": "256",
        # a second attempt would find the failed mark of the first one, and end as aborted
        "tez.am.task.max.failed.attempts": "1",
        "hive.tez.container.size": "256",
        "hive.tez.java.opts": "-Xmx256m",
    }
