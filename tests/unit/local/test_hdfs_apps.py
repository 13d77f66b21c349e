"""HttpFS and further DataNodes as applications of the local cluster."""

import pytest

from emr_nb.errors import LocalClusterError, UsageError
from emr_nb.local import state as st
from emr_nb.local.apps import TITLES, parts_of, service_of, with_needs
from emr_nb.local.conf import core_site
from emr_nb.local.datanodes import MOST, with_datanodes
from emr_nb.local.own import own_settings
from emr_nb.local.parts import Cache
from emr_nb.local.plan import Plan
from emr_nb.local.register import configurations
from emr_nb.local.starting import _WORDS


@pytest.fixture
def plan(tmp_path):
    apps = with_needs(with_datanodes(("httpfs",), 3))
    uses = [use for app in apps for use in service_of(app).ports]
    ports = {use: 20000 + number for number, use in enumerate(uses)}
    return Plan("x", "ada", st.Folders(tmp_path / "x"), Cache(tmp_path), ports, apps)


def test_datanodes_start_after_hdfs_and_are_known_by_name(plan):
    assert plan.apps == ("hdfs", "datanode2", "datanode3", "httpfs")
    assert parts_of(plan.apps) == ("java", "hdfs", "httpfs")
    assert set(plan.apps) <= set(TITLES)
    for app in plan.apps:
        assert {spec.name for spec in service_of(app).daemons(plan)} <= set(_WORDS)


def test_each_datanode_has_its_own_data_and_ports(plan):
    commands = [service_of(f"datanode{n}").daemons(plan)[0].command for n in (2, 3)]
    own = [{part for part in command if part.startswith("-Ddfs.")} for command in commands]
    assert all(len(found) == 4 for found in own)
    assert own[0].isdisjoint(own[1])


@pytest.mark.parametrize("count", [0, -1, MOST + 1])
def test_no_other_number_of_datanodes(count):
    with pytest.raises(UsageError, match=f"1 to {MOST}"):
        with_datanodes(("hdfs",), count)
    assert with_datanodes(("hdfs",), 1) == ("hdfs",)


def test_httpfs_may_act_for_its_users_and_is_found(plan):
    assert core_site(plan)["hadoop.proxyuser.httpfs.hosts"] == "*"
    found = {c["Classification"]: c["Properties"] for c in configurations(plan)}
    assert found["httpfs-site"] == {"httpfs.http.port": str(plan.ports["httpfs"])}
    service_of("httpfs").prepare(plan)
    secret = plan.folders.conf / "httpfs" / "httpfs-signature.secret"
    assert secret.stat().st_mode & 0o77 == 0
    before = secret.read_text()
    service_of("httpfs").prepare(plan)
    assert secret.read_text() == before


def test_own_settings_of_hdfs(tmp_path, monkeypatch):
    own = tmp_path / "mine"
    own.write_text("# a note\n\nfs.trash.interval  60\ndfs.blocksize 1048576\n")
    monkeypatch.setenv("EMR_NB_HDFS_SITE", str(own))
    assert own_settings("EMR_NB_HDFS_SITE") == {
        "fs.trash.interval": "60",
        "dfs.blocksize": "1048576",
    }
    monkeypatch.setenv("EMR_NB_HDFS_SITE", str(tmp_path / "none"))
    with pytest.raises(LocalClusterError, match="EMR_NB_HDFS_SITE names no file"):
        own_settings("EMR_NB_HDFS_SITE")
    monkeypatch.delenv("EMR_NB_HDFS_SITE")
    assert own_settings("EMR_NB_HDFS_SITE") == {}
