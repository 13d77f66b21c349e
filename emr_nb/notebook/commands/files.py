"""ls, head, put, get: the files of a cluster, by path."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from emr_nb.errors import UsageError
from emr_nb.model import FileEntry
from emr_nb.notebook.answers import Field, Records, Text
from emr_nb.notebook.commands.base import ON, Command
from emr_nb.notebook.look import count, moment, plural, size
from emr_nb.notebook.options import Option, Parsed
from emr_nb.notebook.progress_line import ProgressLine

if TYPE_CHECKING:
    from emr_nb.cluster_files import ClusterFiles
    from emr_nb.notebook.attachment import Attachment
    from emr_nb.notebook.state import Notebook

_HEAD_LINES = 10
_HEAD_MOST = 1024 * 1024
_TYPES = {"directory": "d", "file": "-", "symlink": "l"}


def ls(notebook: Notebook, given: Parsed) -> Records[FileEntry] | Text:
    """List a directory, with -R all below it."""
    made = notebook.attachment(given["on"] or "")
    text = path_text(notebook, made, given["path"] or "/")
    line = ProgressLine(notebook.screen)
    root = str(made.cluster.path(text))
    found = walk(made.cluster.files, text) if given["recursive"] else made.cluster.files.iter(text)
    entries: list[FileEntry] = []
    try:
        for entry in found:
            entries.append(entry)
            if len(entries) % 500 == 0:
                line.note(f"listing {text}: {plural(len(entries), 'entry')}")
    except BaseException:
        line.end_if_shown("failed", f"listing {text}")
        raise
    line.end_if_shown("done", f"{count(len(entries))} listed")
    if given["json"]:
        return Text("\n".join(json.dumps(_plain(e), ensure_ascii=False) for e in entries))
    return Records(entries, _fields(entries, root, human=given["human"]), _total(entries, root))


def walk(files: ClusterFiles, text: str) -> Iterator[FileEntry]:
    """Yield all entries below a path, folders and what is in them."""
    waiting = [text]
    while waiting:
        here = waiting.pop()
        below: list[str] = []
        for entry in files.iter(here):
            yield entry
            if entry.is_directory and str(entry.path) != here:
                below.append(str(entry.path))
        waiting.extend(reversed(below))


def _fields(entries: Sequence[FileEntry], root: str, *, human: bool) -> list[Field[FileEntry]]:
    write: Callable[[Any], str] = size if human else (lambda n: "" if n is None else count(n))
    columns = [
        Field[FileEntry]("mode", _mode),
        Field[FileEntry]("owner", lambda e: e.owner),
        Field[FileEntry]("group", lambda e: e.group),
        Field[FileEntry](
            "bytes" if not human else "size",
            lambda e: None if e.is_directory else e.size,
            write,
            right=True,
        ),
        Field[FileEntry]("modified", lambda e: e.modified, moment),
        Field[FileEntry]("class", lambda e: e.storage_class),
        Field[FileEntry]("name", lambda e: _relative(e, root)),
    ]
    always = {"name", "modified", "bytes", "size"}
    if any(e.permissions for e in entries) or not entries:
        always.add("mode")  # objects of S3 have none
    return [
        c
        for c in columns
        if c.title in always or (c.title != "mode" and any(c.value(e) for e in entries))
    ]


def _mode(entry: FileEntry) -> str:
    letters = "".join(
        "".join(c if int(digit) & bit else "-" for c, bit in zip("rwx", (4, 2, 1), strict=True))
        for digit in entry.permissions[-3:]
        if digit.isdigit()
    )
    return f"{_TYPES.get(entry.kind, '?')}{letters}"


def _relative(entry: FileEntry, root: str) -> str:
    whole, base = str(entry.path), root if root.endswith("/") else f"{root}/"
    name = whole[len(base) :] if whole.startswith(base) and whole != base else entry.name
    return f"{name.rstrip('/')}/" if entry.is_directory else name


def _total(entries: Sequence[FileEntry], root: str) -> str:
    files = [e for e in entries if not e.is_directory]
    folders = len(entries) - len(files)
    parts = [plural(len(files), "file"), size(sum(e.size for e in files))] if files else []
    if folders:
        parts.insert(0, f"{count(folders)} director{'y' if folders == 1 else 'ies'}")
    return f"{root}: {', '.join(parts) or 'empty'}"


def _plain(entry: FileEntry) -> dict[str, Any]:
    return {
        "path": str(entry.path),
        "kind": entry.kind,
        "size": entry.size,
        "modified": entry.modified.isoformat() if entry.modified else None,
        "owner": entry.owner,
        "group": entry.group,
        "permissions": entry.permissions,
    }


def head(notebook: Notebook, given: Parsed) -> Text:
    """Show the first lines of a file, or with -c its first bytes."""
    made = notebook.attachment(given["on"] or "")
    text = path_text(notebook, made, given["path"])
    limit, lines = given["bytes"], given["lines"]
    if limit is not None and lines is not None:
        raise UsageError("-n lines or -c bytes, not both", where="%emr head")
    if (limit is not None and limit < 0) or (lines is not None and lines < 0):
        raise UsageError("A number below zero is no amount", where="%emr head")
    if limit is not None:
        return Text(made.cluster.files.read(text, 0, limit).decode("utf-8", "backslashreplace"))
    wanted = _HEAD_LINES if lines is None else lines
    where = made.cluster.path(text)
    info = made.cluster.filesystem(where).info(where)
    data = b""
    step = 64 * 1024
    while data.count(b"\n") < wanted and len(data) < min(info.size, _HEAD_MOST):
        piece = made.cluster.files.read(text, len(data), min(step, info.size - len(data)))
        if not piece:
            break
        data += piece
    shown = b"".join(data.splitlines(keepends=True)[:wanted])
    cut = data.count(b"\n") < wanted and len(data) >= _HEAD_MOST
    note = f"\n… lines are long: only {size(len(data))} were read; -c BYTES reads more" * cut
    return Text(shown.decode("utf-8", "backslashreplace").removesuffix("\n") + note)


def put(notebook: Notebook, given: Parsed) -> Records[FileEntry]:
    """Copy a local file to the cluster."""
    made = notebook.attachment(given["on"] or "")
    files, local = made.cluster.files, resolved(given["local"], notebook.shell.user_ns)
    remote = path_text(notebook, made, given["remote"])
    return _copy(notebook, f"put {local}", lambda told: files.put(
        local, remote, overwrite=given["overwrite"], progress=told))  # fmt: skip


def get(notebook: Notebook, given: Parsed) -> Records[FileEntry]:
    """Copy a file from the cluster to this machine."""
    made = notebook.attachment(given["on"] or "")
    files, local = made.cluster.files, resolved(given["local"] or ".", notebook.shell.user_ns)
    remote = path_text(notebook, made, given["remote"])
    return _copy(notebook, f"get {remote}", lambda told: files.get(
        remote, local, overwrite=given["overwrite"], progress=told))  # fmt: skip


def _copy(
    notebook: Notebook,
    doing: str,
    copy: Callable[[Callable[[int, int | None], None]], FileEntry],
) -> Records[FileEntry]:
    line = ProgressLine(notebook.screen)

    def told(done: int, total: int | None) -> None:
        of = f" of {size(total)}" if total else ""
        line.share(f"{doing}: {size(done)}{of}", done / total if total else None)

    try:
        entry = copy(told)
    except KeyboardInterrupt:
        line.end("cancelled", f"{doing}: interrupted, nothing stands under the final name")
        raise
    except BaseException:
        line.end_if_shown("failed", doing)
        raise
    line.end_if_shown("done", doing, size(entry.size))
    fields = [f for f in _fields([entry], "", human=True) if f.title != "name"]
    return Records([entry], [*fields, Field[FileEntry]("path", _plain_path)])


def _plain_path(entry: FileEntry) -> str:
    """Write a path as one would type it: those of this machine without a scheme."""
    return entry.path.key if entry.path.scheme == "file" else str(entry.path)


def path_text(notebook: Notebook, made: Attachment, text: str) -> str:
    """Return a path on the cluster as a command's line has it; `table:DB.T` is where it lies."""
    text = resolved(text, notebook.shell.user_ns)
    if not text.startswith("table:"):
        return text
    from emr_nb.notebook.locations import resolve

    return resolve(made, text)


def resolved(text: str, names: dict[str, Any]) -> str:
    """Put variables of the notebook for `{name}` in a path; other braces stay as they are."""
    return re.sub(
        r"\{([A-Za-z_]\w*)\}",
        lambda m: str(names[m[1]]) if m[1] in names else m[0],
        text,
    )


_OVERWRITE = Option("overwrite", ("--overwrite",), "Replace what is there", "flag")
_REMOTE = Option("remote", help="/path, hdfs:///path, s3://bucket/key or table:DB.T/…",
                 required=True, source="path")  # fmt: skip
COMMANDS = (
    Command(
        "ls",
        "List a directory of the cluster.",
        ls,
        (
            Option(
                "path", help="/path, hdfs:///path, s3://bucket/prefix or table:DB.T", source="path"
            ),
            Option("recursive", ("-R", "--recursive"), "Also all below it", "flag"),
            Option("human", ("-h", "--human"), "Sizes in KiB, MiB, …", "flag"),
            Option("json", ("--json",), "One JSON object per line", "flag"),
            ON,
        ),
    ),
    Command(
        "head",
        "Show the beginning of a file.",
        head,
        (
            Option("path", help="a file", required=True, source="path"),
            Option("lines", ("-n",), f"How many lines (default {_HEAD_LINES})", "int", "LINES"),
            Option("bytes", ("-c",), "How many bytes instead", "int", "BYTES"),
            ON,
        ),
    ),
    Command(
        "put",
        "Copy a local file to the cluster.",
        put,
        (
            Option("local", help="a file here", required=True, source="local"),
            _REMOTE,
            _OVERWRITE,
            ON,
        ),
    ),
    Command(
        "get",
        "Copy a file of the cluster here.",
        get,
        (
            _REMOTE,
            Option("local", help="a file or directory here (default: this one)", source="local"),
            _OVERWRITE,
            ON,
        ),
    ),
)
