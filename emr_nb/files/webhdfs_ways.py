"""WebHDFS where NameNode and DataNodes can be reached, HttpFS where one of them cannot."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Mapping
from typing import Any

from emr_nb.context import ClusterContext
from emr_nb.errors import ConnectFailedError
from emr_nb.files.webhdfs_calls import Hop, HttpFs, NameNodes
from emr_nb.model import FilePath
from emr_nb.transport.base import Deadline, HttpClient, Reply, Retry

_NAMENODE_SECONDS = 60.0  # a NameNode that restarts is asked again after so long
_DATANODE_SECONDS = 600.0  # a network that hides the DataNodes stays as it is
_REACH_SECONDS = 3.0


class Ways:
    """How one cluster's HDFS is asked, and how its bytes come and go; shared by threads."""

    def __init__(self, context: ClusterContext) -> None:
        names = {service.name for service in context.services if service.endpoints}
        self.user = context.user
        self._route = context.route
        self._gateway = HttpFs(context) if "httpfs" in names else None
        # without either the error is of WebHDFS
        only_gateway = self._gateway is not None and "webhdfs" not in names
        self._direct = None if only_gateway else NameNodes(context)
        self._lock = threading.Lock()
        self._asks_until = 0.0  # by HttpFS until then (monotonic seconds)
        self._bytes_until = 0.0
        self._refusals = 0  # in a row
        self._reached: set[tuple[str, int]] = set()

    def current(self) -> NameNodes:
        """Return who is asked now: the NameNodes, or HttpFS in their place."""
        if self._direct is None or time.monotonic() < self._asks_until:
            assert self._gateway is not None
            return self._gateway
        return self._direct

    @property
    def by_gateway(self) -> bool:
        """Whether HttpFS is asked, which knows fewer operations."""
        return isinstance(self.current(), HttpFs)

    @property
    def bytes_by_gateway(self) -> bool:
        """Whether bytes go by HttpFS, since DataNodes cannot be reached."""
        return self.by_gateway or time.monotonic() < self._bytes_until

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
        """Ask the NameNode, or HttpFS where no NameNode takes a connection."""
        way = self.current()
        try:
            return way.call(method, path, operation, parameters, retry=retry, deadline=deadline)
        except ConnectFailedError:  # nothing was sent
            if way is not self._direct or not self._switch():
                raise
        return self.current().call(
            method, path, operation, parameters, retry=retry, deadline=deadline
        )

    def hop(
        self, method: str, path: FilePath, operation: str, parameters: Mapping[str, str]
    ) -> Hop:
        """Return whom to ask for bytes, or to give them to, and with which target."""
        way = self.current()
        if way is self._direct and time.monotonic() >= self._bytes_until:
            try:
                client, target = way.hop(method, path, operation, parameters)
                self._reach(client)
            except ConnectFailedError:
                if not self.avoid_datanodes():
                    raise
            else:
                return client, target
        assert self._gateway is not None
        return self._gateway.hop(method, path, operation, parameters)

    def avoid_datanodes(self) -> bool:
        """Let bytes go by HttpFS from now on; False where it does not answer."""
        if self._gateway is None or not self._gateway.alive():
            return False
        with self._lock:
            self._bytes_until = time.monotonic() + _DATANODE_SECONDS
        return True

    def beans(self, name: str) -> list[Mapping[str, Any]]:
        """Return the NameNode's JMX beans of that name; none by HttpFS."""
        return self.current().beans(name)

    def _switch(self) -> bool:
        if self._gateway is None or not self._gateway.alive():
            return False
        with self._lock:
            self._asks_until = time.monotonic() + _NAMENODE_SECONDS
        return True

    def _reach(self, client: HttpClient) -> None:
        """Look once whether a DataNode takes a connection, where there is a choice.

        A firewall drops packets in silence, and a call waits much longer than this.
        """
        if self._gateway is None or self._route.name != "direct":
            return
        place = (client.endpoint.host, client.endpoint.port)
        if place in self._reached:
            return
        try:
            socket.create_connection(place, timeout=_REACH_SECONDS).close()
        except ConnectionRefusedError as error:
            # one that is gone has others beside it; where the next refuses too, a firewall does
            self._refusals += 1
            if self._refusals > 1:
                raise ConnectFailedError(
                    "DataNodes refuse connections", where=client.endpoint.url
                ) from error
            return
        except OSError as error:
            raise ConnectFailedError(
                f"The DataNode takes no connection: {error}", where=client.endpoint.url
            ) from error
        self._reached.add(place)
        self._refusals = 0
