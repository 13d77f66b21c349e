"""HTTP/1.1 on one connection, read by the standard library's parser in the place of h11.

httpcore2's pool hands out and takes back connections as before. Its own kind takes a reply
apart event by event, which costs a third of a millisecond for a small one and three copies of
a large one; http.client reads into the bytes that are given out.
"""

from __future__ import annotations

import http.client
import io
import re
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpcore2

from emr_nb.transport.backend import DeadlineBackend, DeadlineStream

_BUFFER = 128 * 1024  # bytes that are read ahead of a head or a chunk's size
_PIECE = 256 * 1024  # most bytes of a body's piece
_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, 5.6.2
_VALUE = re.compile(rb"[^\0\r\n]*")
_TARGET = re.compile(rb"[\x21-\x7e]+")
_BODILESS = 204, 304


class Wires(httpcore2.ConnectionPool):
    """httpcore2's pool, of connections of this module."""

    def __init__(self, backend: DeadlineBackend, tls: ssl.SSLContext | None, idle: float) -> None:
        super().__init__(
            ssl_context=tls,
            max_connections=64,
            max_keepalive_connections=16,
            network_backend=backend,
        )
        self._backend = backend
        self._idle = idle

    def create_connection(self, origin: httpcore2.Origin) -> Wire:
        return Wire(origin, self._backend, self._ssl_context, self._idle)


class Wire(httpcore2.ConnectionInterface):
    """One connection: made with its first request, given back when a reply was read to its end."""

    def __init__(
        self,
        origin: httpcore2.Origin,
        backend: DeadlineBackend,
        tls: ssl.SSLContext | None,
        idle: float,
    ) -> None:
        self._origin = origin
        self._backend = backend
        self._tls = tls
        self._idle = idle
        self._lock = threading.Lock()
        self._state = "new"  # active, idle, closed
        self._expires = 0.0
        self._stream: DeadlineStream | None = None
        self._reader: Reader | None = None

    def handle_request(self, request: httpcore2.Request) -> httpcore2.Response:
        with self._lock:
            if self._state not in ("new", "idle"):
                raise httpcore2.ConnectionNotAvailable
            self._state = "active"
        try:
            head = _head(request)
            if self._stream is None:
                self._stream = self._connect(request)
                self._reader = Reader(self._stream)
            assert self._reader is not None
            _send(self._stream, request, head)
            reply = _reply(self._reader, request.method)
            headers = [
                (name.encode("latin-1"), _unfolded(value).encode("latin-1"))
                for name, value in reply.headers.items()
            ]
        except BaseException:
            self.close()
            raise
        return httpcore2.Response(reply.status, headers=headers, content=Body(self, reply))

    def released(self, *, whole: bool) -> None:
        """Take the connection back; it is closed unless the reply was read to its end."""
        with self._lock:
            if self._state != "active":
                return
            if whole and self._reader is not None and not self._reader.ahead():
                self._state = "idle"
                self._expires = time.monotonic() + self._idle
                return
        self.close()

    def close(self) -> None:
        self._state = "closed"
        if self._stream is not None:
            self._stream.close()

    def can_handle_request(self, origin: httpcore2.Origin) -> bool:
        return origin == self._origin

    def can_multiplex(self) -> bool:
        return False

    def is_connected(self) -> bool:
        return self._state in ("active", "idle")

    def is_available(self) -> bool:
        return self._state == "idle"

    def has_expired(self) -> bool:
        """Tell whether an idle one is too old, or was closed by the peer: it is readable then."""
        stream = self._stream
        if self._state != "idle" or stream is None:
            return self._state == "closed"
        return time.monotonic() > self._expires or bool(stream.get_extra_info("is_readable"))

    def is_idle(self) -> bool:
        return self._state == "idle"

    def is_closed(self) -> bool:
        return self._state == "closed"

    def info(self) -> str:
        return f"{self._origin!s}, HTTP/1.1, {self._state}"

    def _connect(self, request: httpcore2.Request) -> DeadlineStream:
        host = self._origin.host.decode("ascii")
        stream = self._backend.connect_tcp(host, self._origin.port)
        if self._origin.scheme != b"https":
            return stream
        context = self._tls or httpcore2.default_ssl_context()
        context.set_alpn_protocols(["http/1.1"])
        name = request.extensions.get("sni_hostname") or host
        return stream.start_tls(context, server_hostname=name)


class Body:
    """The body of one reply, by pieces as they come; an early end raises RemoteProtocolError.

    Its reader closes it, at its end too: where a generator is left half read nobody holds it,
    and an interrupt that came while it closed its connection would be lost.
    """

    def __init__(self, wire: Wire, reply: http.client.HTTPResponse) -> None:
        self._wire = wire
        self._reply = reply
        self._open = True
        self._whole = not reply.chunked and reply.length == 0

    def __iter__(self) -> Iterator[bytes]:
        while not self._whole:
            with _mapped():
                piece = self._reply.read1(_PIECE)
            if piece:
                yield piece
                continue
            if self._reply.length and not self._reply.chunked:
                raise httpcore2.RemoteProtocolError(
                    f"the connection was closed {self._reply.length} bytes before the end"
                )
            self._whole = True

    def close(self) -> None:
        if self._open:
            self._open = False
            self._wire.released(whole=self._whole and not self._reply.will_close)


class Reader(io.BufferedReader):
    """What is read of a connection; the end of one reply does not close it."""

    def __init__(self, stream: DeadlineStream) -> None:
        self._source = _Source(stream)
        super().__init__(self._source, _BUFFER)

    def makefile(self, *_: Any) -> Reader:
        """Stand for a socket, as http.client takes one."""
        return self

    def readline(self, size: int | None = -1, /) -> bytes:
        """Read a line; http.client takes one that was cut off by the end for a whole one."""
        line = super().readline(size)
        if not line.endswith(b"\n") and (size is None or size < 0 or len(line) < size):
            raise httpcore2.RemoteProtocolError(
                "the server closed in the middle of a head" if line else "the server closed"
            )
        return line

    def close(self) -> None:
        """Do nothing: the connection is closed by its owner."""

    def ahead(self) -> bool:
        """Tell whether more came than belongs to the reply, without waiting for any."""
        self._source.dry = True
        try:
            return bool(self.peek(1))
        finally:
            self._source.dry = False


class _Source(io.RawIOBase):
    def __init__(self, stream: DeadlineStream) -> None:
        self._stream = stream
        self.dry = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        return None if self.dry else self._stream.read_into(buffer)


@contextmanager
def _mapped() -> Iterator[None]:
    try:
        yield
    except (http.client.HTTPException, ValueError) as error:
        text = f"not understood: {type(error).__name__} {error}"
        raise httpcore2.RemoteProtocolError(text) from error


def _reply(reader: Reader, method: bytes) -> http.client.HTTPResponse:
    """Read a reply's head; interim ones are passed over."""
    with _mapped():
        while True:
            reply = http.client.HTTPResponse(reader, method=method.decode("ascii"))  # type: ignore[arg-type]
            reply.begin()
            if reply.status >= 200:
                break
        _check_length(reply)
        return reply


def _check_length(reply: http.client.HTTPResponse) -> None:
    """Refuse a length that http.client would take for none: the end would not be known."""
    told = {value.strip() for value in reply.headers.get_all("content-length", [])}
    if len(told) > 1:
        raise httpcore2.RemoteProtocolError("the reply's length is told twice")
    if told and not reply.chunked and not re.fullmatch("[0-9]{1,18}", min(told)):
        raise httpcore2.RemoteProtocolError(f"the reply's length is {min(told)[:40]!r}")


def _unfolded(value: str) -> str:
    return re.sub(r"\r?\n[ \t]+", " ", value) if "\n" in value else value


def _head(request: httpcore2.Request) -> bytes:
    """Spell a request's head; raises LocalProtocolError for what would be another request."""
    target = request.url.target
    good = _TOKEN.fullmatch(request.method) and _TARGET.fullmatch(target)
    lines = [request.method + b" " + target + b" HTTP/1.1"]
    for name, value in request.headers:
        good = good and _TOKEN.fullmatch(name) and _VALUE.fullmatch(value)
        lines.append(name + b": " + value)
    if not good:
        raise httpcore2.LocalProtocolError("a header or the target has letters that end it")
    return b"\r\n".join([*lines, b"", b""])


def _send(stream: DeadlineStream, request: httpcore2.Request, head: bytes) -> None:
    """Send a request; one that the server cuts off may have been answered already."""
    headers = {name.lower(): value for name, value in request.headers}
    chunked = headers.get(b"transfer-encoding", b"").lower() == b"chunked"
    length = int(headers.get(b"content-length", b"0"))
    body: Any = request.stream
    sent = 0
    try:
        stream.write(head)
        for piece in body:
            sent += len(piece)
            if not chunked and sent > length:
                break
            if chunked and piece:
                stream.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            elif piece:
                stream.write(piece)
        if chunked:
            stream.write(b"0\r\n\r\n")
    except httpcore2.WriteError:
        return
    if not chunked and sent != length:
        raise httpcore2.LocalProtocolError(f"the body has {sent} bytes and not {length}")
