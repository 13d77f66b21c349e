"""Says what a store waits for: a session that is busy with a cell."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol, runtime_checkable

from emr_nb.notebook.progress_line import ProgressLine
from emr_nb.notebook.screen import Screen


@runtime_checkable
class TellsWaits(Protocol):
    """An attached cluster whose stores may have to wait; an empty text ends a wait."""

    told: Callable[[str], None]


class WaitLine:
    """A line for each wait; silent beside the cell, where nobody knows whose output it would be."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._line: ProgressLine | None = None

    def __call__(self, text: str) -> None:
        if threading.current_thread() is not threading.main_thread():
            return
        if text:
            self._line = self._line or ProgressLine(self._screen)
            self._line.note(text)
        elif self._line is not None:
            self._line.end_if_shown("done", "waited for the session")
            self._line = None


def show_waits(cluster: object, screen: Screen) -> None:
    """Have the waits of a cluster's stores shown on a screen."""
    if isinstance(cluster, TellsWaits):
        cluster.told = WaitLine(screen)
