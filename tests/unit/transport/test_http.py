"""The HTTP client against real servers that hang, drip, reset and refuse."""

from __future__ import annotations

import os
import signal
import socket
import struct
import threading
import time

import pytest
from servers import OK, Peer, reply, serving

from emr_nb.errors import ConnectFailedError, DeadlineExceededError, HttpStatusError, ReplyLostError
from emr_nb.model import Endpoint
from emr_nb.transport.base import Deadline, Retry
from emr_nb.transport.http import HttpxClient


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


def test_proxy_variables_are_not_asked(client, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port()}")

    def act(peer: Peer) -> None:
        peer.sock.sendall(OK)

    with serving(act) as server:
        assert client(server).request("GET", "/x").text == "ok"


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


def test_a_name_that_does_not_exist_is_a_failed_connect(client):
    http = HttpxClient(Endpoint("livy", "no-such-host.invalid", 8998), timeout=20)
    with pytest.raises(ConnectFailedError):
        http.request("POST", "/x")
    http.close()
