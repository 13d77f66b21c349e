"""HTTP/1.1 messages as they are on the wire, for a proxy that must not change them."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator

BLOCK = 65536


class WireReader:
    """Reads HTTP/1.1 messages off a socket, their bodies as they are on the wire."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._held = b""

    def _more(self) -> bytes:
        got = self._sock.recv(BLOCK)
        if not got:
            raise EOFError
        return got

    def _until(self, end: bytes) -> bytes:
        while (at := self._held.find(end)) < 0:
            self._held += self._more()
        taken, self._held = self._held[: at + len(end)], self._held[at + len(end) :]
        return taken

    def head(self) -> bytes:
        return self._until(b"\r\n\r\n")

    def body(self, head: bytes, method: str, *, request: bool) -> bytes:
        return b"".join(self.blocks(head, method, request=request))

    def blocks(self, head: bytes, method: str, *, request: bool) -> Iterator[bytes]:
        """Yield the body that belongs to a head."""
        status = b"" if request else head.split(b" ", 2)[1][:3]
        if not request and (method == "HEAD" or status in (b"204", b"304")):
            return
        if re.search(rb"(?i)\r\ntransfer-encoding: *chunked", head):
            while True:
                line = self._until(b"\r\n")
                size = int(line.split(b";")[0], 16)
                yield line
                if not size:
                    yield self._trailer()
                    return
                yield from self._exactly(size + 2)
        found = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        if found:
            yield from self._exactly(int(found[1]))
        elif not request:  # until the server closes
            yield self._held
            self._held = b""
            while block := self._sock.recv(BLOCK):
                yield block

    def _trailer(self) -> bytes:
        line = trailer = self._until(b"\r\n")
        while line != b"\r\n":
            line = self._until(b"\r\n")
            trailer += line
        return trailer

    def _exactly(self, size: int) -> Iterator[bytes]:
        while size:
            block = self._held[:size] or self._more()
            if not self._held:
                self._held = block
                block = block[:size]
            self._held = self._held[len(block) :]
            size -= len(block)
            yield block


def unchunked(body: bytes) -> bytes:
    """Return what a chunked body carries."""
    pieces: list[bytes] = []
    at = 0
    while True:
        line, _, _ = body[at:].partition(b"\r\n")
        size = int(line.split(b";")[0], 16)
        if not size:
            return b"".join(pieces)
        at += len(line) + 2
        pieces.append(body[at : at + size])
        at += size + 2
