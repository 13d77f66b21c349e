"""The applications that a local cluster can have."""

from __future__ import annotations

from collections.abc import Iterable

from emr_nb.errors import UsageError
from emr_nb.local.aws import Aws
from emr_nb.local.datanodes import FURTHER, DataNode
from emr_nb.local.hdfs import Hdfs
from emr_nb.local.hive import Hive
from emr_nb.local.httpfs import HttpFs
from emr_nb.local.livy import Livy
from emr_nb.local.plan import LocalService
from emr_nb.local.prestosql import PrestoSql
from emr_nb.local.trino import HIVE_PART, Trino
from emr_nb.local.yarn import Yarn

APPS = ("hdfs", "spark", "aws")  # unless others are named
ALL_APPS = ("hdfs", "httpfs", "yarn", "hive", "spark", "trino", "prestosql", "aws")
_IN_ORDER = (ALL_APPS[0], *FURTHER, *ALL_APPS[1:])  # of starting

TITLES = {
    "hdfs": "HDFS",
    "httpfs": "HttpFS",
    **{name: f"HDFS DataNode {number}" for number, name in enumerate(FURTHER, 2)},
    "yarn": "YARN",
    "hive": "Hive",
    "spark": "Spark",
    "trino": "Trino",
    "prestosql": "PrestoSQL",
    "aws": "the AWS APIs",
}
ENGINES = {"hive": "hive", "trino": "trino", "presto": "trino"}  # by which application


def service_of(app: str) -> LocalService:
    """Return the service that runs an application; raises UsageError."""
    match app:
        case "hdfs":
            return Hdfs()
        case "httpfs":
            return HttpFs()
        case "spark":
            return Livy()
        case "yarn":
            return Yarn()
        case "aws":
            return Aws()
        case "trino":
            return Trino()
        case "prestosql":
            return PrestoSql()
        case "hive":
            return Hive()
    if app in FURTHER:
        return DataNode(FURTHER.index(app) + 2)
    raise UsageError(
        f"The local cluster has no application {app!r}",
        advice=f"It has: {', '.join(ALL_APPS)}.",
    )


def with_needs(apps: Iterable[str]) -> tuple[str, ...]:
    """Return the applications and what they need, in starting order."""
    wanted = set(apps)
    for app in list(wanted):
        wanted.update(service_of(app).needs)
    return tuple(app for app in _IN_ORDER if app in wanted)


def with_companions(app: str) -> tuple[str, ...]:
    """Return an application with those that a cell on it expects beside it.

    Trino without Hive's catalog has no table that another engine could see.
    """
    return with_needs((app, "hive") if app in ("trino", "prestosql") else (app,))


def parts_of(apps: Iterable[str]) -> tuple[str, ...]:
    """Return the names of the parts that these applications need, each once."""
    wanted = with_needs(apps)
    names = [part for app in wanted for part in service_of(app).parts]
    if {"hive", "trino"} <= set(wanted):
        names.append(HIVE_PART)  # 258 MB that Trino alone has no use for
    return tuple(dict.fromkeys(names))


def with_yarn(apps: Iterable[str] = APPS) -> tuple[str, ...]:
    """Return the applications with YARN among them."""
    return with_needs((*apps, "yarn"))
