"""What the commands on files share: their paths, their options, and how entries show."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, is_dataclass
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from emr_nb.errors import UsageError
from emr_nb.files.abilities import Identified
from emr_nb.files.globs import escape
from emr_nb.files.modes import letters_of
from emr_nb.model import FileEntry, FilePath
from emr_nb.notebook.answers import Field, Records, Text
from emr_nb.notebook.look import count, moment, plural, printable, size
from emr_nb.notebook.options import Option, Parsed

if TYPE_CHECKING:
    from emr_nb.cluster_files import ClusterFiles
    from emr_nb.files.globs import Match
    from emr_nb.notebook.attachment import Attachment
    from emr_nb.notebook.state import Notebook

T = TypeVar("T")
_NAMED = 3  # paths of a pattern that an error names
_READERS = 3  # identities that a listing names
_TYPES = {"directory": "d", "file": "-", "symlink": "l"}
_HERE = re.compile(r"\.{1,2}(/|$)|~")

PATHS = Option(
    "paths", metavar="PATH", many=True, source="path",
    help="/path, hdfs:///path, s3://bucket/key, file:///path, table:DB.T, node:///path (the "
    "primary's disk, through the session); * ? [a-z] {a,b} ** match",
)  # fmt: skip
SOME = Option("paths", metavar="PATH", many=True, required=True, source="path", help=PATHS.help)
HUMAN = Option("human", ("-h", "--human", "--human-readable"), "Sizes in KiB, MiB, …", "flag")
JSON = Option("json", ("--json",), "One JSON object per line", "flag")
OVERWRITE = Option("overwrite", ("--overwrite", "-f"), "Replace what is there", "flag")
RECURSIVE = Option("recursive", ("-r", "-R", "--recursive"), "Also all below it", "flag")
YES = Option("yes", ("--yes", "-y"), "Do not ask", "flag")
DRY = Option("dry", ("--dry-run", "--dryrun"), "Tell what would be done, and do nothing", "flag")


class Paths:
    """The paths of one command's line on one attached cluster."""

    def __init__(self, notebook: Notebook, given: Parsed) -> None:
        self.notebook = notebook
        self.made = notebook.attachment(given["on"] or "")
        self.files: ClusterFiles = self.made.cluster.files

    def text(self, text: str, *, local: bool = False) -> str:
        """Return a path as the stores take it; `./x` and `~/x` are of this machine."""
        text = resolved(text, self.notebook.shell.user_ns)
        if "://" not in text and (local or _HERE.match(text)):
            return local_pattern(text)
        return path_text(self.notebook, self.made, text)

    def matches(self, text: str, *, local: bool = False) -> Iterator[Match]:
        """Yield what one text stands for."""
        return self.files.matches(self.text(text, local=local))

    def entries(self, texts: Sequence[str], *, local: bool = False) -> list[FileEntry]:
        """Return the entries that texts stand for; raises PathNotFoundError."""
        found = [m for text in texts for m in self.matches(text, local=local)]
        return [match.entry or self.files.info(match.path) for match in found]

    def target(self, text: str, *, local: bool = False) -> FilePath:
        """Return the one path that a text stands for, there or not yet."""
        (match, *others) = self.matches(text, local=local)
        if others:
            named = ", ".join(typed(m.path) for m in (match, *others[: _NAMED - 1]))
            more = f" and {len(others) + 1 - _NAMED:,} more" if len(others) >= _NAMED else ""
            raise UsageError(
                "One path is needed, and the pattern stands for several", where=text,
                advice=f"It stands for {printable(named)}{more}.",
            )  # fmt: skip
        return match.path


def local_pattern(text: str) -> str:
    """Return text for a path of this machine, patterns kept."""
    if text.startswith("~"):
        head, slash, rest = text.partition("/")
        text = escape(os.path.expanduser(head)) + slash + rest  # noqa: PTH111
    if not text.startswith("/"):
        text = f"{escape(os.getcwd())}/{text}"  # noqa: PTH109
    slash = "/" if text.endswith(("/", "/.", "/..")) else ""
    whole = os.path.normpath(text)
    return f"file://{whole}{slash if whole != '/' else ''}"


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
        r"(?<!\\)\{([A-Za-z_]\w*)\}",
        lambda m: str(names[m[1]]) if m[1] in names else m[0],
        text,
    )


# -- how they show ------------------------------------------------------------------------


def answer(records: Records[T], given: Parsed) -> Records[T] | Text:
    """Return records, or with --json their values a line each."""
    if not given["json"]:
        return records
    return Text("\n".join(json.dumps(_plain(item), ensure_ascii=False) for item in records))


def _plain(value: Any) -> Any:
    if isinstance(value, FileEntry):
        return _plain_entry(value)
    if isinstance(value, FilePath):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        return {name: _plain(getattr(value, name)) for name in value.__dataclass_fields__}
    return value


def _plain_entry(entry: FileEntry) -> dict[str, Any]:
    told = asdict(entry)
    del told["extra"]
    told = {"path": str(entry.path), **{k: v for k, v in told.items() if k != "path"}}
    told["modified"] = entry.modified.isoformat() if entry.modified else None
    return {k: v for k, v in told.items() if v not in ("", None) or k in _ALWAYS} | dict(
        entry.extra
    )


_ALWAYS = {"path", "kind", "size", "modified", "owner", "group", "permissions"}


def amount(*, human: bool) -> Callable[[Any], str]:
    """Return how sizes are written."""
    return size if human else (lambda n: "" if n is None else count(n))


def fields_of(entries: Sequence[FileEntry], root: str, *, human: bool) -> list[Field[FileEntry]]:
    """Return the columns that these entries have."""
    columns = [
        Field[FileEntry]("mode", mode_of),
        Field[FileEntry]("replicas", lambda e: e.replication, right=True),
        Field[FileEntry]("owner", lambda e: e.owner),
        Field[FileEntry]("group", lambda e: e.group),
        Field[FileEntry](
            "bytes" if not human else "size",
            lambda e: None if e.is_directory else e.size,
            amount(human=human),
            right=True,
        ),
        Field[FileEntry]("modified", lambda e: e.modified, moment),
        Field[FileEntry]("class", lambda e: e.storage_class),
        Field[FileEntry]("name", lambda e: relative(e, root)),
    ]
    always = {"name", "modified", "bytes", "size"}
    if any(e.permissions for e in entries) or not entries:
        always.add("mode")  # objects of S3 have none
    return [
        c
        for c in columns
        if c.title in always or (c.title != "mode" and any(c.value(e) for e in entries))
    ]


def path_fields(entries: Sequence[FileEntry], *, human: bool = True) -> list[Field[FileEntry]]:
    """Return the columns of entries of several places: whole paths, what one would type."""
    columns = [f for f in fields_of(entries, "", human=human) if f.title != "name"]
    return [*columns, Field[FileEntry]("path", lambda e: typed(e.path))]


def typed(path: FilePath) -> str:
    """Write a path as one would type it: those of this machine without a scheme."""
    return path.key if path.scheme == "file" else str(path)


def mode_of(entry: FileEntry) -> str:
    """Write kind and permissions as `ls` does."""
    return f"{_TYPES.get(entry.kind, '?')}{letters_of(entry.permissions)}"


def relative(entry: FileEntry, root: str) -> str:
    """Return an entry's name below a root; folders end in a slash."""
    whole, base = str(entry.path), root if root.endswith("/") else f"{root}/"
    if entry.path.scheme == "s3" and not entry.path.key:
        name = entry.path.authority if root else typed(entry.path)  # a bucket among buckets
    elif not root:
        name = typed(entry.path)
    else:
        name = whole[len(base) :] if whole.startswith(base) and whole != base else entry.name
    return f"{name.rstrip('/')}/" if entry.is_directory else name


def readers(paths: Paths, found: Iterable[FilePath]) -> str:
    """Return as whom paths are read, where their stores know."""
    stores = ((path, paths.files.store(path)) for path in found)
    told = (fs.identity(path) for path, fs in stores if isinstance(fs, Identified))
    return "; ".join(dict.fromkeys(islice(told, _READERS)))


def total(entries: Sequence[FileEntry], root: str, by: str = "") -> str:
    """Return the line below a listing; `by` is whose eyes saw it."""
    files = [e for e in entries if not e.is_directory]
    folders = len(entries) - len(files)
    parts = [plural(len(files), "file"), size(sum(e.size for e in files))] if files else []
    if folders:
        parts.insert(0, f"{count(folders)} director{'y' if folders == 1 else 'ies'}")
    told = ", ".join(parts) or "empty"
    told += f" (read as {by})" if by else ""
    return f"{printable(root)}: {told}" if root else told
