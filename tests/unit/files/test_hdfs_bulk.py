"""hdfs-native beside WebHDFS: when it is asked, and what becomes of a read when it fails.

The process and all between is real; the library in it is the shipped stand-in.
"""

from __future__ import annotations

import json
import os
import random
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from inspect import signature
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from servers import Peer, Server, reply, serving

from emr_nb.context import ClusterContext
from emr_nb.errors import PathDeniedError
from emr_nb.files.hdfs_bulk import Bulk
from emr_nb.files.hdfs_reach import Reach, UnreachableError, rpc_addresses
from emr_nb.files.hdfs_worker import Worker
from emr_nb.files.pace import Sizes
from emr_nb.files.webhdfs import WebHdfs
from emr_nb.model import Cluster, Endpoint, FileEntry, FilePath, Service
from emr_nb.settings import Settings
from emr_nb.testing import fake_hdfs_native
from emr_nb.testing.fake_hdfs_native import BREAKS_AT
from emr_nb.testing.fs_faults import interrupted_after
from emr_nb.testing.fs_helpers import content
from emr_nb.transport.direct import DirectRoute

DATA = random.Random(7).randbytes(2_000_000)
MODIFIED = datetime(2026, 2, 3, 4, 5, 6, 789_000, tzinfo=UTC)


@dataclass
class Rig:
    """A NameNode that knows the files of a folder, whose bytes it also serves; a store on it."""

    root: Path
    server: Server
    fs: WebHdfs

    @property
    def clients(self) -> list[dict[str, Any]]:
        """What the processes that came up said of themselves."""
        file = self.root / "clients"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    @property
    def offsets(self) -> list[int]:
        """Where WebHDFS was asked to begin, by order."""
        asked = [parse_qs(urlsplit(p.line.split(" ")[1]).query) for p in self.server.requests]
        return [int(q["offset"][0]) for q in asked if q["op"] == ["OPEN"] and "hop" in q]

    def path(self, name: str) -> FilePath:
        """Return a file that is called like this, made where it is not there."""
        file = self.root / name
        if not file.exists():
            file.write_bytes(DATA)
            os.utime(file, (MODIFIED.timestamp(), MODIFIED.timestamp()))
        return FilePath("hdfs", "", f"/dir/{name}")


class NameNode:
    """Answers what a read asks: status, block locations, and a redirect to itself for bytes."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.port = 0
        self.extra: dict[str, Any] = {}
        self.datanode = ("127.0.0.1", "localhost", 0)

    def act(self, peer: Peer) -> bool | None:
        target = urlsplit(peer.line.split(" ")[1])
        query = {key: value[0] for key, value in parse_qs(target.query).items()}
        file = self.root / target.path.rpartition("/")[2]
        operation = query["op"]
        if operation == "OPEN" and "hop" not in query:
            at = f"http://localhost:{self.port}{target.path}?{target.query}&hop=1"
            peer.sock.sendall(reply("307 Temporary", b"", f"Location: {at}"))
        elif operation == "OPEN":
            if file.name.startswith("denied"):
                told = {"exception": "AccessControlException", "message": "no"}
                body = json.dumps({"RemoteException": told}).encode()
                peer.sock.sendall(reply("403 Forbidden", body))
            else:
                start = int(query["offset"])
                body = file.read_bytes()[start : start + int(query["length"])]
                peer.sock.sendall(reply("200 OK", body))
        else:
            peer.sock.sendall(reply("200 OK", json.dumps(self._told(operation, file)).encode()))
        return None

    def _told(self, operation: str, file: Path) -> dict[str, Any]:
        if operation == "GETFILESTATUS":
            modified = int(file.stat().st_mtime * 1000)
            status = {"pathSuffix": "", "type": "FILE", "length": file.stat().st_size,
                      "modificationTime": modified, "blockSize": 128 << 20}  # fmt: skip
            return {"FileStatus": {**status, **self.extra}}
        assert operation == "GET_BLOCK_LOCATIONS"
        address, name, port = self.datanode
        node = {"ipAddr": address, "hostName": name, "xferPort": port, "infoPort": 1}
        return {"LocatedBlocks": {"locatedBlocks": [{"locations": [node]}]}}


@pytest.fixture
def namenode(tmp_path: Path) -> NameNode:
    return NameNode(tmp_path)


@pytest.fixture
def open_port() -> Iterator[int]:
    """A port that takes connections and says nothing: RPC and a DataNode's transfers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.fixture
def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture
def rig(
    tmp_path: Path, namenode: NameNode, open_port: int, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Rig]:
    """Both ways are open, and hdfs-native is installed."""
    library = tmp_path / "library"
    library.mkdir()
    (library / "hdfs_native.py").write_text("from emr_nb.testing.fake_hdfs_native import *\n")
    monkeypatch.syspath_prepend(str(library))
    before = os.environ.get("PYTHONPATH", "")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(library), before])))
    monkeypatch.setenv("EMR_NB_FAKE_HDFS", str(tmp_path))
    monkeypatch.setenv("HADOOP_USER_NAME", "somebody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    namenode.datanode = ("127.0.0.1", "localhost", open_port)
    with serving(namenode.act) as server, store(server.port, open_port) as fs:
        namenode.port = server.port
        yield Rig(tmp_path, server, fs)


@contextmanager
def store(
    port: int, rpc: int, kind: type[DirectRoute] = DirectRoute, **others: Any
) -> Iterator[WebHdfs]:
    """Return a store whose facts name an RPC port, and which asks for every read of it."""
    route = kind(timeout=5)
    context = context_of(port, rpc, route, **others)
    fs = WebHdfs(context)
    fs._bulk = Bulk(context, fs._nodes, worth=1, seconds=20.0)
    try:
        yield fs
    finally:
        fs._bulk._workers.close()
        route.close()


def context_of(port: int, rpc: int, route: DirectRoute, **others: Any) -> ClusterContext:
    absent: Any = None
    told: dict[str, Any] = {
        "cluster": Cluster("j-TEST", "test", "WAITING"),
        "services": (
            Service("webhdfs", (Endpoint("webhdfs", "localhost", port),)),
            Service("hdfs", (Endpoint("hdfs", "localhost", rpc, "hdfs"),)),
        ),
        "route": route,
        "access": absent,
        "journal": absent,
        "settings": Settings(request_timeout=5),
        "user": "anna",
    }
    return ClusterContext(**{**told, **others})


def test_bytes_come_by_it_as_the_attached_user(rig):
    path = rig.path("plain")
    assert content(rig.fs, path) == DATA
    assert content(rig.fs, path, 1_000_000, 70_000) == DATA[1_000_000:1_070_000]
    assert rig.offsets == []  # none came by WebHDFS
    (client,) = rig.clients  # one process served both
    assert client["user"] == "anna"
    assert client["secrets"] == []
    assert os.environ["HADOOP_USER_NAME"] == "somebody"
    assert client["config"]["dfs.client.use.datanode.hostname"] == "false"
    (address,) = [v for k, v in client["config"].items() if k.startswith("dfs.namenode.rpc")]
    assert address.startswith("localhost:")


@pytest.mark.parametrize("name", ["breaks", "ends", "panics", "hangs"])
def test_what_breaks_goes_on_by_webhdfs_at_the_same_byte(rig, name):
    rig.fs._bulk._workers._seconds = 2 if name == "hangs" else 20
    assert content(rig.fs, rig.path(name)) == DATA
    (at,) = rig.offsets
    assert BREAKS_AT <= at < len(DATA)
    assert rig.fs._bulk._failures == 1
    assert content(rig.fs, rig.path("plain")) == DATA  # a failure is no end
    assert len(rig.offsets) == 1
    assert rig.fs._bulk._failures == 0


def test_a_process_that_is_killed_costs_no_byte(rig):
    reader = rig.fs.read(rig.path("hangs"))
    got = [next(reader)]
    os.kill(rig.clients[0]["pid"], 9)
    got += reader
    assert b"".join(got) == DATA
    assert len(rig.offsets) == 1


def test_after_three_failures_it_is_not_asked_any_more(rig):
    for _ in range(5):
        assert content(rig.fs, rig.path("breaks")) == DATA
    assert len(rig.clients) == 3
    assert rig.fs._bulk.given_up
    assert content(rig.fs, rig.path("plain")) == DATA
    assert len(rig.offsets) == 6


def test_a_no_of_hdfs_is_told_by_webhdfs_and_is_no_failure(rig):
    for _ in range(4):
        with pytest.raises(PathDeniedError):
            content(rig.fs, rig.path("denied"))
    assert not rig.fs._bulk.given_up
    assert len(rig.clients) == 1


def test_a_file_that_was_replaced_meanwhile_is_not_read_as_another(rig):
    path = rig.path("replaced")
    entry = rig.fs.info(path)
    for changed in (
        replace(entry, size=entry.size - 1),
        replace(entry, modified=entry.modified + timedelta(milliseconds=1)),
    ):
        assert by_it(rig.fs, changed, 0, 100) == b""
    assert by_it(rig.fs, entry, 0, 100) == DATA[:100]


@pytest.mark.parametrize("extra", [{"encBit": True}, {"ecBit": True, "ecPolicy": "XOR-2-1-1024k"}])
def test_it_gets_no_files_that_it_cannot_read(rig, namenode, extra):
    namenode.extra = extra
    assert content(rig.fs, rig.path("plain")) == DATA
    assert rig.clients == []


def test_it_is_not_asked_for_little(rig):
    rig.fs._bulk._worth = len(DATA) + 1
    assert content(rig.fs, rig.path("plain")) == DATA
    assert rig.clients == []


def test_leaving_early_ends_the_process(rig):
    reader = rig.fs.read(rig.path("hangs"))
    next(reader)
    pid = rig.clients[0]["pid"]
    reader.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert rig.fs._bulk._failures == 0


def test_an_interrupt_ends_the_wait_and_the_process(rig):
    path = rig.path("hangs")
    with pytest.raises(KeyboardInterrupt), interrupted_after(0.5):
        content(rig.fs, path)
    for client in rig.clients:
        ended(client["pid"])
    assert rig.offsets == []
    assert rig.fs._bulk._failures == 0


def test_an_idle_process_ends(rig):
    rig.fs._bulk._workers._idle = 0.05
    content(rig.fs, rig.path("plain"))
    ended(rig.clients[0]["pid"])


@pytest.mark.parametrize("name", ["plain", "hangs"])
def test_a_process_ends_when_nobody_is_left_to_ask_it(rig, name):
    """As after the kernel's own end, which leaves it no time to end others."""
    entry = rig.fs.info(rig.path(name))
    way = rig.fs._bulk._reach.way(entry, 0, entry.size)
    worker = Worker(way, 20)
    assert worker.ask(entry, 0, entry.size)
    assert worker.take(1) == DATA[:1]
    worker._line.close()
    assert worker._process.wait(30) is not None
    worker.end()


def test_streams_that_break_together_are_one_failure(rig):
    rig.fs._bulk.pace.sizes = Sizes(streams=4, segment=400_000, worth=1, look=1, trial=1)
    rig.fs._bulk.pace.settle(4)
    assert content(rig.fs, rig.path("breaks")) == DATA
    assert rig.fs._bulk._failures == 1


def test_an_interrupt_of_the_kernel_s_group_is_not_for_the_process(rig):
    reader = rig.fs.read(rig.path("plain"))
    next(reader)
    assert os.getpgid(rig.clients[0]["pid"]) != os.getpgid(0)
    assert len(b"".join(reader)) > 0


def test_a_process_ends_with_the_store(rig, open_port):
    with store(rig.server.port, open_port) as fs:
        content(fs, rig.path("plain"))
    del fs
    ended(rig.clients[0]["pid"])


def by_it(fs: WebHdfs, entry: FileEntry, start: int, end: int) -> bytes:
    """Return what comes without WebHDFS's help."""
    reading = fs._bulk.reading(lambda _, __: iter(()), entry, end - start)
    assert reading is not None
    return b"".join(reading.fast(start, end))


def ended(pid: int) -> None:
    """Wait for the end of a process, which is reaped too."""
    give_up = time.monotonic() + 30
    while True:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        assert time.monotonic() < give_up
        time.sleep(0.01)


def test_the_stand_in_has_the_library_s_own_names():
    library = pytest.importorskip("hdfs_native", reason="needs emr-nb[fast-hdfs]")
    for name in ("Client", "FileReader"):
        theirs, ours = getattr(library, name), getattr(fake_hdfs_native, name)
        for known in [known for known in vars(ours) if not known.startswith("_")]:
            real, made = getattr(theirs, known), getattr(ours, known)
            if callable(made):
                assert [*signature(real).parameters] == [*signature(made).parameters]
    assert {"length", "modification_time"} <= set(dir(library.FileStatus))


# -- where it is not asked at all ---------------------------------------------------------


class Tunnel(DirectRoute):
    """Reaches hosts by something in between."""

    name = "ssh"


@pytest.mark.parametrize("case", ["tunnel", "kerberos", "no address", "not installed"])
def test_where_there_is_no_way_for_it(rig, monkeypatch, case):
    others: dict[str, Any] = {}
    kind: type[DirectRoute] = DirectRoute
    web = Service("webhdfs", (Endpoint("webhdfs", "localhost", rig.server.port),))
    if case == "tunnel":
        kind = Tunnel
    elif case == "kerberos":
        endpoint = Endpoint("hdfs", "localhost", 1, "hdfs")
        others["services"] = (web, Service("hdfs", (endpoint,), "", {"kerberos_realm": "EC2"}))
    elif case == "no address":
        others["services"] = (web,)
    else:
        monkeypatch.setattr("sys.path", [])
        monkeypatch.delitem(sys.modules, "hdfs_native", raising=False)
    with store(rig.server.port, 1, kind, **others) as fs:
        assert content(fs, rig.path("plain")) == DATA
        assert fs._bulk._failures == 0
    assert rig.clients == []


def test_closed_rpc_is_found_out_once(rig, closed_port):
    with store(rig.server.port, closed_port) as fs:
        assert content(fs, rig.path("plain")) == DATA
        assert fs._bulk.given_up
    assert rig.clients == []


def test_datanodes_that_refuse_are_tried_again(rig, namenode, closed_port, open_port):
    namenode.datanode = ("127.0.0.1", "localhost", closed_port)
    assert content(rig.fs, rig.path("plain")) == DATA
    assert not rig.fs._bulk.given_up
    namenode.datanode = ("127.0.0.1", "localhost", open_port)
    assert content(rig.fs, rig.path("plain")) == DATA
    assert len(rig.offsets) == 1


def test_a_datanode_of_elsewhere_is_never_connected_to(rig, namenode, open_port):
    assert content(rig.fs, rig.path("plain"), 0, 10) == DATA[:10]
    namenode.datanode = ("192.0.2.7", "evil.example.com", open_port)
    assert content(rig.fs, rig.path("plain"), 0, 10) == DATA[:10]
    assert len(rig.offsets) == 1


ENTRY = FileEntry(FilePath("hdfs", "", "/dir/plain"), "file", len(DATA), MODIFIED)


def test_datanodes_are_reached_by_name_where_their_addresses_are_not(rig, namenode, open_port):
    tried: list[str] = []

    def dial(host: str, port: int, seconds: float) -> socket.socket:
        tried.append(host)
        if host == "127.0.0.1":
            raise TimeoutError
        return socket.create_connection((host, port), seconds)

    rig.path("plain")
    reach = Reach(
        context_of(rig.server.port, open_port, rig.fs._context.route), rig.fs._nodes, dial
    )
    way = reach.way(ENTRY, 0, 10)
    assert way is not None
    assert way.config["dfs.client.use.datanode.hostname"] == "true"
    assert tried == ["localhost", "127.0.0.1", "localhost"]
    assert reach.way(ENTRY, 0, 10) == way
    assert len(tried) == 3  # remembered


def test_datanodes_that_a_firewall_hides(rig, open_port):
    def dial(host: str, port: int, seconds: float) -> socket.socket:
        if len(tried) > 0:
            raise TimeoutError
        tried.append(host)
        return socket.create_connection((host, port), seconds)

    tried: list[str] = []
    rig.path("plain")
    reach = Reach(
        context_of(rig.server.port, open_port, rig.fs._context.route), rig.fs._nodes, dial
    )
    with pytest.raises(UnreachableError):
        reach.way(ENTRY, 0, 10)


def test_namenodes_of_a_nameservice_are_told_as_one(rig, open_port, closed_port):
    ports = (closed_port, open_port)
    endpoints = tuple(Endpoint("hdfs", "localhost", port, "hdfs") for port in ports)
    others = {"services": (Service("hdfs", endpoints), rig.fs._context.services[0])}
    route = rig.fs._context.route
    rig.path("plain")
    way = Reach(context_of(1, 1, route, **others), rig.fs._nodes).way(ENTRY, 0, 10)
    assert way is not None
    assert way.url == "hdfs://cluster"
    named = {k: v for k, v in way.config.items() if "namenode" in k}
    assert named == {
        "dfs.ha.namenodes.cluster": "n0",  # the one that takes connections
        "dfs.namenode.rpc-address.cluster.n0": f"localhost:{open_port}",
    }


def test_addresses_come_from_the_cluster_s_facts(rig):
    def of(*services: Service) -> list[tuple[str, int]]:
        return rpc_addresses(replace(rig.fs._context, services=services))

    two = tuple(Endpoint("hdfs", host, 8020, "hdfs") for host in ("a", "b"))
    web = Service("webhdfs", (Endpoint("webhdfs", "nn", 9870),))
    assert of(Service("hdfs", two), web) == [("a", 8020), ("b", 8020)]
    assert of(replace(web, properties={"fs.defaultFS": "hdfs://nn:9000"})) == [("nn", 9000)]
    assert of(replace(web, properties={"fs.defaultFS": "hdfs://ha-nn-uri"})) == []
    assert of(replace(web, properties={"fs.defaultFS": "s3://bucket/"})) == []
    assert of(web) == []
