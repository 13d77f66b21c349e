"""Where hdfs-native is not asked at all, and by which addresses it is reached."""

from __future__ import annotations

import socket
import sys
from dataclasses import replace
from typing import Any

import pytest
from bulk_rig import DATA, MODIFIED, context_of, store

from emr_nb.files.hdfs_reach import Reach, UnreachableError, rpc_addresses
from emr_nb.model import Endpoint, FileEntry, FilePath, Service
from emr_nb.testing.fs_helpers import content
from emr_nb.transport.direct import DirectRoute


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
