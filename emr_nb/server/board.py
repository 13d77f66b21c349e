"""What is known of all clusters: one poller for every page, within the providers' limits.

Requests read what is here and never ask AWS themselves. While somebody looks, each provider's
list is renewed every half minute; release, applications and nodes come by two calls a cluster,
as far as the budget has room beside the next list and an attach. A provider that throttles is
left alone for twice as long each time.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from emr_nb.errors import AwsThrottledError, ClusterNotFoundError, EmrError
from emr_nb.model import LIVE_STATES

if TYPE_CHECKING:
    from emr_nb.cluster import ClusterProvider
    from emr_nb.model import Cluster, ClusterSummary

log = logging.getLogger(__name__)

EVERY = 30.0  # seconds between two lists of a provider
FACTS_EVERY = 300.0  # seconds after which a cluster is described again
_PAUSE = (60.0, 480.0)  # seconds that a provider which throttles is left alone
_INTEREST = 75.0  # seconds that a look of a page keeps the poller going
_TICK = 1.0
_OUTLINE_CALLS = 2
_SPARE = 1  # calls left for the next list


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one cluster; `facts_at` is in seconds of the board's clock."""

    provider: ClusterProvider
    summary: ClusterSummary
    facts: Cluster | None = None
    facts_at: float = 0.0


@dataclass
class Source:
    """One provider and what it told."""

    provider: ClusterProvider
    listed: dict[str, ClusterSummary] = field(default_factory=dict)
    facts: dict[str, tuple[float, Cluster]] = field(default_factory=dict)
    at: float | None = None
    next_at: float = 0.0
    pause: float = 0.0
    error: EmrError | None = None

    def every(self, seconds: float) -> float:
        """Return how often it is listed: a provider may say so itself."""
        return float(getattr(self.provider, "every", seconds))


class Board:
    """The clusters of all providers; `look` is one round, on the caller's thread."""

    def __init__(
        self,
        providers: Callable[[], Sequence[ClusterProvider]],
        told: Callable[[], None] = lambda: None,
        *,
        every: float = EVERY,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._make = providers
        self._told = told
        self._every = every
        self.clock = clock
        self._lock = threading.Lock()  # of what is read; never held while a provider is asked
        self._looking = threading.Lock()  # one round at a time
        self._sources: list[Source] | None = None
        self._wanted: dict[str, float] = {}  # clusters that a page looks at, and since when
        self._interest = float("-inf")
        self._first = threading.Event()
        self._wake = threading.Event()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    # -- reading --------------------------------------------------------------------------

    def known(self) -> list[Known]:
        """Return the live clusters, the newest first."""
        with self._lock:
            found = [
                Known(s.provider, summary, *_facts(s, summary.id))
                for s in self._sources or ()
                for summary in s.listed.values()
            ]
        return sorted(found, key=lambda k: _age(k.summary), reverse=True)

    def find(self, cluster_id: str) -> Known:
        """Return one cluster that a provider lists; raises ClusterNotFoundError for all else."""
        found = next((k for k in self.known() if k.summary.id == cluster_id), None)
        if found is None:
            raise ClusterNotFoundError(
                "No such cluster is listed",
                where=cluster_id[:80],
                advice="It may have ended: look at the list of clusters.",
            )
        return found

    def sources(self) -> list[Source]:
        """Return the providers with what they told."""
        with self._lock:
            return list(self._sources or ())

    # -- keeping it new -------------------------------------------------------------------

    def want(self, cluster_id: str = "", *, wait: float = 0.0) -> None:
        """Say that somebody looks; waits at most so long for the first round."""
        with self._lock:
            self._interest = self.clock()
            if cluster_id:
                self._wanted[cluster_id] = self._interest
            if self._thread is None and not self._closed.is_set():
                self._thread = threading.Thread(
                    target=self._run, name="emr_nb-clusters", daemon=True
                )
                self._thread.start()
        if wait:
            self._first.wait(wait)

    def refresh(self) -> None:
        """Have every provider asked at the next round, but for those that throttle."""
        now = self.clock()
        with self._lock:
            for source in self._sources or ():
                if not source.pause:
                    source.next_at = min(source.next_at, now)
        self._wake.set()

    def renew(self) -> None:
        """Have the providers made anew, as other settings need; what the old ones told is gone."""
        with self._looking, self._lock:
            old, self._sources = self._sources or [], None
        for source in old:
            source.provider.close()
        self._wake.set()

    def look(self) -> bool:
        """Ask what is due; returns whether anything was asked."""
        with self._looking:
            if self._sources is None:
                made = [Source(p) for p in self._make()]
                with self._lock:
                    self._sources = made
            asked = [self._list(s) for s in self._sources if s.next_at <= self.clock()]
            asked += [self._describe(s) for s in self._sources]
        self._first.set()
        if any(asked):
            self._told()
        return any(asked)

    def close(self) -> None:
        """End the poller and release the providers' connections."""
        self._closed.set()
        self._wake.set()
        for source in self.sources():
            source.provider.close()

    # -- inside ---------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._closed.is_set():
            with self._lock:
                if self.clock() - self._interest > _INTEREST:
                    self._thread = None
                    return
            try:
                self.look()
            except Exception:  # a third party's provider may raise anything
                log.exception("a look at the clusters failed")
            self._wake.wait(_TICK)
            self._wake.clear()

    def _list(self, source: Source) -> bool:
        try:
            listed = {c.id: c for c in source.provider.clusters() if c.state in LIVE_STATES}
        except EmrError as error:
            self._failed(source, error)
            return True
        with self._lock:
            source.listed = listed
            source.facts = {k: v for k, v in source.facts.items() if k in listed}
            source.at = self.clock()
            source.next_at = source.at + source.every(self._every)
            source.pause, source.error = 0.0, None
        return True

    def _describe(self, source: Source) -> bool:
        """Describe the clusters that are due, as far as there is room."""
        from emr_nb.cluster import Outlines

        provider = source.provider
        if not isinstance(provider, Outlines) or source.pause:
            return False
        asked = False
        for cluster_id in self._due(source):
            if self._closed.is_set() or provider.room() < _OUTLINE_CALLS + _SPARE:
                break
            asked = True
            try:
                facts = provider.outline(cluster_id)
            except AwsThrottledError as error:
                self._failed(source, error)
                break
            except EmrError as error:
                log.info("%s is not described: %s", cluster_id, error.what)
                if not isinstance(error, ClusterNotFoundError):
                    with self._lock:
                        source.error = error
                break
            with self._lock:
                source.facts[cluster_id] = (self.clock(), facts)
        return asked

    def _due(self, source: Source) -> list[str]:
        """Return whom to describe: what a page looks at first, then what never was, by age."""
        now = self.clock()
        every = float(getattr(source.provider, "facts_every", FACTS_EVERY))
        with self._lock:
            wanted = {c for c, at in self._wanted.items() if now - at < _INTEREST}
            self._wanted = {c: at for c, at in self._wanted.items() if c in wanted}
            due = [c for c in source.listed if c not in source.facts
                   or now - source.facts[c][0] >= every]  # fmt: skip
            return sorted(due, key=lambda c: (c not in wanted, source.facts.get(c, (-1.0,))[0]))

    def _failed(self, source: Source, error: EmrError) -> None:
        now = self.clock()
        with self._lock:
            source.error = error
            if isinstance(error, AwsThrottledError):
                low, high = _PAUSE
                source.pause = min(max(source.pause * 2, low), high)
            source.next_at = now + max(source.pause, source.every(self._every))


def _facts(source: Source, cluster_id: str) -> tuple[Cluster | None, float]:
    at, facts = source.facts.get(cluster_id, (0.0, None))
    return facts, at


def _age(summary: ClusterSummary) -> float:
    return summary.created.timestamp() if summary.created else 0.0
