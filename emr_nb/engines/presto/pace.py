"""How long what is borne while a query is followed; all in seconds."""

from __future__ import annotations

import random
from dataclasses import dataclass

_LEAST, _MOST = 0.05, 0.1  # what the protocol asks to wait after a 503
_MOST_AWAY = 5.0


@dataclass(frozen=True, slots=True)
class Patience:
    """The deadlines of one query.

    `look` is that of one request, which the server answers within a second or two, and a page's
    bytes come with it; `away` how long requests may fail in a row, told after `notice`;
    `touch_every` is between signs of life while pages wait to be read (a server drops a query
    that nobody asks for in 5 min); `settle` is how long a lost reply's query is looked for; after
    `long` a cell says that a sleeping machine would lose its query.
    """

    look: float = 30.0
    away: float = 120.0
    notice: float = 10.0
    event_every: float = 0.1
    touch_every: float = 30.0
    settle: float = 20.0
    long: float = 60.0


def delay(failures: int, asked: float | None = None) -> float:
    """Return how long to wait after so many failures in a row, or what the server has asked for."""
    if asked is not None:
        return asked
    least = random.uniform(_LEAST, _MOST)  # noqa: S311 - jitter
    return min(float(least * 2 ** min(failures - 1, 8)), _MOST_AWAY)
