"""A Livy server for tests: real HTTP and Livy 0.7.1's answers, with scripted statements.

What the stock server does is kept: one statement at a time in a session, 100 retained
statements, ids in order, `cancelled` after a while even where the code runs on, JSON objects
and JSON strings as error bodies, a session named twice refused. Nothing runs remotely: a
`Script` says how long a statement takes and what it answers.
"""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from emr_nb.model import Endpoint
from emr_nb.testing.fake_livy_session import FakeSession, Script, failed, ok

__all__ = ["FakeLivy", "Fault", "Script", "failed", "ok"]

Answer = tuple[int, Any]
_SESSION = re.compile(r"/sessions/(\d+)")
_STATEMENT = re.compile(r"/sessions/(\d+)/statements/(\d+)")


@dataclass
class Fault:
    """Something to go wrong with requests whose `METHOD path` matches.

    `kind` is `drop` (the connection is closed), `status` (answers `status` with `body`),
    `hang` (nothing for `seconds`, then dropped), `late` (dropped, and acted on only after
    `seconds`, as by a gateway that held it back) or `garbage` (200 with `body` as it is).
    With `after` the server has acted before. It strikes `times` times after `skip` requests.
    """

    match: str
    kind: str = "drop"
    after: bool = False
    times: int = 1
    skip: int = 0
    status: int = 502
    body: bytes = b"<html>Bad Gateway</html>"
    seconds: float = 30.0
    struck: int = field(default=0, init=False)

    def strikes(self, request: str) -> bool:
        if self.struck >= self.times or not re.search(self.match, request):
            return False
        if self.skip:
            self.skip -= 1
            return False
        self.struck += 1
        return True


class FakeLivy:
    """The server; `start` before use and `stop` after, or as a context manager."""

    def __init__(self, script: Callable[[str, str], Script] | None = None) -> None:
        self.script = script or (lambda _code, _kind: ok())
        self.sessions: dict[int, FakeSession] = {}
        self.faults: list[Fault] = []
        self.requests: list[tuple[float, str, str]] = []  # monotonic time, method, path
        self.start_seconds = 0.0
        self.interpreter_seconds = 0.0  # a statement waits so long while the session is idle
        self.cancel_timeout = 30.0
        self._next = 0
        self._lock = threading.RLock()
        self._stopped = threading.Event()
        self._http = _Server(("127.0.0.1", 0), _Handler)
        self._http.livy = self
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> Self:
        self._thread.start()
        return self

    def stop(self) -> None:
        self._stopped.set()
        for session in list(self.sessions.values()):
            session.end("dead")
        self._http.shutdown()
        self._http.server_close()

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint("livy", "127.0.0.1", self._http.server_address[1])

    @property
    def executed(self) -> list[str]:
        """The code of every statement that began to run, in order, over all sessions."""
        return [code for s in self.sessions.values() for code in s.executed]

    def count(self, method: str, pattern: str) -> int:
        """Return how many requests matched."""
        return sum(1 for _, m, path in self.requests if m == method and re.search(pattern, path))

    def forget(self, session: int) -> None:
        """Lose a session as a restart without recovery does."""
        self.sessions.pop(session).end("dead")

    # -- what the handler asks ------------------------------------------------------------

    def fault(self, method: str, path: str) -> Fault | None:
        with self._lock:
            self.requests.append((time.monotonic(), method, path))
            request = f"{method} {path}"
            return next((f for f in self.faults if f.strikes(request)), None)

    def wait(self, seconds: float) -> None:
        self._stopped.wait(seconds)

    def act(self, method: str, path: str, query: Mapping[str, str], body: Any) -> Answer:
        with self._lock:
            if path == "/sessions":
                return self._create(body) if method == "POST" else self._list(query)
            found = _SESSION.match(path)
            session = self.sessions.get(int(found[1])) if found else None
            if session is None:
                name = path.split("/")[2] if path.count("/") >= 2 else path
                return 404, {"msg": f"Session '{name}' not found."}
            return self._session(session, method, path, query, body)

    def _list(self, query: Mapping[str, str]) -> Answer:
        start, size = int(query.get("from", 0)), int(query.get("size", 100))
        every = list(self.sessions.values())
        views = [s.view() for s in every[start : start + size]]
        return 200, {"from": start, "total": len(every), "sessions": views}

    def _create(self, body: Mapping[str, Any]) -> Answer:
        if body.get("kind") not in ("spark", "pyspark", "sql", "shared"):
            return 400, f"Invalid kind: {body.get('kind')} (through reference chain: …)"
        name = body.get("name")
        number, self._next = self._next, self._next + 1
        if name and any(s.name == name for s in self.sessions.values()):
            msg = f"Duplicate session name: Some({name}) for session {number}"
            return 400, {"msg": msg}
        session = FakeSession(number, dict(body), self)
        self.sessions[number] = session
        session.start(self.start_seconds)
        return 201, session.view()

    def _session(
        self, session: FakeSession, method: str, path: str, query: Mapping[str, str], body: Any
    ) -> Answer:
        rest = path.removeprefix(f"/sessions/{session.id}")
        if found := _STATEMENT.match(path):
            return self._statement(session, int(found[2]), rest)
        if method == "DELETE":
            session.end("dead")
            del self.sessions[session.id]
            return 200, {"msg": "deleted"}
        if rest == "/log":
            lines = session.log[-int(query.get("size", 100)) :]
            return 200, {"id": session.id, "from": 0, "total": len(session.log), "log": lines}
        if rest == "/statements" and method == "POST":
            return session.submit(str(body["code"]), body.get("kind") or session.kind)
        if rest == "/completion":
            return 200, {"candidates": session.completions}
        if rest in ("", "/connect"):
            return 200, session.view()
        return 404, "Not found"

    def _statement(self, session: FakeSession, number: int, rest: str) -> Answer:
        if not session.active:
            return 400, {"msg": "requirement failed: Session isn't active."}
        if rest.endswith("/cancel"):
            session.cancel(number)
            return 200, {"msg": "canceled"}
        view = session.statement(number)
        return (404, "Statement not found") if view is None else (200, view)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    livy: FakeLivy


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server
    # without these a reply waits for the client's delayed acknowledgement
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Tests read `requests` instead."""

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        content = self.rfile.read(length) if length else b""
        path, _, query = self.path.partition("?")
        livy = self.server.livy
        fault = livy.fault(self.command, path)
        if fault and not fault.after:
            self._fail(fault)
            if fault.kind == "late":
                livy.wait(fault.seconds)
                livy.act(self.command, path, {}, json.loads(content or b"null"))
            return
        if self.command != "GET" and not self.headers.get("X-Requested-By"):
            self._reply(400, b"Missing Required Header for CSRF protection.")
            return
        pairs = dict(part.split("=", 1) for part in query.split("&") if "=" in part)
        status, body = livy.act(self.command, path, pairs, json.loads(content or b"null"))
        if fault:
            self._fail(fault)
            return
        self._reply(status, json.dumps(body).encode())

    def _fail(self, fault: Fault) -> None:
        if fault.kind == "status":
            self._reply(fault.status, fault.body)
        elif fault.kind == "garbage":
            self._reply(200, fault.body)
        else:
            if fault.kind == "hang":
                self.server.livy.wait(fault.seconds)
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)

    def _reply(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()
