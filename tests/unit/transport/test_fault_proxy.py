"""The fault proxy: what the server did and what the client was told are two things."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

import pytest
from servers import Peer, reply, serving

from emr_nb.errors import DeadlineExceededError, HttpStatusError, ReplyLostError
from emr_nb.model import Endpoint
from emr_nb.testing.fault_proxy import FaultProxy, Rule
from emr_nb.transport.base import Deadline
from emr_nb.transport.http import HttpxClient

Pair = tuple[FaultProxy, HttpxClient, list[str]]


@pytest.fixture
def pair() -> Iterator[Pair]:
    """A proxy before a server that notes what it did and answers with it, and a client."""
    done: list[str] = []

    def act(peer: Peer) -> None:
        done.append(peer.line)
        peer.sock.sendall(reply("200 OK", f"done {len(done)}".encode() + peer.body))

    with serving(act) as server, FaultProxy("127.0.0.1", server.port) as proxy:
        http = HttpxClient(Endpoint("x", "127.0.0.1", proxy.port), timeout=2)
        yield proxy, http, done
        http.close()


def test_pass(pair: Pair):
    proxy, http, done = pair
    body = b"x" * 1_000_000
    for number in range(1, 4):
        got = http.request("POST", f"/{number}", content=body)
        assert got.content == f"done {number}".encode() + body
    assert len(done) == proxy.count("") == 3
    assert proxy.count("/2", "POST") == 1


@pytest.mark.parametrize(
    ("rule", "error", "reached"),
    [
        (Rule("POST", "", "refuse"), ReplyLostError, 0),
        (Rule("POST", "", "drop_reply"), ReplyLostError, 1),
        (Rule("POST", "", "truncate", after_bytes=3), ReplyLostError, 1),
        (Rule("POST", "", "status", status=504), HttpStatusError, 1),
        (Rule("POST", "", "instead", status=503), HttpStatusError, 0),
        (Rule("POST", "", "hang"), DeadlineExceededError, 1),
        (Rule("POST", "", "hold"), DeadlineExceededError, 0),
        (Rule("POST", "", "drip"), DeadlineExceededError, 1),
        (Rule("POST", "", "drip", after_bytes=10), DeadlineExceededError, 1),
        (Rule("POST", "", "delay", seconds=5), DeadlineExceededError, 1),
    ],
)
def test_faults(pair: Pair, rule: Rule, error: type[Exception], reached: int):
    proxy, http, done = pair
    proxy.add(rule)
    with pytest.raises(error):
        http.request("POST", "/x", deadline=Deadline.after(0.5))
    assert len(done) == reached
    proxy.clear()
    assert http.request("POST", "/y").text == f"done {reached + 1}"


def test_a_late_request_acts_when_nobody_waits(pair: Pair):
    proxy, http, done = pair
    proxy.add(Rule("POST", "/x", "late", seconds=0.6))
    with pytest.raises(DeadlineExceededError):
        http.request("POST", "/x", content=b"body", deadline=Deadline.after(0.3))
    assert done == []
    until = time.monotonic() + 5
    while not done:
        assert time.monotonic() < until
        time.sleep(0.02)
    assert done == ["POST /x HTTP/1.1"]


def test_skip_and_times(pair: Pair):
    proxy, http, _ = pair
    proxy.add(Rule("POST", "/x", "status", status=418, skip=1, times=2))
    seen = []
    for _ in range(5):
        try:
            seen.append(http.request("POST", "/x").status)
        except HttpStatusError as error:
            seen.append(error.status)
    assert seen == [200, 418, 418, 200, 200]


def test_the_same_seed_gives_the_same_faults():
    def run(seed: int) -> list[str]:
        def act(peer: Peer) -> None:
            peer.sock.sendall(reply("200 OK"))

        with serving(act) as server, FaultProxy("127.0.0.1", server.port, seed=seed) as proxy:
            http = HttpxClient(Endpoint("x", "127.0.0.1", proxy.port))
            proxy.add(Rule("POST", "", "instead", status=418, probability=0.5))
            for _ in range(20):
                with contextlib.suppress(HttpStatusError):
                    http.request("POST", "/x")
            http.close()
            return [call.action for call in proxy.calls]

    assert run(1) == run(1)
    assert len({*run(1)}) == 2
    assert run(1) != run(2)


@pytest.mark.parametrize("chunked", [True, False])
def test_a_rewritten_reply_is_well_formed(chunked: bool):
    def act(peer: Peer) -> None:
        body = b"5\r\n{one}\r\n5;x\r\n{one}\r\n0\r\n\r\n"
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        peer.sock.sendall(head + body if chunked else reply("200 OK", b"{one}{one}"))

    with serving(act) as server, FaultProxy("127.0.0.1", server.port) as proxy:
        http = HttpxClient(Endpoint("x", "127.0.0.1", proxy.port))
        proxy.add(Rule("GET", "", "rewrite", find="one", replace="three"))
        for _ in range(2):  # and the connection stays in step
            assert http.request("GET", "/x").text == "{three}{three}"
        http.close()
        assert server.connections == 1


@pytest.mark.parametrize("action", ["hang", "drip", "delay"])
def test_closing_is_quick_whatever_is_under_way(action):
    def act(peer: Peer) -> None:
        peer.sock.sendall(reply("200 OK", b"x" * 100))

    with serving(act) as server:
        proxy = FaultProxy("127.0.0.1", server.port)
        with proxy:
            http = HttpxClient(Endpoint("x", "127.0.0.1", proxy.port))
            proxy.add(Rule("GET", "", action, seconds=30))
            with pytest.raises(DeadlineExceededError):
                http.request("GET", "/x", deadline=Deadline.after(0.2))
            http.close()
            start = time.monotonic()
        assert time.monotonic() - start < 10
