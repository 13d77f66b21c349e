"""Which engine, of which version, stands behind the name of each application."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from emr_nb.local import prestosql
from emr_nb.local.apps import ALL_APPS, APPS, parts_of
from emr_nb.local.board import megabytes
from emr_nb.local.hive import version as hive_version
from emr_nb.local.httpfs import version as httpfs_version
from emr_nb.local.livy import version as livy_version
from emr_nb.local.lockfile import load
from emr_nb.local.parts import SPARK_VERSION, Cache
from emr_nb.local.trino import version as trino_version


def behind() -> Mapping[str, str]:
    """Return what runs as each application, by its name."""
    return {
        "hdfs": f"HDFS {load('hdfs').version}",
        "httpfs": f"HttpFS {httpfs_version()}: HDFS through one port",
        "yarn": f"YARN {load('yarn').version}",
        "hive": f"Hive {hive_version()}: its metastore and HiveServer2",
        "spark": f"Spark {SPARK_VERSION} by Livy {livy_version()}",
        "trino": f"Trino {trino_version()}; %%presto runs on it too, in Presto's dialect",
        "prestosql": f"PrestoSQL {prestosql.version()}, Trino's past under its old name; "
        "%%presto runs on it then. It is not PrestoDB",
        "aws": "moto: S3, EMR and other AWS APIs, in memory",
    }


def startable() -> Mapping[str, str]:
    """Return the engines that a cell can have started, with the version that stands behind."""
    trino = trino_version()
    return {"hive": hive_version(), "trino": trino, "presto": f"on Trino {trino}"}


def table(cache: Cache) -> Iterator[str]:
    """Yield a line for each application: what runs, what is fetched for it and what is here."""
    for app, words in behind().items():
        parts = [cache.part(name) for name in parts_of((app,))]
        lacks = sum(part.size for part in parts if not part.ready)
        size = megabytes(sum(part.size for part in parts))
        here = f"{megabytes(lacks)} to fetch" if lacks else "is here"
        mark = "*" if app in APPS else " "
        yield f"{mark} {app:<10} {words}"
        yield f"  {'':<10} {size} with what it needs, {here}" if parts else ""
    both = [cache.part(name) for name in parts_of(("hive", "trino"))]
    yield f"  hive and trino together: {megabytes(sum(part.size for part in both))}"
    every = [cache.part(name) for name in parts_of(ALL_APPS)]
    yield f"  all of them: {megabytes(sum(part.size for part in every))}"
    yield "* unless others are named; %%hive, %%trino and %%presto start theirs when they need it"
