"""What the HTTP client sends and takes: targets, secrets, bodies and streams."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping

import pytest
from servers import OK, Peer, reply, serving

from emr_nb.errors import AuthenticationError, DeadlineExceededError, ReplyLostError
from emr_nb.transport.auth import BasicAuth


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


def test_redirects_are_answers_not_journeys(client):
    def act(peer: Peer) -> None:
        peer.sock.sendall(reply("307 Elsewhere", b"", "Location: http://169.254.169.254/"))

    with serving(act) as server:
        got = client(server).request("GET", "/x")
        assert (got.status, got.headers["location"]) == (307, "http://169.254.169.254/")
        assert len(server.requests) == 1


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
