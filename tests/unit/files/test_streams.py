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
    assert len(asked) <= 4 + 2 + 1
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


class Line:
    """Fetches from a line of so many bytes a second, shared by its streams or each its own."""

    def __init__(self, rate: float, *, shared: bool) -> None:
        self.rate, self.shared = rate, shared
        self.lock = threading.Lock()
        self.most = 0
        self.at_once = 0

    def fetch(self, start: int, end: int) -> Iterator[bytes]:
        with self.lock:
            self.at_once += 1
            self.most = max(self.most, self.at_once)
        try:
            for at in range(start, end, 10_000):
                if self.shared:
                    with self.lock:
                        time.sleep(10_000 / self.rate)
                else:
                    time.sleep(10_000 / self.rate)
                yield bytes(min(10_000, end - at))
        finally:
            with self.lock:
                self.at_once -= 1


SMALL = Sizes(streams=8, segment=50_000, worth=200_000, look=100_000, trial=600_000)


@pytest.mark.parametrize(("shared", "streams"), [(False, SMALL.streams), (True, 1)])
def test_several_streams_stay_where_they_are_faster(shared, streams):
    line, found = Line(10e6, shared=shared), Pace(SMALL)
    assert sum(map(len, found.read(line.fetch, 0, 2_000_000))) == 2_000_000
    assert line.most == SMALL.streams  # tried
    assert found.streams == streams
    again = Line(10e6, shared=shared)  # remembered
    assert sum(map(len, found.read(again.fetch, 0, 2_000_000))) == 2_000_000
    assert again.most == streams


def test_what_is_short_or_fast_has_one():
    short = Line(10e6, shared=False)
    assert sum(map(len, Pace(SMALL).read(short.fetch, 0, 150_000))) == 150_000
    assert short.most == 1
    found = Pace(SMALL)
    assert b"".join(found.read(lambda a, b: iter([bytes(b - a)]), 0, 10_000_000)) == bytes(10**7)
