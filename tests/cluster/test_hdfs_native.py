"""hdfs-native on real daemons: the contract once more, and DataNodes that die or fall silent."""

from __future__ import annotations

import os
import secrets
import signal
from collections.abc import Iterator
from importlib.util import find_spec

import pytest
from hdfs_rig import HdfsRig, alone, calm, hdfs_rig, until  # noqa: F401 -- fixtures

from emr_nb.errors import PathDeniedError
from emr_nb.files.hdfs_bulk import Bulk
from emr_nb.files.webhdfs import WebHdfs
from emr_nb.model import Endpoint, FileEntry, FilePath
from emr_nb.testing.filesystems import DeniedContract, FileSystemContract, at_once, content

pytestmark = pytest.mark.skipif(find_spec("hdfs_native") is None, reason="needs emr-nb[fast-hdfs]")

PIECE = bytes(range(251)) * 4177  # about 1 MiB, no period that a segment shares
NODES = ("datanode", pytest.param("datanode2", marks=pytest.mark.full))


def native(rig: HdfsRig, user: str, seconds: float = 20.0) -> WebHdfs:
    """Return a store that asks hdfs-native for every read."""
    rpc = Endpoint("hdfs", "localhost", rig.state.ports["namenode-rpc"], "hdfs")
    fs = rig.store(user, rig.webhdfs, rpc)
    fs._bulk = Bulk(fs._context, fs._nodes, worth=1, seconds=seconds)
    return fs


def by_it(fs: WebHdfs, entry: FileEntry, start: int, end: int) -> bytes:
    """Return what comes without WebHDFS's help."""
    reading = fs._bulk.reading(lambda _, __: iter(()), entry, end - start)
    assert reading is not None
    return b"".join(reading.fast(start, end))


@pytest.fixture(scope="module")
def annas(hdfs_rig: HdfsRig) -> Iterator[WebHdfs]:  # noqa: F811
    """A store whose processes serve all tests of the contract."""
    fs = native(hdfs_rig, "anna")
    yield fs
    assert not fs._bulk.given_up


@pytest.mark.usefixtures("calm")
class TestNative(FileSystemContract, DeniedContract):
    refused_names = frozenset({"a:b"})  # a colon is not allowed in HDFS

    def fill(self, fs, folder, wanted):
        at_once(lambda n: [fs.mkdir(folder.child(name)) for name in wanted[n::8]])

    @pytest.fixture
    def fs(self, annas: WebHdfs) -> WebHdfs:
        return annas

    @pytest.fixture
    def root(self, hdfs_rig: HdfsRig) -> FilePath:  # noqa: F811
        return hdfs_rig.folder()

    @pytest.fixture
    def denied(self, hdfs_rig: HdfsRig) -> FilePath:  # noqa: F811
        folder = FilePath("hdfs", "", f"/tmp/closed-{secrets.token_hex(4)}")
        other = native(hdfs_rig, "bert")
        other.mkdir(folder)
        other.chmod(folder, "700")
        return folder

    def test_the_bytes_are_its_work(self, fs, root):
        path = root.child("mine")
        fs.write(path, [PIECE] * 3)
        assert by_it(fs, fs.info(path), 5, 2_000_000) == (PIECE * 2)[5:2_000_000]
        assert fs._bulk._failures == 0

    def test_it_acts_as_the_attached_user(self, fs, hdfs_rig, root):  # noqa: F811
        path = root.child("mine")
        fs.write(path, [b"private"])
        fs.chmod(path, "600")
        assert by_it(fs, fs.info(path), 0, 7) == b"private"
        bert = native(hdfs_rig, "bert")
        assert by_it(bert, fs.info(path), 0, 7) == b""
        assert bert._bulk._failures == 0  # HDFS's own no
        with pytest.raises(PathDeniedError, match="bert"):
            content(bert, path)


@pytest.fixture
def whole(hdfs_rig: HdfsRig) -> Iterator[HdfsRig]:  # noqa: F811
    """The cluster, made whole again afterwards."""
    yield hdfs_rig
    hdfs_rig.bring()
    until(lambda: hdfs_rig.store("anna").health().live_nodes == 2)


@pytest.fixture
def large(hdfs_rig: HdfsRig) -> FilePath:  # noqa: F811
    """A file of 64 pieces that both DataNodes have."""
    fs, path = hdfs_rig.store("anna"), hdfs_rig.folder().child("large")
    fs.write(path, (PIECE for _ in range(64)))
    fs.setrep(path, 2)
    detail = lambda: dict(fs.detail(path).facts)["on DataNodes"]  # noqa: E731
    until(lambda: detail().count("localhost") == 2)
    return path


@pytest.mark.usefixtures("alone")
class TestFaults:
    @pytest.mark.parametrize("node", NODES)
    def test_a_datanode_that_dies_in_mid_read(self, whole, large, node):
        fs = native(whole, "anna")
        reader = fs.read(large)
        got = [next(reader)]
        whole.end(node)
        got += reader
        assert b"".join(got) == PIECE * 64
        assert content(fs, large, 7, 100) == (PIECE * 2)[7:107]

    @pytest.mark.full
    @pytest.mark.parametrize("node", NODES)
    def test_a_datanode_that_falls_silent_in_mid_read(self, hdfs_rig, large, node):  # noqa: F811
        """hdfs-native would wait for ever; of the two nodes it reads from one."""
        fs = native(hdfs_rig, "anna", seconds=3)
        reader = fs.read(large)
        got = [next(reader)]
        known = hdfs_rig.state.daemon(node)
        assert known is not None
        os.kill(known.pid, signal.SIGSTOP)
        try:
            got += reader
        finally:
            os.kill(known.pid, signal.SIGCONT)
        assert b"".join(got) == PIECE * 64
        assert fs._bulk._failures <= 1

    @pytest.mark.full
    def test_a_namenode_that_restarts_is_asked_again(self, whole, large):
        fs = native(whole, "anna")
        assert content(fs, large) == PIECE * 64
        whole.end("namenode")
        whole.bring()
        until(lambda: fs.health().live_nodes == 2)
        assert content(fs, large) == PIECE * 64
        assert by_it(fs, fs.info(large), 0, 100) == PIECE[:100]
