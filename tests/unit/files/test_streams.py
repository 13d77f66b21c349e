"""Several streams of one range: order, bounds, failures, and when they pay."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from emr_nb.errors import ReplyLostError
from emr_nb.files.pace import Pace, Sizes
from emr_nb.files.segments import InOrder

DATA = bytes(range(251)) * 1000


def fetch(start: int, end: int) -> Iterator[bytes]:
    for at in range(start, end, 1000):
        yield DATA[at : min(at + 1000, end)]


@pytest.mark.parametrize(("start", "end"), [(0, len(DATA)), (7, 12_345), (5, 5), (9, 10)])
@pytest.mark.parametrize("streams", [1, 3, 8])
def test_bytes_come_in_order(start, end, streams):
    assert b"".join(InOrder(fetch, start, end, 4096, streams)) == DATA[start:end]


def test_no_more_is_held_than_was_said():
    taken = threading.Event()
    asked: list[int] = []

    def noted(start: int, end: int) -> Iterator[bytes]:
        asked.append(start)
        if start == 0:
            taken.wait(10)  # the first comes last
        yield from fetch(start, end)

    reader = iter(InOrder(noted, 0, len(DATA), 1000, 4))
    threading.Timer(0.3, taken.set).start()
    got = next(reader)
    assert len(asked) <= 4 + 1
    assert got + b"".join(reader) == DATA


def test_a_failure_comes_at_its_turn_and_ends_it():
    def broken(start: int, end: int) -> Iterator[bytes]:
        if start >= 8000:
            raise ReplyLostError("gone")
        yield from fetch(start, end)

    got = bytearray()

    def read() -> None:
        for chunk in InOrder(broken, 0, len(DATA), 4000, 3):
            got.extend(chunk)

    with pytest.raises(ReplyLostError, match="gone"):
        read()
    assert bytes(got) == DATA[:8000]


def test_leaving_early_ends_the_streams():
    before = threading.active_count()
    reader = iter(InOrder(fetch, 0, len(DATA), 1000, 4))
    next(reader)
    reader.close()
    give_up = time.monotonic() + 10
    while threading.active_count() > before:
        assert time.monotonic() < give_up
        time.sleep(0.01)


SMALL = Sizes(streams=8, segment=50_000, worth=200_000, look=100_000, trial=600_000)


class Line:
    """Fetches by a clock of its own: a stream alone has 1 MB/s, one of several `factor` of it.

    Time passes where bytes are fetched, and nowhere else.
    """

    def __init__(self, factor: float, alone: float = 1e6) -> None:
        self.factor, self.alone = factor, alone
        self.now = 0.0
        self.segments = 0

    def fetch(self, start: int, end: int) -> Iterator[bytes]:
        segment = end - start <= SMALL.segment
        self.segments += segment
        for at in range(start, end, 10_000):
            count = min(10_000, end - at)
            self.now += count / self.alone / (self.factor if segment else 1)
            yield bytes(count)

    def read(self, pace: Pace, size: int = 2_000_000) -> int:
        """Read from this line, and return how many segments that took."""
        before = self.segments
        assert sum(map(len, pace.read(self.fetch, 0, size))) == size
        return self.segments - before


@pytest.mark.parametrize(("factor", "streams"), [(1e6, SMALL.streams), (0.001, 1)])
def test_several_streams_stay_where_they_are_faster(factor, streams):
    line = Line(factor)
    pace = Pace(SMALL, clock=lambda: line.now)
    assert line.read(pace) > SMALL.streams  # tried
    assert pace.streams == streams
    assert (line.read(pace) > 0) is (streams > 1)  # remembered
    line.now += 1000
    assert pace.streams == 0  # not for ever


def test_one_of_several_reads_has_one_stream():
    line = Line(1e6)
    pace = Pace(SMALL, clock=lambda: line.now)
    pace.settle(SMALL.streams)
    first = pace.read(line.fetch, 0, 2_000_000)
    next(first)
    other = Line(1e6)
    assert other.read(pace) == 0
    first.close()
    assert other.read(pace) > 0


def test_what_is_short_or_fast_has_one_stream():
    short = Line(1e6)
    pace = Pace(SMALL, clock=lambda: short.now)
    assert short.read(pace, 250_000) == 0  # too little is left when it is judged
    assert pace.streams == 0
    fast = Line(1e6, alone=1e9)
    pace = Pace(SMALL, clock=lambda: fast.now)
    assert fast.read(pace) == 0
    assert pace.streams == 1
