"""WebHDFS's FileStatus objects as our entries: a long listing costs little else than these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from emr_nb.model import FileEntry, FilePath

_KINDS = {"FILE": "file", "DIRECTORY": "directory", "SYMLINK": "symlink"}
_EXTRA = ("encBit", "aclBit", "ecBit", "ecPolicy", "symlink", "snapshotEnabled")
_PLAIN = 13  # what a FileStatus has that has none of those
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NOTHING: Mapping[str, str] = {}


def entry_of(parent: FilePath, status: Mapping[str, Any]) -> FileEntry:
    """Make an entry of a FileStatus object (WebHDFS's JSON schema); a file lists as itself."""
    (entry,) = entries_of(parent, [status])
    return entry


def entries_of(parent: FilePath, statuses: Sequence[Mapping[str, Any]]) -> list[FileEntry]:
    """Make the entries of a listing's page."""
    scheme, authority, key = parent.scheme, parent.authority, parent.key
    folder = key if key.endswith("/") else f"{key}/"
    made = []
    for status in statuses:
        get = status.get
        suffix = status["pathSuffix"]
        modified = get("modificationTime")
        made.append(
            FileEntry(
                FilePath(scheme, authority, folder + suffix) if suffix else parent,
                _KINDS.get(status["type"], "file"),
                status["length"],
                _EPOCH + timedelta(0, 0, 0, modified) if modified else None,
                get("owner", ""),
                get("group", ""),
                get("permission", ""),
                get("replication") or None,
                get("blockSize") or None,
                "",
                "",
                {n: str(status[n]) for n in _EXTRA if n in status}
                if len(status) > _PLAIN
                else _NOTHING,
            )
        )
    return made
