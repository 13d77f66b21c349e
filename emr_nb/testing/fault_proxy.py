"""A fault proxy before a real HTTP server: the server acts, then the reply goes wrong.

Rules choose calls by method, target and number; what they do is certain or, with
`probability`, drawn from one seed. Calls are counted here; executions are for the server.
"""

from __future__ import annotations

import random
import re
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal, Self

from emr_nb.testing.http_wire import WireReader, unchunked

Action = Literal[
    "pass",  # only count
    "refuse",  # drop the connection before the server sees the request
    "drop_reply",  # forward, let the server act, then reset
    "status",  # forward, let the server act, then answer with `status` instead
    "instead",  # answer with `status` without forwarding
    "hold",  # read the request, then neither forward nor answer it
    "late",  # forward after `seconds`, whether or not anybody waits for the answer still
    "truncate",  # forward, then cut the reply's body after `after_bytes`
    "hang",  # forward, then never answer
    "delay",  # forward, answer `seconds` late
    "drip",  # forward, answer one byte every `seconds`, the first `after_bytes` at once
    "rewrite",  # forward, replace `find` by `replace` in the reply, lengths mended
]


@dataclass
class Rule:
    """What to do with calls whose method and target match (`re.search`, method whole).

    `skip` matching calls pass first; `times` calls are then hit (None: all). `headers` are
    added to the answers of `status` and `instead`, such as `Retry-After: 1`.
    """

    method: str
    target: str
    action: Action = "pass"
    times: int | None = None
    skip: int = 0
    status: int = 502
    body: bytes = b""
    headers: tuple[str, ...] = ()
    after_bytes: int = 0
    seconds: float = 0.1
    find: str = ""
    replace: str = ""
    probability: float = 1.0
    hits: int = field(default=0, init=False)
    _seen: int = field(default=0, init=False)

    def takes(self, call: Call, chance: random.Random) -> bool:
        """Tell whether this call is hit, and count it."""
        if not re.fullmatch(self.method, call.method) or not re.search(self.target, call.target):
            return False
        self._seen += 1
        if self._seen <= self.skip or (self.times is not None and self.hits >= self.times):
            return False
        if self.probability < 1 and chance.random() >= self.probability:
            return False
        self.hits += 1
        return True


@dataclass(frozen=True)
class Call:
    """One request that reached the proxy, and the action taken on it."""

    method: str
    target: str
    action: str = "pass"


class FaultProxy:
    """Listens on a free port of 127.0.0.1 between `with` and its end."""

    def __init__(self, host: str, port: int, *, seed: int = 0) -> None:
        self.calls: list[Call] = []
        self.rules: list[Rule] = []
        self._upstream = (host, port)
        self._chance = random.Random(seed)  # noqa: S311 -- faults, not secrets
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._sockets: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    def add(self, rule: Rule) -> Rule:
        """Add a rule; the first one that takes a call decides."""
        with self._lock:
            self.rules.append(rule)
        return rule

    def clear(self) -> None:
        """Forget all rules; calls stay counted."""
        with self._lock:
            self.rules.clear()

    def count(self, target: str, method: str = ".*") -> int:
        """Return how many calls matched."""
        with self._lock:
            return sum(
                bool(re.fullmatch(method, call.method) and re.search(target, call.target))
                for call in self.calls
            )

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def cut(self) -> None:
        """Drop every open connection: whoever waits for an answer learns that none will come."""
        with self._lock:
            sockets = list(self._sockets)
        for sock in sockets:
            _shut(sock)

    def close(self) -> None:
        """Stop listening, drop every connection and wait for the threads."""
        self._closing.set()
        _shut(self._listener)
        self.cut()
        with self._lock:
            threads = list(self._threads)
        for thread in threads:
            thread.join(timeout=5)

    # -- connections ----------------------------------------------------------------------

    def _start(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        with self._lock:
            self._threads.append(thread)
        thread.start()

    def _keep(self, sock: socket.socket) -> socket.socket:
        with self._lock:
            self._sockets.add(sock)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock

    def _leave(self, sock: socket.socket) -> None:
        with self._lock:
            self._sockets.discard(sock)
        sock.close()

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self._start(self._serve, self._keep(sock))

    def _serve(self, client: socket.socket) -> None:
        server: socket.socket | None = None
        try:
            server = self._keep(socket.create_connection(self._upstream, timeout=30))
            server.settimeout(None)
            incoming, outgoing = WireReader(client), WireReader(server)
            while self._exchange(client, incoming, server, outgoing):
                pass
        except (OSError, EOFError):
            pass  # either side went away: so does the other
        finally:
            if server is not None:
                self._leave(server)
            self._leave(client)

    def _exchange(
        self,
        client: socket.socket,
        incoming: WireReader,
        server: socket.socket,
        outgoing: WireReader,
    ) -> bool:
        """Pass one request and its reply, as the rules say; False ends the connection."""
        head = incoming.head()
        method, target, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)
        rule = self._rule(method, target)
        if rule.action == "refuse":
            return _reset(client)
        if rule.action == "instead":
            incoming.body(head, method, request=True)
            client.sendall(_answer(rule))
            return True
        if rule.action == "hold":
            incoming.body(head, method, request=True)
            self._closing.wait()
            return False
        if rule.action == "late":
            whole = head + incoming.body(head, method, request=True)
            if not self._closing.wait(rule.seconds):
                server.sendall(whole)
        else:
            self._forward(head, incoming, method, client, server)
        reply = outgoing.head()
        while reply.split(b" ", 2)[1] == b"100":
            reply = outgoing.head()
        if rule.action in ("pass", "late"):
            client.sendall(reply)
            for block in outgoing.blocks(reply, method, request=False):
                client.sendall(block)
            return b"connection: close" not in reply.lower()
        body = outgoing.body(reply, method, request=False)
        return self._spoil(rule, client, reply, body)

    def _forward(
        self, head: bytes, incoming: WireReader, method: str, client: socket.socket,
        server: socket.socket,
    ) -> None:  # fmt: skip
        if b"expect: 100-continue" in head.lower():
            client.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            head = re.sub(rb"(?i)\r\nexpect: 100-continue", b"", head)
        server.sendall(head)
        for block in incoming.blocks(head, method, request=True):
            server.sendall(block)

    def _rule(self, method: str, target: str) -> Rule:
        with self._lock:
            call = Call(method, target)
            rule = next((r for r in self.rules if r.takes(call, self._chance)), Rule("", ""))
            self.calls.append(Call(method, target, rule.action))
            return rule

    def _spoil(self, rule: Rule, client: socket.socket, head: bytes, body: bytes) -> bool:
        if rule.action == "drop_reply":
            return _reset(client)
        alive = b"connection: close" not in head.lower()  # else the server is gone by now
        if rule.action == "status":
            client.sendall(_answer(rule, alive=alive))
            return alive
        if rule.action == "hang":
            self._closing.wait()
            return False
        if rule.action == "truncate":
            client.sendall(head + body[: rule.after_bytes])
            return False
        if rule.action == "drip":
            whole = head + body
            client.sendall(whole[: rule.after_bytes])
            for byte in whole[rule.after_bytes :]:
                client.sendall(bytes([byte]))
                if self._closing.wait(rule.seconds):
                    return False
            return alive
        if rule.action == "delay":
            self._closing.wait(rule.seconds)
            client.sendall(head + body)
            return alive
        client.sendall(_rewritten(rule, head, body))
        return alive


def _rewritten(rule: Rule, head: bytes, body: bytes) -> bytes:
    """Return the reply with its text replaced; a chunked one gets a length instead."""
    old, new = rule.find.encode("latin-1"), rule.replace.encode("latin-1")
    chunked = re.compile(rb"(?i)\r\ntransfer-encoding: *chunked")
    if chunked.search(head):
        head = chunked.sub(b"\r\nContent-Length: 0", head)
        body = unchunked(body)
    body = body.replace(old, new)
    length = b"\r\nContent-Length: %d\r\n" % len(body)
    head = re.sub(rb"(?i)\r\ncontent-length: \d+\r\n", length, head.replace(old, new))
    return head + body


def _answer(rule: Rule, *, alive: bool = True) -> bytes:
    lines = [f"HTTP/1.1 {rule.status} Fault", f"Content-Length: {len(rule.body)}", *rule.headers]
    lines += [] if alive else ["Connection: close"]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + rule.body


def _reset(sock: socket.socket) -> bool:
    """Have the socket's close seen as a reset."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False


def _shut(sock: socket.socket) -> None:
    with suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
    sock.close()
