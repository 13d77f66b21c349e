"""The columns of the browser: what each store tells, how it is written, and how it is sorted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from emr_nb.browsing.places import name_in
from emr_nb.files.abilities import Detail
from emr_nb.files.modes import letters_of
from emr_nb.model import FileEntry, FilePath
from emr_nb.wording import moment, printable, size

_TYPES = {"directory": "d", "file": "-", "symlink": "l"}


@dataclass(frozen=True, slots=True)
class FileColumn:
    """One column: `value` sorts and is compared, `text` is shown; `late` ones come by detail."""

    key: str
    title: str
    kind: str
    value: Callable[[FileEntry], Any]
    text: Callable[[FileEntry], str]
    late: bool = False

    def heading(self) -> dict[str, Any]:
        return {"key": self.key, "name": self.title, "kind": self.kind, "late": self.late}


def columns_of(folder: FilePath, *, details: bool) -> tuple[FileColumn, ...]:
    """Return the columns of a folder; `details` says that its store tells more by HEAD."""

    def name(entry: FileEntry) -> str:
        return name_in(folder, entry)

    found = [
        FileColumn("name", "Name", "text", name, lambda e: _shown_name(name(e))),
        FileColumn("size", "Size", "number", _size, lambda e: size(_size(e))),
        FileColumn("modified", "Modified", "time", lambda e: e.modified, _when),
    ]
    if folder.scheme == "s3":
        found.append(_text("class", "Storage class", lambda e: e.storage_class))
        if details:
            found += [_late(*titled) for titled in _LATE]
        return tuple(found)
    found += [
        _text("owner", "Owner", lambda e: e.owner),
        _text("group", "Group", lambda e: e.group),
        FileColumn("permissions", "Permissions", "text", lambda e: e.permissions, mode),
    ]
    if folder.scheme == "hdfs":
        found += [
            FileColumn("replication", "Replicas", "number", _replicas, lambda e: _n(_replicas(e))),
            FileColumn("block", "Block size", "number", _block, lambda e: size(_block(e))),
        ]
    return tuple(found)


_LATE = (("encryption", "Encryption"), ("key", "Key"), ("version", "Version"))


def late_texts(detail: Detail) -> list[str]:
    """Return the texts of the late columns, in their order."""
    version = detail.extra.get("version") or detail.entry.extra.get("version", "")
    return [printable(t) for t in (detail.encryption, detail.key.rpartition("/")[2], version)]


def mode(entry: FileEntry) -> str:
    """Write permissions as `ls -l` does."""
    if not entry.permissions:
        return ""
    return f"{_TYPES.get(entry.kind, '?')}{letters_of(entry.permissions)}"


def texts(columns: Sequence[FileColumn], entry: FileEntry) -> list[str]:
    """Return the texts of an entry's row."""
    return [column.text(entry) for column in columns]


def sort_key(column: FileColumn) -> Callable[[FileEntry], tuple[bool, Any]]:
    """Return a key that puts what is missing last; names without regard to case first."""
    if column.kind == "text":
        return lambda e: (not column.value(e), (column.value(e).casefold(), column.value(e)))
    least: Any = datetime.min.replace(tzinfo=UTC) if column.kind == "time" else 0

    def key(entry: FileEntry) -> tuple[bool, Any]:
        value = column.value(entry)
        return (value is None, least if value is None else value)

    return key


def _text(key: str, title: str, value: Callable[[FileEntry], str]) -> FileColumn:
    return FileColumn(key, title, "text", value, lambda e: printable(value(e)))


def _late(key: str, title: str) -> FileColumn:
    return FileColumn(key, title, "text", lambda _: "", lambda _: "", late=True)


def _shown_name(name: str) -> str:
    return printable(name) if name else "(no name)"


def _size(entry: FileEntry) -> int | None:
    return None if entry.is_directory else entry.size


def _when(entry: FileEntry) -> str:
    return moment(entry.modified)


def _replicas(entry: FileEntry) -> int | None:
    return None if entry.is_directory else entry.replication


def _block(entry: FileEntry) -> int | None:
    return None if entry.is_directory else entry.block_size


def _n(number: int | None) -> str:
    return "" if number is None else str(number)
