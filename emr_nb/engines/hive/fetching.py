"""Rows on their way: the next fetch is under way while the last one is decoded.

A fetch cannot be repeated: the server has moved on. Where a reply is lost the whole result is
read again from its first row, and what had come of it is forgotten.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterator
from dataclasses import dataclass

from emr_nb.engines.hive import service
from emr_nb.engines.hive.client import HiveClient, Reply
from emr_nb.engines.hive.service import Handle
from emr_nb.engines.hive.wire import Wire
from emr_nb.engines.waits import interruptible
from emr_nb.errors import DeadlineExceededError, EmrError, ReplyLostError
from emr_nb.transport.base import Deadline

_FIRST_ROWS = 1000
_WANTED_BYTES = 8 * 2**20  # of a fetch
_MOST_ROWS = 100_000
_AHEAD = 2


@dataclass
class Fetch:
    """How to fetch one result; one row more than `limit` is fetched (None: all rows)."""

    client: HiveClient
    operation: Handle
    limit: int | None

    def replies(self) -> Generator[Reply, None, None]:
        """Yield fetches until one has no rows; the caller counts what it takes of them."""
        with self.client.lent() as wire:
            ahead = _Ahead(self, wire)
            try:
                yield from ahead
            finally:
                ahead.stop()


class _Ahead:
    """A thread that fetches as long as rows come, some replies ahead of whoever takes them."""

    def __init__(self, fetch: Fetch, wire: Wire) -> None:
        self._fetch, self._wire = fetch, wire
        self._limit = None if fetch.limit is None else fetch.limit + 1
        self._replies: queue.Queue[Reply | BaseException | None] = queue.Queue(_AHEAD)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="emr_nb-hive-fetch", daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[Reply]:
        while True:
            with interruptible():
                found = self._replies.get()
            if found is None:
                return
            if isinstance(found, BaseException):
                raise found
            yield found

    def stop(self) -> None:
        """End the thread; one that waits for the server loses its connection by that."""
        self._stopped.set()
        while not self._replies.empty():
            self._replies.get_nowait()
        self._thread.join(0.2)
        if self._thread.is_alive():
            self._wire.close()

    def _run(self) -> None:
        try:
            self._fetch_all()
            self._put(None)
        except BaseException as error:  # noqa: BLE001 - a thread's error must reach its starter
            self._put(error)

    def _fetch_all(self) -> None:
        rows, size, had, first = _FIRST_ROWS, 0, 0, True
        while not self._stopped.is_set():
            asked = rows if self._limit is None else min(rows, self._limit - had)
            if asked <= 0:
                return
            reply = self._fetch.client.call(
                "FetchResults",
                service.fetch(self._fetch.operation, asked, first=first),
                Deadline.after(self._fetch.client.patience.fetch),
                wire=self._wire,
            )
            count = 0 if reply.status.failed else _rows(reply)
            self._put(reply)
            if count == 0:
                return
            first, had, size = False, had + count, size + len(reply.data)
            rows = max(_FIRST_ROWS, min(_MOST_ROWS, _WANTED_BYTES * had // max(size, 1)))

    def _put(self, item: Reply | BaseException | None) -> None:
        while not self._stopped.is_set():
            try:
                self._replies.put(item, timeout=0.2)
            except queue.Full:
                continue
            return


def _rows(reply: Reply) -> int:
    from emr_nb.engines.hive.columns import rows_of

    columns = (reply.body.get(3) or {}).get(3) or ()
    return rows_of(columns[0]) if columns else 0


def came_apart(error: EmrError) -> bool:
    """Tell whether reading from the first row again may help."""
    return isinstance(error, ReplyLostError) and not isinstance(error, DeadlineExceededError)
