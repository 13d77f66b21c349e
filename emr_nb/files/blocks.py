"""A remote file's bytes in blocks: small reads are served from few, larger requests.

Parquet's readers ask for a footer's last 8 bytes, the footer, then columns; text readers go on
from where they were. So the end of a file is fetched at once, reads that go on fetch ever more,
and what is read stays for a while.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from threading import Lock

Fetch = Callable[[int, int], Iterable[bytes]]

BLOCK = 1024 * 1024
_KEPT = 32  # blocks
_MOST_AHEAD = 8  # blocks that a read which goes on fetches beyond its end


class Blocks:
    """The bytes of one file of a known size; several threads may read."""

    def __init__(self, fetch: Fetch, size: int, block: int = BLOCK) -> None:
        self.size = size
        self.requests = 0
        self._fetch = fetch
        self._block = block
        self._kept: OrderedDict[int, bytes] = OrderedDict()
        self._next = -1  # block where a read that goes on begins
        self._ahead = 0
        self._lock = Lock()

    def read(self, start: int, length: int) -> bytes:
        """Return a range, cut at the file's end; raises what the store raises."""
        end = min(self.size, start + length)
        if start >= end:
            return b""
        first, last = start // self._block, (end - 1) // self._block
        with self._lock:
            if last - first >= _KEPT:  # more than is kept: straight through
                self._next, self._ahead = last + 1, _MOST_AHEAD
                return self._get(start, end)
            found = self._have(first, last)
        data = b"".join(found)
        return data[start - first * self._block : end - first * self._block]

    def _have(self, first: int, last: int) -> list[bytes]:
        missing = [n for n in range(first, last + 1) if n not in self._kept]
        if missing:
            goes_on = missing[0] == self._next
            self._ahead = min(_MOST_AHEAD, max(1, 2 * self._ahead)) if goes_on else 0
            self._load(missing[0], min(missing[-1] + self._ahead, (self.size - 1) // self._block),
                       needed=last)  # fmt: skip
            self._next = max(self._next if goes_on else 0, missing[-1] + self._ahead + 1)
        for number in range(first, last + 1):
            self._kept.move_to_end(number)
        found = [self._kept[number] for number in range(first, last + 1)]
        while len(self._kept) > _KEPT + _MOST_AHEAD:
            self._kept.popitem(last=False)
        return found

    def _load(self, first: int, last: int, *, needed: int) -> None:
        while last > needed and last in self._kept:
            last -= 1
        data = self._get(first * self._block, min(self.size, (last + 1) * self._block))
        for number in range(first, last + 1):
            at = (number - first) * self._block
            self._kept[number] = data[at : at + self._block]

    def _get(self, start: int, end: int) -> bytes:
        self.requests += 1
        return b"".join(self._fetch(start, end - start))
