"""A tree of files as lines, as `tree` draws them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import overload

from emr_nb.model import FileEntry
from emr_nb.notebook.look import MONO, count, printable, size

_MOST = 1000  # lines on the page; the value has all


class Tree(Sequence[FileEntry]):
    """The entries below a directory; reads as their list and shows as a drawing."""

    def __init__(
        self, entries: Iterable[FileEntry], root: str, notice: str = "", *, human: bool = False
    ) -> None:
        self._entries = list(entries)
        self._root = root
        self._human = human
        self.notice = notice

    def __len__(self) -> int:
        return len(self._entries)

    @overload
    def __getitem__(self, index: int) -> FileEntry: ...
    @overload
    def __getitem__(self, index: slice) -> list[FileEntry]: ...
    def __getitem__(self, index: int | slice) -> FileEntry | list[FileEntry]:
        return self._entries[index]

    def lines(self) -> list[str]:
        """Return the drawing, safe to print."""
        below: dict[str, list[FileEntry]] = {}
        for entry in self._entries:
            above = str(entry.path).rstrip("/").rpartition("/")[0].rstrip("/")
            below.setdefault(above, []).append(entry)
        lines = [printable(self._root)]
        self._draw(self._root.rstrip("/"), "", below, lines)
        return lines

    def _draw(
        self, above: str, indent: str, below: dict[str, list[FileEntry]], lines: list[str]
    ) -> None:
        here = below.get(above, [])
        for number, entry in enumerate(here, 1):
            if len(lines) > _MOST:
                return
            last = number == len(here)
            lines.append(f"{indent}{'└── ' if last else '├── '}{self._named(entry)}")
            if entry.is_directory:
                further = indent + ("    " if last else "│   ")
                self._draw(str(entry.path).rstrip("/"), further, below, lines)

    def _named(self, entry: FileEntry) -> str:
        name = printable(entry.name or entry.path.authority)  # a bucket has no name of its own
        if entry.is_directory:
            return f"{name}/"
        return f"{name}  {size(entry.size) if self._human else count(entry.size)}"

    def __repr__(self) -> str:
        lines = self.lines()
        cut = len(lines) > _MOST
        told = f"{_MOST:,} of {len(self._entries):,} entries are shown; the value has all"
        return "\n".join([*lines[:_MOST], *[told] * cut, printable(self.notice)]).rstrip()

    def _repr_html_(self) -> str:
        style = f"{MONO}font-size:12.5px;line-height:1.4;margin:2px 0;white-space:pre"
        return f'<pre style="{style}">{escape(repr(self))}</pre>'
