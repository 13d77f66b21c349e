"""The engine contract and the types on PrestoSQL 350: the genuine old dialect, not Trino's."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from emr_nb.engines.base import Engine, Session
from emr_nb.engines.presto.client import PRESTO
from emr_nb.local.lifecycle import LocalClusters
from emr_nb.local.starting import start_saying
from emr_nb.model import SessionOptions
from emr_nb.settings import Settings
from emr_nb.testing.engines import Cells, EngineContract

sys.path.insert(0, str(Path(__file__).parents[1] / "cluster"))  # the rig and the cases of Trino

from test_trino_types import same, value
from trino_rig import TrinoRig, run
from trino_types import CASES, Case

pytestmark = [pytest.mark.cluster, pytest.mark.full, pytest.mark.timeout(900)]

_ZONE = "America/St_Johns"


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    clusters = LocalClusters(
        replace(Settings(), data_home=tmp_path_factory.mktemp("prestosql-home"))
    )
    try:
        state = start_saying(clusters, "prestosql", print, ("prestosql", "hive", "aws"))
        yield state.ports["prestosql"]
    finally:
        clusters.stop("prestosql")


@pytest.fixture
def presto(port: int, tmp_path: Path) -> Iterator[TrinoRig]:
    made = TrinoRig(port, tmp_path / "journal.db")
    yield made
    made.close()


class TestPrestoSql(EngineContract):
    tables_only = True
    cells = Cells(
        language="sql",
        shows="select 'forty-two'",
        shown="forty-two",
        fails="select 1/0",
        failure="Division by zero",
        slow="select count(*) from tpch.sf100.lineitem",
        one="select {}",
        table="select * from (values 1, 2, 3)",
    )

    @pytest.fixture
    def engine(self, presto: TrinoRig) -> Engine:
        return presto.engine("presto")

    @pytest.fixture
    def other_engine(self, presto: TrinoRig) -> Engine:
        return presto.engine("presto")

    @pytest.fixture
    def session(self, engine: Engine) -> Session:
        return engine.open(SessionOptions("emr_nb/ada/contract/1"))


@pytest.mark.parametrize("name", ["presto", "trino"])
def test_it_is_spoken_to_in_its_own_dialect_alone(presto: TrinoRig, name: str) -> None:
    assert presto.session(presto.engine(name)).prefix == PRESTO


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_value_is_exact_in_a_session_zone_of_its_own(presto: TrinoRig, case: Case) -> None:
    session = presto.session(presto.engine("presto"), time_zone=_ZONE)
    result = run(session, f"select {case.sql} as c from (values 1)")
    assert result is not None
    assert result.columns[0].engine_type.lower() == case.kind.lower()
    found, wanted = value(result.table.column(0), case.value), case.value
    if case.kind.startswith("map("):  # this server sends a map's entries by the order of keys
        found, wanted = sorted(found, key=repr), sorted(wanted, key=repr)
    assert same(found, wanted)


def test_the_hive_catalog_is_the_clusters_own(presto: TrinoRig) -> None:
    session = presto.session(presto.engine("presto"), catalog="hive", schema="default")
    run(session, "drop table if exists by_prestosql")
    run(session, "create table by_prestosql as select 1 as a, 'x' as b")
    run(session, "insert into by_prestosql values (2, 'y')")
    result = run(session, "select a, b from by_prestosql order by a")
    assert result is not None
    assert result.table.to_pydict() == {"a": [1, 2], "b": ["x", "y"]}
    run(session, "drop table by_prestosql")
