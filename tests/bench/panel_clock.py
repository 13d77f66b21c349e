"""A clock that runs faster, for a server whose quiet hours are to pass in minutes.

Everything that spares EMR goes by it: the poller's intervals, the answers that are remembered,
and the window of the calls' budget. A faster poller before a budget of real minutes would show
the budget alone, whatever the poller asks.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from emr_nb.aws.budget import CallBudget, Memory
from emr_nb.server.board import Board

CONFIG = "from tests.bench.panel_clock import hasten\nhasten({scale})\n"


def fast(scale: float, clock: Callable[[], float] = time.monotonic) -> Callable[[], float]:
    """Return a clock that agrees with another now, and gains on it from here."""
    began = clock()
    return lambda: began + (clock() - began) * scale


def hasten(scale: float) -> None:
    """Make the fast clock the default of this process; to be called before a server begins."""
    clock = fast(scale)
    for made in (CallBudget, Board):
        made.__init__.__kwdefaults__["clock"] = clock  # type: ignore[misc]
    seconds, _ = Memory.__init__.__defaults__ or (None, None)
    Memory.__init__.__defaults__ = (seconds, clock)  # type: ignore[misc]
