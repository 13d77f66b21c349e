"""What HDFS can do beyond `FileSystem`: sums, access, replicas, trash, snapshots, and more."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from emr_nb.context import ClusterContext
from emr_nb.errors import FileError, PathIsDirectoryError, PathNotFoundError, UsageError
from emr_nb.files.abilities import Checksum, Detail, Summary
from emr_nb.files.webhdfs_detail import detail_of
from emr_nb.files.webhdfs_entries import entry_of
from emr_nb.files.webhdfs_health import StoreHealth, health_of
from emr_nb.files.webhdfs_list import Lister
from emr_nb.files.webhdfs_sums import checksum_of
from emr_nb.files.webhdfs_trash import interval, lies_in_trash, to_trash
from emr_nb.files.webhdfs_ways import Ways
from emr_nb.model import FileEntry, FilePath
from emr_nb.transport.base import Retry


class HdfsAbilities:
    """The protocols of `emr_nb.files.abilities` that HDFS keeps, and its health."""

    _context: ClusterContext
    _nodes: Ways
    _lister: Lister

    def _mine(self, path: FilePath) -> FilePath:
        raise NotImplementedError

    def _status(self, path: FilePath) -> Mapping[str, Any]:
        reply = self._nodes.call("GET", path, "GETFILESTATUS", retry=Retry.READ)
        return {**reply.json()["FileStatus"], "pathSuffix": ""}

    def walk(self, path: FilePath) -> Iterator[FileEntry]:
        yield from self._lister.walk(self._mine(path))

    def summary(self, path: FilePath) -> Summary:
        """Count all below a path by one question; a folder counts itself."""
        path = self._mine(path)
        reply = self._nodes.call("GET", path, "GETCONTENTSUMMARY", retry=Retry.READ)
        told = reply.json()["ContentSummary"]
        return Summary(
            files=int(told["fileCount"]),
            directories=int(told["directoryCount"]),
            bytes=int(told["length"]),
            space=int(told["spaceConsumed"]),
            name_quota=_quota(told, "quota"),
            space_quota=_quota(told, "spaceQuota"),
        )

    def detail(self, path: FilePath) -> Detail:
        path = self._mine(path)
        status = self._status(path)
        return detail_of(self._nodes, entry_of(path, status), status)

    def chmod(self, path: FilePath, mode: str) -> None:
        """Set the permissions, octal as `755` or `1777`; raises UsageError for other text."""
        if not 3 <= len(mode) <= 4 or set(mode) - set("01234567"):
            raise UsageError(
                f"{mode!r} is no octal mode", advice="Write it as 644, 755 or 1777 (sticky)."
            )
        self._nodes.call(
            "PUT", self._mine(path), "SETPERMISSION", {"permission": mode}, retry=Retry.READ
        )

    def chown(self, path: FilePath, owner: str = "", group: str = "") -> None:
        """Set owner and group; HDFS lets only its superuser give a file to another owner."""
        named = {"owner": owner, "group": group}
        parameters = {name: text for name, text in named.items() if text}
        if not parameters:
            raise UsageError("Neither an owner nor a group is named", advice="Write OWNER:GROUP.")
        self._nodes.call("PUT", self._mine(path), "SETOWNER", parameters, retry=Retry.READ)

    def setrep(self, path: FilePath, replicas: int) -> None:
        """Set how many replicas a file has; the NameNode brings it about in its own time."""
        path = self._mine(path)
        if replicas < 1:
            raise UsageError("A file has at least one replica", where=str(path))
        if self._status(path)["type"] != "FILE":
            raise PathIsDirectoryError(
                "A folder has no replicas", where=str(path), advice="Set those of its files."
            )
        query = {"replication": str(replicas)}
        reply = self._nodes.call("PUT", path, "SETREPLICATION", query, retry=Retry.READ)
        if reply.json().get("boolean") is False:
            raise FileError(f"HDFS did not set {replicas} replicas", where=str(path))

    def trash(self, path: FilePath) -> FilePath | None:
        """Move to the trash; None where HDFS has none, or where the path lies in it already."""
        path = self._mine(path)
        self._status(path)
        if interval(self._nodes, self._context) <= 0:
            return None
        return to_trash(self._nodes, path)

    def keeps_removed(self, path: FilePath) -> bool:
        """Tell whether HDFS has a trash, and the path does not lie in it already."""
        path = self._mine(path)
        return interval(self._nodes, self._context) > 0 and not lies_in_trash(self._nodes, path)

    def checksum(self, path: FilePath) -> Checksum:
        """Return HDFS's own checksum: an MD5 of its blocks' CRCs, not of the file's bytes.

        Two files of one content have the same only where block size and CRC type agree.
        """
        path = self._mine(path)
        if self._status(path)["type"] != "FILE":
            raise PathIsDirectoryError("A folder has no checksum", where=str(path))
        return checksum_of(self._nodes, path)

    def touch(self, path: FilePath) -> FileEntry:
        """Set the time of change to now; makes an empty file where there is nothing."""
        path = self._mine(path)
        try:
            self._status(path)
        except PathNotFoundError:
            return self.write(path, [])
        now = str(int(time.time() * 1000))
        query = {"modificationtime": now, "accesstime": now}
        self._nodes.call("PUT", path, "SETTIMES", query, retry=Retry.READ)
        return entry_of(path, self._status(path))

    def write(self, path: FilePath, chunks: Sequence[bytes]) -> FileEntry:
        raise NotImplementedError

    def snapshots(self, path: FilePath) -> Sequence[FileEntry]:
        """Return a folder's snapshots, each a folder that lists and reads as the folder did."""
        path = self._mine(path)
        inside = path.child(".snapshot")
        try:
            page = self._lister.page(inside, None)
            found = list(page.items)
            while page.after is not None:
                page = self._lister.page(inside, page.after)
                found += page.items
        except FileError as error:
            if "not a snapshottable directory" not in error.what:
                raise
            return []
        return found

    def changes(self, path: FilePath, older: str, newer: str = "") -> Sequence[tuple[str, str]]:
        """Return what changed from a snapshot to another, or to now: kind and relative path.

        Kinds are `create`, `delete`, `modify` and `rename`, whose path is `old -> new`.
        """
        path = self._mine(path)
        if not newer and self._nodes.by_gateway:
            raise FileError(
                "HttpFS compares two snapshots, not one with what is there now",
                where=str(path),
                advice="Name the newer snapshot too.",
            )
        query = {"oldsnapshotname": older, "snapshotname": newer}
        reply = self._nodes.call("GET", path, "GETSNAPSHOTDIFF", query, retry=Retry.READ)
        found = reply.json()["SnapshotDiffReport"]["diffList"]
        return [_change(entry) for entry in found]

    def health(self) -> StoreHealth:
        return health_of(self._nodes)


def _quota(told: Mapping[str, Any], name: str) -> int | None:
    found = int(told.get(name, -1))
    return found if found >= 0 else None


def _change(entry: Mapping[str, Any]) -> tuple[str, str]:
    source, target = str(entry.get("sourcePath") or "."), entry.get("targetPath")
    kind = str(entry["type"]).lower()
    return kind, f"{source} -> {target}" if target else source
