"""The processes that read HDFS by hdfs-native: a range at a time each, a few kept for the next."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from emr_nb.model import FileEntry

_CHILD = Path(__file__).with_name("hdfs_child.py")
_CHUNK = 1 << 20
_BUFFER = 1 << 20  # bytes of the socket between; systems may allow less
_END_SECONDS = 5.0
# another cluster's settings, other users' tokens, and secrets that it has no use for
_NOT_FOR_IT = ("HADOOP_", "RUST_", "AWS_")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Way:
    """How hdfs-native gets at a cluster: a URL with the settings that explain it, and a user."""

    user: str
    url: str
    config: Mapping[str, str] = field(default_factory=dict)


class Worker:
    """One process that reads ranges, for one user; used by one thread at a time.

    `ask` and `take` raise OSError (TimeoutError) when it fails or takes longer than `seconds`;
    it is then good for nothing but its end.
    """

    def __init__(self, way: Way, seconds: float) -> None:
        self.way = way
        self._line, theirs = socket.socketpair()
        self._line.settimeout(seconds)
        for end in (self._line, theirs):
            for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
                end.setsockopt(socket.SOL_SOCKET, option, _BUFFER)
        told = json.dumps({"url": way.url, "config": dict(way.config)})
        try:
            self._process = subprocess.Popen(
                # -P: the script's folder has modules that are called like Python's own
                [sys.executable, "-P", str(_CHILD), told],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=_environment(way.user),
                start_new_session=True,  # an interrupt of the kernel is not for it
            )
        except BaseException:
            self._line.close()
            raise
        finally:
            theirs.close()

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(self, entry: FileEntry, start: int, end: int) -> bool:
        """Ask for a range of the file as it is known; False where HDFS says no."""
        modified = (entry.modified or _EPOCH) - _EPOCH
        asked = {
            "path": entry.path.key,
            "size": entry.size,
            "modified": modified // timedelta(milliseconds=1),
            "start": start,
            "end": end,
        }
        self._line.sendall(json.dumps(asked).encode() + b"\n")
        answer = self.take(1)
        if answer not in (b"+", b"-"):
            raise ConnectionAbortedError("hdfs-native's process is out of step")
        return answer == b"+"

    def take(self, most: int) -> bytes:
        """Return what has come of the range, at most so many bytes and at least one."""
        chunk = self._line.recv(min(most, _CHUNK))
        if not chunk:
            raise ConnectionResetError("hdfs-native's process has ended")
        return chunk

    def end(self) -> None:
        """End the process, whatever it is at."""
        self._line.close()
        self._process.kill()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_SECONDS)


class Workers:
    """The processes of one store: at most `most`, ended after `idle` seconds without work."""

    def __init__(self, seconds: float, most: int = 6, idle: float = 20.0) -> None:
        self._seconds, self._most, self._idle = seconds, most, idle
        self._lock = threading.RLock()  # the end of a store may come about inside of it
        self._busy = 0
        self._waiting: list[tuple[float, Worker]] = []
        self._timer: threading.Timer | None = None
        self._closed = False

    def take(self, way: Way) -> Worker | None:
        """Return a process of one's own; None where there are enough. Raises OSError."""
        with self._lock:
            if self._busy >= self._most or self._closed:
                return None
            self._busy += 1
            found = self._waiting.pop()[1] if self._waiting else None
        try:
            if found is not None and found.way != way:
                found.end()
                found = None
            return found or Worker(way, self._seconds)
        except BaseException:
            self._done()
            raise

    def give(self, worker: Worker, *, usable: bool) -> None:
        """Take a process back, to be kept for the next one where it is usable."""
        self._done()
        with self._lock:
            if usable and not self._closed:
                self._waiting.append((time.monotonic() + self._idle, worker))
                self._wait(self._idle)
                return
        worker.end()

    def close(self) -> None:
        """End those that wait; those at work are ended by who has them."""
        with self._lock:
            self._closed = True
            ended, self._waiting = self._waiting, []
            if self._timer is not None:
                self._timer.cancel()
        for _, worker in ended:
            worker.end()

    def _done(self) -> None:
        with self._lock:
            self._busy -= 1

    def _wait(self, seconds: float) -> None:
        if self._timer is None:
            self._timer = threading.Timer(seconds, self._sweep)
            self._timer.daemon = True
            self._timer.start()

    def _sweep(self) -> None:
        with self._lock:
            now, self._timer = time.monotonic(), None
            ended = [worker for until, worker in self._waiting if until <= now]
            self._waiting = [(until, worker) for until, worker in self._waiting if until > now]
            if self._waiting and not self._closed:
                self._wait(self._waiting[0][0] - now)
        for worker in ended:
            worker.end()


def _environment(user: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(_NOT_FOR_IT)}
    return {**kept, "HADOOP_USER_NAME": user}
