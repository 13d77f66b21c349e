"""A range fetched by several streams at once and given on in order, within a bound of memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

Fetch = Callable[[int, int], Iterator[bytes]]  # the bytes from one offset to another


class InOrder:
    """Yields the bytes from `start` to `end` in order, `streams` segments of `size` in flight.

    At most `streams + 2` segments are held. A failed segment raises when its turn comes;
    leaving early ends the streams at their next chunk.
    """

    def __init__(self, fetch: Fetch, start: int, end: int, size: int, streams: int) -> None:
        self._fetch, self._start, self._end, self._size = fetch, start, end, size
        self._total = -(-(end - start) // size)
        self._streams = min(streams, self._total)
        self._ahead = streams + 2
        self._turn = threading.Condition()
        self._next = 0  # the first segment that nobody fetches yet
        self._given = 0  # the first one that is not given on
        self._whole: dict[int, list[bytes]] = {}
        self._failed: dict[int, BaseException] = {}
        self._left = False

    def __iter__(self) -> Iterator[bytes]:
        for number in range(self._streams):
            threading.Thread(target=self._work, name=f"segments {number}", daemon=True).start()
        try:
            for number in range(self._total):
                yield from self._take(number)
                with self._turn:
                    self._given = number + 1
                    self._turn.notify_all()
        finally:
            with self._turn:
                self._left = True
                self._whole.clear()
                self._turn.notify_all()

    def _take(self, number: int) -> list[bytes]:
        with self._turn:
            while number not in self._whole:  # each stream's waits have a deadline of their own
                if number in self._failed:
                    raise self._failed[number]
                self._turn.wait()
            return self._whole.pop(number)

    def _work(self) -> None:
        while (number := self._claim()) is not None:
            start = self._start + number * self._size
            chunks: list[bytes] = []
            try:
                for chunk in self._fetch(start, min(start + self._size, self._end)):
                    chunks.append(chunk)
                    if self._left:
                        return
            except BaseException as error:  # noqa: BLE001 -- raised where the bytes are awaited
                with self._turn:
                    self._failed[number] = error
                    self._turn.notify_all()
                return
            with self._turn:
                self._whole[number] = chunks
                self._turn.notify_all()

    def _claim(self) -> int | None:
        with self._turn:
            while not self._left and self._next < self._total:
                if self._next < self._given + self._ahead:
                    self._next += 1
                    return self._next - 1
                self._turn.wait()
            return None
