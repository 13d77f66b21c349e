"""The line of a copy: how many bytes of how many, at what rate; and what came of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from emr_nb.files.plans import Plan
from emr_nb.files.transfers import Copied
from emr_nb.model import FileEntry
from emr_nb.notebook.answers import Records
from emr_nb.notebook.commands.file_lines import path_fields, typed
from emr_nb.notebook.look import plural, printable, size
from emr_nb.notebook.progress_line import ProgressLine

if TYPE_CHECKING:
    from emr_nb.notebook.state import Notebook

_NAMED = 5
_SHOWN = 50  # rows on the page; the value has all
_RATE_AFTER = 1.0  # seconds before a rate means something


class CopyLine:
    """Shows copies while they run; `told` is what the copies call."""

    def __init__(
        self,
        notebook: Notebook,
        doing: str,
        *,
        again: str = "--continue goes on",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._line = ProgressLine(notebook.screen, clock)
        self._doing = doing
        self._again = f"; {again}" if again else ""
        self._clock = clock
        self._began = clock()
        self._state = Copied()

    def told(self, state: Copied) -> None:
        self._state = state
        fraction = state.bytes / state.bytes_total if state.bytes_total else None
        self._line.share(f"{self._doing}: {self._amounts(state)}", fraction)

    def run(self, work: Callable[[], Copied | None]) -> Copied | None:
        """Run copies and end the line by what came of them."""
        try:
            done = work()
        except KeyboardInterrupt:
            self._line.end("cancelled", f"{self._doing}: interrupted, {self._left()}")
            raise
        except BaseException:
            self._line.end_if_shown("failed", self._doing, self._left())
            raise
        self._line.end_if_shown("done", self._doing, self._amounts(done or self._state))
        return done

    def note(self, text: str) -> None:
        self._line.note(f"{self._doing}: {text}")

    def _left(self) -> str:
        whole = self._state.files
        if self._state.files_total <= 1:
            return f"nothing stands under the final name{self._again}"
        return (
            f"{whole:,} of {plural(self._state.files_total, 'file')} are whole, "
            f"nothing else stands under a final name{self._again}"
        )

    def _amounts(self, state: Copied) -> str:
        told = size(state.bytes)
        if state.bytes_total and state.bytes < state.bytes_total:
            told += f" of {size(state.bytes_total)}"
        if state.files_total > 1:
            told = f"{state.files:,} of {plural(state.files_total, 'file')}, {told}"
        taken = self._clock() - self._began
        rate = f", {size(round(state.bytes / taken))}/s" if taken > _RATE_AFTER else ""
        return told + rate


def copied(
    entries: Sequence[FileEntry], plan: Plan | None, notes: Sequence[str] = ()
) -> Records[FileEntry]:
    """Return what was copied, with what a user should know of it below."""
    lines = list(notes)
    if len(entries) > 1:
        lines.insert(0, f"{plural(len(entries), 'file')}, {size(sum(e.size for e in entries))}")
    if plan is not None and plan.changed:
        named = [f"{source} → {target}" for source, target in plan.changed[:_NAMED]]
        more = f" and {len(plan.changed) - _NAMED:,} more" if len(plan.changed) > _NAMED else ""
        lines.append(f"names that could not stay as they are: {', '.join(named)}{more}")
    if plan is not None and plan.links:
        named = [typed(path) for path in plan.links[:_NAMED]]
        more = f" and {len(plan.links) - _NAMED:,} more" if len(plan.links) > _NAMED else ""
        lines.append(f"links that lead to no file are not followed: {', '.join(named)}{more}")
    entries = sorted(entries, key=lambda e: str(e.path))
    notice = "\n".join(printable(line) for line in lines)
    return Records(entries, path_fields(entries, human=True), notice, shown=_SHOWN)
