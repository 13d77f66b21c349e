"""A cluster with Hive: what is chosen, configured and published; the daemons are tested apart."""

import pytest

from emr_nb.aws.services import services_of
from emr_nb.errors import UsageError
from emr_nb.local import state as st
from emr_nb.local.apps import APPS, service_of, with_needs
from emr_nb.local.conf import core_site, spark_defaults, write_spark
from emr_nb.local.hive import Hive
from emr_nb.local.hive_conf import metastore_site, server_site
from emr_nb.local.livy import livy_conf
from emr_nb.local.lockfile import load
from emr_nb.local.parts import Cache
from emr_nb.local.plan import Plan, StartsAfter
from emr_nb.local.register import applications, configurations
from emr_nb.local.starting import _WORDS
from emr_nb.model import Application, Cluster, Configuration, Endpoint

WITH_HIVE = ("hdfs", "hive", "spark", "aws")


@pytest.fixture
def plan(tmp_path):
    def make(apps):
        uses = [use for app in apps for use in service_of(app).ports]
        ports = {use: 20000 + number for number, use in enumerate(uses)}
        assert len(ports) == len(uses)
        return Plan("x", "ada", st.Folders(tmp_path / "x"), Cache(tmp_path), ports, apps)

    return make


def test_it_comes_when_it_is_asked_for():
    assert "hive" not in with_needs(APPS)
    assert with_needs(["hive"]) == ("hdfs", "hive")
    assert with_needs([*APPS, "hive"]) == WITH_HIVE


def test_it_begins_when_hdfs_has_its_folders():
    assert isinstance(Hive(), StartsAfter)
    assert Hive().after == ("hdfs",)
    assert not any(isinstance(service_of(app), StartsAfter) for app in APPS)


def test_the_execution_engine_is_the_safe_one_and_no_session_changes_it(plan, monkeypatch):
    site = server_site(plan(WITH_HIVE))
    assert site["hive.execution.engine"] == "mr"
    assert "hive.execution.engine" in site["hive.conf.restricted.list"].split(",")
    monkeypatch.setenv("EMR_NB_HIVE_ENGINE", "tez")
    assert server_site(plan(WITH_HIVE))["hive.execution.engine"] == "tez"
    monkeypatch.setenv("EMR_NB_HIVE_ENGINE", "spark")
    with pytest.raises(UsageError, match="mr or tez"):
        server_site(plan(WITH_HIVE))


def test_users_act_as_themselves(plan, tmp_path):
    made = plan(WITH_HIVE)
    assert server_site(made)["hive.server2.enable.doAs"] == "true"
    assert core_site(made)["hadoop.proxyuser.hive.hosts"] == "*"
    launcher = tmp_path / "launcher.jar"
    for spec in (Hive().metastore(made, launcher), Hive().server(made, launcher)):
        # as a variable it would be the user of every session
        assert "HADOOP_USER_NAME" not in spec.environment
        assert "-DHADOOP_USER_NAME=hive" in spec.command


def test_all_stand_on_one_metastore_and_warehouse(plan):
    made = plan(WITH_HIVE)
    place = f"{made.default_fs}/user/hive/warehouse"
    assert metastore_site(made)["hive.metastore.warehouse.dir"] == place
    assert server_site(made)["hive.metastore.warehouse.dir"] == place
    assert spark_defaults(made)["spark.sql.warehouse.dir"] == place
    assert spark_defaults(made)["spark.emr_nb.catalog"] == "hive"  # for our driver
    write_spark(made)
    site = (made.folders.conf / "spark" / "hive-site.xml").read_text()
    assert f"thrift://localhost:{made.ports['metastore']}" in site


def test_a_cluster_without_it_is_as_it_was(plan):
    made = plan(APPS)
    assert "spark.sql.catalogImplementation" not in spark_defaults(made)
    assert "spark.emr_nb.catalog" not in spark_defaults(made)
    write_spark(made)
    assert not (made.folders.conf / "spark" / "hive-site.xml").exists()


def test_it_is_published_as_emr_publishes_it(plan):
    made = plan(WITH_HIVE)
    cluster = Cluster(
        id="j-1",
        name="x",
        state="WAITING",
        release="emr-7.9.0",
        primary_dns="localhost",
        applications=tuple(Application(a["Name"], a["Version"]) for a in applications(made)),
        configurations=tuple(
            Configuration(c["Classification"], c["Properties"]) for c in configurations(made)
        ),
    )
    (hive,) = (s for s in services_of(cluster) if s.name == "hive")
    assert hive.endpoints == (Endpoint("hive", "localhost", made.ports["hive"], "thrift"),)
    assert hive.version == "3.1.3"
    assert hive.properties["hive.execution.engine"] == "mr"


def test_the_two_sets_stand_on_one_class_path():
    metastore, hive = load("metastore"), load("hive")
    assert metastore.version == hive.version == "3.1.3"
    artifacts = [f.coordinate.split(":")[1] for f in (*metastore.files, *hive.files)]
    assert len(artifacts) == len(set(artifacts))


def test_a_start_names_its_daemons():
    assert {"metastore", "hiveserver2"} <= set(_WORDS)


def test_a_livy_of_the_users_own_is_told_itself(plan, tmp_path, monkeypatch):
    assert "livy.repl.enable-hive-context" not in livy_conf(plan(WITH_HIVE))
    (tmp_path / "livy" / "jars").mkdir(parents=True)
    monkeypatch.setenv("EMR_NB_LIVY_HOME", str(tmp_path / "livy"))
    assert livy_conf(plan(WITH_HIVE))["livy.repl.enable-hive-context"] == "true"
    assert "livy.repl.enable-hive-context" not in livy_conf(plan(APPS))
