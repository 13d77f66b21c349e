"""A local AWS server, a tiny server with scripted answers, and no AWS settings of the machine."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from emr_nb.local.aws_server.server import AwsServer
from emr_nb.testing.clusters import AwsServerRig


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch, tmp_path):
    import os

    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def rig() -> Iterator[AwsServerRig]:
    with AwsServer() as server:
        made = AwsServerRig(server)
        yield made
        made.close()


class Scripted:
    """Answers every request by `answer(authorization, target)` → (status, error or body)."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.answer: Callable[[str, str], tuple[int, dict]] = lambda *_: (200, {})
        self.date = ""
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                authorization = self.headers.get("Authorization", "")
                outer.seen.append(authorization)
                status, body = outer.answer(authorization, self.headers.get("X-Amz-Target", ""))
                raw = json.dumps(body).encode()
                self.send_response_only(status)
                if outer.date:
                    self.send_header("Date", outer.date)
                self.send_header("Content-Type", "application/x-amz-json-1.1")
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def fail(self, code: str, message: str, status: int = 400) -> None:
        self.answer = lambda *_: (status, {"__type": code, "message": message})


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    made = Scripted()
    yield made
    made.server.shutdown()
    made.server.server_close()
