"""An idle limit must not end a cluster at work."""

import json
import socket
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace

import pytest

from emr_nb.local.in_use import in_use, is_connected


@contextmanager
def answering(body):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            who = self.headers.get("X-Trino-User") or self.headers.get("X-Presto-User")
            known = self.path == "/sessions" or who
            self.send_response(200 if known else 401)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *_):
            """Be quiet."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


def state(**ports):
    return SimpleNamespace(ports=ports)


@pytest.mark.parametrize(
    ("app", "body", "used"),
    [
        ("livy", {"total": 1}, True),
        ("livy", {"total": 0}, False),
        ("trino", [{"state": "FINISHED"}, {"state": "RUNNING"}], True),
        ("trino", [{"state": "QUEUED"}], True),
        ("trino", [{"state": "FINISHED"}, {"state": "FAILED"}], False),
        ("trino", {"odd": 1}, False),
        ("prestosql", [{"state": "RUNNING"}], True),
    ],
)
def test_servers_are_asked_for_what_runs(app, body, used):
    with answering(body) as port:
        assert in_use(state(**{app: port})) is used


def test_a_client_of_hive_counts_as_long_as_it_is_connected():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert not in_use(state(hive=port))
        with socket.create_connection(("127.0.0.1", port)):
            peer, _ = server.accept()
            with peer:
                assert in_use(state(hive=port))
    assert not is_connected(port)


def test_without_servers_nothing_is_in_use(tmp_path):
    assert not in_use(state())
    assert not in_use(state(livy=1, trino=1, hive=1))
    assert not is_connected(1, tmp_path)
