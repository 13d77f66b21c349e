"""Make a remote failure short: the root cause first, the cell's line, the JVM's noise folded."""

from __future__ import annotations

import re
from collections.abc import Sequence

from emr_nb.errors import StatementError

_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_FRAME = re.compile(
    r"^\s*(at [\w$.<>/ ]+\(.*\)|\.\.\. \d+ (more|elided|common frames omitted)"
    r"|Driver stacktrace:)\s*$"
)
_PY4J = re.compile(r"An error occurred while calling [\w.$:]+\.?\s*:?\s*")
_LOST_TASK = re.compile(
    r"^(?:[\w.$]*: )?Job aborted due to stage failure: .*?most recent failure: "
    r"Lost task [\d.]+ in stage [\d.]+ (?:\([^)]*\) ?)*: ",
    re.DOTALL,
)
_CAUSED = re.compile(r"^Caused by: (.*)$", re.MULTILINE)
_JAVA_CLASS = re.compile(r"^(?:[a-z_]\w*\.)+([A-Z][\w$]*)(?::\s*|$)")
_NOISE = re.compile(r'File "[^"]*(py4j|/pyspark/|pyspark\.zip)[^"]*"')
_CELL_FRAME = re.compile(r'File "<(?:cell[^>]*|stdin|string)>", line (\d+)')
_SQL_LINE = re.compile(r"\bline (\d+),? pos")
_SCALA_SOURCE = re.compile(
    r"<(?:console|pastie|cell)>:\d+: error: ((?:.*\n)+?)(.*)\n\s*\^", re.MULTILINE
)
_PLAN = re.compile(r"; ?(line \d+ pos \d+);?\n['+: A-Z].*\Z", re.DOTALL)
# without a position the plan is known by its shape: `'Project [...]`, then `+- Range (...)`
_BARE_PLAN = re.compile(r";[ \t]*\n(['!]?[A-Z]\w+\b[^\n]*)(\n[ :]*\+- [^\n]*|\n[ :]+[^\n]*|\n)*\Z")
_PYTHON_TRACE = "Traceback (most recent call last)"
_PYTHON_CAUSE = re.compile(
    r"^(\w[\w.]*(?:Error|Exception|Interrupt|Exit|Warning)\w*)(?:: (.*))?$", re.MULTILINE
)
_KEPT = 8  # lines of the short form


def statement_error(
    ename: str,
    evalue: str,
    traceback: Sequence[str],
    language: str,
    where: str,
    *,
    line: int | None = None,
    code: str = "",
) -> StatementError:
    """Return the error for a failure as Livy or our runner tells it.

    `line` is the cell's line where it is known already, `code` the cell: Scala's REPL counts
    lines of its own wrapper, so the line is found by the source that it shows.
    """
    evalue = _ANSI.sub("", evalue).rstrip()
    lines = [_ANSI.sub("", text).rstrip("\n") for text in traceback]
    whole = "\n".join([evalue, *lines])
    return StatementError(
        _short(ename, evalue, whole, language),
        ename=ename,
        evalue=evalue,
        traceback=lines,
        line=line if line is not None else _line(whole, language, code),
        folded=_folded(evalue, lines),
        where=where,
    )


def _short(ename: str, evalue: str, whole: str, language: str) -> str:
    """Return a line or a few: what failed, in the words of its root."""
    if language == "scala":
        if compiled := _SCALA_SOURCE.search(whole):
            return f"CompileError: {' '.join(compiled[1].split())}"
        if evalue.strip() == "incomplete statement":
            return "CompileError: incomplete statement: a bracket or a quote is not closed"
        return _scala_short(whole) or ename
    text = _PY4J.sub("", evalue).strip()
    if _PYTHON_TRACE in text and (cause := _python_root(text)):
        return cause
    if "\tat " in text or "Caused by:" in text or ename == "Py4JJavaError":
        return _java_root(text) or ename
    text = _without_plan(text.split("\nJVM stacktrace:")[0])
    message = "\n".join(_kept(text))
    if not message:
        return ename
    return message if ename == "Error" else f"{ename}: {message}"


def _without_plan(text: str) -> str:
    """Leave out the plan that Spark prints below an error of analysis."""
    return _BARE_PLAN.sub("", _PLAN.sub(r"; \1", text)).rstrip()


def _scala_short(whole: str) -> str:
    """Return a Scala exception as the REPL prints it; of a failed job the task's own error."""
    if _LOST_TASK.match(whole) and "Caused by:" in whole:
        return _java_root(whole)
    kept = [_without_package(line) for line in _kept(_without_plan(_above_frames(whole)))]
    if len(kept) > 1 and kept[0].isidentifier():  # the name alone, its message below
        kept[:2] = [f"{kept[0]}: {kept[1]}"]
    return "\n".join(kept)


def _above_frames(text: str) -> str:
    """Return the message of an exception without the frames and causes below it."""
    lines = text.split("\n")
    end = next((n for n, line in enumerate(lines) if _FRAME.match(line)), len(lines))
    return "\n".join(lines[:end])


def _python_root(text: str) -> str:
    """Return the error that a Python worker raised inside a task."""
    python = text[text.rindex(_PYTHON_TRACE) :]
    causes = _PYTHON_CAUSE.findall(re.split(r"\n\tat ", python)[0])
    if not causes:
        return ""
    name, message = causes[-1]
    return f"{name}: {message}" if message else str(name)


def _java_root(text: str) -> str:
    """Return the innermost cause: that of the lost task, or the last `Caused by`."""
    causes = _CAUSED.findall(text)
    if causes:
        return _without_package(causes[-1])
    kept = _kept(_LOST_TASK.sub("", text))
    return "\n".join([_without_package(kept[0]), *kept[1:]]) if kept else ""


def _kept(text: str) -> list[str]:
    """Return the first lines that are no Java frames."""
    kept = []
    for line in text.splitlines():
        if line.startswith("\tat "):
            break
        if line.strip() and not _FRAME.match(line):
            kept.append(line.rstrip())
    return kept[:_KEPT]


def _without_package(line: str) -> str:
    found = _JAVA_CLASS.match(line)
    if not found:
        return line
    rest = line[found.end() :]
    return f"{found[1]}: {rest}" if rest else found[1]


def _line(whole: str, language: str, code: str) -> int | None:
    """Return the line of the cell, from 1."""
    if language == "scala":
        found = _SCALA_SOURCE.search(whole)
        lines = [line.strip() for line in code.split("\n")]
        shown = found[2].strip() if found else ""
        if shown and lines.count(shown) == 1:
            return lines.index(shown) + 1
        # an exception tells lines of the REPL's own; where one line runs, it is that one
        runs = [n for n, text in enumerate(lines, 1) if text and not text.startswith("//")]
        return runs[0] if len(runs) == 1 and not shown else None
    if language == "sql":
        found = _SQL_LINE.search(whole)
        return int(found[1]) if found else None
    frames = _CELL_FRAME.findall(whole)
    return int(frames[-1]) if frames else None


def _folded(evalue: str, traceback: Sequence[str]) -> list[str]:
    """Return the lines that the short form leaves out."""
    lines = [*evalue.splitlines(), *(part for text in traceback for part in text.splitlines())]
    return [line for line in lines if _FRAME.match(line) or _NOISE.search(line)]
