"""Other servers than the cluster's own: Tez, HTTP, and no SASL."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hive_rig import HiveRig, hive, rows, run, submit, unreadable  # noqa: F401 -- a fixture
from hive_server import CONTEXTS, another_server

from emr_nb.context import ClusterContext
from emr_nb.engines.hive import HiveEngine
from emr_nb.engines.hive.session import HiveSession
from emr_nb.errors import StatementError
from emr_nb.model import Endpoint, Progress, Service, SessionOptions

pytestmark = pytest.mark.full

TEZ = {"hive.execution.engine": "tez"}


@pytest.fixture(scope="module")
def tez(hive: HiveRig) -> Iterator[HiveSession]:  # noqa: F811
    with another_server(hive, TEZ) as port, hive.session(port) as session:
        yield session


def spoil(hive: HiveRig, session: HiveSession) -> None:  # noqa: F811
    """Have a query fail in a task with an I/O exception."""
    with unreadable(hive, session) as name, pytest.raises(StatementError):
        run(session, f"select count(*), sum(a) from {name}")


def inserted(session: HiveSession) -> int:
    """Return how many rows are there after one INSERT that reads a table."""
    source, target = (f"{name}_{uuid.uuid4().hex[:8]}" for name in ("source", "target"))
    run(session, f"create table {source} stored as textfile as select 1 as a")
    run(session, f"create table {target} (a int) stored as textfile")
    try:
        run(session, f"insert into {target} select a from {source} group by a")
        return len(rows(session, f"select a from {target}"))
    finally:
        run(session, f"drop table {source}")
        run(session, f"drop table {target}")


def test_tez_loses_no_row_after_a_failed_read(hive: HiveRig, tez: HiveSession) -> None:  # noqa: F811
    assert rows(tez, "set hive.execution.engine") == [("hive.execution.engine=tez",)]
    assert inserted(tez) == 1
    spoil(hive, tez)
    assert inserted(tez) == 1


def test_the_trap_is_there_in_hives_own_class(hive: HiveRig) -> None:  # noqa: F811
    """Without ours the INSERT says OK and loses its row: else ours would prove nothing."""
    with another_server(hive, TEZ, stock=CONTEXTS) as port, hive.session(port) as session:
        run(session, "create table witness stored as textfile as select 1 as a")
        try:
            spoil(hive, session)
            run(session, "insert into witness select a + 1 from witness")
            assert len(rows(session, "select a from witness")) == 1
        finally:
            run(session, "drop table witness")


def test_tez_tells_its_vertices(tez: HiveSession) -> None:
    run(tez, "create temporary table few stored as textfile as select 1 as a")
    sql = "select a, count(reflect('java.lang.Thread', 'sleep', bigint(1500))) from few group by a"
    looks = [e for e in submit(tez, sql).events() if isinstance(e, Progress)]
    stages = {stage.name: stage for look in looks for stage in look.stages}
    assert any(name.startswith("Map") for name in stages)
    assert any(name.startswith("Reduce") for name in stages)
    assert all(look.fraction is None or 0 <= look.fraction <= 1 for look in looks)


def through(context: ClusterContext, endpoint: Endpoint, **properties: str) -> HiveEngine:
    service = Service("hive", (endpoint,), properties=properties)
    return HiveEngine(replace(context, services=(service,)))


def test_it_is_spoken_to_by_http(hive: HiveRig) -> None:  # noqa: F811
    conf = {"hive.server2.transport.mode": "http", "hive.server2.thrift.http.path": "cliservice"}
    with another_server(hive, conf) as port:
        endpoint = Endpoint("hive", "127.0.0.1", port, "http", "/cliservice")
        engine = through(hive.context(), endpoint)
        session = engine.open(SessionOptions("emr_nb/tests/http"))
        assert rows(session, "select current_user(), 'é', array(1)") == [
            (session.info.owner, "é", [1])
        ]
        session.close()
        engine.close()


def test_it_is_spoken_to_without_sasl(hive: HiveRig) -> None:  # noqa: F811
    with another_server(hive, {"hive.server2.authentication": "NOSASL"}) as port:
        endpoint = Endpoint("hive", "127.0.0.1", port, "thrift")
        engine = through(hive.context(), endpoint, **{"hive.server2.authentication": "NOSASL"})
        session = engine.open(SessionOptions("emr_nb/tests/nosasl"))
        many = "select pos, concat('r', pos) from (select 1) q lateral view posexplode(split(space(2999), ' ')) p as pos, x"  # noqa: E501
        assert rows(session, many) == [(n, f"r{n}") for n in range(3000)]
        session.close()
        engine.close()
