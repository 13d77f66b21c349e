"""cat, head, tail, checksum: what is in files."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emr_nb.errors import PathIsDirectoryError, UsageError
from emr_nb.model import FileEntry, FilePath
from emr_nb.notebook.answers import Field, Records, Text
from emr_nb.notebook.commands.base import ON, Command
from emr_nb.notebook.commands.file_lines import JSON, SOME, Paths, answer, typed
from emr_nb.notebook.look import size
from emr_nb.notebook.options import Option, Parsed
from emr_nb.notebook.progress_line import ProgressLine

if TYPE_CHECKING:
    from emr_nb.notebook.state import Notebook

_LINES = 10
_MOST = 1024 * 1024  # bytes that head and tail read for lines
_CAT_MOST = 64 * 1024 * 1024
_SHOWN = 256 * 1024  # characters on the page
_STEP = 64 * 1024


@dataclass(frozen=True, slots=True)
class Sum:
    """A file's checksum, in the store's own spelling."""

    path: FilePath
    algorithm: str
    value: str


class LongText(Text):
    """A text of which the page shows the beginning; the value has all."""

    __slots__ = ()

    def _repr_pretty_(self, printer: object, cycle: bool) -> None:
        left = len(self) - _SHOWN
        told = f"{str(self)[:_SHOWN]}\n… {left:,} more characters: the value has them"
        printer.text("(cycle)" if cycle else told if left > 0 else str(self))  # type: ignore[attr-defined]


def cat(notebook: Notebook, given: Parsed) -> LongText:
    """Return the text of files, one after the other; bytes that are no UTF-8 as escapes."""
    entries, paths = _files(notebook, given, "cat")
    whole = sum(e.size for e in entries)
    if whole > _CAT_MOST:
        raise UsageError(
            f"That would be {size(whole)} of text in the notebook",
            where="%emr cat",
            advice="%emr head shows the beginning, %emr get copies it here, and "
            "c.files.open(path) reads it piece by piece.",
        )
    line, parts, done = ProgressLine(notebook.screen), [], 0
    try:
        for entry in entries:
            for chunk in paths.files.store(entry.path).read(entry.path):
                parts.append(chunk)
                done += len(chunk)
                line.share(f"reading {entry.name}: {size(done)}", done / whole if whole else None)
    except BaseException:
        line.end_if_shown("failed", "reading")
        raise
    line.end_if_shown("done", "read", size(done))
    return LongText(b"".join(parts).decode("utf-8", "backslashreplace"))


def head(notebook: Notebook, given: Parsed) -> Text:
    """Show the first lines of files, or with -c their first bytes."""
    return _pieces(notebook, given, "head", _first)


def tail(notebook: Notebook, given: Parsed) -> Text:
    """Show the last lines of files, or with -c their last bytes."""
    return _pieces(notebook, given, "tail", _last)


def _pieces(
    notebook: Notebook,
    given: Parsed,
    command: str,
    piece: Callable[[Paths, FileEntry, int | None, int], str],
) -> Text:
    limit, lines = given["bytes"], given["lines"]
    where = f"%emr {command}"
    counts = [text for text in given["paths"] if re.fullmatch(r"-\d+", text)]
    if counts and limit is None and lines is None:  # `head -5 FILE`, as in a terminal
        lines = int(counts[-1][1:])
        given = Parsed({**given, "paths": tuple(t for t in given["paths"] if t not in counts)})
    if limit is not None and lines is not None:
        raise UsageError("-n lines or -c bytes, not both", where=where)
    if (limit is not None and limit < 0) or (lines is not None and lines < 0):
        raise UsageError("A number below zero is no amount", where=where)
    entries, paths = _files(notebook, given, command)
    wanted = _LINES if lines is None else lines
    texts = [piece(paths, entry, limit, wanted) for entry in entries]
    if len(texts) == 1:
        return Text(texts[0])
    named = zip(entries, texts, strict=True)
    return Text("\n\n".join(f"==> {typed(e.path)} <==\n{text}" for e, text in named))


def _first(paths: Paths, entry: FileEntry, limit: int | None, wanted: int) -> str:
    read = paths.files.read
    if limit is not None:
        return read(entry.path, 0, limit).decode("utf-8", "backslashreplace")
    data = b""
    while data.count(b"\n") < wanted and len(data) < min(entry.size, _MOST):
        piece = read(entry.path, len(data), min(_STEP, entry.size - len(data)))
        if not piece:
            break
        data += piece
    shown = b"".join(data.splitlines(keepends=True)[:wanted])
    cut = data.count(b"\n") < wanted and len(data) >= _MOST
    note = f"\n… lines are long: only {size(len(data))} were read; -c BYTES reads more" * cut
    return shown.decode("utf-8", "backslashreplace").removesuffix("\n") + note


def _last(paths: Paths, entry: FileEntry, limit: int | None, wanted: int) -> str:
    read = paths.files.read
    if limit is not None:
        start = max(0, entry.size - limit)
        return read(entry.path, start, limit).decode("utf-8", "backslashreplace")
    data, step = b"", _STEP
    while data.rstrip(b"\n").count(b"\n") < wanted and len(data) < min(entry.size, _MOST):
        start = max(0, entry.size - len(data) - step)
        data = read(entry.path, start, entry.size - len(data) - start) + data
        step *= 2
    lines = data.splitlines(keepends=True)
    cut = len(lines) <= wanted and len(data) < entry.size
    note = f"… lines are long: only {size(len(data))} were read; -c BYTES reads more\n" * cut
    shown = b"".join(lines[-wanted:] if wanted else [])
    return note + shown.decode("utf-8", "backslashreplace").removesuffix("\n")


def checksum(notebook: Notebook, given: Parsed) -> Records[Sum] | Text:
    """Tell files' checksums as their stores have them."""
    entries, paths = _files(notebook, given, "checksum")
    line, found = ProgressLine(notebook.screen), []
    try:
        for entry in entries:
            line.note(f"checksum of {entry.name}")
            told = paths.files.checksum(entry.path)
            found.append(Sum(entry.path, told.algorithm, told.value))
    except BaseException:
        line.end_if_shown("failed", "checksum")
        raise
    line.end_if_shown("done", "checksums")
    fields = [
        Field[Sum]("algorithm", lambda s: s.algorithm),
        Field[Sum]("checksum", lambda s: s.value),
        Field[Sum]("path", lambda s: typed(s.path)),
    ]
    return answer(Records(found, fields), given)


def _files(notebook: Notebook, given: Parsed, command: str) -> tuple[list[FileEntry], Paths]:
    paths = Paths(notebook, given)
    if not given["paths"]:
        raise UsageError("PATH missing", where=f"%emr {command}")
    entries = paths.entries(given["paths"])
    for entry in entries:
        if entry.is_directory:
            raise PathIsDirectoryError(
                "It is a directory", where=str(entry.path),
                advice=f"%emr {command} {typed(entry.path).rstrip('/')}/* takes the files in it.",
            )  # fmt: skip
    return entries, paths


_LINES_OPTION = Option("lines", ("-n",), f"How many lines (default {_LINES})", "int", "LINES")
_BYTES_OPTION = Option("bytes", ("-c",), "How many bytes instead", "int", "BYTES")
COMMANDS = (
    Command("cat", "Return the text of files.", cat, (SOME, ON)),
    Command("head", "Show the beginning of files.", head, (SOME, _LINES_OPTION, _BYTES_OPTION, ON)),
    Command("tail", "Show the end of files.", tail, (SOME, _LINES_OPTION, _BYTES_OPTION, ON)),
    Command("checksum", "Tell files' checksums.", checksum, (SOME, JSON, ON)),
)
