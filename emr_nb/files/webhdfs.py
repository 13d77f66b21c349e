"""HDFS by WebHDFS (Hadoop's REST API): paged listings, streamed bytes, atomic writes."""

from __future__ import annotations

import posixpath
import secrets
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from emr_nb.context import ClusterContext
from emr_nb.errors import (
    ConnectFailedError,
    DeadlineExceededError,
    EmrError,
    FileError,
    HttpStatusError,
    PathDeniedError,
    PathExistsError,
    PathIsDirectoryError,
    PathNotDirectoryError,
    PathNotFoundError,
    ReplyLostError,
    TransportError,
)
from emr_nb.files.webhdfs_calls import NameNodes, clean
from emr_nb.files.webhdfs_errors import translate
from emr_nb.files.webhdfs_quota import quota_error
from emr_nb.model import FileEntry, FilePath, Page
from emr_nb.transport.base import Deadline, Retry

_TRIES = 4  # reads in a row that brought nothing
_KINDS = {"FILE": "file", "DIRECTORY": "directory", "SYMLINK": "symlink"}
_EXTRA = ("fileId", "encBit", "aclBit", "ecBit", "ecPolicy", "symlink")


class WebHdfsFactory:
    """Makes the file system of a cluster's HDFS."""

    def __call__(self, context: ClusterContext) -> WebHdfs:
        return WebHdfs(context)


class WebHdfs:
    """One cluster's HDFS as one user; the bytes come from and go to its DataNodes."""

    scheme = "hdfs"

    def __init__(self, context: ClusterContext) -> None:
        self._nodes = NameNodes(context)
        self._own = _authorities(context)
        self._batches = True  # until a server does not know LISTSTATUS_BATCH

    def ls(self, path: FilePath, after: str | None = None) -> Page[FileEntry]:
        """List one page (the NameNode's `dfs.ls.limit`, 1,000); `after` is a name."""
        path = self._mine(path)
        if not self._batches:
            return self._whole_listing(path)
        start = {} if after is None else {"startAfter": after}
        try:
            reply = self._nodes.call("GET", path, "LISTSTATUS_BATCH", start, retry=Retry.READ)
        except FileError as error:
            if not _unknown_operation(error):
                raise
            self._batches = False
            return self._whole_listing(path)
        listing = reply.json()["DirectoryListing"]
        statuses = listing["partialListing"]["FileStatuses"]["FileStatus"]
        more = int(listing.get("remainingEntries") or 0) > 0 and statuses
        return Page(
            [_entry(path, status) for status in statuses],
            statuses[-1]["pathSuffix"] if more else None,
        )

    def _whole_listing(self, path: FilePath) -> Page[FileEntry]:
        reply = self._nodes.call("GET", path, "LISTSTATUS", retry=Retry.READ)
        statuses = reply.json()["FileStatuses"]["FileStatus"]
        return Page([_entry(path, status) for status in statuses])

    def info(self, path: FilePath) -> FileEntry:
        path = self._mine(path)
        reply = self._nodes.call("GET", path, "GETFILESTATUS", retry=Retry.READ)
        return _entry(path, {**reply.json()["FileStatus"], "pathSuffix": ""})

    def read(self, path: FilePath, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Yield a range; a broken stream goes on at the same byte, from another replica."""
        entry = self.info(path)
        if entry.is_directory:
            raise PathIsDirectoryError("It is a directory", where=str(path))
        end = entry.size if length is None else min(entry.size, start + length)
        at, fruitless, avoid = start, 0, ""
        while at < end:
            began = at
            try:
                for chunk in self._open(entry.path, at, end - at, avoid):
                    at += len(chunk)
                    yield chunk
                failure: EmrError | None = None
            except _Broken as broken:
                failure, avoid = broken.error, "" if avoid else broken.node
            fruitless = 0 if at > began else fruitless + 1
            if at < end and fruitless >= _TRIES:
                raise failure or FileError(
                    f"The file ended at {at:,} bytes and should have {entry.size:,}",
                    where=str(path),
                    advice="It was replaced or cut while it was read; read it again.",
                )

    def _open(self, path: FilePath, at: int, length: int, avoid: str) -> Iterator[bytes]:
        parameters = {"offset": str(at), "length": str(length)}
        if avoid:
            parameters["excludedatanodes"] = avoid
        client, target = self._nodes.hop("GET", path, "OPEN", parameters)
        left = length
        try:
            with client.stream("GET", target) as stream:
                for chunk in stream.chunks():
                    if len(chunk) > left:
                        raise FileError("The DataNode sent more than was asked", where=str(path))
                    left -= len(chunk)
                    yield chunk
        except HttpStatusError as error:
            known = translate(error, str(path), self._nodes.user)
            if isinstance(known, (PathNotFoundError, PathDeniedError)):
                raise known from error
            raise _Broken(known, _node(client.endpoint)) from error
        except TransportError as error:
            raise _Broken(error, _node(client.endpoint)) from error

    def write(
        self, path: FilePath, chunks: Iterable[bytes], *, overwrite: bool = False
    ) -> FileEntry:
        """Write beside the target, then rename: atomic, whether or not it replaces a file.

        The rename's OVERWRITE option replaces in one step, so a reader sees the old file or
        the new one; without it HDFS itself refuses an existing name.
        """
        path = self._mine(path)
        self._refuse_existing(path, overwrite=overwrite)
        folder = posixpath.dirname(path.key)
        temporary = FilePath("hdfs", path.authority, folder).child(
            f".emr_nb-{secrets.token_hex(8)}._COPYING_"
        )
        try:
            size = self._create(temporary, chunks)
            found = self.info(temporary).size
            if found != size:
                raise FileError(
                    f"HDFS has {found:,} bytes of the {size:,} sent; nothing was put in place",
                    where=str(path),
                )
            self._rename(temporary, path, "OVERWRITE" if overwrite else "NONE")
        except BaseException:
            with suppress(EmrError):  # the first error is the one to tell
                self._nodes.call("DELETE", temporary, "DELETE", deadline=Deadline.after(5))
            raise
        return self.info(path)

    def _refuse_existing(self, path: FilePath, *, overwrite: bool) -> None:
        try:
            entry = self.info(path)
        except PathNotFoundError:
            return
        if entry.is_directory:
            raise PathIsDirectoryError("A directory has this name", where=str(path))
        if not overwrite:
            raise PathExistsError(
                "Something is there already", where=str(path), advice="Use --overwrite."
            )

    def _create(self, path: FilePath, chunks: Iterable[bytes]) -> int:
        """Send the bytes to a DataNode and return how many there were."""
        size = 0

        def counted() -> Iterator[bytes]:
            nonlocal size
            for chunk in chunks:
                size += len(chunk)
                yield bytes(chunk)

        parameters = {"overwrite": "false"}
        for last in (False, False, True):
            client, target = self._nodes.hop("PUT", path, "CREATE", parameters)
            headers = {"Content-Type": "application/octet-stream"}
            try:
                with client.stream("PUT", target, content=counted(), headers=headers) as stream:
                    for _ in stream.chunks():
                        pass
                return size
            except ConnectFailedError:  # nothing was sent, no chunk was taken
                if last:
                    raise
                parameters["excludedatanodes"] = _node(client.endpoint)
            except HttpStatusError as error:
                raise translate(error, str(path), self._nodes.user) from error
            except ReplyLostError as error:
                raise quota_error(self._nodes, path) or error from error
        raise AssertionError

    def _rename(self, source: FilePath, target: FilePath, options: str) -> None:
        parameters = {"destination": clean(target.key), "renameoptions": options}
        try:
            self._nodes.call("PUT", source, "RENAME", parameters)
        except (ReplyLostError, DeadlineExceededError, HttpStatusError):
            if self._exists(source) or not self._exists(target):
                raise  # it did not happen; else it did, and only the reply was lost
        except FileError as error:
            if type(error) is FileError and options == "NONE" and self._exists(target):
                raise PathExistsError("Something is there already", where=str(target)) from error
            raise

    def mkdir(self, path: FilePath) -> None:
        path = self._mine(path)
        try:
            # making it twice is making it once
            self._nodes.call("PUT", path, "MKDIRS", retry=Retry.READ)
        except PathExistsError as error:
            raise PathNotDirectoryError("A file has this name", where=str(path)) from error

    def make_private(self, path: FilePath, users: Collection[str], mode: str = "700") -> bool:
        """Make a folder that only its owner and these users may use; what they make in it too.

        Returns False where the NameNode has no ACLs: the folder is then its owner's alone.
        """
        path = self._mine(path)
        self._nodes.call("PUT", path, "MKDIRS", {"permission": mode}, retry=Retry.READ)
        # MKDIRS applies the umask
        self._nodes.call("PUT", path, "SETPERMISSION", {"permission": mode}, retry=Retry.READ)
        if not users:
            return True
        spec = acl_spec(self._nodes.user, users)
        try:
            self._nodes.call("PUT", path, "SETACL", {"aclspec": spec}, retry=Retry.READ)
        except FileError as error:
            if "dfs.namenode.acls.enabled" not in error.what:
                raise
            return False
        return True

    def open_for(self, path: FilePath, users: Collection[str]) -> None:
        """Let these users write in a folder, not what is made in it; quiet without ACLs."""
        spec = ",".join(f"user:{user}:rwx" for user in users)
        path = self._mine(path)
        try:
            self._nodes.call("PUT", path, "MODIFYACLENTRIES", {"aclspec": spec}, retry=Retry.READ)
        except FileError as error:
            if "dfs.namenode.acls.enabled" not in error.what:
                raise

    def mv(self, source: FilePath, target: FilePath) -> None:
        source, target = self._mine(source), self._mine(target)
        self._rename(source, target, "NONE")

    def rm(self, path: FilePath, *, recursive: bool = False) -> None:
        path = self._mine(path)
        if not recursive and self.info(path).is_directory:
            raise PathIsDirectoryError(
                "It is a directory", where=str(path), advice="Use -r to remove all below it."
            )
        if clean(path.key) == "/":
            raise FileError("The root of HDFS cannot be removed", where=str(path))
        try:
            reply = self._nodes.call(
                "DELETE", path, "DELETE", {"recursive": str(recursive).lower()}
            )
        except (ReplyLostError, DeadlineExceededError):
            if self._exists(path):
                raise
            return  # it is gone; only the reply was lost
        if not reply.json()["boolean"]:
            raise PathNotFoundError("Nothing is there", where=str(path))

    def _exists(self, path: FilePath) -> bool:
        try:
            self.info(path)
        except PathNotFoundError:
            return False
        return True

    def _mine(self, path: FilePath) -> FilePath:
        """Refuse a path of another HDFS, and normalise."""
        host = path.authority.rpartition("@")[2].partition(":")[0]
        if host and host not in self._own:
            raise FileError(
                f"{path.authority} is not this cluster's HDFS",
                where=str(path),
                advice="Write hdfs:///path for the attached cluster, or attach to the other one.",
            )
        return FilePath("hdfs", path.authority, clean(path.key))


class _Broken(Exception):  # noqa: N818 -- never leaves this module
    """A read that broke at one DataNode."""

    def __init__(self, error: EmrError, node: str) -> None:
        super().__init__(str(error))
        self.error = error
        self.node = node


def acl_spec(owner: str, users: Collection[str]) -> str:
    """Return the ACL of a folder for these users, inherited by all that is made in it."""
    mine = ["user::rwx", "group::---", "other::---"]
    theirs = [f"user:{user}:rwx" for user in users if user != owner]
    below = [f"default:{entry}" for entry in (*mine, *theirs, f"user:{owner}:rwx")]
    return ",".join([*mine, *theirs, *below])


def _node(endpoint: Any) -> str:
    return f"{endpoint.host}:{endpoint.port}"


def _unknown_operation(error: FileError) -> bool:
    return "LISTSTATUS_BATCH" in error.what


def _authorities(context: ClusterContext) -> frozenset[str]:
    service = context.service("webhdfs")
    hosts = {endpoint.host for endpoint in service.endpoints} | {context.cluster.primary_dns}
    for node in context.cluster.primaries:
        hosts |= {node.private_dns, node.private_ip, node.public_dns}
    default = service.properties.get("fs.defaultFS", "")
    if default:
        hosts.add(FilePath.parse(default).authority.partition(":")[0])
    return frozenset(hosts - {""})


def _entry(parent: FilePath, status: Mapping[str, Any]) -> FileEntry:
    """Make an entry of a FileStatus object (WebHDFS's JSON schema); a file lists as itself."""
    suffix = status["pathSuffix"]
    modified = int(status.get("modificationTime") or 0)
    return FileEntry(
        parent.child(suffix) if suffix else parent,
        _KINDS.get(status["type"], "file"),
        size=int(status["length"]),
        modified=datetime.fromtimestamp(modified / 1000, UTC) if modified else None,
        owner=status.get("owner", ""),
        group=status.get("group", ""),
        permissions=str(status.get("permission", "")),
        replication=status.get("replication") or None,
        block_size=status.get("blockSize") or None,
        extra={name: str(status[name]) for name in _EXTRA if name in status},
    )
