"""A slow line before a real server: every request late by a fixed time, replies at a fixed rate.

`python -m emr_nb.testing.slow_line HOST PORT SECONDS BYTES_PER_SECOND` runs one in a process of
its own, so that it takes no processor time from what is measured, and prints its port.
"""

from __future__ import annotations

import socket
import sys
import threading
import time
from contextlib import suppress
from typing import Self

_PIECE = 128 * 1024


class SlowLine:
    """Listens on a free port of 127.0.0.1; `delay` in seconds, `rate` in bytes/s a connection."""

    def __init__(self, host: str, port: int, delay: float, rate: float) -> None:
        self._upstream = (host, port)
        self._delay, self._rate = delay, rate
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: set[socket.socket] = set()
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for sock in (self._listener, *list(self._open)):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()

    def serve(self) -> None:
        """Take connections until the listener is closed."""
        while True:
            try:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._upstream, timeout=30)
            except OSError:
                return
            server.settimeout(None)
            self._open |= {client, server}
            for work, source, sink in ((self._late, client, server), (self._paced, server, client)):
                threading.Thread(target=self._pump, args=(work, source, sink), daemon=True).start()

    def _pump(self, work: object, source: socket.socket, sink: socket.socket) -> None:
        assert callable(work)
        try:
            work(source, sink)
        except OSError:
            pass  # either side went away
        finally:
            for sock in (source, sink):
                with suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
            source.close()
            self._open.discard(source)

    def _late(self, source: socket.socket, sink: socket.socket) -> None:
        while piece := source.recv(_PIECE):
            time.sleep(self._delay)
            sink.sendall(piece)

    def _paced(self, source: socket.socket, sink: socket.socket) -> None:
        due = time.monotonic()
        while piece := source.recv(_PIECE):
            due = max(due, time.monotonic() - 0.01)
            sink.sendall(piece)
            due += len(piece) / self._rate
            time.sleep(max(0.0, due - time.monotonic()))


def main(arguments: list[str]) -> None:
    """Serve until the process is ended."""
    host, port, delay, rate = arguments
    line = SlowLine(host, int(port), float(delay), float(rate))
    sys.stdout.write(f"{line.port}\n")
    sys.stdout.flush()
    line.serve()


if __name__ == "__main__":
    main(sys.argv[1:])
