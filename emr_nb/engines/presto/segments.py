"""Segments of a spooled result: fetched in parallel, read in order, acknowledged always."""

from __future__ import annotations

import contextlib
import threading
from binascii import Error as Base64Error
from binascii import a2b_base64
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from emr_nb.engines.presto.wire import Segment
from emr_nb.engines.waits import interruptible
from emr_nb.errors import HttpStatusError, ResultError, TransportError
from emr_nb.model import Endpoint
from emr_nb.transport.base import Deadline, HttpClient, Route

if TYPE_CHECKING:
    from emr_nb.engines.presto.client import PrestoClient

THREADS = 4
_CODECS = {"zstd": "zstd", "lz4": "lz4_raw"}
_FETCH_SECONDS = 120.0
_ACK_SECONDS = 10.0
_LOOK = 0.2


class Segments:
    """The segments of one query; `bring` from the thread that reads pages, the rest from another.

    A segment at the coordinator's own address is fetched as we reach the coordinator, one
    elsewhere (a store, a worker) by the cluster's route.
    """

    def __init__(self, client: PrestoClient, route: Route) -> None:
        self._client, self._route = client, route
        self._pool: ThreadPoolExecutor | None = None
        self._lock = threading.Lock()
        self._unread: dict[str, Segment] = {}
        self._others: dict[str, HttpClient] = {}
        self._closed = False

    def bring(self, segment: Segment, home: str) -> Future[bytes]:
        """Begin to fetch a segment's JSON; `home` is the coordinator's own `host:port`."""
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="emr_nb-segment")
            if segment.ack:
                self._unread[segment.ack] = segment
            if self._closed:  # the last page came after the reader had left
                self._pool.submit(self._acknowledge, segment, home)
                raise ResultError("The result is not read any more")
            return self._pool.submit(self._fetch, segment, home)

    def close(self, home: str) -> None:
        """Tell the server of what is not read that it is not wanted; waits for nothing."""
        with self._lock:
            self._closed = True
            pool, left = self._pool, list(self._unread.values())
        if pool is None:
            return
        pool.shutdown(wait=False, cancel_futures=True)
        if left:
            threading.Thread(
                target=self._drop, args=(left, home), name="emr_nb-segments", daemon=True
            ).start()

    # -- inside ---------------------------------------------------------------------------

    def _fetch(self, segment: Segment, home: str) -> bytes:
        if not segment.uri:
            try:
                return unpacked(segment, a2b_base64(segment.inline))
            except Base64Error as error:
                raise ResultError(f"A part of the result is damaged: {error}") from error
        try:
            body = self._get(segment, segment.uri, home, _FETCH_SECONDS)
        except HttpStatusError as error:
            if error.status not in (403, 404, 410):
                raise
            raise ResultError(
                f"A part of the result is gone (HTTP {error.status})",
                where=self._client.where,
                advice="Spooled results are kept for some hours only; run the cell again.",
            ) from error
        finally:
            self._acknowledge(segment, home)
        return unpacked(segment, body)

    def _acknowledge(self, segment: Segment, home: str) -> None:
        """Let the server remove a segment; it does so by itself after its lifetime."""
        with self._lock:
            known = self._unread.pop(segment.ack, None)
        if known is not None:
            with contextlib.suppress(TransportError):
                self._get(replace(segment, headers={}), segment.ack, home, _ACK_SECONDS)

    def _drop(self, segments: list[Segment], home: str) -> None:
        for segment in segments:
            self._acknowledge(segment, home)
        for client in self._others.values():
            client.close()

    def _get(self, segment: Segment, uri: str, home: str, seconds: float) -> bytes:
        parts = urlsplit(uri)
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        client = self._client.http if parts.netloc == home else self._other(uri)
        if client is self._client.http:
            path = path.removeprefix(client.endpoint.path)
        deadline = Deadline.after(seconds)
        return client.request("GET", path, headers=segment.headers, deadline=deadline).content

    def _other(self, uri: str) -> HttpClient:
        parts = urlsplit(uri)
        with self._lock:
            if parts.netloc not in self._others:
                port = parts.port or (443 if parts.scheme == "https" else 80)
                place = Endpoint("segments", parts.hostname or "", port, parts.scheme)
                self._others[parts.netloc] = self._route.http(place)
            return self._others[parts.netloc]


def unpacked(segment: Segment, body: bytes) -> bytes:
    """Return a segment's JSON; raises ResultError for one that is damaged or not understood."""
    import pyarrow as pa

    if segment.size and len(body) != segment.size:
        raise ResultError(f"A part of the result has {len(body):,} of {segment.size:,} bytes")
    form, _, packing = segment.encoding.partition("+")
    if form != "json" or (packing and packing not in _CODECS):
        raise ResultError(f"The result is encoded as {segment.encoding!r}, which is not known here")
    if not packing or not segment.uncompressed:  # what is small is not compressed
        return body
    try:
        made = pa.Codec(_CODECS[packing]).decompress(body, segment.uncompressed)
    except (pa.ArrowException, OSError) as error:
        raise ResultError(f"A part of the result is damaged: {error}") from error
    return bytes(made)


def awaited(part: Future[bytes]) -> bytes:
    """Wait for a segment so that an interrupt is heard."""
    while True:
        try:
            with interruptible():
                return part.result(_LOOK)
        except TimeoutError:
            if part.done():
                raise
