"""The HTTP client against real servers that hang, drip, reset and refuse."""

from __future__ import annotations

import os
import signal
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from servers import OK, Peer, Server, reply, serving

from emr_nb.errors import (
    AuthenticationError,
    ConnectFailedError,
    DeadlineExceededError,
    HttpStatusError,
    ReplyLostError,
)
from emr_nb.model import Endpoint
from emr_nb.transport.auth import BasicAuth
from emr_nb.transport.base import Auth, Deadline, Retry
from emr_nb.transport.http import HttpxClient

Connect = Callable[..., HttpxClient]


@pytest.fixture
def client() -> Iterator[Connect]:
    """Makes clients of a test server or port, and closes them."""
    made: list[HttpxClient] = []

    def connect(server: Server | int, auth: Auth | None = None, **options: Any) -> HttpxClient:
        port = server if isinstance(server, int) else server.port
        options.setdefault("timeout", 5.0)
        made.append(HttpxClient(Endpoint("test", "127.0.0.1", port), auth=auth, **options))
        return made[-1]

    yield connect
    for http in made:
        http.close()


def reset(peer: Peer) -> bool:
    """Close so that the peer sees a reset instead of an orderly end."""
    peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


def hanging(peer: Peer) -> None:
    """Never answer."""


def dripping(peer: Peer) -> bool:
    """Send one byte of the head every 50 ms, for ever."""
    peer.sock.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while True:
        peer.sock.sendall(b"x")
        time.sleep(0.05)


def dripping_body(peer: Peer) -> bool:
    peer.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        peer.sock.sendall(b"x")
        time.sleep(0.05)


@pytest.mark.parametrize("handler", [hanging, dripping, dripping_body])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_whole_call_ends_by_its_deadline(client, handler, method):
    with serving(handler) as server:
        start = time.monotonic()
        with pytest.raises(DeadlineExceededError) as caught:
            client(server).request(method, "/x", deadline=Deadline.after(0.5))
        assert 0.4 < time.monotonic() - start < 5
        assert caught.value.sent
        assert len(server.requests) == 1


def test_default_deadline_is_the_constructors(client):
    with serving(hanging) as server:
        start = time.monotonic()
        with pytest.raises(DeadlineExceededError):
            client(server, timeout=0.3).request("GET", "/x")
        assert time.monotonic() - start < 5


def test_deadline_longer_than_the_default_is_kept(client):
    def slow(peer: Peer) -> None:
        time.sleep(0.6)
        peer.sock.sendall(OK)

    with serving(slow) as server:
        got = client(server, timeout=0.2).request("GET", "/x", deadline=Deadline.after(3))
        assert got.text == "ok"


def test_connections_are_kept_and_requests_leave_in_one_piece(client):
    def answer(peer: Peer) -> None:
        peer.sock.sendall(OK)

    with serving(answer) as server:
        http = client(server)
        for _ in range(20):
            assert http.request("POST", "/x", json={"code": "1 + 1"}).text == "ok"
        assert server.connections == 1
        assert server.requests[0].body == b'{"code":"1 + 1"}'
        took = []
        for _ in range(50):
            start = time.monotonic()
            http.request("POST", "/x", json={"code": "1 + 1"})
            took.append(time.monotonic() - start)
        assert sorted(took)[10] < 0.03  # a delayed acknowledgement costs each of them 0.04


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
@pytest.mark.parametrize("fault", ["reset", "close", "half a head", "half a body", "502", "503"])
def test_what_is_not_a_read_is_never_repeated(client, method, fault):
    def act(peer: Peer) -> bool | None:
        if fault == "reset":
            return reset(peer)
        if fault == "half a head":
            peer.sock.sendall(b"HTTP/1.1 200 O")
        elif fault == "half a body":
            peer.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n1234")
        elif fault != "close":
            peer.sock.sendall(reply(f"{fault} Bad", b"", "Retry-After: 0"))
            return None
        return False

    with serving(act) as server:
        expected = HttpStatusError if fault.isdigit() else ReplyLostError
        with pytest.raises(expected):
            client(server).request(method, "/x", content=b"once")
        time.sleep(0.2)
        assert len(server.requests) == 1


@pytest.mark.parametrize("fault", ["reset", "close", "half a body", "502", "503", "504", "429"])
def test_reads_are_repeated_until_they_succeed(client, fault):
    def act(peer: Peer) -> bool | None:
        if peer.number >= 2:
            peer.sock.sendall(OK)
            return None
        if fault == "reset":
            return reset(peer)
        if fault == "half a body":
            peer.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n1234")
        elif fault != "close":
            peer.sock.sendall(reply(f"{fault} Bad"))
            return None
        return False

    with serving(act) as server:
        assert client(server).request("GET", "/x").text == "ok"
        assert len(server.requests) == 3


def test_a_post_declared_as_a_read_is_repeated(client):
    def act(peer: Peer) -> None:
        peer.sock.sendall(OK if peer.number else reply("503 Busy"))

    with serving(act) as server:
        assert client(server).request("POST", "/x", retry=Retry.READ).text == "ok"


def test_retry_after_is_honoured_and_never_outstays_the_deadline(client):
    def act(peer: Peer) -> None:
        wait = "1" if peer.number == 0 else "60"
        peer.sock.sendall(reply("503 Busy", b"later", f"Retry-After: {wait}"))

    with serving(act) as server:
        start = time.monotonic()
        with pytest.raises(HttpStatusError) as caught:
            client(server).request("GET", "/x")
        assert 1.0 <= time.monotonic() - start < 20  # 60 s were asked for
        assert (caught.value.status, caught.value.body) == (503, "later")
        assert len(server.requests) == 2


def test_a_refused_connection_is_tried_three_times_for_any_method(client):
    attempts = []

    def dial(host: str, port: int, timeout: float) -> socket.socket:
        attempts.append(host)
        return socket.create_connection((host, port), timeout)

    http = client(closed_port(), dial=dial)
    with pytest.raises(ConnectFailedError, match="refused"):
        http.request("POST", "/x", json={})
    assert len(attempts) == 3


def test_a_service_that_comes_up_meanwhile_gets_the_post_once(client):
    port = closed_port()
    seen: list[bytes] = []

    def late() -> None:
        time.sleep(0.2)
        with socket.create_server(("127.0.0.1", port)) as listener:
            sock, _ = listener.accept()
            with sock:
                seen.append(sock.recv(65536))
                sock.sendall(OK)

    thread = threading.Thread(target=late)
    thread.start()
    assert client(port).request("POST", "/x", content=b"once").text == "ok"
    thread.join()
    assert len(seen) == 1


def test_an_idle_connection_that_the_server_closed_costs_nothing(client):
    def once(peer: Peer) -> bool:
        peer.sock.sendall(OK)
        return False

    with serving(once) as server:
        http = client(server)
        for _ in range(3):
            assert http.request("POST", "/x").text == "ok"
            time.sleep(0.05)
        assert len(server.requests) == 3


def test_redirects_are_answers_not_journeys(client):
    def act(peer: Peer) -> None:
        peer.sock.sendall(reply("307 Elsewhere", b"", "Location: http://169.254.169.254/"))

    with serving(act) as server:
        got = client(server).request("GET", "/x")
        assert (got.status, got.headers["location"]) == (307, "http://169.254.169.254/")
        assert len(server.requests) == 1


def test_proxy_variables_are_not_asked(client, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port()}")

    def act(peer: Peer) -> None:
        peer.sock.sendall(OK)

    with serving(act) as server:
        assert client(server).request("GET", "/x").text == "ok"


@pytest.mark.parametrize(
    "path", ["/a//b/../c/.%2e/d", "/%25%23%3F%2B%20", "/a;b:c@d,e=f", "/webhdfs/v1/x?op=OPEN"]
)
def test_targets_leave_as_they_are_spelled(client, path):
    def act(peer: Peer) -> None:
        peer.sock.sendall(OK)

    with serving(act) as server:
        client(server).request("GET", path)
        assert server.requests[0].line == f"GET {path} HTTP/1.1"


def test_parameters_are_quoted_and_control_characters_cannot_split_a_request(client):
    def act(peer: Peer) -> None:
        peer.sock.sendall(OK)

    with serving(act) as server:
        client(server).request("GET", "/é\r\nX: y", params={"user.name": "a b+c&d=é"})
        assert server.requests[0].line == (
            "GET /%C3%A9%0D%0AX:%20y?user.name=a%20b%2Bc%26d%3D%C3%A9 HTTP/1.1"
        )


class Rotating:
    """An Auth whose secret is refreshed when it was refused."""

    def __init__(self, fresh: bool) -> None:
        self.secret = "old"
        self.fresh = fresh
        self.refusals = 0

    def headers(self, method: str, url: str) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self.secret}"}

    def refused(self) -> bool:
        self.refusals += 1
        self.secret = "new"
        return self.fresh


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_refused_secret_is_refreshed_once(client, method):
    def act(peer: Peer) -> None:
        good = b"Bearer new" in peer.head
        peer.sock.sendall(OK if good else reply("401 No"))

    with serving(act) as server:
        auth = Rotating(fresh=True)
        assert client(server, auth).request(method, "/x").text == "ok"
        assert auth.refusals == 1


@pytest.mark.parametrize("fresh", [True, False])
def test_a_secret_refused_again_is_an_error(client, fresh):
    def act(peer: Peer) -> None:
        peer.sock.sendall(reply("401 No", b"who?"))

    with serving(act) as server:
        auth = Rotating(fresh)
        with pytest.raises(AuthenticationError) as caught:
            client(server, auth).request("GET", "/x")
        assert (auth.refusals, len(server.requests)) == (1, 2 if fresh else 1)
        assert (caught.value.status, caught.value.body) == (401, "who?")


def test_basic_auth_never_shows_its_secret():
    auth = BasicAuth("anna", lambda: "hunter2")
    assert "hunter2" not in repr(auth)
    assert auth.headers("GET", "http://x")["Authorization"] == "Basic YW5uYTpodW50ZXIy"


def test_an_endless_body_is_cut_off(client):
    def act(peer: Peer) -> bool:
        peer.sock.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            peer.sock.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")

    with serving(act) as server:
        http = client(server, max_reply=1 << 20)
        with pytest.raises(ReplyLostError, match="larger"):
            http.request("POST", "/x")


def test_a_reply_that_is_not_json_says_so(client):
    def act(peer: Peer) -> None:
        peer.sock.sendall(reply("200 OK", b"<html>login"))

    with serving(act) as server, pytest.raises(ReplyLostError, match="<html>login"):
        client(server).request("GET", "/x").json()


def test_a_stream_outlasts_the_timeout_while_bytes_come_but_not_a_silence(client):
    def act(peer: Peer) -> bool:
        peer.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
        for _ in range(8):
            peer.sock.sendall(b"x")
            time.sleep(0.1)  # each arrives by itself, all of them after the timeout
        time.sleep(5)
        return False

    with serving(act) as server:
        got = b""
        with client(server, timeout=0.4).stream("GET", "/x") as stream:
            pieces = stream.chunks()
            got += b"".join(next(pieces) for _ in range(8))
            with pytest.raises(DeadlineExceededError):
                next(pieces)
        assert got == b"x" * 8


def test_a_streamed_body_is_sent_in_pieces_and_its_own_errors_come_through(client):
    def act(peer: Peer) -> None:
        peer.sock.sendall(OK)

    def pieces() -> Iterator[bytes]:
        yield b"x" * 100_000
        raise ZeroDivisionError

    with serving(act) as server:
        http = client(server)
        with (
            pytest.raises(ZeroDivisionError),
            http.stream("PUT", "/x", content=pieces(), headers={"Content-Length": "200000"}),
        ):
            pass
        assert http.request("GET", "/x").text == "ok"


def test_a_half_read_stream_does_not_spoil_the_next_call(client):
    def act(peer: Peer) -> None:
        peer.sock.sendall(reply("200 OK", b"x" * 1_000_000) if peer.number == 0 else OK)

    with serving(act) as server:
        http = client(server)
        with http.stream("GET", "/x") as stream:
            next(stream.chunks())
        assert http.request("GET", "/x").text == "ok"


@pytest.mark.parametrize("handler", [hanging, dripping_body])
def test_an_interrupt_gets_out_at_once_and_leaves_the_client_usable(client, handler):
    calm = threading.Event()

    def act(peer: Peer) -> bool | None:
        if calm.is_set():
            peer.sock.sendall(OK)
            return None
        return handler(peer)

    with serving(act) as server:
        http = client(server, timeout=30)
        timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        start = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            http.request("POST", "/x")
        assert time.monotonic() - start < 2
        calm.set()
        assert http.request("POST", "/x").text == "ok"
        assert len(server.requests) == 2


def test_eight_threads_share_one_client(client):
    def act(peer: Peer) -> None:
        peer.sock.sendall(reply("200 OK", peer.line.split()[1].encode()))

    with serving(act) as server:
        http = client(server)
        wrong: list[str] = []

        def work(name: int) -> None:
            for number in range(50):
                path = f"/{name}/{number}"
                if http.request("GET", path).text != path:
                    wrong.append(path)

        threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not wrong
        assert len(server.requests) == 400


def test_a_name_that_does_not_exist_is_a_failed_connect(client):
    http = HttpxClient(Endpoint("livy", "no-such-host.invalid", 8998), timeout=20)
    with pytest.raises(ConnectFailedError):
        http.request("POST", "/x")
    http.close()
