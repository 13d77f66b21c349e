"""Corners of the search that a fake directory shows better than a server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from emr_nb.aws.resolve import Patience, resolve
from emr_nb.errors import (
    ClusterNotFoundError,
    ClusterTerminatedError,
    UsageError,
)
from emr_nb.model import LIVE_STATES, Cluster, ClusterSummary


class FakeDirectory:
    """Clusters by id with a script of states; the last one stays."""

    def __init__(self, **states: str) -> None:
        self.states = {i.replace("_", "-"): s.split() for i, s in states.items()}
        self.described = 0
        self.asked_whole: list[str] = []
        self.tagged_one = ""
        self.search_denied = False
        self.born = datetime.now(UTC) - timedelta(hours=2)

    def one(self, cluster_id: str) -> ClusterSummary:
        state = self.states[cluster_id][0]
        return ClusterSummary(cluster_id, f"name-{cluster_id}", state, created=self.born)

    def summaries(self, *, live_only=True, fresh=False):
        found = [self.one(i) for i in self.states]
        return [c for c in found if not live_only or c.state in LIVE_STATES]

    def summary(self, cluster_id, *, fresh=False):
        self.described += 1
        if cluster_id not in self.states:
            raise ClusterNotFoundError(f"No cluster has the id {cluster_id}")
        found = self.one(cluster_id)
        if len(self.states[cluster_id]) > 1:
            self.states[cluster_id].pop(0)
        return found

    def cluster(self, cluster_id, *, fresh=False):
        self.asked_whole.append(cluster_id)
        tags = {"team": "ops"} if cluster_id == self.tagged_one else {}
        return Cluster(cluster_id, f"name-{cluster_id}", self.states[cluster_id][0], tags=tags)

    def tagged(self, key, value):
        return None if self.search_denied else frozenset()


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds <= 0.5
        self.now += seconds


def patience(clock: Clock) -> Patience:
    return Patience(clock=clock, sleep=clock.sleep)


def test_a_wait_looks_four_times_a_minute():
    clock = Clock()
    fake = FakeDirectory(j_AAAAAAAA="STARTING " * 20 + "BOOTSTRAPPING WAITING")
    told: list[str] = []
    found = resolve("j-AAAAAAAA", fake, told.append, patience=patience(clock))
    assert found.state == "WAITING"
    assert fake.described <= 4 * clock.now / 60 + 3
    assert any("waited 2 min" in line for line in told)
    assert "BOOTSTRAPPING" in told[-1]


def test_an_unknown_state_keeps_nobody_waiting_for_ever():
    fake = FakeDirectory(j_AAAAAAAA="ARCHIVED")
    with pytest.raises(ClusterTerminatedError):
        resolve("j-AAAAAAAA", fake, lambda _: None)


def test_a_list_that_is_older_than_the_truth_is_noticed():
    class Stale(FakeDirectory):
        def summaries(self, *, live_only=True, fresh=False):
            return [ClusterSummary("j-AAAAAAAA", "etl", "WAITING")]

    with pytest.raises(ClusterTerminatedError):
        resolve("etl", Stale(j_AAAAAAAA="TERMINATED"), lambda _: None)


def test_an_ending_cluster_says_so():
    fake = FakeDirectory(j_AAAAAAAA="TERMINATING")
    with pytest.raises(ClusterTerminatedError, match="ending now"):
        resolve("name-j-AAAAAAAA", fake, lambda _: None)


def test_the_only_staying_cluster_is_chosen_beside_an_ending_one():
    fake = FakeDirectory(j_AAAAAAAA="TERMINATING", j_BBBBBBBB="RUNNING")
    assert resolve("", fake, lambda _: None).id == "j-BBBBBBBB"


@pytest.mark.parametrize("target", ["tag:", "tag:team", "tag:=x"])
def test_half_a_tag_is_explained(target):
    with pytest.raises(UsageError, match="names no tag") as raised:
        resolve(target, FakeDirectory(), lambda _: None)
    assert "tag:KEY=VALUE" in str(raised.value)


def test_where_the_search_by_tag_is_denied_the_live_ones_are_asked():
    fake = FakeDirectory(j_AAAAAAAA="RUNNING", j_BBBBBBBB="WAITING", j_CCCCCCCC="TERMINATED")
    fake.search_denied, fake.tagged_one = True, "j-BBBBBBBB"
    assert resolve("tag:team=ops", fake, lambda _: None).id == "j-BBBBBBBB"
    assert "j-CCCCCCCC" not in fake.asked_whole
