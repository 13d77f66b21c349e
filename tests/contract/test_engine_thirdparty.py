"""The engine contract on an engine that somebody else wrote: it knows the protocol alone."""

import sys
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from emr_nb.engines.base import Engine, Session
from emr_nb.journal import Journal
from emr_nb.model import SessionOptions
from emr_nb.testing.engines import Cells, EngineContract

PLACE = Path(__file__).parents[1] / "thirdparty" / "duckdb_engine"


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The engine as pip would have put it there: a package with its dist-info."""
    monkeypatch.syspath_prepend(PLACE)
    yield
    for name in [n for n in sys.modules if n.partition(".")[0] == "emr_nb_duckdb"]:
        monkeypatch.delitem(sys.modules, name)


class TestDuckDb(EngineContract):
    tables_only = True
    cells = Cells(
        language="sql",
        shows="select 'forty-two'",
        shown="forty-two",
        fails="select * from nowhere",
        failure="nowhere does not exist",
        slow="select sum(sin(a.range * b.range)) from range(10000000) a, range(100000) b",
        one="select {}",
        table="select * from range(3)",
    )

    @pytest.fixture
    def database(self, installed: None) -> Iterator[Any]:
        from emr_nb_duckdb.database import Database

        made = Database()
        yield made
        made.close()

    @pytest.fixture
    def context(self, tmp_path: Path) -> Iterator[Any]:
        journal = Journal(tmp_path / "journal.db")
        yield SimpleNamespace(journal=journal, cluster=SimpleNamespace(id="j-FAKE"))
        journal.close()

    @pytest.fixture
    def engine(self, context: Any, database: Any) -> Engine:
        from emr_nb_duckdb.engine import DuckEngine

        return DuckEngine(context, database)

    @pytest.fixture
    def other_engine(self, context: Any, database: Any) -> Engine:
        from emr_nb_duckdb.engine import DuckEngine

        return DuckEngine(context, database)

    @pytest.fixture
    def session(self, engine: Engine) -> Session:
        return engine.open(SessionOptions("emr_nb/ada/contract/1"))

    def test_it_is_found_by_its_entry_point(self, installed: None, context: Any) -> None:
        (entry,) = entry_points(group="emr_nb.engines", name="duckdb")
        engine = entry.load()(context)
        assert isinstance(engine, Engine)
        assert isinstance(engine.open(SessionOptions("x")), Session)
        engine.database.close()

    def test_the_tree_of_its_catalog(self, engine: Engine, session: Session) -> None:
        self.submit(session, "create table t (a int, b decimal(4,2))").result()
        (main,) = engine.catalog()
        (table,) = engine.catalog(main)
        assert [(c.name, c.type) for c in engine.catalog(table)] == [
            ("a", "INTEGER"),
            ("b", "DECIMAL(4,2)"),
        ]
