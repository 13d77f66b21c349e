"""The engine contract on the real HiveServer2 of a local cluster."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emr_nb.engines.base import Engine, Session
from emr_nb.engines.hive import HiveEngine
from emr_nb.model import SessionOptions
from emr_nb.testing.engines import Cells, EngineContract

sys.path.insert(0, str(Path(__file__).parents[1] / "cluster"))  # hive_rig.py

from hive_rig import HiveRig, hive, run  # noqa: F401 -- a fixture

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def shared_engine(hive: HiveRig) -> Iterator[HiveEngine]:  # noqa: F811
    with hive.engine() as engine:
        yield engine


@pytest.fixture(scope="module")
def shared_session(shared_engine: HiveEngine) -> Iterator[Any]:
    session = shared_engine.open(SessionOptions(f"emr_nb/ada/contract/{os.getpid()}"))
    run(session, "create temporary table one stored as textfile as select 1 as a")
    yield session
    session.close()


class TestHiveEngine(EngineContract):
    tables_only = True  # SQL answers in tables, and puts nothing out
    cells = Cells(
        language="sql",
        shows="select 'forty two' as said",
        shown="forty two",
        fails="select nope from one",
        failure="Invalid table alias or column reference 'nope'",
        # a job, since a query without one runs while its rows are fetched
        slow="select count(reflect('java.lang.Thread', 'sleep', bigint(30000))) from one",
        one="select {}",
        table="select stack(3, 1, 2, 3) as a",
    )

    @pytest.fixture
    def engine(self, shared_engine: HiveEngine) -> Engine:
        return shared_engine

    @pytest.fixture
    def session(self, shared_session: Session) -> Session:
        return shared_session

    @pytest.fixture
    def other_engine(self, hive: HiveRig) -> Iterator[Engine]:  # noqa: F811
        with hive.engine() as engine:
            yield engine
