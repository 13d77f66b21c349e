"""How often to look: soon at first, then in proportion to how long it has taken."""

from __future__ import annotations

import random
from dataclasses import dataclass

FIRST = 0.015
_SHARE = 0.08  # of the time elapsed, so a look is at most 8 % late
_MOST = 1.0
_MOST_LATE = 2.0
_LATE = 60.0
_JITTER = 0.1
_BACK_OFF = 4.0
_MOST_AWAY = 5.0


@dataclass(frozen=True, slots=True)
class Patience:
    """How long what is borne; all in seconds.

    `look` is the deadline of one look, by which a half-open connection is noticed; `away` how
    long looks may fail in a row, told after `notice`; `session_every` and `alive_every` are
    between looks at the session and between signs of life to it (a quarter of Livy's default
    session timeout); `settle` is how long a lost reply's statement is looked for, `half` how
    long one may be shown as available without its output.
    """

    look: float = 10.0
    away: float = 120.0
    notice: float = 10.0
    event_every: float = 0.1
    session_every: float = 10.0
    alive_every: float = 900.0
    settle: float = 20.0
    half: float = 5.0


@dataclass(frozen=True, slots=True)
class Pace:
    """The delay before the next look, in seconds; 67 looks in 12 s, 1,900 in an hour."""

    source: random.Random

    def delay(self, elapsed: float) -> float:
        most = _MOST if elapsed < _LATE else _MOST_LATE
        base = min(max(_SHARE * elapsed, FIRST), most)
        return base * self.source.uniform(1 - _JITTER, 1 + _JITTER)

    def delay_away(self, elapsed: float, failures: int) -> float:
        """The delay after failed looks: four times longer each, at most 5 s."""
        return min(self.delay(elapsed) * _BACK_OFF ** min(failures, 6), _MOST_AWAY)
