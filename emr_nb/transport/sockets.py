"""TCP connections that end in time: name look-up, connect and keep-alive under one deadline."""

from __future__ import annotations

import ipaddress
import queue
import socket
import threading

from emr_nb.transport.base import Deadline

_Address = tuple[int, int, int, str, tuple[str, int] | tuple[str, int, int, int]]

_UNACKED_MS = 10_000  # a peer that vanished (sleep, changed network) is noticed after 10 s
_OPTIONS = (
    (socket.IPPROTO_TCP, "TCP_NODELAY", 1),
    (socket.SOL_SOCKET, "SO_KEEPALIVE", 1),
    (socket.IPPROTO_TCP, "TCP_KEEPIDLE", 10),
    (socket.IPPROTO_TCP, "TCP_KEEPINTVL", 5),
    (socket.IPPROTO_TCP, "TCP_KEEPCNT", 3),
    (socket.IPPROTO_TCP, "TCP_USER_TIMEOUT", _UNACKED_MS),
)


def dial(host: str, port: int, timeout: float) -> socket.socket:
    """Connect to the first address that answers; raises OSError (TimeoutError) in time."""
    deadline = Deadline.after(timeout)
    failure: OSError = OSError(f"{host} has no address")
    for family, kind, protocol, _, address in resolve(host, port, timeout):
        sock = socket.socket(family, kind, protocol)
        try:
            sock.settimeout(max(deadline.remaining, 0.001))
            sock.connect(address)
        except OSError as error:
            sock.close()
            failure = error
            continue
        except BaseException:
            sock.close()
            raise
        _tune(sock)
        return sock
    raise failure


def resolve(host: str, port: int, timeout: float) -> list[_Address]:
    """Look a name up without outstaying `timeout` seconds; raises OSError.

    The system's look-up can neither be interrupted nor bounded, so a name that is not an
    address is looked up in a thread of its own, which may be left behind.
    """
    if host == "localhost" or _is_address(host):
        return _look_up(host, port)
    answers: queue.SimpleQueue[list[_Address] | OSError] = queue.SimpleQueue()

    def run() -> None:
        try:
            answers.put(_look_up(host, port))
        except OSError as error:
            answers.put(error)

    threading.Thread(target=run, name=f"resolve {host}", daemon=True).start()
    try:
        answer = answers.get(timeout=max(timeout, 0.001))
    except queue.Empty:
        raise TimeoutError(f"the name {host} was not resolved in time") from None
    if isinstance(answer, OSError):
        raise answer
    return answer


def _look_up(host: str, port: int) -> list[_Address]:
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)  # type: ignore[return-value]


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _tune(sock: socket.socket) -> None:
    for level, name, value in _OPTIONS:
        number = getattr(socket, name, None)  # not every platform has them all
        if number is not None:
            sock.setsockopt(level, number, value)
