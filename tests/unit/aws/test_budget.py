"""Six EMR calls in any minute, whoever asks; answers remembered for half a minute."""

from __future__ import annotations

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from emr_nb.aws.budget import CallBudget, Memory
from emr_nb.errors import AwsThrottledError


class Clock:
    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def budget(clock: Clock) -> CallBudget:
    return CallBudget(clock=clock, sleep=clock.sleep)


def test_a_whole_attach_goes_through_at_once():
    clock = Clock()
    limited = budget(clock)
    for _ in range(6):
        limited.take("DescribeCluster")
    assert clock.slept == []


def test_the_seventh_waits_for_the_window():
    clock = Clock()
    limited = budget(clock)
    for _ in range(7):
        limited.take("DescribeCluster")
    assert clock.now == pytest.approx(60, abs=0.1)
    assert max(clock.slept) <= 0.5  # slices: an interrupt gets out at once


def test_no_minute_ever_has_more_than_six():
    clock, chance = Clock(), random.Random(7)
    limited = budget(clock)
    taken = []
    for _ in range(400):
        clock.now += chance.expovariate(1 / 4)
        limited.take("ListClusters", wait=1000)
        taken.append(clock.now)
    assert all(later - earlier >= 60 for earlier, later in zip(taken, taken[6:], strict=False))


def test_waiting_longer_than_allowed_is_refused_at_once():
    clock = Clock()
    limited = budget(clock)
    for _ in range(6):
        limited.take("DescribeCluster")
    with pytest.raises(AwsThrottledError, match="60 s"):
        limited.take("DescribeCluster", wait=10)
    assert clock.now == 0


def test_pages_are_paced_and_not_counted():
    clock = Clock()
    limited = budget(clock)
    limited.take("ListClusters")
    for _ in range(39):
        limited.page()
    assert clock.now == pytest.approx(0.2 * 38)
    for _ in range(5):
        limited.take("DescribeCluster")
    assert clock.now == pytest.approx(0.2 * 38)


def test_threads_share_the_budget():
    clock = Clock()
    limited = CallBudget(clock=clock, sleep=lambda _: time.sleep(0.001))
    passed: list[int] = []

    def take(n: int) -> None:
        try:
            limited.take("DescribeCluster", wait=5)
            passed.append(n)
        except AwsThrottledError:
            pass

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(take, range(40)))
    assert len(passed) == 6


def test_a_memory_asks_once_per_half_minute():
    clock = Clock()
    memory: Memory[int] = Memory(clock=clock)
    asked: list[int] = []

    def ask() -> int:
        asked.append(1)
        return len(asked)

    assert [memory.get("a", ask), memory.get("a", ask)] == [1, 1]
    clock.now += 29
    assert memory.get("a", ask) == 1
    clock.now += 2
    assert memory.get("a", ask) == 2
    clock.now += 1
    assert memory.get("a", ask, fresh=True) == 3
    assert memory.get("b", ask) == 4


def test_threads_share_one_answer_and_a_failure_is_not_remembered():
    memory: Memory[int] = Memory()
    asked: list[int] = []
    gate = threading.Barrier(8)

    def ask() -> int:
        asked.append(1)
        time.sleep(0.1)
        return len(asked)

    def look(_: int) -> int:
        gate.wait()
        return memory.get("a", ask, fresh=True)

    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(look, range(8)))
    assert len(asked) <= 2  # one may have come before the others
    assert answers <= {1, 2}

    def fail() -> int:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        memory.get("c", fail)
    assert memory.get("c", lambda: 9) == 9


def test_room_is_what_may_go_out_without_waiting():
    clock = Clock()
    budget = CallBudget(clock=clock, sleep=clock.sleep)
    assert budget.room() == 6
    budget.take("ListClusters")
    clock.now += 30
    for _ in range(5):
        budget.take("DescribeCluster")
    assert budget.room() == 0
    clock.now += 31
    assert budget.room() == 1
