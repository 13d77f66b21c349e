"""The single owner of AWS credentials: refreshed once at 80 % of life, single-flight."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from emr_nb.errors import AwsCredentialsError, AwsError

_LIFE_USED = 0.8
_SHORTEST_HOLD = 10.0  # seconds between two looks at a source that hands out old credentials


@dataclass(frozen=True, slots=True)
class Credentials:
    """One set of AWS credentials; the secret parts never show in a repr.

    `expires` is an aware datetime, or None where the source does not tell; `method` is the
    link of the credential chain that gave them.
    """

    access_key: str
    secret_key: str = field(repr=False)
    token: str = field(default="", repr=False)
    expires: datetime | None = None
    method: str = ""


class CredentialsCache:
    """Holds what `load` gave and asks again in time; may be shared between threads.

    `load` runs in one thread at a time. Threads that came while it ran take its outcome,
    a failure included, so that a refused refresh is no storm of requests.
    """

    def __init__(
        self, load: Callable[[], Credentials], clock: Callable[[], float] = time.time
    ) -> None:
        self._load = load
        self._clock = clock
        self._flight = threading.Lock()
        self._loads = 0
        self._held: Credentials | None = None
        self._due = 0.0
        self._failure: AwsError | None = None

    def current(self) -> Credentials:
        """Return credentials that are valid now; raises AwsCredentialsError."""
        held = self._held
        if held is not None and self._clock() < self._due:
            return held
        for _ in range(2):  # again when the thread that was reading was interrupted
            self._load_once(self._loads)
            held = self._held
            if held is not None and not self._expired(held):
                return held
            if self._failure is not None:
                raise self._failure
        raise AwsCredentialsError(
            "The source of the AWS credentials hands out expired ones",
            advice="Renew them (`aws sso login`, or new keys) and run this again.",
        )

    def refused(self, seen: Credentials | None = None) -> bool:
        """Read the source again after AWS refused `seen`; True when a retry may help."""
        before = self._held
        loads = self._loads
        if seen is not None and before is not None and before != seen:
            return True  # another thread has been through this
        self._load_once(loads, forget=True)
        held = self._held
        return held is not None and held != (seen or before)

    def _load_once(self, loads: int, *, forget: bool = False) -> None:
        with self._flight:
            if self._loads != loads:
                return  # loaded, or failed, while we waited
            try:
                fresh = self._load()
            except AwsError as error:
                self._failure = error
                if forget:
                    self._held = None
                self._due = self._clock() + _SHORTEST_HOLD
            else:
                self._failure = None
                self._due = self._due_of(fresh)
                self._held = fresh
            finally:
                self._loads += 1

    def _due_of(self, fresh: Credentials) -> float:
        if fresh.expires is None:
            return float("inf")
        now = self._clock()
        left = fresh.expires.timestamp() - now
        return now + min(max(left * _LIFE_USED, _SHORTEST_HOLD), max(left, 0.0))

    def _expired(self, held: Credentials) -> bool:
        return held.expires is not None and held.expires.timestamp() <= self._clock()
