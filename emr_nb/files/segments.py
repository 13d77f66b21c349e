"""A range fetched by several streams at once and given on in order, within a bound of memory."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator

Fetch = Callable[[int, int], Iterator[bytes]]  # the bytes from one offset to another


class _Segment:
    """What has come of one segment and was not given on."""

    def __init__(self) -> None:
        self.chunks: deque[bytes] = deque()
        self.whole = False
        self.failure: BaseException | None = None


class InOrder:
    """Yields the bytes from `start` to `end` in order, `streams` segments of `size` in flight.

    At most `streams + 1` segments are held. A failed segment raises when its turn comes;
    leaving early ends the streams at their next chunk.
    """

    def __init__(self, fetch: Fetch, start: int, end: int, size: int, streams: int) -> None:
        self._fetch, self._start, self._end, self._size = fetch, start, end, size
        self._total = -(-(end - start) // size)
        self._streams = min(streams, self._total)
        self._ahead = streams + 1
        self._turn = threading.Condition()
        self._next = 0  # the first segment that nobody fetches yet
        self._given = 0  # the one whose turn it is
        self._begun: dict[int, _Segment] = {}
        self._left = False

    def __iter__(self) -> Iterator[bytes]:
        for number in range(self._streams):
            threading.Thread(target=self._work, name=f"segments {number}", daemon=True).start()
        try:
            while self._given < self._total:
                chunk = self._take()
                if chunk is not None:
                    yield chunk
        finally:
            with self._turn:
                self._left = True
                self._begun.clear()
                self._turn.notify_all()

    def _take(self) -> bytes | None:
        """Return the next chunk, or None where a segment ends; raise what ended its stream."""
        with self._turn:
            while True:  # each stream's waits have a deadline of their own
                segment = self._begun.get(self._given)
                if segment is not None and segment.chunks:
                    return segment.chunks.popleft()
                if segment is not None and segment.failure is not None:
                    raise segment.failure
                if segment is not None and segment.whole:
                    del self._begun[self._given]
                    self._given += 1
                    self._turn.notify_all()
                    return None
                self._turn.wait()

    def _work(self) -> None:
        while (claimed := self._claim()) is not None:
            number, segment = claimed
            start = self._start + number * self._size
            try:
                for chunk in self._fetch(start, min(start + self._size, self._end)):
                    with self._turn:
                        segment.chunks.append(chunk)
                        if self._left:
                            return
                        if number == self._given:
                            self._turn.notify_all()
            except BaseException as error:  # noqa: BLE001 -- raised where the bytes are awaited
                segment.failure = error
            segment.whole = True
            with self._turn:
                self._turn.notify_all()
            if segment.failure is not None:
                return

    def _claim(self) -> tuple[int, _Segment] | None:
        with self._turn:
            while not self._left and self._next < self._total:
                if self._next < self._given + self._ahead:
                    number, self._next = self._next, self._next + 1
                    self._begun[number] = _Segment()
                    return number, self._begun[number]
                self._turn.wait()
            return None
