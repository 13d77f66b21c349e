"""Servers that give the bytes recorded from the real ones, as fast as they are taken.

Run as a script, in a process of its own: `sql_replay.py hive|http FOLDER` prints its port. The
recording of Hive is a file per reply, that of Presto and Trino a file per page.
"""

from __future__ import annotations

import re
import socket
import struct
import sys
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from emr_nb.testing.thrift_proxy import exactly

_ORIGIN = re.compile(rb'"http://[^/"]+/v1/statement/[^"]*/(\d+)(\?[^"]*)?"')
_END = 600  # bytes of a page's head and of its tail in which its addresses stand


# -- Hive ---------------------------------------------------------------------------------


class HiveReplay:
    """SASL's frames; each call is answered by its file, FetchResults by one after the other."""

    def __init__(self, folder: Path) -> None:
        self._replies = {path.stem: path.read_bytes() for path in folder.glob("*.bin")}
        names = sorted(name for name in self._replies if name.startswith("rows-"))
        self._rows = [self._replies[name] for name in names]
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._at = 0
        self._logged = False

    def serve(self) -> None:
        while True:
            sock, _ = self._listener.accept()
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        with sock, suppress(OSError, EOFError):
            for _ in range(2):
                exactly(sock, struct.unpack(">BI", exactly(sock, 5))[1])
            sock.sendall(struct.pack(">BI", 5, 0))
            while True:
                asked = exactly(sock, struct.unpack(">I", exactly(sock, 4))[0])
                (size,) = struct.unpack_from(">I", asked, 4)
                name, number = asked[8 : 8 + size].decode(), asked[8 + size : 12 + size]
                found = self._found(name, asked[12 + size :])
                told = 8 + struct.unpack_from(">I", found, 4)[0]
                sock.sendall(struct.pack(">I", len(found)) + found[:told] + number)
                sock.sendall(memoryview(found)[told + 4 :])

    def _found(self, name: str, body: bytes) -> bytes:
        if name == "OpenSession":  # who asks for an older version is answered in it
            (version,) = struct.unpack_from(">i", body, 6)
            return self._replies["OpenSession-5" if version <= 5 else "OpenSession"]
        if name == "ExecuteStatement":
            self._at, self._logged = 0, False
        if name != "FetchResults":
            return self._replies[name]
        if body.endswith(b"\6\0\4\0\1\0\0"):  # the log, by field 4
            found = self._replies["log-end" if self._logged else "log"]
            self._logged = True
            return found
        self._at += 1
        return self._rows[min(self._at, len(self._rows)) - 1]


# -- Presto and Trino ---------------------------------------------------------------------


def pages_of(folder: Path, port: int) -> list[bytes]:
    """Return the pages, each with its successor's address at this server."""
    pages = []
    for at, path in enumerate(sorted(folder.glob("page-*.json"))):
        page = path.read_bytes()
        there = f'"http://127.0.0.1:{port}/v1/statement/queued/q/s/{at + 1}"'.encode()
        head, middle, tail = page[:_END], page[_END:-_END], page[-_END:]
        if len(page) <= 2 * _END:
            head, middle, tail = page, b"", b""
        pages.append(_ORIGIN.sub(there, head) + middle + _ORIGIN.sub(there, tail))
    return pages


def http(folder: Path) -> ThreadingHTTPServer:
    pages: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = 1 << 16

        def _page(self, at: int) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(pages[at])))
            self.end_headers()
            self.wfile.write(pages[at])

        def do_POST(self) -> None:
            self._page(0)

        def do_GET(self) -> None:
            self._page(int(self.path.rpartition("/")[2]))

        def do_DELETE(self) -> None:
            self.send_response(204)
            self.end_headers()

        def do_HEAD(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Be quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    pages += pages_of(folder, server.server_port)
    return server


def main() -> None:
    kind, folder = sys.argv[1], Path(sys.argv[2])
    if kind == "hive":
        replay = HiveReplay(folder)
        print(replay.port, flush=True)
        replay.serve()
    else:
        server = http(folder)
        print(server.server_port, flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
