"""All below a prefix of S3: key ranges are listed side by side, cut where folders begin."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from emr_nb.files import s3_xml
from emr_nb.files.s3_list import MARKER, Lister, entry_of, folder_entry
from emr_nb.model import FileEntry, FilePath
from emr_nb.transport.waits import interruptible

_WORKERS = 8
_RANGES = 24  # more than workers, since ranges differ in size
_LOOKED = 3  # pages of folders that cut points are taken from
_DEPTH = 5  # single folders that are looked into for several
_LAST = "\U0010ffff"
_PATIENCE = 3  # pages of a flat folder that are read one after the other before guessing
_LEVELS = 4  # places of a name that are guessed at
_ALPHABETS = ("0123456789abcdef", "ghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_Found = list[FileEntry] | BaseException | None


def walk(lister: Lister, path: FilePath, prefix: str) -> Iterator[FileEntry]:
    """Yield every file and folder below a prefix, once; in no order beyond the first page.

    Folders are those that keys lie in and those that markers stand for. The prefix's own
    marker is left out.
    """
    folders = _Folders(path.authority, prefix)
    first = lister.page(path, prefix)
    yield from folders.entries(first.objects)
    if first.token is None:
        return
    seen = first.objects[-1].key if first.objects else ""
    cuts, token = _cuts(lister, path, prefix, seen) if seen else [], first.token
    for _ in range(0 if cuts else _PATIENCE):
        page = lister.page(path, prefix, token=token)
        yield from folders.entries(page.objects)
        if page.token is None:
            return
        token = page.token
        if page.objects:
            seen = page.objects[-1].key
    if not cuts and seen:
        cuts = _guesses(first.objects[0].key, seen, len(prefix))
    yield from _Ranges(lister, path, prefix, folders).run(token, cuts)


def _cuts(lister: Lister, path: FilePath, prefix: str, seen: str) -> list[str]:
    """Return keys, in order and beyond `seen`, between which there is about as much to list."""
    for _ in range(_DEPTH):
        found: list[str] = []
        # within a folder S3 need not name that folder after it; beside one it is plain
        after = seen if seen.startswith(prefix) and "/" not in seen[len(prefix) :] else ""
        pages = lister.pages(path, prefix, delimiter="/", after=after)
        objects = False
        for number, page in enumerate(pages, 1):
            found += page.prefixes
            objects = objects or bool(page.objects)
            if number == _LOOKED or not page.prefixes:
                break
        pages.close()
        if len(found) != 1 or objects:
            beyond = [cut for cut in found if cut > seen]
            step = max(1, -(-len(beyond) // _RANGES))
            return beyond[::step]
        prefix = found[0]
    return []


def _guesses(first: str, last: str, start: int) -> list[str]:
    """Return cuts for names that count up (`part-00017`), where no folders show any.

    A guess that is wrong costs one request for an empty range.
    """
    common = os.path.commonprefix([first, last])  # noqa: RUF071 -- of characters, as meant
    cuts: list[str] = []
    levels = 0
    for at in range(len(common), start - 1, -1):
        here = last[at : at + 1]
        alphabet = next((a for a in _ALPHABETS if here and here in a), "")
        if alphabet and levels < _LEVELS:
            cuts += [last[:at] + other for other in alphabet if other > here]
            levels += 1
    return sorted(set(cuts))


class _Ranges:
    """Lists the ranges between cuts on threads, and hands over pages as they come."""

    def __init__(self, lister: Lister, path: FilePath, prefix: str, folders: _Folders) -> None:
        self._lister = lister
        self._path = path
        self._prefix = prefix
        self._folders = folders
        self._stop = threading.Event()
        self._found: queue.Queue[_Found] = queue.Queue(2 * _WORKERS)

    def run(self, token: str, cuts: Sequence[str]) -> Iterator[FileEntry]:
        ends = [*cuts, ""]
        pool = ThreadPoolExecutor(min(_WORKERS, len(ends)), "s3-walk")
        try:
            pool.submit(self._list, token, "", ends[0])
            for start, end in zip(cuts, ends[1:], strict=True):
                pool.submit(self._list, None, start, end)
            left = len(ends)
            while left:
                with interruptible():
                    found = self._found.get()
                if isinstance(found, BaseException):
                    raise found
                if found is None:
                    left -= 1
                else:
                    yield from found
        finally:
            self._stop.set()
            pool.shutdown(wait=False, cancel_futures=True)

    def _list(self, token: str | None, start: str, end: str) -> None:
        """List keys from `start` (included) up to `end` (not included; empty: to the last)."""
        try:
            after = _before(start) if start else ""
            for page in self._lister.pages(self._path, self._prefix, token=token, after=after):
                objects = page.objects
                whole = True
                if objects and objects[0].key < start:
                    objects = [found for found in objects if found.key >= start]
                if end and objects and objects[-1].key >= end:
                    objects = [found for found in objects if found.key < end]
                    whole = False
                if not self._hand_over(self._folders.entries(objects)) or not whole:
                    break
            self._hand_over(None)
        except BaseException as error:  # noqa: BLE001 -- raised where the walk is read
            self._hand_over(error)

    def _hand_over(self, found: _Found) -> bool:
        """Put a page where the reader takes it; False once nobody reads any more."""
        while not self._stop.is_set():
            with suppress(queue.Full):
                self._found.put(found, timeout=0.2)
                return True
        return False


def _before(key: str) -> str:
    """Return a key that sorts before this one with (almost) none between: `start-after`'s."""
    return key[:-1] + chr(ord(key[-1]) - 1) + _LAST


class _Folders:
    """Makes entries of keys, and of each folder once; shared by threads."""

    def __init__(self, bucket: str, prefix: str) -> None:
        self._bucket = bucket
        self._prefix = prefix
        self._known = {prefix}
        self._lock = threading.Lock()

    def entries(self, objects: Sequence[s3_xml.S3Object]) -> list[FileEntry]:
        made: list[FileEntry] = []
        bucket, last = self._bucket, self._prefix
        for found in objects:
            key = found.key
            folder = key[: key.rfind("/") + 1]
            if not found.size and key.endswith((MARKER, "/")):
                folder = key[: -len(MARKER)] + "/" if key.endswith(MARKER) else key
                made += self._new(folder)
                continue
            if folder != last:
                made += self._new(folder)
                last = folder
            made.append(entry_of(bucket, found))
        return made

    def _new(self, folder: str) -> list[FileEntry]:
        """Return this folder and those it lies in, as far as they were not told before."""
        fresh: list[str] = []
        with self._lock:
            while len(folder) > len(self._prefix) and folder not in self._known:
                self._known.add(folder)
                fresh.append(folder)
                folder = folder[: folder.rfind("/", 0, -1) + 1]
        return [folder_entry(self._bucket, key) for key in reversed(fresh)]
