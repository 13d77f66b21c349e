"""The file-system contract on a real NameNode and DataNode, and HDFS's own promises."""

from __future__ import annotations

import os
import secrets
import threading
from typing import Any

import pytest

from emr_nb.context import ClusterContext
from emr_nb.errors import HttpStatusError, PathDeniedError, PathNotFoundError
from emr_nb.files.webhdfs import WebHdfs, WebHdfsFactory
from emr_nb.model import Cluster, Endpoint, FilePath, Service
from emr_nb.settings import Settings
from emr_nb.testing.fault_proxy import FaultProxy, Rule
from emr_nb.testing.filesystems import DeniedContract, FileSystemContract, at_once, content, names
from emr_nb.transport.direct import DirectRoute

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="session")
def webhdfs(request: pytest.FixtureRequest) -> Endpoint:
    """The local cluster's NameNode, or with EMR_NB_TEST_WEBHDFS=HOST:PORT one that runs."""
    host, _, port = os.environ.get("EMR_NB_TEST_WEBHDFS", "").partition(":")
    if not host:
        cluster = request.getfixturevalue("local_cluster")
        host, port = "localhost", cluster.state.ports["namenode-http"]
    return Endpoint("webhdfs", host, int(port))


def hdfs(endpoint: Endpoint, user: str) -> WebHdfs:
    absent: Any = None  # HDFS asks neither AWS nor the journal
    context = ClusterContext(
        cluster=Cluster("j-TEST", "test", "WAITING"),
        services=(Service("webhdfs", (endpoint,)),),
        route=DirectRoute(timeout=20),
        access=absent,
        journal=absent,
        settings=Settings(request_timeout=20),
        user=user,
    )
    return WebHdfsFactory()(context)


class TestHdfs(FileSystemContract, DeniedContract):
    refused_names = frozenset({"a:b"})  # a colon is not allowed in HDFS

    def fill(self, fs, folder, wanted):
        # completing a file takes HDFS 0.4 s when its block is reported late
        at_once(lambda n: [fs.mkdir(folder.child(name)) for name in wanted[n::8]])

    @pytest.fixture
    def fs(self, webhdfs: Endpoint) -> WebHdfs:
        return hdfs(webhdfs, "anna")

    @pytest.fixture
    def root(self, webhdfs: Endpoint) -> FilePath:
        root = FilePath("hdfs", "", f"/tmp/contract-{secrets.token_hex(4)}")
        hdfs(webhdfs, "anna").mkdir(root)
        return root

    @pytest.fixture
    def denied(self, webhdfs: Endpoint) -> FilePath:
        folder = FilePath("hdfs", "", f"/tmp/closed-{secrets.token_hex(4)}")
        other = hdfs(webhdfs, "bert")
        other.mkdir(folder)
        other._nodes.call("PUT", folder, "SETPERMISSION", {"permission": "700"})
        return folder

    def test_who_i_am_owns_what_i_write(self, fs, root):
        entry = fs.write(root.child("mine"), [b"x"])
        assert entry.owner == "anna"
        assert entry.permissions
        assert entry.replication == 1

    def test_a_denied_read_names_the_user(self, fs, denied):
        with pytest.raises(PathDeniedError, match="'anna'"):
            fs.ls(denied)

    def test_dots_do_not_leave(self, fs, root):
        fs.write(root.child("a"), [b"x"])
        assert content(fs, root.child("b").child("..").child("a")) == b"x"


class TestHdfsFaults:
    """Faults between us and real daemons: nothing is lost, doubled or half there."""

    @pytest.fixture
    def root(self, webhdfs: Endpoint) -> FilePath:
        root = FilePath("hdfs", "", f"/tmp/faults-{secrets.token_hex(4)}")
        hdfs(webhdfs, "anna").mkdir(root)
        return root

    @pytest.fixture
    def proxy(self, webhdfs: Endpoint):
        with FaultProxy(webhdfs.host, webhdfs.port) as proxy:
            yield proxy

    @pytest.fixture
    def fs(self, proxy: FaultProxy) -> WebHdfs:
        return hdfs(Endpoint("webhdfs", "localhost", proxy.port), "anna")

    @pytest.mark.parametrize("operation", ["RENAME", "DELETE"])
    @pytest.mark.parametrize("action", ["drop_reply", "truncate"])
    def test_a_lost_reply_to_what_was_done(self, fs, proxy, root, operation, action):
        proxy.add(Rule("PUT|DELETE", rf"op={operation}(&|$)", action, times=1))
        if operation == "RENAME":
            assert fs.write(root.child("file"), [b"whole"]).size == 5
            assert content(fs, root.child("file")) == b"whole"
        else:
            fs.write(root.child("file"), [b"x"])
            fs.rm(root.child("file"))
            assert names(fs, root) == set()
        assert proxy.count(rf"op={operation}(&|$)") == 1

    @pytest.mark.parametrize("status", [502, 503, 504])
    def test_a_listing_outlasts_a_bad_moment(self, fs, proxy, root, status):
        proxy.add(Rule("GET", "op=LISTSTATUS", "status", status=status, times=2))
        assert names(fs, root) == set()

    def test_a_create_that_fails_leaves_nothing(self, fs, proxy, root):
        proxy.add(Rule("PUT", "op=RENAME", "instead", status=500))
        with pytest.raises(HttpStatusError, match="500"):
            fs.write(root.child("file"), [b"x"])
        assert names(fs, root) == set()

    def test_reads_go_on_at_the_same_byte(self, webhdfs, root):
        plain = hdfs(webhdfs, "anna")
        data = bytes(range(256)) * 40_000
        plain.write(root.child("big"), [data])
        reply = plain._nodes.call("GET", root.child("big"), "OPEN")
        from urllib.parse import urlsplit

        at = urlsplit(reply.headers["location"])
        with (
            FaultProxy(at.hostname, at.port) as datanode,
            FaultProxy(webhdfs.host, webhdfs.port) as namenode,
        ):
            # replies of the NameNode name the proxy instead of the DataNode
            namenode.add(
                Rule("GET", "op=OPEN", "rewrite", find=f":{at.port}/", replace=f":{datanode.port}/")
            )
            datanode.add(Rule("GET", "op=OPEN", "truncate", after_bytes=3_000_000, times=2))
            broken = hdfs(Endpoint("webhdfs", "localhost", namenode.port), "anna")
            assert content(broken, root.child("big")) == data
            offsets = [
                int(call.target.split("offset=")[1].split("&")[0]) for call in datanode.calls
            ]
            assert offsets == sorted(set(offsets))
            assert offsets[0] == 0
            assert datanode.count("op=OPEN") == 3

    def test_a_missing_file_is_missing_for_eight_threads(self, fs, root):
        wrong: list[object] = []

        def work() -> None:
            try:
                fs.info(root.child("nothing"))
                wrong.append("found")
            except PathNotFoundError:
                pass

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []
