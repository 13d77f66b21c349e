"""Magics of the engines that others have written, found by their entry points.

The registry of packages is not read while the extension loads: it is read when a cell begins
with a magic that nobody has registered, and when a cluster is attached.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from emr_nb.notebook.cells import NAMES, CellMagic

_OURS = frozenset({*NAMES, "emr"})
_USED = re.compile(r"^\s*(?:[\w.,\[\]'\" ]+=\s*)?%%?(\w+)", re.MULTILINE)


def words_used(lines: Iterable[str]) -> set[str]:
    """Return the names of the magics that a cell may use, ours left out."""
    return {found[1] for found in _USED.finditer("".join(lines))} - _OURS


def plugin_magics() -> dict[str, CellMagic]:
    """Return a magic for each installed engine that is none of ours, by its name."""
    from importlib.metadata import entry_points

    names = sorted({entry.name for entry in entry_points(group="emr_nb.engines")} - _OURS)
    return {
        name: CellMagic(name, "sql", f"Run SQL on {name}.", engines=(name,))
        for name in names
        if name.isidentifier()
    }


class Plugins:
    """Registers those magics once they are needed; `register` takes one that is free."""

    def __init__(
        self, is_free: Callable[[str], bool], register: Callable[[CellMagic], None]
    ) -> None:
        self._is_free = is_free
        self._register = register
        self._seen: set[str] = set()
        self.magics: dict[str, CellMagic] = {}

    def look_for(self, lines: list[str]) -> None:
        """Look for what a cell uses and nobody has registered."""
        wanted = {w for w in words_used(lines) if w not in self._seen and self._is_free(w)}
        self._seen |= wanted
        if wanted:
            self.look()

    def look(self) -> None:
        """Register the magics of all engines that are installed now."""
        for name, magic in plugin_magics().items():
            if name not in self.magics and self._is_free(name):
                self._register(magic)
                self.magics[name] = magic
