"""HDFS by WebHDFS (Hadoop's REST API): paged listings, streamed bytes, atomic writes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from emr_nb.context import ClusterContext
from emr_nb.errors import (
    DeadlineExceededError,
    FileError,
    PathExistsError,
    PathIsDirectoryError,
    PathNotDirectoryError,
    PathNotFoundError,
    ReplyLostError,
)
from emr_nb.files.hdfs_bulk import Bulk
from emr_nb.files.pace import Pace
from emr_nb.files.webhdfs_abilities import HdfsAbilities
from emr_nb.files.webhdfs_calls import clean
from emr_nb.files.webhdfs_entries import entry_of
from emr_nb.files.webhdfs_list import Lister, just_before
from emr_nb.files.webhdfs_read import OpenFile
from emr_nb.files.webhdfs_rename import exists, rename
from emr_nb.files.webhdfs_ways import Ways
from emr_nb.files.webhdfs_write import Upload
from emr_nb.model import FileEntry, FilePath, Page
from emr_nb.transport.base import Retry


class WebHdfsFactory:
    """Makes the file system of a cluster's HDFS."""

    def __call__(self, context: ClusterContext) -> WebHdfs:
        return WebHdfs(context)


class WebHdfs(HdfsAbilities):
    """One cluster's HDFS as one user; the bytes come from and go to its DataNodes.

    Where these or the NameNode take no connection, HttpFS on the primary serves instead.
    """

    scheme = "hdfs"

    def __init__(self, context: ClusterContext) -> None:
        self._context = context
        self._nodes = Ways(context)
        self._lister = Lister(self._nodes)
        self._pace = Pace()
        self._bulk = Bulk(context, self._nodes)
        self._upload = Upload(self._nodes)
        self._own = _authorities(context)

    def ls(self, path: FilePath, after: str | None = None) -> Page[FileEntry]:
        """List one page (the NameNode's `dfs.ls.limit`, 1,000); `after` is a name."""
        return self._lister.page(self._mine(path), after)

    def beginning(self, path: FilePath, name: str) -> Page[FileEntry]:
        """List the names of a folder that begin in one way; one page."""
        page = self._lister.page(self._mine(path), just_before(name))
        found = [e for e in page.items if e.name.startswith(name)]
        return Page(found, page.after if len(found) == len(page.items) else None)

    def identity(self, path: FilePath) -> str:  # noqa: ARG002 -- one user for all of HDFS
        """Return whom HDFS takes us for."""
        return self._context.user

    def info(self, path: FilePath) -> FileEntry:
        path = self._mine(path)
        return entry_of(path, self._status(path))

    def read(self, path: FilePath, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Yield a range; a broken stream goes on at the same byte, from another replica.

        A long range comes by several streams where that is faster than one, in order.
        """
        entry = self.info(path)
        if entry.is_directory:
            raise PathIsDirectoryError("It is a directory", where=str(path))
        end = entry.size if length is None else min(entry.size, start + length)
        plain = OpenFile(self._nodes, entry).fetch
        reading = self._bulk.reading(plain, entry, end - start)
        if reading is None:
            yield from self._pace.read(plain, start, end)
            return
        yield from self._bulk.pace.read(reading.fetch, start, end)
        reading.done()

    def write(
        self, path: FilePath, chunks: Iterable[bytes], *, overwrite: bool = False
    ) -> FileEntry:
        """Write beside the target, then rename: a reader sees the old file or the new one.

        What arrived is held against what was sent, by length and HDFS's own checksum. The
        rename replaces in one step, and without `overwrite` HDFS itself refuses an existing
        name (HttpFS, which knows no such rename, comes near to it).
        """
        path = self._mine(path)
        self._upload.put(path, chunks, overwrite=overwrite)
        return self.info(path)

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
        rename(self._nodes, source, target)

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
            if exists(self._nodes, path):
                raise
            return  # it is gone; only the reply was lost
        if not reply.json()["boolean"]:
            raise PathNotFoundError("Nothing is there", where=str(path))

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


def acl_spec(owner: str, users: Collection[str]) -> str:
    """Return the ACL of a folder for these users, inherited by all that is made in it."""
    mine = ["user::rwx", "group::---", "other::---"]
    theirs = [f"user:{user}:rwx" for user in users if user != owner]
    below = [f"default:{entry}" for entry in (*mine, *theirs, f"user:{owner}:rwx")]
    return ",".join([*mine, *theirs, *below])


def _authorities(context: ClusterContext) -> frozenset[str]:
    services = [s for s in context.services if s.name in ("webhdfs", "httpfs", "hdfs")]
    hosts = {endpoint.host for service in services for endpoint in service.endpoints}
    hosts.add(context.cluster.primary_dns)
    for node in context.cluster.primaries:
        hosts |= {node.private_dns, node.private_ip, node.public_dns}
    for default in filter(None, (s.properties.get("fs.defaultFS", "") for s in services)):
        hosts.add(FilePath.parse(default).authority.partition(":")[0])
    return frozenset(hosts - {""})
