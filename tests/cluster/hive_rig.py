"""The local cluster's Hive, and ways to reach its HiveServer2."""

from __future__ import annotations

import gzip
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from emr_nb.context import ClusterContext
from emr_nb.engines.hive import HiveEngine
from emr_nb.engines.hive.pace import Patience
from emr_nb.engines.hive.session import HiveSession
from emr_nb.engines.livy import LivyEngine
from emr_nb.files.webhdfs import WebHdfsFactory
from emr_nb.journal import Journal
from emr_nb.local import state as st
from emr_nb.local.lifecycle import LocalClusters
from emr_nb.local.starting import start_saying
from emr_nb.model import Cluster, Endpoint, FilePath, Request, Service, SessionOptions
from emr_nb.results.plan import plan_transfer
from emr_nb.results.result import Result
from emr_nb.settings import Settings
from emr_nb.transport.direct import DirectRoute


@dataclass(frozen=True)
class HiveRig:
    """The running cluster, its user, and a journal that its engines share."""

    state: st.State
    clusters: LocalClusters
    journal: Path

    @property
    def port(self) -> int:
        return self.state.ports["hive"]

    def context(self, port: int | None = None, user: str = "", **more: str) -> ClusterContext:
        """Return what engines are given; `more` are properties of the service `hive`."""
        user = user or self.state.user
        ports = self.state.ports
        hive = Endpoint("hive", "127.0.0.1", port or self.port, "thrift")
        return ClusterContext(
            cluster=Cluster("local", "local", "WAITING", provider="local"),
            services=(
                Service("hive", (hive,), properties={"mapreduce.framework.name": "local", **more}),
                Service("livy", (Endpoint("livy", "127.0.0.1", ports.get("livy", 0)),)),
                Service("webhdfs", (Endpoint("webhdfs", "localhost", ports["namenode-http"]),)),
            ),
            route=DirectRoute(timeout=60),
            access=None,  # type: ignore[arg-type]  # no AWS call is made
            journal=Journal(self.journal),
            settings=Settings(user=user, request_timeout=60),
            user=user,
        )

    @contextmanager
    def engine(
        self,
        port: int | None = None,
        user: str = "",
        patience: Patience | None = None,
        **more: str,
    ) -> Iterator[HiveEngine]:
        made = self.context(port, user, **more)
        engine = HiveEngine(made, patience)
        try:
            yield engine
        finally:
            engine.close()
            made.route.close()
            made.journal.close()

    @contextmanager
    def session(
        self, port: int | None = None, user: str = "", **more: str
    ) -> Iterator[HiveSession]:
        """Open a session of its own name, ended at the end."""
        with self.engine(port, user, **more) as engine:
            session = engine.open(SessionOptions(f"emr_nb/tests/{uuid.uuid4().hex[:8]}"))
            try:
                yield session
            finally:
                session.close()

    @contextmanager
    def spark(self) -> Iterator[Any]:
        """Open a Spark session on the same metastore."""
        engine = LivyEngine(self.context())
        session = engine.open(SessionOptions(f"emr_nb/tests/{uuid.uuid4().hex[:8]}"))
        try:
            yield session
        finally:
            session.close()
            engine.close()


def submit(session: Any, code: str, **more: Any) -> Any:
    request = Request(code, "sql", uuid.uuid4().hex, **{"rows": -1, **more})
    return session.submit(request, plan_transfer(request))


def run(session: Any, code: str, **more: Any) -> Result | None:
    return submit(session, code, **more).result()


def rows(session: Any, code: str, **more: Any) -> list[tuple[Any, ...]]:
    """Return a statement's rows as Python tuples."""
    result = run(session, code, **more)
    assert result is not None
    return list(zip(*(column.to_pylist() for column in result.table.columns), strict=True))


@contextmanager
def unreadable(hive: HiveRig, session: Any) -> Iterator[str]:
    """Make a table on which every job fails with an I/O exception: its file ends too soon."""
    name = f"broken_{uuid.uuid4().hex[:8]}"
    run(session, f"create table {name} (a int) stored as textfile")
    try:
        text = "".join(f"{n}\n" for n in range(100_000)).encode()
        place = FilePath("hdfs", "", f"/user/hive/warehouse/{name}/part-0.gz")
        store = WebHdfsFactory()(hive.context())
        store.write(place, [gzip.compress(text)[:-5000]])
        yield name
    finally:
        run(session, f"drop table {name}")


@pytest.fixture(scope="session")
def hive(sql_cluster: Any, tmp_path_factory: pytest.TempPathFactory) -> HiveRig:
    journal = tmp_path_factory.mktemp("hive-journal") / "journal.db"
    return HiveRig(sql_cluster.state, LocalClusters(sql_cluster.settings), journal)


@contextmanager
def own_cluster(folder: Path, name: str) -> Iterator[HiveRig]:
    """Run a cluster for tests that kill what is in it; stopped at the end."""
    clusters = LocalClusters(replace(Settings(), data_home=folder / "home"))
    state = start_saying(clusters, name, print, ("hdfs", "hive"))
    try:
        yield HiveRig(state, clusters, folder / "journal.db")
    finally:
        clusters.stop(name)


@pytest.fixture(scope="module")
def session(hive: HiveRig) -> Iterator[HiveSession]:
    with hive.session() as session:
        yield session
