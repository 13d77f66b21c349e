"""WebHDFS's FileStatus objects as our entries: a long listing costs little else than these."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import msgspec

from emr_nb.errors import ReplyLostError
from emr_nb.model import FileEntry, FilePath
from emr_nb.transport.base import Reply

_KINDS = {"FILE": "file", "DIRECTORY": "directory", "SYMLINK": "symlink"}
_EXTRA = (
    ("encBit", "enc_bit"),
    ("aclBit", "acl_bit"),
    ("ecBit", "ec_bit"),
    ("ecPolicy", "ec_policy"),
    ("symlink", "symlink"),
    ("snapshotEnabled", "snapshot_enabled"),
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIELDS = tuple(field.name for field in fields(FileEntry))
_Kind = TypeVar("_Kind")
_NAME = b'"pathSuffix":'
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"')
_REMAINING = re.compile(rb'"remainingEntries"\s*:\s*(\d+)')
_TAIL = 80  # bytes behind the entries


class Status(msgspec.Struct, gc=False, rename="camel"):
    """One FileStatus object of WebHDFS (its JSON schema); what it has beyond these is skipped."""

    type: str
    path_suffix: str = ""
    length: int = 0
    modification_time: int = 0
    owner: str = ""
    group: str = ""
    permission: str = ""
    replication: int = 0
    block_size: int = 0
    enc_bit: Any = None
    acl_bit: Any = None
    ec_bit: Any = None
    ec_policy: Any = None
    symlink: Any = None
    snapshot_enabled: Any = None


class _Statuses(msgspec.Struct, gc=False, rename="pascal"):
    file_status: list[Status]


class _Whole(msgspec.Struct, gc=False, rename="pascal"):
    file_statuses: _Statuses


class _Listing(msgspec.Struct, gc=False, rename="camel"):
    partial_listing: _Whole
    remaining_entries: int = 0


class _Batch(msgspec.Struct, gc=False, rename="pascal"):
    directory_listing: _Listing


def batch_of(reply: Reply) -> tuple[list[Status], int]:
    """Decode LISTSTATUS_BATCH: a page, and how many entries come after it."""
    listing = _decoded(reply, _Batch).directory_listing
    return listing.partial_listing.file_statuses.file_status, listing.remaining_entries


def last_name(reply: Reply) -> str:
    """Return the last name of a page that others follow, without decoding all; else ``."""
    body = reply.content
    remaining = _REMAINING.search(body, max(0, len(body) - _TAIL))
    found = body.rfind(_NAME)
    if remaining is None or not int(remaining[1]) or found < 0:
        return ""
    name = _STRING.search(body, found + len(_NAME))
    return str(msgspec.json.decode(name[0])) if name else ""


def whole_of(reply: Reply) -> list[Status]:
    """Decode LISTSTATUS: all entries at once."""
    return _decoded(reply, _Whole).file_statuses.file_status


def _decoded(reply: Reply, kind: type[_Kind]) -> _Kind:
    try:
        return msgspec.json.decode(reply.content, type=kind)
    except msgspec.DecodeError as error:
        reply.json()  # says it better where it is no JSON at all
        raise ReplyLostError(
            f"The reply is no listing: {error}", where=reply.url,
            advice="Is this the right port?",
        ) from error  # fmt: skip


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
        suffix = self._status.path_suffix
        return self._parent.child(suffix) if suffix else self._parent

    @property
    def name(self) -> str:
        name: str = self._status.path_suffix
        return name or self._parent.name

    @property
    def kind(self) -> str:
        return _KINDS.get(self._status.type, "file")

    @property
    def is_directory(self) -> bool:
        return bool(self._status.type == "DIRECTORY")

    @property
    def size(self) -> int:
        return self._status.length

    @property
    def modified(self) -> datetime | None:
        told = self._status.modification_time
        return _EPOCH + timedelta(milliseconds=told) if told else None

    @property
    def owner(self) -> str:
        return self._status.owner

    @property
    def group(self) -> str:
        return self._status.group

    @property
    def permissions(self) -> str:
        return self._status.permission

    @property
    def replication(self) -> int | None:
        return self._status.replication or None

    @property
    def block_size(self) -> int | None:
        return self._status.block_size or None

    @property
    def storage_class(self) -> str:
        return ""

    @property
    def etag(self) -> str:
        return ""

    @property
    def extra(self) -> Mapping[str, str]:
        told = ((name, getattr(self._status, field)) for name, field in _EXTRA)
        return {name: str(value) for name, value in told if value is not None}

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


def entry_of(parent: FilePath, told: Mapping[str, Any]) -> FileEntry:
    """Make the entry of one FileStatus object, which may list as itself."""
    made = _lazy(parent, msgspec.convert(told, Status))
    return FileEntry(*(getattr(made, name) for name in _FIELDS))


def entries_of(parent: FilePath, statuses: Sequence[Status]) -> list[FileEntry]:
    """Make the entries of a listing's page."""
    return [_lazy(parent, status) for status in statuses]


def _lazy(parent: FilePath, status: Status) -> FileEntry:
    made = _new(StatusEntry)
    _set_parent(made, parent)
    _set_status(made, status)
    return made
