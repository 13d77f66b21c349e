"""A ResourceManager for tests: real HTTP and Hadoop 3.4's answers over the applications given."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from emr_nb.model import Endpoint

_BASE = "/ws/v1/cluster"


def application(number: int = 1, state: str = "RUNNING", **more: Any) -> dict[str, Any]:
    """Return an application as the ResourceManager tells it; `needs` is in (MB, cores)."""
    needs = more.pop("needs", None)
    body = {
        "id": f"application_1700000000000_{number:04d}",
        "user": "livy",
        "queue": "root.default",
        "state": state,
        "finalStatus": "UNDEFINED",
        "applicationType": "SPARK",
        "diagnostics": "",
        **more,
    }
    if needs:
        capability = {"memory": needs[0], "vCores": needs[1]}
        body["resourceRequests"] = [
            # the same container is asked for on a host, on its rack, and anywhere
            {"resourceName": place, "capability": capability, "numContainers": 1}
            for place in ("host-1", "/default-rack", "*")
        ]
    return body


class FakeYarn:
    """The server; use it as a context manager. `standby` makes it send elsewhere."""

    def __init__(self, *apps: dict[str, Any], free: tuple[int, int] = (4096, 4)) -> None:
        self.apps = {app["id"]: app for app in apps}
        self.free = free
        self.standby = False
        self.broken: bytes | None = None  # answered in place of everything
        self.requests: list[str] = []
        self._http = _Server(("127.0.0.1", 0), _Handler)
        self._http.yarn = self
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint("yarn", "127.0.0.1", self._http.server_address[1])

    def answer(self, path: str, query: Mapping[str, list[str]]) -> tuple[int, Any]:
        """Return the status and the body of a GET."""
        if path == f"{_BASE}/metrics":
            memory, cores = self.free
            return 200, {"clusterMetrics": {"availableMB": memory, "availableVirtualCores": cores}}
        if path == f"{_BASE}/apps":
            states = query["states"][0].split(",")
            found = [app for app in self.apps.values() if app["state"] in states]
            return 200, {"apps": {"app": found} if found else None}
        app = self.apps.get(path.removeprefix(f"{_BASE}/apps/"))
        if app is not None:
            return 200, {"app": app}
        return 404, {"RemoteException": {"exception": "NotFoundException"}}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    yarn: FakeYarn


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self) -> None:
        yarn, parts = self.server.yarn, urlsplit(self.path)
        yarn.requests.append(self.path)
        if yarn.standby:
            self._reply(307, b"This is standby RM. The redirect url is: /", Location="http://rm2/")
        elif yarn.broken is not None:
            self._reply(200, yarn.broken)
        else:
            status, body = yarn.answer(parts.path, parse_qs(parts.query))
            self._reply(status, json.dumps(body).encode())

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Tests read `requests` instead."""

    def _reply(self, status: int, content: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()
