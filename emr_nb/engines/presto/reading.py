"""Follows a query's pages beside its reader: the next one comes while the last is decoded.

A page is asked for at once, since the server itself waits until there is something to tell.
While pages wait to be read the query is touched: a server drops one that nobody asks for.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from emr_nb.engines.presto.client import PrestoClient
from emr_nb.engines.presto.pace import Patience, delay
from emr_nb.engines.presto.state import ClientState
from emr_nb.engines.presto.wire import Page, Segment
from emr_nb.engines.waits import interruptible
from emr_nb.errors import AuthenticationError, HttpStatusError, TransportError
from emr_nb.model import Log
from emr_nb.transport.base import Deadline
from emr_nb.transport.failures import retry_after

_AHEAD = 4  # pages that wait to be read; one has about 1 MB, with segments some times 16
_LOOK = 0.2
_AGAIN = frozenset({429, 502, 503, 504})


@dataclass
class Followed:
    """Where a query is: the page to ask for next, and the state that its headers are made of.

    `moved` is called with each page's successor as the page is taken, while that is on its way
    already, and whether the page has rows: whoever begins at it again misses none.
    """

    client: PrestoClient
    state: ClientState
    prefix: str
    uri: str
    patience: Patience = field(default_factory=Patience)
    changed: Callable[[ClientState], None] = lambda _: None
    moved: Callable[[str, bool], None] = lambda _, __: None
    notice: Callable[[Log], None] = lambda _: None
    stop: threading.Event = field(default_factory=threading.Event)

    def next(self) -> Page | None:
        """Return the next page, or None when there is none (or it was stopped).

        Bears 429, 502, 503, 504, lost and late replies for `patience.away`; raises TransportError.
        """
        failures, since, noticed = 0, 0.0, False
        while self.uri and not self.stop.is_set():
            try:
                page = self._ask()
            except TransportError as error:
                if not _bearable(error):
                    raise
                failures += 1
                since = since or time.monotonic()
                away = time.monotonic() - since
                if away > self.patience.away:
                    raise
                if away > self.patience.notice and not noticed:
                    noticed = True
                    self.notice(Log((f"No answer for {away:.0f} s ({error.what}); still trying.",)))
                asked = retry_after(error.headers) if isinstance(error, HttpStatusError) else None
                left = self.patience.away - away
                self.stop.wait(min(delay(failures, asked), left + 0.1))
            else:
                if noticed:
                    self.notice(Log((f"{self.client.name} answers again.",)))
                return page
        return None

    def _ask(self) -> Page:
        deadline = Deadline.after(self.patience.look)
        page, headers = self.client.get(self.uri, self.state, self.prefix, deadline)
        state = self.state.changed(headers, self.prefix)
        if state is not self.state:
            self.changed(state)
            # the headers of this query's further requests stay as they were
        self.uri = page.next_uri
        return page


def _bearable(error: TransportError) -> bool:
    if isinstance(error, AuthenticationError):
        return False
    return not isinstance(error, HttpStatusError) or error.status in _AGAIN


@dataclass(frozen=True)
class Arrived:
    """A page, and its segments on their way, in order."""

    page: Page
    parts: tuple[Future[bytes], ...] = ()
    noted: bool = False  # its successor is known to whoever keeps the place


class PageReader:
    """Reads pages in a thread of its own, a few ahead of whoever takes them.

    `bring` begins to fetch a segment, on that thread; `first` are pages that came before, whose
    place is noted.
    """

    def __init__(
        self,
        followed: Followed,
        bring: Callable[[Segment], Future[bytes]],
        first: Sequence[Page] = (),
    ) -> None:
        self._first = list(first)
        self._followed = followed
        followed.notice = self._notice
        self._bring = bring
        self._ready: queue.Queue[Arrived | Log | BaseException | None] = queue.Queue()
        self._room = threading.Semaphore(_AHEAD)
        self._thread: threading.Thread | None = None
        self._ended = False

    def pages(self) -> Iterator[Arrived | Log]:
        """Yield pages as they come, to the last; raises TransportError as the reading does.

        Whoever was interrupted, or was told of a server that stayed away, goes on where it was.
        """
        if self._thread is None and not self._ended:
            self._thread = threading.Thread(target=self._read, name="emr_nb-pages", daemon=True)
            self._thread.start()
        while not self._ended:
            item = self._take()
            if item is None:
                self._ended = True
                return
            if isinstance(item, BaseException):
                self._thread = None
                raise item
            if isinstance(item, Arrived):
                self._room.release()
                if not item.noted:
                    self._followed.moved(item.page.next_uri, item.page.has_data)
            yield item

    def stop(self) -> None:
        """Ask for no further page; the one that is on its way may still come."""
        self._followed.stop.set()

    # -- inside ---------------------------------------------------------------------------

    def _take(self) -> Arrived | Log | BaseException | None:
        while True:
            try:
                with interruptible():
                    return self._ready.get(timeout=_LOOK)
            except queue.Empty:
                continue

    def _read(self) -> None:
        try:
            while self._wait_for_room():
                noted = bool(self._first)
                page = self._first.pop(0) if noted else self._followed.next()
                if page is None:
                    break
                parts = tuple(self._bring(segment) for segment in page.segments)
                self._ready.put(Arrived(page, parts, noted))
                if not page.next_uri:
                    break
        except BaseException as error:  # noqa: BLE001 - the one who takes pages raises it
            self._room.release()
            self._ready.put(error)
        else:
            self._ready.put(None)

    def _wait_for_room(self) -> bool:
        """Wait until a page may come, touching the query meanwhile; False when stopped."""
        followed, waited = self._followed, 0.0
        while not self._room.acquire(timeout=_LOOK):
            if followed.stop.is_set():
                return False
            waited += _LOOK
            if waited >= followed.patience.touch_every:
                waited = 0.0
                self._touch()
        return not followed.stop.is_set()

    def _touch(self) -> None:
        followed = self._followed
        try:
            deadline = Deadline.after(followed.patience.look)
            followed.client.touch(followed.uri, followed.state, followed.prefix, deadline)
        except TransportError:
            pass  # the next page's request tells what is wrong

    def _notice(self, log: Log) -> None:
        self._ready.put(log)
