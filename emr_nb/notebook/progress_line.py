"""The one progress line of a cell: updated in place, ending as one static summary."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from html import escape

from emr_nb.model import Progress
from emr_nb.notebook.look import FONT, count, plural, printable, seconds, size
from emr_nb.notebook.screen import Screen, display_id

_LEAST_SECONDS = 0.25  # between two updates
_LEAST_STREAMED = 3.0  # seconds between two lines of a count in a terminal
_QUIET_SECONDS = 0.3  # shorter cells show only their summary
_TOLD_QUEUED = 1.0  # seconds in a queue that are worth a word
_MARKS = {"done": ("✓", "#2e9e5b"), "failed": ("✗", "#d64545"), "cancelled": ("■", "#d9822b")}
_BAR = (
    "<span style='display:inline-block;width:120px;height:6px;border-radius:3px;margin-right:8px;"
    "background:rgba(128,128,128,.25);vertical-align:middle'><span style='display:block;"
    "width:{:.0f}%;height:6px;border-radius:3px;background:#3b82c4'></span></span>"
)


class ProgressLine:
    """Shows a running cell; every method is called from the thread that runs the cell."""

    def __init__(self, screen: Screen, clock: Callable[[], float] = time.monotonic) -> None:
        self._screen = screen
        self._clock = clock
        self._began = clock()
        self._id = display_id()
        self._shown = False
        self._noted = ""
        self._last = 0.0
        self._streamed = self._began
        self._after: list[str] = []
        self.progress: Progress | None = None
        self.label = ""  # what stands first: the job's name of a cell that runs beside others

    @property
    def elapsed(self) -> float:
        return self._clock() - self._began

    def update(self, progress: Progress) -> None:
        """Show a look at the statement, at most four times a second."""
        if progress.jobs_total == 0 and self.progress is not None:
            progress = replace(  # reading the answer: the work behind it is known already
                progress,
                jobs_done=self.progress.jobs_done,
                jobs_total=self.progress.jobs_total,
                stages_total=self.progress.stages_total,
            )
        self.progress = progress
        parts, fraction = describe(progress), progress.fraction
        self._draw([*parts, seconds(self.elapsed)], fraction)

    def next_phase(self, *facts: str) -> None:
        """Count time anew for what comes now; `facts` stand at the end of the summary."""
        self._began = self._clock()
        self._after += facts

    def claim(self, text: str = "running") -> None:
        """Take the place on the page, above an output that is about to be shown."""
        if self._screen.updates and not self._shown:
            self._draw([text], None, now=True)

    def note(self, text: str) -> None:
        """Show what is being waited for; a terminal gets a new line for a new text."""
        if not self._screen.updates and text != self._noted and self.elapsed > _QUIET_SECONDS:
            self._noted = text
            self._screen.stream(f"◌ {printable(text)}\n")
        self._draw([text, seconds(self.elapsed)], None)

    def tally(self, text: str) -> None:
        """Show a count that grows; a terminal gets it every few seconds, not each step."""
        since = self._clock() - self._streamed
        if self._screen.updates or since >= _LEAST_STREAMED:
            self._streamed = self._clock()
            self.note(text)

    def share(self, text: str, fraction: float | None) -> None:
        """Show how much of something is done."""
        self._draw([text, seconds(self.elapsed)], fraction)

    def end_if_shown(self, state: str, *facts: str) -> None:
        """End the line where one is on the page; a short wait leaves nothing behind."""
        if self._shown:
            self.end(state, *facts)

    def end(self, state: str, *facts: str) -> None:
        """Replace the line by its summary: `done`, `failed` or `cancelled`, and facts."""
        mark, colour = _MARKS[state]
        words = [f for f in (self.label, *facts) if f]
        words.append(seconds(self.elapsed))
        if self.progress is not None:
            words += totals(self.progress)
        words += self._after
        text = " · ".join(printable(w) for w in words)
        html = f"<span style='color:{colour};font-weight:600'>{mark}</span> {escape(text)}"
        self._put(f"{mark} {text}", _wrapped(html))

    def _draw(self, parts: list[str], fraction: float | None, *, now: bool = False) -> None:
        at = self._clock()
        least = at - self._last < _LEAST_SECONDS if self._shown else (
            at - self._began < _QUIET_SECONDS
        )  # fmt: skip
        if not self._screen.updates or (least and not now):
            return
        self._last = at
        text = " · ".join(printable(p) for p in (self.label, *parts) if p)
        known = fraction is not None and 0 <= fraction < 1
        bar = _BAR.format(100 * fraction) if known and fraction is not None else ""
        share = f"{100 * fraction:.0f}% · " if known and fraction is not None else ""
        html = f"{bar or '<span style=opacity:.6>◌</span> '}{escape(share + text)}"
        self._put(f"◌ {share}{text}", _wrapped(html))

    def _put(self, plain: str, html: str) -> None:
        data = {"text/plain": plain, "text/html": html}
        if not self._screen.updates:
            self._screen.stream(plain + "\n")
        elif self._shown:
            self._screen.update(data, self._id)
        else:
            self._screen.show(data, display_id=self._id)
        self._shown = True


def starting(line: ProgressLine, doing: str = "starting a Spark session") -> Callable[[str], None]:
    """Return what shows on a line how a session starts."""
    return lambda said: line.note(f"{doing}: {said}" if said else doing)


def describe(progress: Progress) -> list[str]:
    """Say in words what a statement does now."""
    parts = [progress.phase]
    if progress.phase == "queued" and progress.queued_behind:
        parts = [f"queued behind {progress.queued_behind}"]
    if progress.jobs_total and not progress.detail:
        parts.append(f"{progress.jobs_done} of {plural(progress.jobs_total, 'job')}")
    active = [s for s in progress.stages if s.running or 0 < s.done < s.total]
    for stage in active[:2]:
        failed = f", {count(stage.failed)} failed" if stage.failed else ""
        parts.append(f"{stage.name} {count(stage.done)}/{count(stage.total)} tasks{failed}")
    if len(active) > 2:
        parts.append(f"{len(active) - 2} more stages")
    parts += _amounts(progress)
    return parts + [progress.detail] * bool(progress.detail)


def _amounts(progress: Progress) -> list[str]:
    parts = []
    if progress.splits_total:
        parts.append(f"{count(progress.splits_done)}/{count(progress.splits_total)} splits")
    if progress.rows is not None:
        parts.append(plural(progress.rows, "row"))
    if progress.bytes is not None:
        parts.append(size(progress.bytes))
    if progress.peak_memory:
        parts.append(f"peak memory {size(progress.peak_memory)}")
    if progress.queued_seconds >= _TOLD_QUEUED and progress.phase != "queued":
        parts.append(f"queued {seconds(progress.queued_seconds)}")
    return parts


def totals(progress: Progress) -> list[str]:
    """Say what a statement took, as far as the engine told."""
    work = []
    if progress.stages_total:  # what was seen on the way alone may not be all
        work = [plural(progress.jobs_total, "job"), plural(progress.stages_total, "stage")]
    if progress.splits_total:
        work.append(plural(progress.splits_total, "split"))
    work += [f"{size(progress.bytes)} read"] if progress.bytes else []
    return work + ([f"peak memory {size(progress.peak_memory)}"] if progress.peak_memory else [])


def _wrapped(html: str) -> str:
    return f'<div style="{FONT}opacity:.85;padding:2px 0">{html}</div>'
