"""Reading S3 objects: ranges side by side, which go on where they broke, of one version."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

from emr_nb.errors import (
    FileError,
    HttpStatusError,
    PathExistsError,
    ReplyLostError,
    TransportError,
)
from emr_nb.files.s3_calls import S3Calls
from emr_nb.files.s3_checks import Check
from emr_nb.model import FilePath
from emr_nb.transport.base import StreamingReply
from emr_nb.transport.waits import interruptible

GET = "s3:GetObject"
WINDOW = 6 * 1024 * 1024  # bytes of one range of a large object
_AHEAD = 4  # ranges in memory beside the one that is read: 30 MiB, twice that by obstore
_TRIES = 5  # in a row that brought nothing
_WAITS = (0.1, 0.4, 1.2, 3.0)
Look = Callable[[Mapping[str, str]], None]


class Bulk(Protocol):
    """Another client that fetches ranges faster; None for what it cannot fetch."""

    def fetch(self, path: FilePath, start: int, end: int, etag: str) -> bytes | None: ...


def read_range(
    calls: S3Calls,
    path: FilePath,
    start: int,
    length: int | None,
    *,
    look: Look | None = None,
    version: str = "",
    bulk: Bulk | None = None,
    etag: str = "",
) -> Iterator[bytes]:
    """Yield a range of one version of an object; raises rather than ends early.

    `look` sees the first reply's headers before a byte is given out. Above 6 MiB the ranges
    that follow are fetched side by side, four ahead. A whole object is checked
    against its checksum at the end. `etag` asks for the object that has it.
    """
    if length == 0:
        return
    end = None if length is None else start + length
    first = _Reading(path, start, end, version, etag)
    rest: _Rest | None = None
    check: Check | None = None
    try:
        for chunk in first.chunks(calls, look):
            if check is None:
                check = Check(path, {} if start or length is not None else first.headers)
            check.update(chunk)
            yield chunk
            if rest is None and first.end is not None and first.stop < first.end:
                rest = _Rest(calls, first, bulk)
        for chunk in rest.chunks() if rest is not None else ():
            if check is not None:
                check.update(chunk)
            yield chunk
    finally:
        if rest is not None:
            rest.close()
    if check is not None:
        check.verify()


class _Reading:
    """How far the read of one range has come; `end` is known after the first reply.

    Where the range is larger than a window, it stops at `stop` and others take the rest.
    """

    def __init__(
        self,
        path: FilePath,
        start: int,
        asked_end: int | None,
        version: str = "",
        etag: str = "",
        stopped: threading.Event | None = None,
    ) -> None:
        self.path = path
        self.at = start
        self.end: int | None = None
        self.stop = start + WINDOW
        self.version = version
        self.etag = etag
        self.headers: Mapping[str, str] = {}
        self._asked_end = asked_end
        self._stopped = stopped or threading.Event()

    @property
    def done(self) -> bool:
        return self.end is not None and self.at >= min(self.end, self.stop)

    def chunks(self, calls: S3Calls, look: Look | None = None) -> Iterator[bytes]:
        """Yield the bytes, asking again for what is missing."""
        fruitless = 0
        params = {"versionId": self.version} if self.version else None
        while not self.done and not self._stopped.is_set():
            before = self.at
            failure: TransportError | None = None
            try:
                with calls.stream(self.path, GET, self._wanted(), params) as stream:
                    yield from self._take(stream, look)
            except PathExistsError as error:  # If-Match failed
                raise FileError(
                    "The object was replaced while it was read",
                    where=str(self.path),
                    advice="Read it again.",
                ) from error
            except TransportError as error:
                failure = error
            fruitless = 0 if self.at > before else fruitless + 1
            if failure is not None and fruitless >= _TRIES:
                if isinstance(failure, HttpStatusError):
                    raise calls.failure(failure, self.path, GET) from failure
                raise failure
            if failure is not None and fruitless:
                time.sleep(_WAITS[fruitless - 1])

    def _wanted(self) -> dict[str, str]:
        # identity: a stored gzip must arrive as it is stored
        wanted = {"Accept-Encoding": "identity"}
        if self.etag:
            wanted["If-Match"] = f'"{self.etag}"'
        if self.at or self._asked_end is not None:
            last = "" if self._asked_end is None else str(self._asked_end - 1)
            wanted["Range"] = f"bytes={self.at}-{last}"
        else:
            wanted["x-amz-checksum-mode"] = "ENABLED"
        return wanted

    def _take(self, stream: StreamingReply, look: Look | None) -> Iterator[bytes]:
        if self.end is None:
            if look is not None:
                look(stream.headers)
            self.headers = stream.headers
            self.end = self.at + int(stream.headers.get("content-length") or 0)
            self.etag = stream.headers.get("etag", "").strip('"')
        for chunk in stream.chunks():
            piece = chunk[: self.stop - self.at]
            self.at += len(piece)
            yield piece
            more = self.end > self.stop
            if (self.done and more) or self._stopped.is_set():
                return  # its connection is dropped: what follows comes by others
        if not self.done:
            raise ReplyLostError("S3 sent less than it said", where=str(self.path))


class _Rest:
    """The ranges behind the first one, fetched on threads and given out in order."""

    def __init__(self, calls: S3Calls, first: _Reading, bulk: Bulk | None) -> None:
        assert first.end is not None
        self._calls = calls
        self._first = first
        self._bulk = bulk if not first.version else None
        self._stopped = threading.Event()
        self._starts = iter(range(first.stop, first.end, WINDOW))
        self._pool = ThreadPoolExecutor(_AHEAD, "s3-read")
        self._coming: deque[Future[list[bytes]]] = deque()
        for _ in range(_AHEAD):
            self._more()

    def chunks(self) -> Iterator[bytes]:
        while self._coming:
            with interruptible():
                pieces = self._coming.popleft().result()
            self._more()
            yield from pieces

    def close(self) -> None:
        """Let the threads end at their next piece."""
        self._stopped.set()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _more(self) -> None:
        if (start := next(self._starts, None)) is not None:
            self._coming.append(self._pool.submit(self._fetch, start))

    def _fetch(self, start: int) -> list[bytes]:
        path, etag = self._first.path, self._first.etag
        end = min(start + WINDOW, self._first.end or 0)
        if self._bulk is not None:
            whole = self._bulk.fetch(path, start, end, etag)
            if whole is not None and len(whole) == end - start:
                return [whole]
        part = _Reading(path, start, end, self._first.version, etag, self._stopped)
        return list(part.chunks(self._calls))
