"""Connections to HiveServer2: SASL PLAIN or none over TCP, or one HTTP request per call.

A connection serves one call at a time and one thread at a time; one whose call did not come
to its end is closed, as nobody could tell which reply comes next.
"""

from __future__ import annotations

import select
import socket
import ssl
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from emr_nb.errors import (
    AuthenticationError,
    ConnectFailedError,
    DeadlineExceededError,
    EmrError,
    ReplyLostError,
    TransportError,
)
from emr_nb.model import Endpoint
from emr_nb.transport import tls
from emr_nb.transport.auth import BasicAuth
from emr_nb.transport.base import Deadline, HttpClient, Retry, Route
from emr_nb.transport.sockets import dial

_START, _OK, _BAD, _ERROR, _COMPLETE = 1, 2, 3, 4, 5  # Thrift's SASL negotiation
_CONNECT_SECONDS = 10.0
_RECEIVE = 1 << 20
_MOST_FRAME = 1 << 30


@dataclass(frozen=True)
class Login:
    """Who we are: `mechanism` is PLAIN or NOSASL; the secret is asked for at each connect."""

    user: str
    mechanism: str = "PLAIN"
    secret: Callable[[], str] = lambda: "none"  # PLAIN takes no empty one, NONE looks at none


class Wire(Protocol):
    """One connection to the server."""

    def exchange(self, request: bytes, deadline: Deadline) -> tuple[bytes, Pull | None]:
        """Send a call and return its reply, or its beginning and what brings more of it.

        Raises ConnectFailedError where nothing was sent, else ReplyLostError and
        DeadlineExceededError.
        """
        ...

    @property
    def usable(self) -> bool:
        """Whether the other side has not closed it, as far as is known here."""
        ...

    def close(self) -> None: ...


Pull = Callable[[], bytes]


class HttpWire:
    """Each call as one POST (`hive.server2.transport.mode=http`)."""

    usable = True

    def __init__(self, route: Route, endpoint: Endpoint, login: Login) -> None:
        self._http: HttpClient = route.http(endpoint, auth=BasicAuth(login.user, login.secret))

    def exchange(self, request: bytes, deadline: Deadline) -> tuple[bytes, Pull | None]:
        reply = self._http.request(
            "POST",
            "",
            content=request,
            headers={"Content-Type": "application/x-thrift"},
            deadline=deadline,
            retry=Retry.NEVER,
        )
        return reply.content, None

    def close(self) -> None:
        self._http.close()


class SocketWire:
    """A TCP connection, its SASL negotiation done."""

    def __init__(
        self, route: Route, endpoint: Endpoint, login: Login, deadline: Deadline, *, secure: bool
    ) -> None:
        self._where = f"{endpoint.service} at {endpoint.host}:{endpoint.port}"
        self._framed = login.mechanism != "NOSASL"
        self._deadline = deadline
        self._sent = False
        self._socket = self._connect(route, endpoint, secure=secure)
        try:
            if self._framed:
                self._negotiate(login)
        except BaseException:
            self.close()
            raise

    @property
    def usable(self) -> bool:
        if self._socket.fileno() < 0:
            return False
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        return not poll.poll(0)  # nothing may come unasked: what is readable is its end

    def exchange(self, request: bytes, deadline: Deadline) -> tuple[bytes, Pull | None]:
        self._deadline, self._sent = deadline, False
        try:
            self._send(struct.pack(">I", len(request)) + request if self._framed else request)
            if not self._framed:
                return b"", self._some
            return self._frame(), None  # a reply is one frame
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        with suppress(OSError):
            self._socket.close()

    # -- inside ---------------------------------------------------------------------------

    def _connect(self, route: Route, endpoint: Endpoint, *, secure: bool) -> socket.socket:
        host, port = route.address(endpoint.host, endpoint.port)
        seconds = max(0.001, min(_CONNECT_SECONDS, self._deadline.remaining))
        try:
            sock = dial(host, port, seconds)
            if secure:
                sock = tls.context(None).wrap_socket(sock, server_hostname=endpoint.host)
        except (OSError, ssl.SSLError) as error:
            raise ConnectFailedError(
                f"No connection: {error}",
                where=self._where,
                advice="Is HiveServer2 running, and is this its port? `%emr doctor` looks.",
            ) from error
        return sock

    def _negotiate(self, login: Login) -> None:
        initial = f"\0{login.user}\0{login.secret()}".encode()
        try:
            self._send(_packed(_START, b"PLAIN") + _packed(_OK, initial))
            status, size = struct.unpack(">BI", self._exactly(5))
            told = self._exactly(min(size, _RECEIVE)).decode("utf-8", "replace")
        except (ReplyLostError, DeadlineExceededError) as error:
            raise ConnectFailedError(
                f"HiveServer2 ends the connection before it knows who we are ({error.what})",
                where=self._where,
                advice="Does it expect another transport (NOSASL, HTTP, TLS, Kerberos)?",
            ) from error
        if status not in (_OK, _COMPLETE):
            raise AuthenticationError(
                f"HiveServer2 refused us: {told or 'no reason given'}",
                where=self._where,
                advice="Check the user, and EMR_NB_HIVE_PASSWORD where it wants a password.",
            )

    def _send(self, data: bytes) -> None:
        view = memoryview(data)
        try:
            while view:
                self._arm()
                self._sent = True  # before the send: an interrupted one may have gone out
                view = view[self._socket.send(view) :]
        except OSError as error:
            raise self._failed(error) from error

    def _frame(self) -> bytes:
        (size,) = struct.unpack(">I", self._exactly(4))
        if size > _MOST_FRAME:
            self.close()
            raise ReplyLostError(
                f"The reply claims {size:,} bytes",
                where=self._where,
                advice="Does the server expect another transport (NOSASL, HTTP, TLS)?",
            )
        return self._exactly(size)

    def _exactly(self, size: int) -> bytes:
        found = bytearray(size)
        view, got = memoryview(found), 0
        try:
            while got < size:
                self._arm()
                count = self._socket.recv_into(view[got:], min(size - got, _RECEIVE))
                if not count:
                    raise ConnectionResetError("the server closed the connection")
                got += count
        except OSError as error:
            raise self._failed(error) from error
        return bytes(found)

    def _some(self) -> bytes:
        try:
            self._arm()
            return self._socket.recv(_RECEIVE)
        except OSError as error:
            raise self._failed(error) from error

    def _arm(self) -> None:
        if self._deadline.remaining <= 0:
            raise TimeoutError("the deadline has passed")
        self._socket.settimeout(self._deadline.remaining)

    def _failed(self, error: OSError) -> TransportError:
        self.close()
        if isinstance(error, TimeoutError):
            return DeadlineExceededError(
                "HiveServer2 did not answer in time",
                sent=self._sent,
                where=self._where,
                advice="It is busy or stuck; `%emr doctor` looks at it from here.",
            )
        return ReplyLostError(
            f"The connection broke before the whole reply had come: {error}",
            where=self._where,
            advice="Whether HiveServer2 acted on it is not known.",
        )


def never_sent(error: EmrError) -> bool:
    """Tell whether a failed call surely did not reach the server."""
    if isinstance(error, DeadlineExceededError):
        return not error.sent
    return isinstance(error, (ConnectFailedError, AuthenticationError))


def _packed(status: int, payload: bytes) -> bytes:
    return struct.pack(">BI", status, len(payload)) + payload
