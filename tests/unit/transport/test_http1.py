"""Replies of HTTP/1.1 to their last byte: whole or an error, and nothing left for the next one."""

from __future__ import annotations

import signal
import time
from contextlib import AbstractContextManager

import pytest
from servers import OK, Peer, Server, reply, serving

from emr_nb.errors import ReplyLostError, TransportError
from emr_nb.model import Endpoint
from emr_nb.transport.backend import DeadlineStream
from emr_nb.transport.base import Reply, Retry
from emr_nb.transport.http import HttpxClient

SIZED = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\nX-A: b\r\n\r\n0123456789"
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"5;extension=1\r\n01234\r\n5\r\n56789\r\n0\r\nTrailer: x\r\n\r\n"
)


def asked(server: Server, method: str = "GET", times: int = 1) -> list[Reply]:
    """Ask a server some times by one client."""
    http = HttpxClient(Endpoint("test", "127.0.0.1", server.port), timeout=5)
    try:
        return [http.request(method, "/a", retry=Retry.NEVER) for _ in range(times)]
    finally:
        http.close()


def saying(*replies: bytes, close: bool = False) -> AbstractContextManager[Server]:
    """Answer each request by the next of some replies; the last one again and again."""

    def act(peer: Peer) -> bool | None:
        peer.sock.sendall(replies[min(peer.number, len(replies) - 1)])
        return False if close else None

    return serving(act)


@pytest.mark.parametrize("whole", [SIZED, CHUNKED], ids=["sized", "chunked"])
def test_a_reply_is_whole_or_an_error(whole: bytes) -> None:
    """Cut at every byte: never a shorter body, never fewer headers."""
    for length in range(len(whole)):
        with saying(whole[:length], close=True) as server, pytest.raises(ReplyLostError):
            asked(server)
    with saying(whole, close=True) as server:
        assert [r.content for r in asked(server)] == [b"0123456789"]


@pytest.mark.parametrize("whole", [SIZED, CHUNKED], ids=["sized", "chunked"])
def test_a_reply_that_comes_byte_by_byte(whole: bytes) -> None:
    def act(peer: Peer) -> None:
        for at in range(len(whole)):
            peer.sock.sendall(whole[at : at + 1])
            time.sleep(0.0005)

    with serving(act) as server:
        assert [r.content for r in asked(server, times=2)] == [b"0123456789"] * 2
        assert server.connections == 1


def test_large_bodies_come_whole_and_the_connection_stays() -> None:
    body = bytes(range(256)) * 5000
    size = 70_001
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks
    with saying(reply("200 OK", body), chunked) as server:
        assert [r.content == body for r in asked(server, times=3)] == [True] * 3
        assert server.connections == 1


@pytest.mark.parametrize("stray", [b"x", b"HTTP/1.1 200 OK\r\n\r\n", b"\r\n"])
@pytest.mark.parametrize("whole", [SIZED, CHUNKED], ids=["sized", "chunked"])
def test_what_comes_behind_a_reply_is_no_answer_to_the_next(whole: bytes, stray: bytes) -> None:
    with saying(whole + stray, OK) as server:
        assert [r.content for r in asked(server, times=2)] == [b"0123456789", b"ok"]
        assert server.connections == 2


@pytest.mark.parametrize(
    ("method", "said"),
    [
        ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"),
        ("GET", b"HTTP/1.1 204 No Content\r\n\r\n"),
        ("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n"),
        ("GET", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    ],
)
def test_replies_without_a_body_keep_the_connection(method: str, said: bytes) -> None:
    with saying(said) as server:
        assert [r.content for r in asked(server, method, times=2)] == [b"", b""]
        assert server.connections == 1


@pytest.mark.parametrize("interim", ["100 Continue", "102 Processing", "103 Early Hints"])
def test_interim_replies_are_passed_over(interim: str) -> None:
    said = f"HTTP/1.1 {interim}\r\nLink: x\r\n\r\n".encode() + SIZED
    with saying(said) as server:
        assert [r.content for r in asked(server, times=2)] == [b"0123456789"] * 2


def test_a_body_that_ends_with_the_connection() -> None:
    with saying(b"HTTP/1.1 200 OK\r\n\r\nall of it", close=True) as server:
        assert [r.content for r in asked(server, times=2)] == [b"all of it"] * 2
        assert server.connections == 2


def test_a_connection_that_shall_be_closed_is() -> None:
    with saying(reply("200 OK", b"a", "Connection: close")) as server:
        asked(server, times=2)
        assert server.connections == 2


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab\r\n0\r\n\r\n",
        b"HTTP/1.1 OK\r\n\r\n",
        b"SSH-2.0-OpenSSH_9\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000 + b"\r\n\r\n",
    ],
)
def test_nonsense_is_an_error(said: bytes) -> None:
    with saying(said, close=True) as server, pytest.raises(ReplyLostError):
        asked(server)


def test_headers_come_as_they_are_told() -> None:
    said = b"HTTP/1.1 200 OK\r\nX-Text: caf\xe9\r\nX-Folded: a\r\n  b\r\nContent-Length: 0\r\n\r\n"
    with saying(said) as server:
        headers = asked(server)[0].headers
    assert (headers["x-text"], headers["x-folded"]) == ("caf\xe9", "a b")


@pytest.mark.parametrize(("name", "value"), [("X", "a\r\nY: b"), ("X\r\nY", "a"), ("X", "a\0")])
def test_a_header_cannot_become_two(name: str, value: str) -> None:
    with saying(OK) as server:
        http = HttpxClient(Endpoint("test", "127.0.0.1", server.port), timeout=5)
        with pytest.raises(TransportError, match="cannot be spelled"):
            http.request("GET", "/a", headers={name: value})
        assert server.requests == []
        assert http.request("GET", "/a").content == b"ok"
        http.close()


@pytest.mark.parametrize("pieces", [[b"ab"], [b"ab", b"cdef"]])
def test_a_streamed_body_has_the_length_that_was_told(pieces: list[bytes]) -> None:
    with saying(OK) as server:
        http = HttpxClient(Endpoint("test", "127.0.0.1", server.port), timeout=5)
        told = {"Content-Length": "4"}
        with (
            pytest.raises(TransportError, match="bytes and not 4"),
            http.stream("PUT", "/a", content=iter(pieces), headers=told),
        ):
            pass
        assert server.requests == []
        http.close()


def test_an_interrupt_while_the_rest_of_a_body_is_dropped_is_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What ends a generator that nobody holds swallows it: the connection is closed elsewhere."""
    close = DeadlineStream.close

    def interrupted(stream: DeadlineStream) -> None:
        close(stream)
        signal.raise_signal(signal.SIGINT)

    with saying(reply("200 OK", bytes(1_000_000))) as server:
        http = HttpxClient(Endpoint("test", "127.0.0.1", server.port), timeout=5)
        monkeypatch.setattr(DeadlineStream, "close", interrupted)

        def first() -> bytes:
            with http.stream("GET", "/a") as stream:
                for chunk in stream.chunks():
                    return chunk
            return b""

        with pytest.raises(KeyboardInterrupt):
            first()
        monkeypatch.undo()
        http.close()
