"""Daemons of HDFS that die or refuse, while their files are read and written."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from hdfs_rig import HdfsRig, alone, hdfs_rig, until  # noqa: F401 -- fixtures

from emr_nb.errors import ConnectFailedError, FileError, TransportError
from emr_nb.files.webhdfs import WebHdfs
from emr_nb.local.hdfs import SUPERUSER
from emr_nb.local.parts import Cache
from emr_nb.local.plan import Plan
from emr_nb.model import Endpoint, FilePath
from emr_nb.testing.fault_proxy import FaultProxy, Rule
from emr_nb.testing.filesystems import content, names

pytestmark = pytest.mark.usefixtures("alone")

PIECE = bytes(range(251)) * 4177  # about 1 MiB, no period that a segment shares


@pytest.fixture
def root(hdfs_rig: HdfsRig) -> FilePath:  # noqa: F811
    return hdfs_rig.folder()


@pytest.fixture
def whole(hdfs_rig: HdfsRig) -> Iterator[HdfsRig]:  # noqa: F811
    """The cluster, made whole again afterwards."""
    yield hdfs_rig
    hdfs_rig.bring()
    until(lambda: hdfs_rig.store("anna").health().live_nodes == 2)


def holders(rig: HdfsRig, path: FilePath) -> list[str]:
    """Return the DataNodes (daemons) that have the first block, the NameNode's choice first."""
    ports = {rig.state.ports[name]: name for name in ("datanode", "datanode2")}
    query = {"offset": "0", "length": "1"}
    found: Any = rig.ask(path, "GET_BLOCK_LOCATIONS", "GET", **query)
    (block,) = found["LocatedBlocks"]["locatedBlocks"]
    return [ports[where["xferPort"]] for where in block["locations"]]


def asked(fs: WebHdfs) -> list[int]:
    """Return the HTTP ports of the DataNodes that a store has asked."""
    direct = fs._nodes._direct
    assert direct is not None
    return [port for _, _, port in direct._datanodes]


@pytest.mark.parametrize("streams", [pytest.param(1, marks=pytest.mark.full), 8])
def test_a_datanode_that_dies_in_mid_read_is_left_for_another(whole, root, streams):
    fs = whole.store("anna")
    path = root.child("big")
    fs.write(path, (PIECE for _ in range(48)))
    fs.setrep(path, 2)
    until(lambda: len(holders(whole, path)) == 2)
    fs = whole.store("anna")
    fs._pace.settle(streams)
    reader = fs.read(path)
    got = [next(reader)]
    by_port = {whole.state.ports[f"{name}-http"]: name for name in ("datanode", "datanode2")}
    whole.end(next(by_port[port] for port in asked(fs)))
    got += reader
    assert b"".join(got) == PIECE * 48
    assert {by_port[port] for port in asked(fs)} == {"datanode", "datanode2"}
    assert content(fs, path, 7, 100) == (PIECE * 2)[7:107]  # a new read finds its way too


@pytest.mark.full
def test_a_datanode_that_dies_in_mid_write_leaves_nothing(whole, root):
    fs = whole.store("anna")

    def chunks() -> Iterator[bytes]:
        for number in range(40):
            if number == 20:
                (temporary,) = names(fs, root)
                whole.end(holders(whole, root.child(temporary))[0])
            yield PIECE

    with pytest.raises(TransportError, match=r"(?s)DataNode .*nothing .*name"):
        fs.write(root.child("big"), chunks())
    assert names(fs, root) == set()


@pytest.mark.full
def test_blocks_that_are_missing_are_told(whole, root):
    fs = whole.store("anna")
    path = root.child("only-one")
    fs.write(path, [PIECE])
    (holder,) = holders(whole, path)
    whole.end(holder)
    with pytest.raises((TransportError, FileError)):
        content(fs, path)
    until(lambda: fs.health().dead_nodes == 1)
    told = fs.health()
    assert told.live_nodes == 1
    until(lambda: bool(fs.health().missing))
    detail = fs.detail(path)
    assert not detail.readable
    assert detail.reason.startswith("1 of its 1 blocks are missing")
    assert dict(detail.facts)["blocks"] == "1, 1 missing"
    with pytest.raises(FileError, match="block"):
        content(fs, path)
    whole.bring()
    until(lambda: fs.detail(path).readable)
    assert content(fs, path) == PIECE


def test_a_namenode_that_restarts(whole, root):
    fs = whole.store("anna")
    both = whole.store("anna", whole.webhdfs, whole.httpfs)
    fs.write(root.child("file"), [b"x"])
    whole.end("namenode")
    for store in (fs, both):  # HttpFS asks the same NameNode, and is no way round
        with pytest.raises(ConnectFailedError, match=r"(?s)webhdfs at .*is the service running"):
            store.info(root.child("file"))
    whole.bring()
    until(lambda: fs.health().live_nodes == 2)
    assert content(fs, root.child("file")) == b"x"
    assert content(both, root.child("file")) == b"x"


@pytest.mark.parametrize("way", ["webhdfs", pytest.param("httpfs", marks=pytest.mark.full)])
def test_safe_mode_is_told_and_reads_go_on(hdfs_rig, root, way):  # noqa: F811
    fs = hdfs_rig.store("anna", getattr(hdfs_rig, way))
    # where a test before had the NameNode restarted, a DataNode's first call of it may fail
    until(lambda: writes(fs, root.child("file")))
    dfsadmin(hdfs_rig, "-safemode", "enter")
    try:
        for act in (
            lambda: fs.write(root.child("new"), [b"x"]),
            lambda: fs.rm(root.child("file")),
            lambda: fs.mkdir(root.child("folder")),
            lambda: fs.mv(root.child("file"), root.child("moved")),
        ):
            with pytest.raises(FileError, match="safe mode and takes no changes"):
                act()
        assert content(fs, root.child("file")) == b"kept"
        assert names(fs, root) == {"file"}
        assert "Safe mode" in (hdfs_rig.store("anna").health().safe_mode or "")
    finally:
        dfsadmin(hdfs_rig, "-safemode", "leave")
    fs.write(root.child("new"), [b"x"])


def writes(fs: WebHdfs, path: FilePath) -> bool:
    """Write a small file; tell whether HDFS took it."""
    try:
        fs.write(path, [b"kept"], overwrite=True)
    except FileError:
        return False
    return True


def dfsadmin(rig: HdfsRig, *arguments: str) -> None:
    """Run Hadoop's own tool for administrators."""
    state = rig.state
    folders = rig.clusters.folders(state.name)
    cache = Cache(rig.clusters.settings.cache_home)
    plan = Plan(state.name, state.user, folders, cache, state.ports, state.apps)
    jars = ":".join([str(plan.hadoop_conf), *map(str, cache.jars("hdfs"))])
    command = plan.java("org.apache.hadoop.hdfs.tools.DFSAdmin", jars, "-XX:TieredStopAtLevel=1")
    environment = plan.environment(SUPERUSER)
    subprocess.run([*command, *arguments], env=environment, check=True, capture_output=True)


class TestReach:
    """HttpFS serves where WebHDFS cannot be reached."""

    @pytest.fixture
    def closed(self) -> Endpoint:
        """A port that nobody listens at."""
        with FaultProxy("localhost", 1) as gone:
            return Endpoint("webhdfs", "localhost", gone.port)

    def test_no_namenode(self, hdfs_rig: HdfsRig, root: FilePath, closed: Endpoint):  # noqa: F811
        fs = hdfs_rig.store("anna", closed, hdfs_rig.httpfs)
        works(fs, root)
        assert fs._nodes.by_gateway

    def test_no_datanode(self, hdfs_rig: HdfsRig, root: FilePath):  # noqa: F811
        with FaultProxy("localhost", hdfs_rig.webhdfs.port) as proxy:
            proxy.add(
                Rule("GET|PUT", "op=(OPEN|CREATE|GETFILECHECKSUM)", "rewrite",
                     find="://localhost:", replace="://127.0.0.2:")
            )  # fmt: skip
            here = Endpoint("webhdfs", "localhost", proxy.port)
            with pytest.raises(TransportError):
                works(hdfs_rig.store("anna", here), root)
            works(hdfs_rig.store("anna", here, hdfs_rig.httpfs), root)
            assert proxy.count("op=CREATE") == 5  # three tries, then one and one more
            assert proxy.count("op=OPEN") == 0


def works(fs: WebHdfs, root: FilePath) -> None:
    path = root.child("file")
    fs.write(path, [b"one"])
    fs.write(path, [b"two"], overwrite=True)
    assert content(fs, path) == b"two"
    assert fs.checksum(path).algorithm
    assert names(fs, root) == {"file"}
