"""How an error of ours looks in a cell: short, at the cell's line, with what to do next.

The error itself is raised unchanged, so the cell fails and Run All stops; only its
rendering is added, by the `_render_traceback_` method that IPython looks for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape

from emr_nb.errors import EmrError, StatementError
from emr_nb.notebook.look import MONO, plural
from emr_nb.notebook.screen import Screen

_AROUND = 1  # lines of context on each side
_POSITION = re.compile(r"line (\d+)(?:[,:]? ?(?:pos(?:ition)?|column) |:)(\d+)", re.IGNORECASE)
_FRAME = re.compile(r'^\s*File "<cell>", line (\d+), in (.+)$')
_EARLIER = re.compile(r'^\s*File "<cell \w+>", line (\d+), in (.+)$')
_CELL_LINE = re.compile(r'(File )?"?<cell(?: \w+)?>"?(?:, line |:)(\d+)')
_CHAINED = re.compile(r"^(The above exception was|During handling of the above exception)")
_NAMED = re.compile(r"[\w.$]*(Error|Exception|Interrupt|Exit|Warning)\b")
_MOST_CALLS = 6
_AT = re.compile(r"[; ]*\(?line \d+,? pos(?:ition)? \d+\)?[; ]*$", re.IGNORECASE)
# as Trino and Hive begin: with the error's name, then the place
_LED = re.compile(r"^([\w.]*(?: \[[^\]]*\])?)(?:: | |)line \d+:\d+:? ?", re.IGNORECASE)
_LEAST_FOLDED = 6  # fewer lines are no loss; `%emr logs --error` has them
_RED, _DIM, _BOLD, _OFF = "\x1b[31m", "\x1b[2m", "\x1b[1m", "\x1b[0m"


def render(
    error: EmrError, code: str = "", first_line: int = 1, *, sql: bool = False, colour: bool = True
) -> str:
    """Return the short form of an error; `first_line` is the cell's line where `code` begins."""
    red, dim, bold, off = (_RED, _DIM, _BOLD, _OFF) if colour else ("", "", "", "")
    where = f"  {dim}[{error.where}]{off}" if error.where else ""
    shown = source_lines(error, code, first_line, sql=sql) if isinstance(
        error, StatementError
    ) else []  # fmt: skip
    what, newline, more = _without_source(error.what, sql=sql and bool(shown)).partition("\n")
    more = f"\n{red}{more}{off}" if newline else ""
    lines = [f"{red}{bold}{_title(error)}{off}{red}{what}{off}{where}{more}"]
    if isinstance(error, StatementError):
        lines += [f"{dim}{text}{off}" for text in calls(error, first_line)]
        lines += [f"{bold}{text}{off}" if marked else f"{dim}{text}{off}"
                  for text, marked in shown]  # fmt: skip
        lines += [f"{dim}{text}{off}" for text in earlier_calls(error)]
        if len(hidden := folded_lines(error)) >= _LEAST_FOLDED:
            lines.append(f"{dim}… {plural(len(hidden), 'line')} folded: %emr logs --error{off}")
    if error.advice:
        lines.append(f"{bold}→{off} {error.advice}")
    return "\n".join(lines)


def _without_source(what: str, *, sql: bool) -> str:
    """Leave out Spark's copy of a SQL cell, and counts of lines: the cell's own stand below."""
    if not sql:
        return what
    plain = _AT.sub("", re.split(r"\n== SQL", what, maxsplit=1)[0]).rstrip(" ;")
    return _LED.sub(lambda found: f"{found[1]}: " if found[1] else "", plain)


def _title(error: EmrError) -> str:
    """Name the kind of error, unless the message begins with the remote one's name."""
    if isinstance(error, StatementError) and error.ename:
        named = _NAMED.match(error.what) or error.what.startswith(f"{error.ename}:")
        return "" if named else f"{error.ename}: "
    return f"{type(error).__name__}: "


def calls(error: StatementError, first_line: int) -> list[str]:
    """Return how the cell came to its failing line, where that took more than one call."""
    frames = cell_frames(error)
    if frames and error.line is not None and frames[-1][0] == _failing_line(error):
        frames = frames[:-1]
    texts = [f"  line {line + first_line - 1}, in {name}: {text}" for line, name, text in frames]
    if len(texts) <= _MOST_CALLS:
        return texts
    left = len(texts) - _MOST_CALLS
    return [*texts[: _MOST_CALLS // 2], f"  … {left} more calls", *texts[-(_MOST_CALLS // 2) :]]


def earlier_calls(error: StatementError) -> list[str]:
    """Return where the failing line led: into functions that earlier cells defined."""
    lines = _last_chained(error)
    begin = max((n for n, line in enumerate(lines) if _FRAME.match(line)), default=-1)
    texts = []
    for number, line in enumerate(lines[begin + 1 :], begin + 1):
        if frame := _EARLIER.match(line):
            below = lines[number + 1].strip() if number + 1 < len(lines) else ""
            source = "" if below.startswith(("File ", "~", "^")) else f": {below}"
            # its magic stood on the first line
            texts.append(f"  line {int(frame[1]) + 1} of an earlier cell, in {frame[2]}{source}")
    left = len(texts) - _MOST_CALLS
    return [*texts[:3], f"  … {left} more calls", *texts[-3:]] if left > 0 else texts


def at_cell_lines(text: str, first_line: int) -> str:
    """Write where the code of a cell warned, or what it traced, by the lines of the page."""

    def written(found: re.Match[str]) -> str:
        line = int(found[2]) + first_line - 1
        return f'File "<cell>", line {line}' if found[1] else f"line {line}"

    return _CELL_LINE.sub(written, text)


def _last_chained(error: StatementError) -> list[str]:
    lines = _lines(error)
    starts = [n for n, line in enumerate(lines) if _CHAINED.match(line)]
    return lines[starts[-1] :] if starts else lines


def cell_frames(error: StatementError) -> list[tuple[int, str, str]]:
    """Return the frames of the cell in the traceback: line, function, source; driver first."""
    lines = _last_chained(error)
    found: list[tuple[int, str, str]] = []
    for number, line in enumerate(lines):
        if frame := _FRAME.match(line):
            below = lines[number + 1].strip() if number + 1 < len(lines) else ""
            source = "" if below.startswith(("File ", "~", "^")) else below
            if not found or found[-1][0] != int(frame[1]):
                found.append((int(frame[1]), frame[2], source))
    return found


def _failing_line(error: StatementError) -> int | None:
    """Return the innermost line of the cell that the traceback tells, else the error's own."""
    frames = cell_frames(error)
    return frames[-1][0] if frames else error.line


def _lines(error: StatementError) -> list[str]:
    return [line for chunk in error.traceback for line in chunk.rstrip("\n").split("\n")]


def folded_lines(error: StatementError) -> list[str]:
    """Return the lines of the traceback that the short form does not show."""
    sources = {source for _, _, source in cell_frames(error)}
    kept = [line for line in _lines(error) if not (_FRAME.match(line) or _EARLIER.match(line))]
    return [
        line
        for line in [*kept, *(line for line in error.folded if line not in kept)]
        if (text := line.strip())
        and not text.startswith(("Traceback (most recent", "~", "^"))
        and text not in sources
        and text not in error.what
        and text.rpartition(": ")[2] not in error.what
    ]


def source_lines(
    error: StatementError, code: str, first_line: int, *, sql: bool = False
) -> list[tuple[str, bool]]:
    """Return the failing line of the cell with its neighbours and, where known, a caret."""
    line, column = _failing_line(error), error.column - 1 if error.column else None
    found = _POSITION.search(f"{error.what} {error.evalue}") if sql else None
    if found and column is None and line in (None, int(found[1])):
        # Spark counts a `pos` from 0, and the `position` of a query's context from 1
        line, column = int(found[1]), int(found[2]) - ("position" in found[0])
    source = code.splitlines()
    if line is None or not 1 <= line <= len(source):
        return []
    first, last = max(1, line - _AROUND), min(len(source), line + _AROUND)
    width = len(str(last + first_line - 1))
    shown: list[tuple[str, bool]] = []
    for number in range(first, last + 1):
        if number != line and not source[number - 1].strip():
            continue  # a blank neighbour tells nothing
        mark = "→" if number == line else " "
        shown.append(
            (f"{mark} {number + first_line - 1:>{width}} │ {source[number - 1]}", number == line)
        )
        if number == line and column is not None and column <= len(source[number - 1]):
            shown.append((f"  {'':>{width}} │ {' ' * column}^", True))
    return shown


def dress(error: EmrError, code: str = "", first_line: int = 1, *, sql: bool = False) -> None:
    """Give an error the rendering that IPython shows in place of a Python traceback."""

    def render_traceback() -> list[str]:
        return render(error, code, first_line, sql=sql).split("\n")

    error._render_traceback_ = render_traceback  # type: ignore[attr-defined]  # IPython's hook


@contextmanager
def short_errors(
    code: str = "",
    first_line: int = 1,
    *,
    sql: bool = False,
    seen: Callable[[EmrError], None] | None = None,
) -> Iterator[None]:
    """Dress every error of ours that passes; `seen` is told of it first."""
    try:
        yield
    except EmrError as error:
        if not hasattr(error, "_render_traceback_"):
            dress(error, code, first_line, sql=sql)
            if seen is not None:
                seen(error)
        raise


def whole(error: EmrError) -> tuple[str, ...]:
    """Return everything that is known of an error, for `%emr logs --error`."""
    lines = [str(error)]
    if isinstance(error, StatementError):
        lines += _lines(error)
        lines += list(error.folded)
    return tuple(lines)


def show_folded(screen: Screen, error: EmrError) -> None:
    """Display what the short form leaves out, folded away; terminals get the hint alone."""
    if not isinstance(error, StatementError) or not screen.updates:
        return
    hidden = folded_lines(error)
    if len(hidden) < _LEAST_FOLDED:
        return
    text = "\n".join(hidden)
    title = f"{plural(len(hidden), 'line')} of the engine's own trace"
    screen.show(
        {
            "text/plain": f"({title}: %emr logs --error)",
            "text/html": (
                f"<details style='opacity:.8'><summary>{title}</summary>"
                f'<pre style="{MONO}font-size:11.5px;white-space:pre-wrap">{escape(text)}</pre>'
                "</details>"
            ),
        }
    )
