"""A small HTTP server that answers as a coordinator was seen to answer, byte by byte."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = tuple[int, bytes, dict[str, str]]


@dataclass
class Replay:
    """`pages` follow the POST's reply; `faults` are taken first, one a request of its method."""

    pages: list[dict[str, Any]] = field(default_factory=list)
    prefix: str = "X-Trino-"
    queued: bool = True
    headers: dict[int, dict[str, str]] = field(default_factory=dict)
    faults: dict[str, list[Answer | None]] = field(default_factory=dict)
    query: dict[str, Any] = field(default_factory=dict)
    forgot: bool = False  # what it had to do with queries
    queries: list[dict[str, Any]] = field(default_factory=list)
    seen: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    posted: list[str] = field(default_factory=list)
    port: int = 0

    def answer(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Answer | None:
        """Return status, body and headers; None drops the connection."""
        self.seen.append((method, path, headers))
        if method == "POST" and f"{self.prefix}user" not in headers:
            return 401, b"who?", {}
        if faults := self.faults.get(method):
            return faults.pop(0)
        if method == "POST":
            self.posted.append(body.decode())
            return self._page(0)
        if path.startswith("/v1/query/"):
            found = {"queryId": path.rpartition("/")[2], "state": "RUNNING", **self.query}
            return (404, b"", {}) if self.forgot else (200, json.dumps(found).encode(), {})
        if path == "/v1/query":
            return 200, json.dumps(self.queries).encode(), {}
        if method in ("DELETE", "HEAD"):
            return (204 if method == "DELETE" else 200), b"", {}
        return self._page(int(path.rpartition("/")[2]))

    def _page(self, at: int) -> Answer:
        base = f"http://10.1.2.3:8889/v1/statement/{'queued' if self.queued else 'executing'}/q1/s"
        page = {"id": "20260101_000000_00001_abcde", "stats": {"state": "RUNNING"}}
        page |= self.pages[at - 1] if at else {}
        if at < len(self.pages):
            page["nextUri"] = f"{base}/{at + 1}"
        body = json.dumps(page, separators=(",", ":")).encode()
        return 200, body, self.headers.get(at, {})


@contextmanager
def serving(replay: Replay) -> Iterator[Replay]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            told = {name.lower(): value for name, value in self.headers.items()}
            lower = {
                name.replace(replay.prefix.lower(), replay.prefix): v for name, v in told.items()
            }
            answer = replay.answer(self.command, self.path, body, lower)
            if answer is None:
                self.close_connection = True
                return
            status, made, headers = answer
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if "Content-Length" not in headers:
                self.send_header("Content-Length", str(len(made)))
            else:
                self.close_connection = True
            self.end_headers()
            self.wfile.write(made)

        do_GET = do_POST = do_DELETE = do_HEAD = _any  # noqa: N815 - the server's own names

        def log_message(self, *_: object) -> None:
            """Be quiet."""

    server: ThreadingHTTPServer = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    replay.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield replay
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
