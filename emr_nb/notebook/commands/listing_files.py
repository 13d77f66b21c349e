"""ls, tree, find, du, count, stat: what lies where."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from emr_nb.errors import UsageError
from emr_nb.files.plans import in_order
from emr_nb.model import FileEntry, FilePath
from emr_nb.notebook.answers import Facts, Records, Text
from emr_nb.notebook.commands.base import ON, Command
from emr_nb.notebook.commands.file_lines import (
    HUMAN,
    JSON,
    PATHS,
    SOME,
    Paths,
    amount,
    answer,
    fields_of,
    mode_of,
    readers,
    total,
    typed,
)
from emr_nb.notebook.drawn import Tree
from emr_nb.notebook.look import moment, plural
from emr_nb.notebook.options import Option, Parsed
from emr_nb.notebook.progress_line import ProgressLine

if TYPE_CHECKING:
    from emr_nb.notebook.state import Notebook


def gathered(notebook: Notebook, found: Iterable[FileEntry], doing: str) -> list[FileEntry]:
    """Collect entries with a line that counts them where it takes long."""
    line = ProgressLine(notebook.screen)
    entries: list[FileEntry] = []
    try:
        for entry in found:
            entries.append(entry)
            if len(entries) % 500 == 0:
                line.tally(f"{doing}: {plural(len(entries), 'entry')}".replace("entrys", "entries"))
    except BaseException:
        line.end_if_shown("failed", doing)
        raise
    line.end_if_shown("done", f"{len(entries):,} listed")
    return entries


def ls(notebook: Notebook, given: Parsed) -> Records[FileEntry] | Text:
    """List directories, with -R all below them; files and -d list themselves."""
    paths = Paths(notebook, given)
    texts = given["paths"] or ("/",)
    found = [m for text in texts for m in paths.matches(text)]
    listed: list[Iterable[FileEntry]] = []
    for match in found:
        if given["itself"]:
            listed.append([match.entry or paths.files.info(match.path)])
        elif match.entry is not None and not match.entry.is_directory:
            listed.append([match.entry])
        else:
            whole = given["recursive"]
            listed.append(paths.files.walk(match.path) if whole else paths.files.iter(match.path))
    root = str(found[0].path) if len(found) == 1 and not given["itself"] else ""
    doing = f"listing {' '.join(texts)}"
    entries = gathered(notebook, (e for part in listed for e in part), doing)
    if given["recursive"]:
        entries.sort(key=in_order)
    entries = _sorted(entries, given)
    fields = fields_of(entries, root, human=given["human"])
    by = readers(paths, (match.path for match in found))
    return answer(Records(entries, fields, total(entries, root, by)), given)


def _sorted(entries: list[FileEntry], given: Parsed) -> list[FileEntry]:
    if given["by_time"]:
        entries.sort(key=lambda e: e.modified.timestamp() if e.modified else 0.0, reverse=True)
    elif given["by_size"]:
        entries.sort(key=lambda e: e.size, reverse=True)
    if given["reverse"]:
        entries.reverse()
    return entries


def tree(notebook: Notebook, given: Parsed) -> Tree | Text:
    """Draw what lies below a directory."""
    paths = Paths(notebook, given)
    root = paths.target(given["path"] or "/")
    depth = given["depth"]
    if depth is not None and depth < 1:
        raise UsageError("A tree has at least one level", where="%emr tree")
    found = paths.files.walk(root) if depth is None else _levels(paths, root, depth)
    entries = gathered(notebook, found, f"listing {root}")
    entries.sort(key=in_order)
    by = readers(paths, [root])
    drawn = Tree(entries, str(root), total(entries, str(root), by), human=given["human"])
    if given["json"]:
        return answer(Records(entries, fields_of(entries, str(root), human=False)), given)  # type: ignore[return-value]
    return drawn


def _levels(paths: Paths, root: FilePath, depth: int) -> Iterable[FileEntry]:
    for entry in paths.files.iter(root):
        yield entry
        if entry.is_directory and depth > 1:
            yield from _levels(paths, entry.path, depth - 1)


def find(notebook: Notebook, given: Parsed) -> Records[FileEntry] | Text:
    """Find what lies below paths by name, size, time and type."""
    from emr_nb.files.finding import Wanted

    paths = Paths(notebook, given)
    wanted = Wanted(
        name=given["name"] or "",
        iname=given["iname"] or "",
        size=given["size"] or "",
        newer=_newer(paths, given["newer"]),
        days=given["days"] or "",
        kind=given["type"] or "",
        depth=given["depth"],
    )
    wanted.tests()  # before anything is listed
    from emr_nb.files.finding import find as search

    roots = [m.path for text in given["paths"] for m in paths.matches(text)]
    found = (e for root in roots for e in search(paths.files.store(root), root, wanted))
    entries = gathered(notebook, found, f"searching {' '.join(given['paths'])}")
    entries.sort(key=in_order)
    root = str(roots[0]) if len(roots) == 1 else ""
    fields = fields_of(entries, root, human=given["human"])
    return answer(Records(entries, fields, total(entries, root, readers(paths, roots))), given)


def _newer(paths: Paths, text: str | None) -> datetime | None:
    from emr_nb.files.finding import moment_of

    if not text:
        return None
    if (told := moment_of(text)) is not None:
        return told
    if "/" not in text and not text.startswith("table:"):
        raise UsageError(
            f"{text!r} is neither a time nor a path", where="%emr find -newer",
            advice="Write 2024-01-31, '2024-01-31 12:00' or a path; -mtime -1 is the last day.",
        )  # fmt: skip
    entry = paths.files.info(paths.target(text))
    if entry.modified is None:
        raise UsageError(f"{text} has no time of change", where="%emr find -newer")
    return entry.modified


def stat(notebook: Notebook, given: Parsed) -> Facts | Records[FileEntry] | Text:
    """Tell all that the store knows of a path."""
    paths = Paths(notebook, given)
    found = [m.path for text in given["paths"] for m in paths.matches(text)]
    if len(found) > 1 or given["json"]:
        entries = [paths.files.stat(path).entry for path in found]
        fields = fields_of(entries, "", human=given["human"])
        return answer(Records(entries, fields, total(entries, "")), given)
    detail = paths.files.stat(found[0])
    entry, write = detail.entry, amount(human=given["human"])
    lines = [
        ("path", typed(entry.path)),
        ("kind", entry.kind),
        ("size", "" if entry.is_directory else write(entry.size) + " bytes" * (not given["human"])),
        ("modified", moment(entry.modified)),
        ("permissions", f"{mode_of(entry)} ({entry.permissions})" if entry.permissions else ""),
        ("owner", ":".join(filter(None, (entry.owner, entry.group)))),
        ("replicas", str(entry.replication or "")),
        ("block size", write(entry.block_size)),
        ("class", entry.storage_class),
        ("ETag", entry.etag),
    ]  # fmt: skip
    known = {label.casefold() for label, _ in lines} | {"replication", "storage class"}
    lines += [(label, text) for label, text in detail.facts if label.casefold() not in known]
    if not detail.facts:
        lines += [(name.replace("_", " "), text) for name, text in entry.extra.items()]
    if not detail.readable:
        lines.append(("not readable", detail.reason))
    return Facts((label, text) for label, text in lines if text)


_DEPTH = ("depth", ("-L", "-maxdepth", "--depth"), "How many levels", "int", "LEVELS")
COMMANDS = (
    Command(
        "ls",
        "List directories of the cluster.",
        ls,
        (
            PATHS,
            Option("recursive", ("-R", "--recursive"), "Also all below it", "flag"),
            HUMAN,
            JSON,
            Option("itself", ("-d",), "The directories themselves", "flag"),
            Option("by_time", ("-t",), "The newest first", "flag"),
            Option("by_size", ("-S",), "The largest first", "flag"),
            Option("reverse", ("-r",), "In the other order", "flag"),
            ON,
        ),
    ),
    Command(
        "tree",
        "Draw what lies below a directory.",
        tree,
        (Option("path", help=PATHS.help, source="path"), Option(*_DEPTH), HUMAN, JSON, ON),
    ),
    Command(
        "find",
        "Find files and directories by name, size, time and type.",
        find,
        (
            SOME,
            Option("name", ("-name", "--name"), "Names that match a pattern", metavar="PATTERN"),
            Option("iname", ("-iname",), "The same, whatever the case", metavar="PATTERN"),
            Option("size", ("-size", "--size"), "Bytes: +10M above, -1G below", metavar="SIZE"),
            Option("newer", ("-newer", "--newer"), "Changed after a time or a file",
                   metavar="TIME|PATH"),
            Option("days", ("-mtime", "--mtime"), "Changed more (+30) or less (-7) days ago",
                   metavar="DAYS"),
            Option("type", ("-type", "--type"), "File, directory or link", metavar="f|d|l"),
            Option(*_DEPTH),
            HUMAN,
            JSON,
            ON,
        ),
    ),
    Command(
        "stat",
        "Tell all that the store knows of a path.",
        stat,
        (SOME, HUMAN, JSON, ON),
    ),
)  # fmt: skip
