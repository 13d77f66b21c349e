"""What an analyst sees of Hive and Trino beside the rows: statistics, files, plans, reasons."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from hive_rig import HiveRig, hive  # noqa: F401 -- a fixture
from IPython.core.interactiveshell import InteractiveShell

from emr_nb.cluster import AttachedCluster
from emr_nb.errors import PathNotFoundError
from emr_nb.journal import Journal
from emr_nb.model import Cluster, Endpoint, Service
from emr_nb.notebook.backend import Backend
from emr_nb.notebook.extension import Extension
from emr_nb.notebook.places import Place
from emr_nb.notebook.state import Notebook
from emr_nb.settings import Settings
from emr_nb.transport.direct import DirectRoute


@contextmanager
def analyst(cluster: AttachedCluster) -> Iterator[Any]:
    """Give a shell whose notebook has the cluster attached."""
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance()
    backend = Backend(lambda *_, **__: cluster, lambda *_, **__: [])
    place = Place("", uuid.uuid4().hex[:6], headless=True)
    notebook = Notebook(shell, backend=lambda: backend, place=place, neighbours=lambda _: ())
    extension = Extension(shell, notebook)
    extension.install()
    notebook.attach("")
    shell.notebook = notebook
    yield shell
    notebook.close()
    extension.remove()
    shell.history_manager.end_session()
    InteractiveShell.clear_instance()


def cluster_of(services: tuple[Service, ...], journal: Journal, user: str) -> AttachedCluster:
    provider: Any = SimpleNamespace(access=None, close=lambda: None)
    return AttachedCluster(
        Cluster("local", "local", "WAITING", provider="local"),
        services,
        provider,
        Settings(user=user, request_timeout=60),
        journal,
        user=user,
        route=DirectRoute(timeout=60),
    )


@pytest.fixture(scope="module")
def on_hive(hive: HiveRig) -> Iterator[Any]:  # noqa: F811 -- the fixture
    """A shell on Hive, with a partitioned table `surface_N` in two files."""
    services = tuple(s for s in hive.context().services if s.name != "livy")
    journal = Journal(hive.journal)
    cluster = cluster_of((*services, Service("hdfs", ())), journal, hive.state.user)
    name = f"surface_{uuid.uuid4().hex[:8]}"
    with analyst(cluster) as shell:
        shell.user_ns["t"] = name
        shell.run_cell_magic(
            "hive",
            "-q",
            "create table {{t}} (a int, b string, d decimal(20,4)) partitioned by (p string)"
            " stored as parquet;\n"
            "insert into {{t}} partition (p='x') values (1, 'one', 1.5), (2, null, -2.25);\n"
            "insert into {{t}} partition (p='y: z') values (3, 'three', null);",
        )
        yield shell
        shell.run_cell_magic("hive", "-q", "drop table {{t}}")
    journal.close()


@pytest.fixture
def on_trino(trino_server: dict[str, Any], tmp_path: Any) -> Iterator[Any]:
    journal = Journal(tmp_path / "journal.sqlite")
    service = Service("trino", (Endpoint("trino", "127.0.0.1", trino_server["trino"]),))
    with analyst(cluster_of((service,), journal, "ada")) as shell:
        yield shell
    journal.close()


def rows(result: Any) -> dict[str, dict[str, Any]]:
    return {row["column"]: row for row in result.table.to_pylist()}


def test_hive_computes_the_statistics_of_columns(on_hive: Any) -> None:
    found = rows(on_hive.run_line_magic("hive", "--profile select * from {{t}}"))
    assert [(c, r["values"], r["nulls"], r["distinct"]) for c, r in found.items()] == [
        ("a", 3, 0, 3),
        ("b", 2, 1, 2),
        ("d", 2, 1, 2),
        ("p", 3, 0, 2),
    ]
    assert (found["d"]["min"], found["d"]["max"]) == ("-2.2500", "1.5000")
    assert found["d"]["mean"].startswith("-0.3750")
    assert found["a"]["stddev"] == 1.0


def test_hives_columns_have_their_names(on_hive: Any) -> None:
    one = on_hive.run_line_magic("hive", "select * from {{t}}")
    assert [c.name for c in one.columns] == ["a", "b", "d", "p"]
    both = on_hive.run_line_magic("hive", "select * from {{t}} x join {{t}} y on x.a = y.a")
    assert [c.name for c in both.columns][4:] == ["a_1", "b_1", "d_1", "p_1"]


def test_a_table_is_tied_to_its_files(on_hive: Any) -> None:
    facts = dict(on_hive.run_line_magic("emr", f"describe {on_hive.user_ns['t']}"))
    assert facts["kind"] == "table, managed"
    assert facts["format"] == "Parquet"
    assert facts["rows"] == "3, by its statistics; partitions without any are not in it"
    assert facts["partitions"].startswith("2, the newest p=")
    assert facts["files"].startswith("2 files, ")
    assert "d decimal(20,4)" in facts["columns"]


def test_a_table_is_a_path(on_hive: Any) -> None:
    name = on_hive.user_ns["t"]
    assert len(on_hive.run_line_magic("emr", f"ls table:{name}")) == 2
    (file,) = on_hive.run_line_magic("emr", f"ls table:default.{name}/p=x")
    assert file.size > 0
    # Hive writes the folder of `y: z` with a %3A
    (escaped,) = on_hive.run_line_magic("emr", f"ls 'table:{name}/p=y%3A z'")
    assert escaped.path.key != file.path.key
    with pytest.raises(PathNotFoundError):
        on_hive.run_line_magic("emr", f"ls table:{name}/p=nix")


def test_hives_plans_are_trees(on_hive: Any) -> None:
    name = on_hive.user_ns["t"]
    sql = f"select b, count(*) from {name} where a > 1 group by b"
    plan = on_hive.run_line_magic("emr", f"explain --engine hive {sql}")
    assert any(
        line.strip().startswith("Filter Operator · predicate: (a > 1)")
        for line in plan.splitlines()
    )
    ran = on_hive.run_line_magic("emr", f"explain --analyze --engine hive {sql}")
    assert "TableScan · alias: " in ran
    assert "3 rows, 3 expected" in ran
    assert "<details open>" in ran._repr_html_()


def test_hive_tells_why_and_its_session_is_short(on_hive: Any) -> None:
    on_hive.run_cell_magic("hive", "-q", "select b, count(*) from {{t}} group by b")
    facts = dict(on_hive.run_line_magic("emr", "why"))
    assert facts["slowest stage"].startswith("Stage-1 · ")
    assert "planned" in facts
    (line,) = [v for k, v in on_hive.run_line_magic("emr", "status") if k == "Hive session"]
    short = line.split()[0]
    assert len(short) == 8
    on_hive.run_cell_magic("hive", f"-q -s {short} -o one", "select 1 as a")
    assert on_hive.user_ns["one"]["a"].tolist() == [1]


def test_trino_computes_the_statistics_of_columns(on_trino: Any) -> None:
    sql = "with o as (select * from tpch.tiny.orders) select *, orderkey as orderkey from o"
    result = on_trino.run_line_magic("trino", f"--profile {sql}")
    assert result.notices[0] == "Of 15,000 rows; distinct values are estimated."
    first, *_, again = result.table.to_pylist()
    assert (first["column"], first["min"], first["max"]) == ("orderkey", "1", "60000")
    assert first["mean"] == "29991.5"
    assert 14_000 < first["distinct"] <= 15_000
    assert {**again} == {**first}
    status = rows(result)["orderstatus"]
    assert status["most frequent"] == "O (7,333), F (7,304), P (363)"
    assert rows(result)["orderdate"]["max"] == "1998-08-02"


def test_trinos_plan_tells_what_came_and_why_the_rest(on_trino: Any) -> None:
    sql = "select orderstatus, count(*) from tpch.tiny.orders group by 1"
    plan = on_trino.run_line_magic("emr", f"explain --engine trino {sql}")
    assert plan.startswith("Fragment 0\n")
    assert "TableScan" in plan
    ran = on_trino.run_line_magic("emr", f"explain --analyze --engine trino {sql}")
    assert "15,000 rows" in ran
    assert "of the processor time'" in ran._repr_html_()
    on_trino.run_cell_magic("trino", "-q", sql)
    facts = dict(on_trino.run_line_magic("emr", "why"))
    assert facts["read"].startswith("15,000 rows")
    assert "queued" in facts
    described = dict(on_trino.run_line_magic("emr", "describe tpch.tiny.orders --engine trino"))
    assert described["rows"] == "15,000, by its statistics"
