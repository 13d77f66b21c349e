"""WebHDFS's FileStatus objects as our entries: a long listing costs little else than these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any

from emr_nb.model import FileEntry, FilePath

_KINDS = {"FILE": "file", "DIRECTORY": "directory", "SYMLINK": "symlink"}
_EXTRA = ("encBit", "aclBit", "ecBit", "ecPolicy", "symlink", "snapshotEnabled")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIELDS = tuple(field.name for field in fields(FileEntry))

Status = Mapping[str, Any]


class StatusEntry(FileEntry):
    """A FileEntry that reads its fields out of WebHDFS's own object when they are asked for.

    Most entries of a long listing are never looked at but for a name and a size; making all
    fields of all of them would be the larger part of listing it. What is made of one by
    `dataclasses.replace`, pickled or copied is a plain FileEntry.
    """

    __slots__ = ("_parent", "_status")
    _parent: FilePath
    _status: Status

    def __new__(cls, *args: Any, **named: Any) -> Any:
        return FileEntry(*args, **named)

    @property
    def path(self) -> FilePath:
        """A file lists as itself."""
        suffix = self._status["pathSuffix"]
        return self._parent.child(suffix) if suffix else self._parent

    @property
    def name(self) -> str:
        name: str = self._status["pathSuffix"]
        return name or self._parent.name

    @property
    def kind(self) -> str:
        return _KINDS.get(self._status["type"], "file")

    @property
    def is_directory(self) -> bool:
        return bool(self._status["type"] == "DIRECTORY")

    @property
    def size(self) -> int:
        told: int = self._status["length"]
        return told

    @property
    def modified(self) -> datetime | None:
        told = self._status.get("modificationTime")
        return _EPOCH + timedelta(milliseconds=told) if told else None

    @property
    def owner(self) -> str:
        told: str = self._status.get("owner", "")
        return told

    @property
    def group(self) -> str:
        told: str = self._status.get("group", "")
        return told

    @property
    def permissions(self) -> str:
        told: str = self._status.get("permission", "")
        return told

    @property
    def replication(self) -> int | None:
        return self._status.get("replication") or None

    @property
    def block_size(self) -> int | None:
        return self._status.get("blockSize") or None

    @property
    def storage_class(self) -> str:
        return ""

    @property
    def etag(self) -> str:
        return ""

    @property
    def extra(self) -> Mapping[str, str]:
        return {name: str(self._status[name]) for name in _EXTRA if name in self._status}

    def _plain(self) -> FileEntry:
        return FileEntry(*(getattr(self, name) for name in _FIELDS))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FileEntry):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in _FIELDS)

    def __hash__(self) -> int:
        return hash(self.path)

    def __reduce__(self) -> tuple[Any, ...]:
        return FileEntry, tuple(getattr(self, name) for name in _FIELDS)


_new = object.__new__
_slots = vars(StatusEntry)  # what sets a slot of a frozen class, at half of what setattr costs
_set_parent, _set_status = _slots["_parent"].__set__, _slots["_status"].__set__


def entry_of(parent: FilePath, status: Status) -> FileEntry:
    """Make the entry of one FileStatus object (WebHDFS's JSON schema), which may list as itself."""
    return FileEntry(*(getattr(_lazy(parent, status), name) for name in _FIELDS))


def entries_of(parent: FilePath, statuses: Sequence[Status]) -> list[FileEntry]:
    """Make the entries of a listing's page."""
    return [_lazy(parent, status) for status in statuses]


def _lazy(parent: FilePath, status: Status) -> FileEntry:
    made = _new(StatusEntry)
    _set_parent(made, parent)
    _set_status(made, status)
    return made
