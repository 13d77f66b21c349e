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
_REMOTE_LINES = 12
_RED, _YELLOW, _DIM, _BOLD, _OFF = "\x1b[31m", "\x1b[33m", "\x1b[2m", "\x1b[1m", "\x1b[0m"


def render(
    error: EmrError, code: str = "", first_line: int = 1, *, sql: bool = False, colour: bool = True
) -> str:
    """Return the short form of an error; `first_line` is the cell's line where `code` begins."""
    red, yellow, dim, bold, off = (
        (_RED, _YELLOW, _DIM, _BOLD, _OFF) if colour else ("", "", "", "", "")
    )
    where = f"  {dim}[{error.where}]{off}" if error.where else ""
    lines = [f"{red}{bold}{_title(error)}{off}{red}{error.what}{off}{where}"]
    if isinstance(error, StatementError):
        lines += remote_lines(error)
        lines += [
            f"{yellow}{text}{off}" if marked else f"{dim}{text}{off}"
            for text, marked in source_lines(error, code, first_line, sql=sql)
        ]
        if error.folded:
            lines.append(
                f"{dim}… {plural(len(error.folded), 'line')} folded: %emr logs --error{off}"
            )
    if error.advice:
        lines.append(f"{bold}→{off} {error.advice}")
    return "\n".join(lines)


def _title(error: EmrError) -> str:
    """Name the kind of error, unless the message begins with the remote one's name."""
    if isinstance(error, StatementError) and error.ename:
        return "" if error.what.startswith(error.ename) else f"{error.ename}: "
    return f"{type(error).__name__}: "


def remote_lines(error: StatementError) -> list[str]:
    """Return the remote traceback where it says more than the message and the cell's line."""
    noise = set(error.folded)
    lines = [line for chunk in error.traceback for line in chunk.rstrip("\n").split("\n")]
    lines = [x for x in lines if x.strip() and x not in noise and x.strip() not in error.what]
    frames = sum(line.lstrip().startswith('File "') for line in lines)
    if len(lines) > _REMOTE_LINES or (error.line is not None and frames < 2):
        return []
    return [f"  {line}" for line in lines]


def source_lines(
    error: StatementError, code: str, first_line: int, *, sql: bool = False
) -> list[tuple[str, bool]]:
    """Return the failing line of the cell with its neighbours and, where known, a caret."""
    line, column = error.line, None
    found = _POSITION.search(f"{error.what} {error.evalue}") if sql else None
    if found and line in (None, int(found[1])):
        line, column = int(found[1]), int(found[2])
    source = code.splitlines()
    if line is None or not 1 <= line <= len(source):
        return []
    first, last = max(1, line - _AROUND), min(len(source), line + _AROUND)
    width = len(str(last + first_line - 1))
    shown: list[tuple[str, bool]] = []
    for number in range(first, last + 1):
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
        lines += [line for chunk in error.traceback for line in chunk.rstrip("\n").split("\n")]
        lines += list(error.folded)
    return tuple(lines)


def show_folded(screen: Screen, error: EmrError) -> None:
    """Display what the short form leaves out, folded away; terminals get the hint alone."""
    if not isinstance(error, StatementError) or not error.folded or not screen.updates:
        return
    text = "\n".join(error.folded)
    title = f"{plural(len(error.folded), 'line')} of the engine's own trace"
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
