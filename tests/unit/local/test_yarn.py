"""A cluster with YARN: what is chosen, configured and published; the daemons are tested apart."""

from dataclasses import replace

import pytest

from emr_nb.aws.services import services_of
from emr_nb.engines.yarn import Yarn
from emr_nb.errors import UsageError
from emr_nb.local import state as st
from emr_nb.local.apps import APPS, service_of, with_needs, with_yarn
from emr_nb.local.conf import spark_defaults
from emr_nb.local.lifecycle import LocalClusters
from emr_nb.local.livy import livy_conf
from emr_nb.local.parts import Cache
from emr_nb.local.plan import Plan
from emr_nb.local.processes import MARKER
from emr_nb.local.provider import LocalProvider
from emr_nb.local.register import configurations
from emr_nb.local.starting import _WORDS
from emr_nb.local.yarn import QUEUES, capacity_scheduler, yarn_site
from emr_nb.model import Application, Cluster, Configuration
from emr_nb.settings import Settings
from emr_nb.transport.direct import DirectRoute

WITH_YARN = ("hdfs", "yarn", "spark", "aws")


@pytest.fixture
def plan(tmp_path):
    def make(apps):
        uses = [use for app in apps for use in service_of(app).ports]
        ports = {use: 20000 + number for number, use in enumerate(uses)}
        assert len(ports) == len(uses)
        return Plan("x", "ada", st.Folders(tmp_path / "x"), Cache(tmp_path), ports, apps)

    return make


def test_it_comes_when_it_is_asked_for():
    assert "yarn" not in with_needs(APPS)
    assert with_yarn() == WITH_YARN
    assert with_needs(["yarn"]) == ("hdfs", "yarn")


def test_sessions_run_where_the_cluster_says(plan):
    for apps, master, mode in ((APPS, "local[2]", "client"), (WITH_YARN, "yarn", "cluster")):
        made = plan(apps)
        conf = livy_conf(made)
        assert (conf["livy.spark.master"], conf["livy.spark.deploy-mode"]) == (master, mode)
        assert spark_defaults(made).get("spark.master", "local[2]") == master
        published = {c["Classification"]: c["Properties"] for c in configurations(made)}
        assert published["spark-defaults"]["spark.master"] == master


def test_the_manager_is_found_through_emrs_configuration(plan):
    found = configurations(plan(WITH_YARN))
    cluster = Cluster(
        "j-1",
        "x",
        "WAITING",
        release="emr-7.9.0",
        primary_dns="localhost",
        applications=(Application("Hadoop", "3.4.2"), Application("Spark"), Application("Livy")),
        configurations=tuple(Configuration(c["Classification"], c["Properties"]) for c in found),
    )
    services = services_of(cluster)
    port = plan(WITH_YARN).ports["rm-http"]
    ends = {s.name: s.endpoints[0] for s in services if s.endpoints}
    assert ends["yarn"].url == f"http://localhost:{port}"
    assert ends["spark-ui"].url == f"http://localhost:{port}/proxy"
    route = DirectRoute()
    assert Yarn.of(route, services) is not None
    route.close()


def test_queues_share_the_whole_and_containers_bear_the_mark(plan):
    site, queues = yarn_site(plan(WITH_YARN)), capacity_scheduler()
    assert sum(QUEUES.values()) == 100
    assert queues["yarn.scheduler.capacity.root.queues"] == ",".join(QUEUES)
    assert len(QUEUES) >= 2
    assert site["yarn.nodemanager.admin-env"].startswith(f"{MARKER}=/")
    assert "yarn.nodemanager.pmem-check-enabled" not in site  # on, as on EMR


def test_every_daemon_has_a_name_for_people(plan):
    made = plan(WITH_YARN)
    for app in ("hdfs", "yarn"):
        service = service_of(app)
        assert {spec.name for spec in service.daemons(made)} <= set(_WORDS)


@pytest.fixture
def clusters(tmp_path):
    return LocalClusters(replace(Settings(), data_home=tmp_path))


def known(clusters, apps, *, running):
    import os

    from emr_nb.journal import process_started

    folders = clusters.folders("x")
    folders.root.mkdir(parents=True)
    pid = os.getpid() if running else 0
    keeper = st.Daemon("keeper", "", pid, process_started(pid) if running else 0.0)
    st.save(folders, st.State("x", "ada", apps, keeper))


def test_a_cluster_that_has_it_keeps_it(clusters):
    known(clusters, WITH_YARN, running=False)
    assert clusters.remembered("x", APPS) == WITH_YARN
    assert clusters.remembered("x", ("hdfs",)) == ("hdfs",)
    assert clusters.remembered("other", APPS) == APPS


def test_one_that_runs_without_it_is_not_changed(clusters):
    known(clusters, APPS, running=True)
    with pytest.raises(UsageError, match="runs without YARN") as caught:
        clusters.remembered("x", with_yarn())
    assert "%emr attach local:yarn --yarn" in str(caught.value)


def test_one_that_has_ended_may_get_it(clusters):
    known(clusters, APPS, running=False)
    assert clusters.remembered("x", with_yarn()) == WITH_YARN


def test_targets_with_it(tmp_path):
    provider = LocalProvider(replace(Settings(), data_home=tmp_path))
    for target in ("local", "local+yarn", "local:b", "local:b+yarn"):
        assert provider.handles(target)
    assert not provider.handles("prod+yarn")
