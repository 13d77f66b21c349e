"""How many streams a read takes: measured on its first bytes, remembered for the next ones."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass

from emr_nb.files.segments import Fetch, InOrder

_LOOK_SECONDS = 0.25
_FAST = 400e6  # bytes/s: one stream then keeps a processor busy, and more would share it
_GAIN = 1.25  # by which several must be faster than one to stay
_REMEMBERED = 300.0  # seconds


@dataclass(frozen=True, slots=True)
class Sizes:
    """What a read is cut into; bytes, but for `streams`.

    `segment` is a stream's turn, long enough for what asking for it costs both ends (a
    DataNode makes a client of its own for each); six of them are held at most, 72 MiB. A read
    shorter than `worth` is through before a second stream has begun. One stream is judged by
    `look`, several by `trial`.
    """

    streams: int = 5
    segment: int = 12 << 20
    worth: int = 48 << 20
    look: int = 8 << 20
    trial: int = 72 << 20


class Pace:
    """What one store's streams were measured to bring; shared by its threads."""

    def __init__(
        self, sizes: Sizes | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.sizes = sizes or Sizes()
        self._clock = clock
        self._lock = threading.Lock()
        self._streams = 0  # not known
        self._until = 0.0
        self._reads = 0  # that are going on

    @property
    def streams(self) -> int:
        """How many streams a long read takes; 0: not measured lately."""
        with self._lock:
            return self._streams if self._clock() < self._until else 0

    def settle(self, streams: int) -> None:
        """Remember what was found."""
        with self._lock:
            self._streams, self._until = streams, self._clock() + _REMEMBERED

    def read(self, fetch: Fetch, start: int, end: int) -> Iterator[bytes]:
        """Yield a range by as many streams as pay here.

        One of several reads at once has one stream: together they are several already, and
        what is held of all of them stays within what is held of one.
        """
        with self._lock:
            self._reads += 1
            among = self._reads > 1
        try:
            yield from fetch(start, end) if among else self._paced(fetch, start, end)
        finally:
            with self._lock:
                self._reads -= 1

    def _paced(self, fetch: Fetch, start: int, end: int) -> Iterator[bytes]:
        alone, at = 0.0, start
        if not self.streams and end - start >= self.sizes.worth:
            one = _Measured(fetch(start, end), self._clock)
            with closing(one.chunks()) as chunks:
                for chunk in chunks:
                    at += len(chunk)
                    yield chunk
                    if not alone and one.is_told(self.sizes.look):
                        alone = one.rate
                        if alone >= _FAST:
                            self.settle(1)
                        elif end - at >= self.sizes.worth:
                            break
            if at == end:
                return
        yield from self._go_on(fetch, at, end, alone)

    def _go_on(self, fetch: Fetch, start: int, end: int, alone: float) -> Iterator[bytes]:
        if self.streams == 1 or end - start < self.sizes.worth:
            yield from fetch(start, end)
            return
        at, sizes = start, self.sizes
        segments = InOrder(fetch, start, end, sizes.segment, sizes.streams)
        several = _Measured(iter(segments), self._clock)
        with closing(several.chunks()) as chunks:
            for chunk in chunks:
                at += len(chunk)
                yield chunk
                if alone and several.count >= self.sizes.trial:
                    if several.rate < alone * _GAIN:
                        self.settle(1)
                        break
                    alone = 0.0
                    self.settle(sizes.streams)
        if at < end:
            yield from fetch(at, end)


class _Measured:
    """Bytes and the seconds that were waited for them, not those that their reader took."""

    def __init__(self, chunks: Iterator[bytes], clock: Callable[[], float]) -> None:
        self._chunks, self._clock = chunks, clock
        self.count = 0
        self._seconds = 0.0

    @property
    def rate(self) -> float:
        return self.count / max(self._seconds, 1e-9)

    def is_told(self, count: int) -> bool:
        """Whether enough has come to judge by."""
        return self.count >= count or (self.count > 0 and self._seconds >= _LOOK_SECONDS)

    def chunks(self) -> Generator[bytes, None, None]:
        """Yield what comes; the wait for the first chunk is the connection's, and not counted."""
        first = True
        try:
            while True:
                began = self._clock()
                chunk = next(self._chunks, None)
                if chunk is None:
                    return
                if not first:
                    self._seconds += self._clock() - began
                    self.count += len(chunk)
                first = False
                yield chunk
        finally:
            close = getattr(self._chunks, "close", None)
            if close is not None:
                close()
