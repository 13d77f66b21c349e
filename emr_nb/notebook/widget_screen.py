"""The screen below the widgets of `--interact`: the output widget's own list of outputs.

What is displayed inside an output widget cannot be changed later by the id of its display, as
front ends do it for cells; so the list itself is changed, which every front end draws.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

from emr_nb.notebook.screen import Bundle


class WidgetScreen:
    """Shows in an ipywidgets Output; may be used from several threads."""

    updates = True

    def __init__(self, output: Any) -> None:
        self._output = output
        self._lock = threading.Lock()
        self._shown: list[dict[str, Any]] = []
        self._places: dict[str, int] = {}

    def show(
        self, data: Bundle, metadata: Bundle | None = None, display_id: str | None = None
    ) -> None:
        """Display a MIME bundle below what is there."""
        entry = {
            "output_type": "display_data", "data": dict(data), "metadata": dict(metadata or {}),
        }  # fmt: skip
        with self._lock:
            if display_id:
                self._places[display_id] = len(self._shown)
            self._put([*self._shown, entry])

    def update(self, data: Bundle, display_id: str) -> None:
        """Replace what was displayed under an id."""
        with self._lock:
            place = self._places.get(display_id)
            if place is not None:
                entry = {**self._shown[place], "data": dict(data)}
                self._put([*self._shown[:place], entry, *self._shown[place + 1 :]])

    def stream(self, text: str, name: str = "stdout") -> None:
        """Write text below what is there, behind the text that stands last."""
        with self._lock:
            last = self._shown[-1] if self._shown else {}
            if last.get("output_type") == "stream" and last.get("name") == name:
                entry = {**last, "text": last["text"] + text}
                self._put([*self._shown[:-1], entry])
            else:
                self._put([*self._shown, {"output_type": "stream", "name": name, "text": text}])

    def fail(self, error: BaseException, lines: Sequence[str]) -> None:
        """Show an error as that of a failed cell."""
        entry = {
            "output_type": "error",
            "ename": type(error).__name__,
            "evalue": str(error),
            "traceback": list(lines),
        }
        with self._lock:
            self._put([*self._shown, entry])

    def clear(self) -> None:
        """Let go of what is shown."""
        with self._lock:
            self._places.clear()
            self._put([])

    def _put(self, shown: list[dict[str, Any]]) -> None:
        self._shown = shown
        self._output.outputs = tuple(shown)
