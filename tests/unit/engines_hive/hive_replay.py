"""A server that speaks SASL's frames and answers calls with bytes recorded from HiveServer2."""

from __future__ import annotations

import socket
import struct
import threading
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Self

RECORDED = Path(__file__).with_name("recorded")


def recorded(name: str) -> bytes:
    return (RECORDED / f"{name}.bin").read_bytes()


class Replay:
    """Listens on a free port of 127.0.0.1; `answers` has what each call is answered, in order.

    The last answer stays. `b""` never answers, None cuts the connection.
    """

    def __init__(self, **answers: list[bytes | None]) -> None:
        self.answers = answers
        self.calls: Counter[str] = Counter()
        self.handshake = struct.pack(">BI", 5, 0)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets: list[socket.socket] = []
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.drop()

    def drop(self) -> None:
        """Close every connection, as a server that ends does."""
        for sock in self._sockets:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                sock, _ = self._listener.accept()
                self._sockets.append(sock)
                threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        with suppress(OSError, EOFError):
            for _ in range(2):
                self._exactly(sock, struct.unpack(">BI", self._exactly(sock, 5))[1])
            sock.sendall(self.handshake)
            while self._answer(sock):
                pass
        sock.close()

    def _answer(self, sock: socket.socket) -> bool:
        frame = self._exactly(sock, struct.unpack(">I", self._exactly(sock, 4))[0])
        (size,) = struct.unpack_from(">I", frame, 4)
        name = frame[8 : 8 + size].decode()
        number = frame[8 + size : 12 + size]
        at = self.calls[name]
        self.calls[name] += 1
        known = self.answers.get(name, [None])  # what it was not told, it hangs up on
        found = known[min(at, len(known) - 1)]
        if found is None:
            return False
        if found:
            told = 8 + struct.unpack_from(">I", found, 4)[0]
            found = found[:told] + number + found[told + 4 :]
            sock.sendall(struct.pack(">I", len(found)) + found)
        return True

    def _exactly(self, sock: socket.socket, size: int) -> bytes:
        found = b""
        while len(found) < size:
            piece = sock.recv(size - len(found))
            if not piece:
                raise EOFError
            found += piece
        return found
