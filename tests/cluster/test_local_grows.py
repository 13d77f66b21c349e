"""A running local cluster gains applications, on the real daemons, and keeps what it has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hive_rig import HiveRig, rows, run

from emr_nb.cluster import attach
from emr_nb.errors import DaemonDiedError
from emr_nb.local.lifecycle import LocalClusters
from emr_nb.local.processes import marked
from emr_nb.local.state import State
from emr_nb.settings import Settings

pytestmark = pytest.mark.cluster


@pytest.fixture
def clusters(tmp_path: Path) -> Iterator[LocalClusters]:
    made = LocalClusters(replace(Settings(), data_home=tmp_path))
    made.fetch(made.missing(("hdfs", "spark", "aws")), lambda *_: None)
    yield made
    for state in made.all():
        made.stop(state.name)


def test_what_does_not_start_leaves_the_rest_alone(
    clusters: LocalClusters, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "livy"
    (broken / "jars").mkdir(parents=True)  # a Livy without a server
    monkeypatch.setenv("EMR_NB_LIVY_HOME", str(broken))
    before = clusters.start("grows", ("hdfs", "aws"))
    with pytest.raises(DaemonDiedError, match=r"(?s)livy ended by itself.*LivyServer"):
        clusters.start("grows", ("spark",))
    after = clusters.state("grows")
    assert after.phase == "running"
    assert after.apps == before.apps
    assert after.ports == before.ports
    assert {d.name: d.pid for d in after.daemons} == {d.name: d.pid for d in before.daemons}
    assert after.dead() == []
    assert len(marked(clusters.folders("grows").root)) == len(before.daemons)
    # and goes on to serve: the same that it has, and another try, which fails again
    assert clusters.start("grows", ("aws",)).cluster_id == before.cluster_id
    with pytest.raises(DaemonDiedError):
        clusters.start("grows", ("spark",))


@pytest.mark.full
def test_an_attached_cluster_gains_hive_then_trino_under_the_same_id(
    clusters: LocalClusters,
) -> None:
    settings = clusters.settings
    told: list[str] = []
    with attach("local", settings=settings, notify=told.append) as cluster:
        known, before = cluster.info.id, clusters.state("local")
        assert set(cluster.gainable()) == {"hive", "trino", "presto"}
        cluster.gain("hive", told.append)
        assert "starting Hive (Hive metastore, HiveServer2)" in told
        assert cluster.info.id == known
        assert "hive" not in cluster.gainable()
        cluster.sql("create table grown as select 1 as a")  # its session sees the metastore
        cluster.gain("presto", told.append)
        assert {"hive", "trino", "presto"} <= {s.name for s in cluster.services}
        state = clusters.state("local")
        for daemon in before.daemons:
            assert state.daemon(daemon.name) == daemon  # nothing was started again
        for engine, table in (("hive", "grown"), ("trino", "hive.default.grown")):
            session = cluster.session(engine=engine)
            result = cluster.run(f"select a from {table}", language="sql", session=session)
            assert result is not None
            assert result.table.column(0).to_pylist() == [1]


@pytest.mark.full
def test_trino_is_started_again_for_the_catalog_of_hive(clusters: LocalClusters) -> None:
    clusters.fetch(clusters.missing(("hive", "trino")), lambda *_: None)
    first = clusters.start("late", ("hdfs", "trino", "aws")).daemon("trino")
    state = clusters.start("late", ("hive",))
    again = state.daemon("trino")
    assert first is not None
    assert again is not None
    assert again.pid != first.pid
    assert (clusters.folders("late").root / "trino/etc/catalog/hive.properties").exists()


@pytest.mark.full
def test_kept_tables_are_read_after_a_restart(clusters: LocalClusters, tmp_path: Path) -> None:
    clusters.fetch(clusters.missing(("hive",)), lambda *_: None)

    def rig(state: State) -> HiveRig:
        ports = {**state.ports, "livy": 1}  # nobody asks for Spark
        return HiveRig(replace(state, ports=ports), clusters, tmp_path / "journal.db")

    before = clusters.start("kept", ("hdfs", "hive"))
    with rig(before).session() as session:
        run(session, "create table kept stored as parquet as select 1 as a")
        run(session, "insert into kept select 2")
    clusters.stop("kept", keep_data=True)
    after = clusters.start("kept", ("hdfs", "hive"))
    assert after.ports["namenode-rpc"] == before.ports["namenode-rpc"]
    with rig(after).session() as session:
        assert sorted(rows(session, "select a from kept")) == [(1,), (2,)]
        run(session, "insert into kept select 3")
        assert len(rows(session, "select a from kept")) == 3
