"""What is shown while a cell runs: displays, streams, and displays updated in place."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any, Protocol

from emr_nb.notebook.answers import bundle
from emr_nb.notebook.places import is_notebook

Bundle = Mapping[str, Any]


class Screen(Protocol):
    """Where a cell's output goes; `updates` False means that nothing can be changed later."""

    updates: bool

    def show(
        self, data: Bundle, metadata: Bundle | None = None, display_id: str | None = None
    ) -> None: ...

    def update(self, data: Bundle, display_id: str) -> None: ...

    def stream(self, text: str, name: str = "stdout") -> None: ...


class ShellScreen:
    """The screen of an IPython shell: a notebook's front end, or a terminal."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self.updates = is_notebook(shell)

    def show(
        self, data: Bundle, metadata: Bundle | None = None, display_id: str | None = None
    ) -> None:
        """Display a MIME bundle; the front end chooses the richest form that it knows."""
        transient = {"transient": {"display_id": display_id}} if display_id else {}
        self._shell.display_pub.publish(data=dict(data), metadata=dict(metadata or {}), **transient)

    def update(self, data: Bundle, display_id: str) -> None:
        """Replace what was displayed under an id."""
        if self.updates:
            self._shell.display_pub.publish(
                data=dict(data), metadata={}, transient={"display_id": display_id}, update=True
            )

    def stream(self, text: str, name: str = "stdout") -> None:
        """Write text of the remote side where prints go."""
        target = sys.stderr if name == "stderr" else sys.stdout
        target.write(text)
        target.flush()


def display_id() -> str:
    """Return a new id for a display that will be updated."""
    return os.urandom(16).hex()


def show(screen: Screen, value: Any) -> None:
    """Display an answer; one of several displays shows itself."""
    itself = getattr(value, "_ipython_display_", None)
    if itself is not None:
        itself()
        return
    screen.show(bundle(value))
