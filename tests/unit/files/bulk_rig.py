"""A NameNode, a store on it, and hdfs-native's stand-in beside WebHDFS."""

from __future__ import annotations

import json
import os
import random
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from servers import Peer, Server, reply, serving

from emr_nb.context import ClusterContext
from emr_nb.files.hdfs_bulk import Bulk
from emr_nb.files.webhdfs import WebHdfs
from emr_nb.model import Cluster, Endpoint, FilePath, Service
from emr_nb.settings import Settings
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
