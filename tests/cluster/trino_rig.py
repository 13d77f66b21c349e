"""A real Trino for the tests, and engines on it: directly, or through the fault proxy."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from emr_nb.context import ClusterContext
from emr_nb.engines.presto import PrestoEngine
from emr_nb.engines.presto.session import PrestoSession
from emr_nb.engines.presto.statement import PrestoStatement
from emr_nb.journal import Journal
from emr_nb.model import Cluster, Endpoint, Request, Service, SessionOptions
from emr_nb.results.plan import TransferPlan, plan_transfer
from emr_nb.results.result import Result
from emr_nb.settings import Settings
from emr_nb.testing.fault_proxy import FaultProxy
from emr_nb.transport.direct import DirectRoute


@dataclass
class TrinoRig:
    """A running Trino; `catalog` is where sessions begin."""

    port: int
    journal: Path
    bucket_url: str = ""
    catalog: str = "memory"
    schema: str = "default"
    made: list[PrestoEngine] = field(default_factory=list)

    def engine(
        self,
        name: str = "trino",
        *,
        port: int | None = None,
        timeout: float = 30,
        **patience: Any,
    ) -> PrestoEngine:
        """Return an engine as another process would have it: with a journal object of its own."""
        endpoint = Endpoint(name, "127.0.0.1", port or self.port)
        context = ClusterContext(
            cluster=Cluster("local", "local", "WAITING", provider="local"),
            services=(Service(name, (endpoint,)),),
            route=DirectRoute(timeout=timeout),
            access=None,  # type: ignore[arg-type]  # the engine makes no AWS call
            journal=Journal(self.journal),
            settings=Settings(user="ada", request_timeout=timeout),
            user="ada",
        )
        engine = PrestoEngine(context, name)
        engine.patience = replace(engine.patience, **patience)
        self.made.append(engine)
        return engine

    def session(self, engine: PrestoEngine | None = None, **conf: Any) -> PrestoSession:
        options = {"catalog": self.catalog, "schema": self.schema, **conf}
        name = f"emr_nb/ada/tests/{uuid.uuid4().hex[:8]}"
        return (engine or self.engine()).open(SessionOptions(name, conf=options))

    @contextmanager
    def proxy(self) -> Iterator[FaultProxy]:
        with FaultProxy("127.0.0.1", self.port) as proxy:
            yield proxy

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Return what a query gives, past any proxy."""
        result = run(self.session(), sql)
        assert result is not None
        return list(zip(*(c.to_pylist() for c in result.table.columns), strict=True))

    def close(self) -> None:
        for engine in self.made:
            engine.close()
            engine._context.route.close()
            engine._context.journal.close()
        self.made.clear()


def submit(
    session: PrestoSession, sql: str, plan: TransferPlan | None = None, **more: Any
) -> PrestoStatement:
    request = Request(sql, "sql", uuid.uuid4().hex, **{"rows": -1, **more})
    return session.submit(request, plan or plan_transfer(request))


def run(session: PrestoSession, sql: str, **more: Any) -> Result | None:
    return submit(session, sql, **more).result()


@pytest.fixture(scope="session")
def trino_server(sql_cluster: Any) -> dict[str, Any]:
    """The ports of a local cluster with Trino and S3."""
    return {**sql_cluster.state.ports, "endpoint": sql_cluster.aws}


@pytest.fixture
def trino(trino_server: dict[str, Any], tmp_path: Path) -> Iterator[TrinoRig]:
    made = TrinoRig(trino_server["trino"], tmp_path / "journal.db", trino_server["endpoint"])
    yield made
    made.close()
