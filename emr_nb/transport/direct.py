"""The direct route: the cluster's addresses are reachable as they are."""

from __future__ import annotations

import threading

from emr_nb.model import Endpoint
from emr_nb.transport.base import Auth, HttpClient, Tls


class DirectRoute:
    """Reaches every host by its own name; `timeout` is the default of one call in seconds.

    HTTP_PROXY and its like are not asked: a cluster's names and requests must not go to a
    proxy unless the user chose that as the route.
    """

    name = "direct"

    def __init__(self, timeout: float = 30.0) -> None:
        self._timeout = timeout
        self._lock = threading.Lock()
        self._clients: list[HttpClient] = []

    def http(
        self, endpoint: Endpoint, *, auth: Auth | None = None, tls: Tls | None = None
    ) -> HttpClient:
        from emr_nb.transport.http import HttpxClient

        client = HttpxClient(endpoint, auth=auth, tls=tls, timeout=self._timeout)
        with self._lock:
            self._clients.append(client)
        return client

    def address(self, host: str, port: int) -> tuple[str, int]:
        return host, port

    def close(self) -> None:
        """Close every client that this route has given out."""
        with self._lock:
            clients, self._clients = self._clients, []
        for client in clients:
            client.close()
