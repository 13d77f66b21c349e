"""Calls to the NameNodes, whichever is active, and the one hop to a DataNode."""

from __future__ import annotations

import posixpath
import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from emr_nb.context import ClusterContext
from emr_nb.errors import (
    ConnectFailedError,
    EmrError,
    HttpStatusError,
    ServiceNotInstalledError,
    TransportError,
)
from emr_nb.files.webhdfs_errors import ELSEWHERE, remote_exception, translate
from emr_nb.files.webhdfs_hosts import is_loopback, may_redirect, safe_addresses
from emr_nb.model import Endpoint, FilePath
from emr_nb.transport.base import Deadline, HttpClient, Reply, Retry

_PREFIX = "/webhdfs/v1"
_ALIVE_SECONDS = 5.0
Hop = tuple[HttpClient, str]  # a DataNode's client and the target to ask it for


class NameNodes:
    """The NameNodes of one cluster and the DataNodes they name; shared by threads."""

    service = "webhdfs"

    def __init__(self, context: ClusterContext) -> None:
        service = context.service(self.service)
        if not service.endpoints:
            raise ServiceNotInstalledError("No address of HDFS is known", where=context.cluster.id)
        self.user = context.user
        self._route = context.route
        self._timeout = context.settings.request_timeout
        self._namenodes = [
            context.route.http(_bare(endpoint, self.service)) for endpoint in service.endpoints
        ]
        self._known = known_hosts(context)
        self._aliases = _aliases(context)
        self._lock = threading.Lock()
        self._active = 0
        self._datanodes: dict[tuple[str, str, int], HttpClient] = {}

    def call(
        self,
        method: str,
        path: FilePath,
        operation: str,
        parameters: Mapping[str, str] | None = None,
        *,
        retry: Retry = Retry.NEVER,
        deadline: Deadline | None = None,
    ) -> Reply:
        """Ask the active NameNode; raises FileError's leaves or TransportError's."""
        query = {"op": operation, "user.name": self.user, **(parameters or {})}
        target = _PREFIX + spelled(path.key)
        deadline = deadline or Deadline.after(self._timeout)
        with self._lock:
            first = self._active
        failure: EmrError | None = None
        for step in range(len(self._namenodes)):
            number = (first + step) % len(self._namenodes)
            try:
                reply = self._namenodes[number].request(
                    method, target, params=query, retry=retry, deadline=deadline
                )
            except ConnectFailedError as error:  # nothing was sent: the next one may be asked
                failure = error
            except HttpStatusError as error:
                told = remote_exception(error)
                if told is None or told.name not in ELSEWHERE:
                    raise translate(error, str(path), self.user) from error
                failure = error
            else:
                with self._lock:
                    self._active = number
                return reply
        assert failure is not None
        if isinstance(failure, HttpStatusError):
            raise translate(failure, str(path), self.user) from failure
        raise failure

    def hop(
        self, method: str, path: FilePath, operation: str, parameters: Mapping[str, str]
    ) -> Hop:
        """Ask for an operation that a DataNode serves; return its client and target.

        The NameNode only answers where to go (307), so asking is safe to repeat.
        """
        reply = self.call(method, path, operation, parameters, retry=Retry.READ)
        location = urlsplit(reply.headers.get("location", ""))
        if reply.status != 307 or location.scheme not in ("http", "https") or not location.hostname:
            raise TransportError(
                f"The NameNode did not name a DataNode (HTTP {reply.status})", where=str(path)
            )
        port = location.port or (443 if location.scheme == "https" else 80)
        client = self._datanode(location.scheme, location.hostname, port)
        # the path is spelled by us: servers differ in what they leave bare in a Location
        return client, f"{_PREFIX}{spelled(path.key)}?{location.query}"

    def beans(self, name: str) -> list[Mapping[str, Any]]:
        """Return the active NameNode's JMX beans of that name (`*` may end it)."""
        with self._lock:
            client = self._namenodes[self._active]
        query = {"qry": f"Hadoop:service=NameNode,name={name}"}
        found: list[Mapping[str, Any]] = client.request("GET", "/jmx", params=query).json()["beans"]
        return found

    def _datanode(self, scheme: str, host: str, port: int) -> HttpClient:
        with self._lock:
            namenode = self._namenodes[self._active].endpoint.host
            if host in self._aliases and namenode in self._aliases[host]:
                host = namenode  # the same machine under a name that is known to be reachable
            known = self._datanodes.get((scheme, host, port))
        if known is not None:
            return known
        if not may_redirect(namenode, host, self._known) or not self._resolves_safely(
            namenode, host, port
        ):
            raise TransportError(
                f"The NameNode sent us to {host}, which is no node of this cluster",
                where=f"webhdfs at {namenode}",
                advice="Nothing was sent there. Is this address really the cluster's NameNode?",
            )
        made = self._route.http(Endpoint("datanode", host, port, scheme))
        with self._lock:
            kept = self._datanodes.setdefault((scheme, host, port), made)
        if kept is not made:
            made.close()
        return kept

    def _resolves_safely(self, namenode: str, host: str, port: int) -> bool:
        if self._route.name != "direct":  # the name is resolved at the other end
            return True
        from emr_nb.transport.sockets import resolve

        try:
            found = resolve(host, port, self._timeout)
        except OSError as error:
            raise ConnectFailedError(
                f"The DataNode's name {host} cannot be resolved here: {error}",
                where=f"webhdfs at {namenode}",
                advice="Only the primary is reachable directly; a route that resolves names "
                "inside the cluster (an SSH tunnel) reaches DataNodes too.",
            ) from error
        return safe_addresses((entry[4][0] for entry in found), loopback=is_loopback(namenode))


class HttpFs(NameNodes):
    """HttpFS, the same API on one port: it moves the bytes itself and names no DataNode."""

    service = "httpfs"

    def hop(
        self, method: str, path: FilePath, operation: str, parameters: Mapping[str, str]
    ) -> Hop:
        query = {"op": operation, "user.name": self.user, **parameters}
        if method != "GET":
            query["data"] = "true"  # without it the answer is a redirect to itself
        with self._lock:
            client = self._namenodes[self._active]
        return client, f"{_PREFIX}{spelled(path.key)}?{urlencode(query, quote_via=quote)}"

    def beans(self, name: str) -> list[Mapping[str, Any]]:  # noqa: ARG002 -- it has only its own
        return []

    def alive(self) -> bool:
        """Whether it answers for the NameNode."""
        root = FilePath("hdfs", "", "/")
        try:
            self.call("GET", root, "GETFILESTATUS", deadline=Deadline.after(_ALIVE_SECONDS))
        except EmrError:
            return False
        return True


def spelled(key: str) -> str:
    """Return a path as WebHDFS wants it: normalised as HDFS does, every odd byte quoted."""
    return quote(clean(key), safe="/")


def clean(key: str) -> str:
    """Normalise a path: HDFS has no links, empty segments, `.` or `..`."""
    return posixpath.normpath("/" + key.lstrip("/"))


def _bare(endpoint: Endpoint, service: str) -> Endpoint:
    return Endpoint(service, endpoint.host, endpoint.port, endpoint.scheme)


def known_hosts(context: ClusterContext) -> frozenset[str]:
    """Return the names and addresses by which the cluster's facts call its hosts."""
    hosts = {endpoint.host for service in context.services for endpoint in service.endpoints}
    hosts.add(context.cluster.primary_dns)
    for node in context.cluster.primaries:
        hosts |= {node.private_dns, node.private_ip, node.public_dns}
    return frozenset(hosts - {""})


def _aliases(context: ClusterContext) -> dict[str, frozenset[str]]:
    """Return all the names of each primary node by each of them."""
    found: dict[str, frozenset[str]] = {}
    for node in context.cluster.primaries:
        names = frozenset({node.private_dns, node.private_ip, node.public_dns} - {""})
        found |= dict.fromkeys(names, names)
    return found
