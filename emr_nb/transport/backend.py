"""The sockets beneath the HTTP client: one deadline for a whole call, one send per request."""

from __future__ import annotations

import select
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpcore2

from emr_nb.transport.base import Deadline

Dial = Callable[[str, int, float], socket.socket]

_COALESCE = 64 * 1024  # a request smaller than this leaves in one segment train
_CONNECT_CAP = 10.0  # seconds; a connect that takes longer never comes about


@dataclass(slots=True)
class Call:
    """What one call may still do, and whether any of its bytes went out.

    `deadline` bounds the whole call, `idle` (seconds) every single wait.
    """

    deadline: Deadline | None
    idle: float
    sent: bool = False

    @property
    def wait(self) -> float:
        """Seconds that the next wait may last; never zero, which would mean non-blocking."""
        left = self.idle if self.deadline is None else min(self.idle, self.deadline.remaining)
        return max(left, 0.001)

    @property
    def expired(self) -> bool:
        return self.deadline is not None and self.deadline.remaining <= 0


class CurrentCall(threading.local):
    """The call that this thread is in; the sockets below ask it before every wait."""

    call: Call | None = None

    @contextmanager
    def entered(self, call: Call) -> Iterator[None]:
        """Make `call` the current one; calls nest when a body is read from the same client."""
        outer, self.call = self.call, call
        try:
            yield
        finally:
            self.call = outer


class DeadlineBackend(httpcore2.NetworkBackend):
    """Opens connections by a route's `dial`, bounded by the current call."""

    def __init__(self, dial: Dial, current: CurrentCall) -> None:
        self._dial = dial
        self._current = current

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 -- the current call knows better
        local_address: str | None = None,  # noqa: ARG002
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002
    ) -> DeadlineStream:
        call = self._current.call
        wait = min(call.wait, _CONNECT_CAP) if call else _CONNECT_CAP
        try:
            return DeadlineStream(self._dial(host, port, wait), self._current)
        except TimeoutError as error:
            raise httpcore2.ConnectTimeout(str(error)) from error
        except OSError as error:
            raise httpcore2.ConnectError(str(error)) from error


class DeadlineStream(httpcore2.NetworkStream):
    """A socket that keeps to the current call's deadline.

    Small writes are held back until the next read, so that a request's head and body leave
    together: two sends would meet the peer's delayed acknowledgement (40 ms).
    """

    def __init__(self, sock: socket.socket, current: CurrentCall) -> None:
        self._sock = sock
        self._current = current
        self._held = bytearray()
        self._poll: select.poll | None = None

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        buffer = bytearray(max_bytes)
        return bytes(buffer[: self.read_into(buffer)])

    def read_into(self, buffer: bytearray | memoryview) -> int:
        """Receive into a buffer, and return how many bytes; 0 at the connection's end."""
        try:
            self._flush()
            self._arm(httpcore2.ReadTimeout)
            return self._sock.recv_into(buffer)
        except TimeoutError as error:
            raise httpcore2.ReadTimeout(str(error)) from error
        except OSError as error:
            raise httpcore2.ReadError(str(error)) from error

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        self._held += buffer
        if len(self._held) < _COALESCE:
            return
        try:
            self._flush()
        except TimeoutError as error:
            raise httpcore2.WriteTimeout(str(error)) from error
        except OSError as error:
            raise httpcore2.WriteError(str(error)) from error

    def _flush(self) -> None:
        if not self._held:
            return
        held, self._held = bytes(self._held), bytearray()
        view = memoryview(held)
        while view:
            self._arm(httpcore2.WriteTimeout)
            if self._current.call:  # before the send: an interrupted one may have gone out
                self._current.call.sent = True
            view = view[self._sock.send(view) :]

    def _arm(self, expired: type[Exception]) -> None:
        call = self._current.call
        if call and call.expired:
            raise expired("the deadline has passed")
        self._sock.settimeout(call.wait if call else _CONNECT_CAP)

    def close(self) -> None:
        self._held.clear()
        self._sock.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> DeadlineStream:
        try:
            self._arm(httpcore2.ConnectTimeout)
            sock = ssl_context.wrap_socket(self._sock, server_hostname=server_hostname)
        except TimeoutError as error:
            self.close()
            raise httpcore2.ConnectTimeout(str(error)) from error
        except OSError as error:  # ssl.SSLError and ssl.CertificateError too
            self.close()
            raise httpcore2.ConnectError(str(error)) from error
        except BaseException:
            self.close()
            raise
        return DeadlineStream(sock, self._current)

    def get_extra_info(self, info: str) -> Any:
        if info == "ssl_object":
            return self._sock if isinstance(self._sock, ssl.SSLSocket) else None
        if info == "socket":
            return self._sock
        if info == "is_readable":  # an idle connection that is readable has been closed
            return self._readable()
        return None

    def _readable(self) -> bool:
        if self._sock.fileno() < 0:
            return True
        if self._poll is None:  # kept: every request asks all idle connections
            self._poll = select.poll()
            self._poll.register(self._sock, select.POLLIN)
        return bool(self._poll.poll(0))
