"""One owner of credentials: refreshed in time, once, whatever the number of threads."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from emr_nb.aws.credentials import Credentials, CredentialsCache
from emr_nb.errors import AwsCredentialsError

START = datetime(2026, 1, 1, tzinfo=UTC).timestamp()


class Source:
    """Hands out numbered credentials that live for an hour by a clock of its own."""

    def __init__(self, life: float | None = 3600, slow: float = 0.0) -> None:
        self.now = START
        self.loads = 0
        self.life = life
        self.slow = slow
        self.failing = False
        self.stuck = False

    def __call__(self) -> Credentials:
        time.sleep(self.slow)
        self.loads += 1
        if self.failing:
            raise AwsCredentialsError("the refresh was denied")
        number = 1 if self.stuck else self.loads
        expires = None
        if self.life is not None:
            expires = datetime.fromtimestamp(self.now, UTC) + timedelta(seconds=self.life)
        return Credentials(f"AKIA{number}", "secret", expires=expires)

    def cache(self) -> CredentialsCache:
        return CredentialsCache(self, clock=lambda: self.now)


def test_refreshed_once_at_four_fifths_of_life():
    source = Source()
    cache = source.cache()
    assert cache.current().access_key == "AKIA1"
    source.now += 2879
    assert cache.current().access_key == "AKIA1"
    source.now += 2
    assert cache.current().access_key == "AKIA2"
    assert cache.current().access_key == "AKIA2"
    assert source.loads == 2


def test_credentials_without_an_end_are_read_once():
    source = Source(life=None)
    cache = source.cache()
    cache.current()
    source.now += 10**9
    cache.current()
    assert source.loads == 1


def test_a_failed_refresh_keeps_what_is_still_valid_and_then_raises():
    source = Source()
    cache = source.cache()
    cache.current()
    source.failing = True
    source.now += 3000
    assert cache.current().access_key == "AKIA1"
    assert cache.current().access_key == "AKIA1"
    assert source.loads == 2  # no storm: the next look is seconds away
    source.now += 700
    with pytest.raises(AwsCredentialsError, match="denied"):
        cache.current()


def test_a_source_of_old_credentials_is_not_asked_at_every_call():
    source = Source()
    source.stuck = True
    cache = source.cache()
    cache.current()
    source.life = 5  # already near its end when read again
    source.now += 3000
    for _ in range(10):
        cache.current()
    assert source.loads == 2


def test_threads_share_one_refresh():
    source = Source(slow=0.1)
    cache = source.cache()
    gate = threading.Barrier(16)

    def look(_: int) -> str:
        gate.wait()
        return cache.current().access_key

    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(look, range(16))) == {"AKIA1"}
    assert source.loads == 1


def test_threads_share_one_renewal_after_a_refusal():
    source = Source(slow=0.1)
    cache = source.cache()
    seen = cache.current()
    gate = threading.Barrier(16)

    def refuse(_: int) -> bool:
        gate.wait()
        return cache.refused(seen)

    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(refuse, range(16))) == [True] * 16
    assert source.loads == 2
    assert cache.refused(seen)  # a latecomer with the old ones
    assert source.loads == 2


def test_threads_share_one_failure():
    source = Source(slow=0.1)
    source.failing = True
    cache = source.cache()
    gate = threading.Barrier(16)

    def look(_: int) -> str:
        gate.wait()
        try:
            return cache.current().access_key
        except AwsCredentialsError as error:
            return error.what

    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(look, range(16))) == {"the refresh was denied"}
    assert source.loads == 1


def test_the_same_credentials_again_are_no_reason_to_retry():
    source = Source(life=None)
    source.stuck = True
    cache = source.cache()
    assert not cache.refused(cache.current())


def test_secrets_do_not_show():
    shown = repr(Credentials("AKIA1", "very-secret", "token-secret"))
    assert "AKIA1" in shown
    assert "secret" not in shown
