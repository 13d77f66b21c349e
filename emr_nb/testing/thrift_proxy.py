"""A fault proxy before a real HiveServer2: the server acts, then its reply goes wrong.

It reads the frames of Thrift's SASL transport; a rule's `target` is matched against the name
of the call (`ExecuteStatement`), its `method` against `CALL`.
"""

from __future__ import annotations

import re
import socket
import struct
from contextlib import suppress

from emr_nb.testing.fault_proxy import FaultProxy

_HEAD = 5  # bytes: status and length of a negotiation's message


class ThriftFaultProxy(FaultProxy):
    """Listens on a free port of 127.0.0.1 between `with` and its end.

    Actions: pass, refuse, drop_reply, hold, late, hang, delay, truncate, and rewrite (of bytes
    of the same length).
    """

    def _serve(self, client: socket.socket) -> None:
        server: socket.socket | None = None
        try:
            server = self._keep(socket.create_connection(self._upstream, timeout=30))
            server.settimeout(None)
            for _ in range(2):  # mechanism, then who we are
                server.sendall(_negotiation(client))
            client.sendall(_negotiation(server))
            while self._pass(client, server):
                pass
        except (OSError, EOFError):
            pass  # either side went away: so does the other
        finally:
            if server is not None:
                self._leave(server)
            self._leave(client)

    def _pass(self, client: socket.socket, server: socket.socket) -> bool:
        """Pass one call and its reply, as the rules say; False ends the connection."""
        request = _frame(client)
        rule = self._rule("CALL", _name(request))
        match rule.action:
            case "refuse":
                return _cut(client)
            case "hold":
                self._closing.wait()
                return False
            case "late":
                self._closing.wait(rule.seconds)
        server.sendall(request)
        reply = _frame(server)
        match rule.action:
            case "drop_reply":
                return _cut(client)
            case "hang":
                self._closing.wait()
                return False
            case "delay":
                self._closing.wait(rule.seconds)
            case "truncate":
                client.sendall(reply[: rule.after_bytes])
                return False
            case "rewrite":
                old, new = rule.find.encode("latin-1"), rule.replace.encode("latin-1")
                reply = re.sub(re.escape(old), lambda _: new, reply)
        client.sendall(reply)
        return True


def _negotiation(sock: socket.socket) -> bytes:
    head = exactly(sock, _HEAD)
    return head + exactly(sock, struct.unpack(">BI", head)[1])


def _frame(sock: socket.socket) -> bytes:
    head = exactly(sock, 4)
    return head + exactly(sock, struct.unpack(">I", head)[0])


def _name(frame: bytes) -> str:
    (size,) = struct.unpack_from(">I", frame, 8)
    return frame[12 : 12 + size].decode("latin-1")


def exactly(sock: socket.socket, size: int) -> bytes:
    """Read so many bytes; raises EOFError where they end before."""
    found = bytearray()
    while len(found) < size:
        piece = sock.recv(size - len(found))
        if not piece:
            raise EOFError
        found += piece
    return bytes(found)


def _cut(sock: socket.socket) -> bool:
    """Have the socket's close seen as a reset."""
    with suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False
