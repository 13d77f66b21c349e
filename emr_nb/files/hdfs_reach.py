"""Whether HDFS's own ports, of NameNodes (RPC) and DataNodes, can be connected to from here."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from emr_nb.context import ClusterContext
from emr_nb.errors import EmrError
from emr_nb.files.hdfs_worker import Way
from emr_nb.files.webhdfs_calls import known_hosts
from emr_nb.files.webhdfs_hosts import is_loopback, may_redirect, safe_addresses
from emr_nb.files.webhdfs_ways import Ways
from emr_nb.model import FileEntry, FilePath
from emr_nb.transport.base import Retry
from emr_nb.transport.sockets import dial, resolve

_SECONDS = 3.0  # for a connection; a firewall drops packets in silence
_NAME = "cluster"  # of the nameservice that hdfs-native is told
_BY_NAME = "dfs.client.use.datanode.hostname"
Address = tuple[str, int]
Dial = Callable[[str, int, float], Any]


@dataclass(frozen=True, slots=True)
class _Node:
    """A DataNode as the NameNode tells it; its port is that of the transfer protocol."""

    address: str
    name: str
    port: int


class UnreachableError(OSError):
    """No connection comes about here, and none will: the network is made so."""


class Reach:
    """The way to one cluster's NameNodes and DataNodes, found once; shared by threads."""

    def __init__(self, context: ClusterContext, ways: Ways, connect: Dial = dial) -> None:
        self._user = context.user
        self._ways, self._connect = ways, connect
        self._addresses = rpc_addresses(context)
        self._known = known_hosts(context)
        self._lock = threading.Lock()
        self._namenodes: list[Address] = []
        self._by_name: bool | None = None
        self._ours: set[Address] = set()

    def way(self, entry: FileEntry, start: int, end: int) -> Way | None:
        """Return how a range of a file is got at; None where a DataNode is none of the cluster's.

        Raises UnreachableError where no port can be connected to, OSError where those of
        this range refuse.
        """
        nodes = self._locations(entry, start, end)
        if not nodes:
            return None
        with self._lock:
            if not self._namenodes:
                self._namenodes = [a for a in self._addresses if self._answers(a)]
            if not self._namenodes:
                raise UnreachableError("no NameNode takes a connection for RPC")
            if self._by_name is None:
                self._by_name = self._reachable_by_name(nodes)
            named = [node.name if self._by_name else node.address for node in nodes]
            if not all(
                self._is_ours(host, node.port) for host, node in zip(named, nodes, strict=True)
            ):
                return None
            return self._told()

    def _told(self) -> Way:
        numbers = range(len(self._namenodes))
        config = {f"dfs.ha.namenodes.{_NAME}": ",".join(f"n{number}" for number in numbers)}
        for number, (host, port) in enumerate(self._namenodes):
            place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
            config[f"dfs.namenode.rpc-address.{_NAME}.n{number}"] = place
        config[_BY_NAME] = "true" if self._by_name else "false"
        return Way(self._user, f"hdfs://{_NAME}", config)

    def _locations(self, entry: FileEntry, start: int, end: int) -> list[_Node]:
        """Return the DataNodes that have a range, those of its first block first.

        None at all where a block has none: WebHDFS says better what is missing.
        """
        query = {"offset": str(start), "length": str(end - start)}
        try:
            reply = self._ways.call(
                "GET", entry.path, "GET_BLOCK_LOCATIONS", query, retry=Retry.READ
            )
            blocks = reply.json()["LocatedBlocks"]["locatedBlocks"]
            if not all(block["locations"] for block in blocks):
                return []
            found = [
                _Node(where["ipAddr"], where["hostName"], int(where["xferPort"]))
                for block in blocks
                for where in block["locations"]
            ]
        except (EmrError, LookupError, TypeError, ValueError):
            return []
        return list(dict.fromkeys(found))

    def _reachable_by_name(self, nodes: Iterable[_Node]) -> bool:
        """Return by what DataNodes are reached: their addresses (as by default) or names."""
        refused = False
        for node in nodes:
            for by_name, host in ((False, node.address), (True, node.name)):
                if not self._is_ours(host, node.port):
                    continue
                try:
                    self._connect(host, node.port, _SECONDS).close()
                except ConnectionRefusedError:
                    refused = True  # one that is gone has others beside it
                except OSError:
                    continue
                else:
                    return by_name
        if refused:
            raise ConnectionRefusedError("DataNodes refuse connections")
        raise UnreachableError("no DataNode takes a connection")

    def _answers(self, address: Address) -> bool:
        try:
            self._connect(*address, _SECONDS).close()
        except OSError:
            return False
        return True

    def _is_ours(self, host: str, port: int) -> bool:
        if (host, port) in self._ours:
            return True
        namenode = self._namenodes[0][0]
        if not may_redirect(namenode, host, self._known):
            return False
        try:
            resolved = [entry[4][0] for entry in resolve(host, port, _SECONDS)]
        except OSError:
            return False
        if not safe_addresses(resolved, loopback=is_loopback(namenode)):
            return False
        self._ours.add((host, port))
        return True


def rpc_addresses(context: ClusterContext) -> list[Address]:
    """Return where the cluster's facts say that its NameNodes take RPC; none is guessed."""
    told = {service.name: service for service in context.services}
    if "hdfs" in told:
        return [(endpoint.host, endpoint.port) for endpoint in told["hdfs"].endpoints]
    default = told["webhdfs"].properties.get("fs.defaultFS", "") if "webhdfs" in told else ""
    if not default.startswith("hdfs://"):
        return []
    host, _, port = FilePath.parse(default).authority.rpartition(":")
    return [(host, int(port))] if host and port.isdigit() else []
