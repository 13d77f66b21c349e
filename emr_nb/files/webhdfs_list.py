"""Listings of HDFS page by page, the next page fetched while one is looked at."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from emr_nb.errors import FileError, PathNotFoundError
from emr_nb.files.rests import PAGE, Rests
from emr_nb.files.webhdfs_entries import Status, batch_of, entries_of, last_name, whole_of
from emr_nb.files.webhdfs_ways import Ways
from emr_nb.model import FileEntry, FilePath, Page
from emr_nb.transport.base import Reply, Retry

_KEPT = 6  # pages that nobody has asked for yet
_AHEAD = 2  # of them of one listing
_KEPT_SECONDS = 10.0  # what is older is asked for anew
_WALKERS = 8
_LISTED = 16  # folders of a walk that are listed before their turn

_Key = tuple[str, str]  # a folder and the name after which its page begins


@dataclass(slots=True)
class _Coming:
    """A page on its way."""

    asked: float = field(default_factory=time.monotonic)
    reply: Future[Reply] = field(default_factory=Future)


class Lister:
    """Lists folders of one HDFS; shared by threads."""

    def __init__(self, ways: Ways) -> None:
        self._ways = ways
        self._batches = True  # until a server does not know LISTSTATUS_BATCH
        self._lock = threading.Lock()
        self._coming: dict[_Key, _Coming] = {}
        self._rests: Rests[Status] = Rests()
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="emr_nb-hdfs-pages")

    def page(self, path: FilePath, after: str | None) -> Page[FileEntry]:
        """Return one page (the NameNode's `dfs.ls.limit`, 1,000); `after` is a name."""
        if (rest := self._rests.take(path.key, after)) is not None:
            return self._cut(path, rest)
        if not self._batches:
            return self._whole(path, after)
        try:
            reply = self._taken(path, after) if after is not None else None
            statuses, remaining = batch_of(reply or self._ask(path, after))
        except FileError as error:
            if "LISTSTATUS_BATCH" not in error.what:
                raise
            self._batches = False
            return self._whole(path, after)
        if not remaining or not statuses:
            # HttpFS knows the operation, and answers it with all there is
            return self._cut(path, _past(statuses, after) if len(statuses) > PAGE else statuses)
        last = statuses[-1].path_suffix
        if after is not None:
            self._fetch_from(path, last, _AHEAD)
            return Page(entries_of(path, statuses), last)
        first = Page(entries_of(path, statuses), last)  # somebody waits for it
        self._fetch_from(path, last, 1)
        return first

    def _whole(self, path: FilePath, after: str | None) -> Page[FileEntry]:
        reply = self._ways.call("GET", path, "LISTSTATUS", retry=Retry.READ)
        return self._cut(path, _past(whole_of(reply), after))

    def _cut(self, path: FilePath, statuses: Sequence[Status]) -> Page[FileEntry]:
        """Return the first page of what has come, and keep the rest for the next ones."""
        now, rest = statuses[:PAGE], statuses[PAGE:]
        if not rest:
            return Page(entries_of(path, now))
        last = now[-1].path_suffix
        self._rests.keep(path.key, last, rest)
        return Page(entries_of(path, now), last)

    def _ask(self, path: FilePath, after: str | None) -> Reply:
        start = {} if after is None else {"startAfter": after}
        return self._ways.call("GET", path, "LISTSTATUS_BATCH", start, retry=Retry.READ)

    def _fetch_from(self, path: FilePath, after: str, ahead: int) -> None:
        """Have the next page on its way, and those behind it as their turn comes."""
        with self._lock:
            if (path.key, after) not in self._coming:
                self._pool.submit(self._fetch, path, after, self._expected(path, after), ahead)

    def _expected(self, path: FilePath, after: str) -> _Coming:
        while len(self._coming) >= _KEPT:
            del self._coming[next(iter(self._coming))]
        coming = self._coming[path.key, after] = _Coming()
        return coming

    def _fetch(self, path: FilePath, after: str, coming: _Coming, ahead: int) -> None:
        """Ask for one page after the other.

        A page's last name is all that the next request needs, so the NameNode is at work again
        while somebody makes entries of what it sent.
        """
        try:
            while True:
                reply = self._ask(path, after)
                after = last_name(reply) if ahead > 1 else ""
                following = self._following(path, after, ahead)
                coming.reply.set_result(reply)
                if following is None:
                    return
                coming = following
        except BaseException as error:  # noqa: BLE001 -- raised where the page is taken
            coming.reply.set_exception(error)

    def _following(self, path: FilePath, after: str, ahead: int) -> _Coming | None:
        """Return the page to ask for next; None at the end, or where enough waits."""
        with self._lock:
            waiting = sum(folder == path.key for folder, _ in self._coming)
            if not after or waiting > ahead or (path.key, after) in self._coming:
                return None
            return self._expected(path, after)

    def _taken(self, path: FilePath, after: str) -> Reply | None:
        with self._lock:
            coming = self._coming.pop((path.key, after), None)
        if coming is None or time.monotonic() - coming.asked > _KEPT_SECONDS:
            return None
        return coming.reply.result()

    def walk(self, path: FilePath) -> Iterator[FileEntry]:
        """Yield all below a path, folders before what is in them, several listed at once.

        A folder that goes away meanwhile is left out; one that may not be read raises.
        """
        waiting: deque[FilePath] = deque()
        listed: deque[tuple[FilePath, Future[Page[FileEntry]]]] = deque()
        with ThreadPoolExecutor(_WALKERS, thread_name_prefix="emr_nb-hdfs-walk") as pool:
            listed.append((path, pool.submit(self.page, path, None)))
            try:
                while listed:
                    folder, first = listed.popleft()
                    for entry in self._entries(folder, first, top=folder is path):
                        yield entry
                        if entry.is_directory:
                            waiting.append(entry.path)
                    while waiting and len(listed) < _LISTED:
                        at = waiting.popleft()
                        listed.append((at, pool.submit(self.page, at, None)))
            finally:
                for _, unread in listed:
                    unread.cancel()

    def _entries(
        self, folder: FilePath, first: Future[Page[FileEntry]], *, top: bool
    ) -> Iterator[FileEntry]:
        try:
            page = first.result()
        except PathNotFoundError:
            if top:
                raise
            return
        yield from page.items
        while page.after is not None:
            page = self.page(folder, page.after)
            yield from page.items


def _past(statuses: Sequence[Status], after: str | None) -> Sequence[Status]:
    """Return what comes after a name, in HDFS's own order of bytes."""
    if after is None:
        return statuses
    from bisect import bisect_right

    at = bisect_right(statuses, after.encode(), key=lambda s: s.path_suffix.encode())
    return statuses[at:]


def just_before(name: str) -> str | None:
    """Return a name before all that begin with `name`, and after nearly all others before them."""
    if not name:
        return None
    letter = min(max(ord(name[-1]) - 1, 1), 0xD7FF if ord(name[-1]) <= 0xE000 else 0x10FFFF)
    return f"{name[:-1]}{chr(letter)}~"
