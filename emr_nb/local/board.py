"""One line per part or daemon: redrawn on a terminal, else printed when it changes."""

from __future__ import annotations

import threading
import time
from typing import TextIO

_REDRAW_SECONDS = 0.1
_REPEAT_SECONDS = 10.0  # how often a log that is no terminal hears of a line that moves on


class Board:
    """A small block of lines on `stream`; may be used from several threads."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._terminal = stream.isatty()
        self._lock = threading.Lock()
        self._lines: dict[str, str] = {}
        self._drawn = 0
        self._last = 0.0
        self._told: dict[str, float] = {}

    def update(self, key: str, text: str, *, final: bool = False) -> None:
        """Set the line of `key`; `final` shows it at once."""
        with self._lock:
            if self._lines.get(key) == text:
                return
            self._lines[key] = text
            now = time.monotonic()
            if self._terminal:
                if final or now - self._last > _REDRAW_SECONDS:
                    self._redraw(now)
            elif final or now - self._told.get(key, -_REPEAT_SECONDS) >= _REPEAT_SECONDS:
                self._told[key] = now
                self._write(f"  {key:<24} {text}\n")

    def close(self) -> None:
        """Show every line as it is; further lines make a new block."""
        with self._lock:
            if self._terminal and self._lines:
                self._redraw(time.monotonic())
            self._lines.clear()
            self._drawn = 0

    def _redraw(self, now: float) -> None:
        up = f"\x1b[{self._drawn}A" if self._drawn else ""
        rows = "".join(f"\x1b[2K  {key:<24} {text}\n" for key, text in self._lines.items())
        self._write(up + rows)
        self._drawn, self._last = len(self._lines), now

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


def megabytes(count: int) -> str:
    """Return a size as `318 MB`."""
    return f"{count / 1_000_000:.0f} MB"
