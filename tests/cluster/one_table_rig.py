"""One cluster's four engines on one metastore, each with a session for all tests of a module."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from hive_rig import HiveRig, hive, rows, run  # noqa: F401 -- a fixture

from emr_nb.cluster import AttachedCluster, attach
from emr_nb.engines.base import Session
from emr_nb.errors import PathNotFoundError
from emr_nb.model import SessionOptions

HIVE, SPARK, TRINO, PRESTO = ENGINES = ("hive", "spark", "trino", "presto")
STRANGER = "mallory"  # in no group, and in no list of who may write


@dataclass
class Engines:
    """The engines of one user; `sql` takes `{db}` for the database as the engine names it."""

    cluster: AttachedCluster
    db: str
    opened: dict[str, Session] = field(default_factory=dict)

    def session(self, engine: str) -> Session:
        if engine not in self.opened:
            options = SessionOptions(f"emr_nb/one/{uuid.uuid4().hex[:8]}", language="sql")
            self.opened[engine] = self.cluster.session(options, engine)
        return self.opened[engine]

    def run(self, engine: str, sql: str) -> Any:
        return run(self.session(engine), self._named(engine, sql))

    def rows(self, engine: str, sql: str) -> list[tuple[Any, ...]]:
        return rows(self.session(engine), self._named(engine, sql))

    def there(self, place: str) -> bool:
        """Tell whether a file or a folder is there, with anything in it."""
        try:
            return bool(self.cluster.files.ls(place))
        except PathNotFoundError:
            return False

    def _named(self, engine: str, sql: str) -> str:
        prefix = "hive." if engine in (TRINO, PRESTO) else ""
        text = "varchar" if prefix else "string"
        return sql.replace("{db}", prefix + self.db).replace("{text}", text)


@pytest.fixture(scope="module")
def engines(hive: HiveRig) -> Iterator[Engines]:  # noqa: F811
    made = _attached(hive, "", f"one_{uuid.uuid4().hex[:8]}")
    made.run(HIVE, f"create database {made.db}")
    yield made
    made.run(HIVE, f"drop database {made.db} cascade")
    made.cluster.close()


@pytest.fixture(scope="module")
def stranger(hive: HiveRig, engines: Engines) -> Iterator[Engines]:  # noqa: F811
    made = _attached(hive, STRANGER, engines.db)
    yield made
    made.cluster.close()


@pytest.fixture(scope="module")
def bucket(hive: HiveRig) -> str:  # noqa: F811
    return f"s3://emr-nb-{hive.state.name}"


def _attached(hive: HiveRig, user: str, db: str) -> Engines:  # noqa: F811
    target = "local" if hive.state.name == "local" else f"local:{hive.state.name}"
    return Engines(attach(target, settings=hive.clusters.settings, user=user), db)
