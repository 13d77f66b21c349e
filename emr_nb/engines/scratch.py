"""A private folder on the cluster's storage, which the engine writes and the notebook reads.

It lies in `/user/<me>/.emr_nb` (mode 711: nobody else lists it), under a random name that an
ACL opens for the engine's user alone; what either of us makes in it is both's. On S3 it lies
below the prefix that the user has set, and the identities' own policies apply.
"""

from __future__ import annotations

import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from emr_nb.errors import EmrError, PathDeniedError, PathNotFoundError, UsageError
from emr_nb.files.base import FileSystem
from emr_nb.model import FileEntry, FilePath

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from emr_nb.context import ClusterContext

_OWN = "711"
_LEFT_AFTER = timedelta(hours=1)  # somebody may still read what an ended session wrote


@runtime_checkable
class SharedStore(FileSystem, Protocol):
    """A store with owners: it makes folders that only some users may use."""

    def make_private(self, path: FilePath, users: Collection[str], mode: str = "700") -> bool:
        """Make a folder for its owner and these users; False where it has no ACLs."""
        ...


@dataclass(frozen=True)
class Scratch:
    """The private folder of one session, shared by this notebook and the engine."""

    store: FileSystem
    home: FilePath

    def path(self, name: str) -> FilePath:
        """Return a path inside, which nobody has made yet."""
        return self.home.child(name)

    def folder(self, name: str) -> FilePath:
        """Make a folder inside; raises FileError."""
        path = self.path(name)
        self.store.mkdir(path)
        return path

    def remove(self, path: FilePath) -> bool:
        """Remove what is there and all below it; False where only the engine may do that."""
        try:
            self.store.rm(path, recursive=True)
        except PathNotFoundError:
            return True
        except PathDeniedError:
            return False
        return True


def scratch_of(
    context: ClusterContext, session: str, users: Collection[str], hdfs: FileSystem | None
) -> Scratch | None:
    """Make the private folder of a session; None where no store takes one.

    `users` are the engine's own on the cluster; `hdfs` its HDFS, if it has one that is
    reached. Raises UsageError for a setting that is no S3 prefix.
    """
    name = f"{context.cluster.id}-{session}-{secrets.token_hex(16)}"
    if context.settings.spool:
        from emr_nb.files.s3 import S3

        return Scratch(S3(context), _prefix(context.settings.spool).child(name))
    if not isinstance(hdfs, SharedStore):
        return None
    with suppress(EmrError):
        root = _root(hdfs, context.user)
        home = root.child(name)
        if not hdfs.make_private(home, users):
            hdfs.rm(home, recursive=True)
            hdfs.make_private(home, (), mode="777")  # nobody else can know its name
        return Scratch(hdfs, home)
    return None


def store_of(context: ClusterContext, path: FilePath, hdfs: FileSystem | None) -> FileSystem | None:
    """Return the store that a private path lies on; None where it is an HDFS out of reach."""
    if path.scheme != "s3":
        return hdfs
    from emr_nb.files.s3 import S3

    return S3(context)


def left_behind(
    store: FileSystem,
    root: FilePath,
    cluster: str,
    living: Collection[str],
    after_rest: timedelta = _LEFT_AFTER,
) -> Iterator[FileEntry]:
    """Yield the folders of this cluster's ended sessions, an hour after their last use."""
    limit = datetime.now(UTC) - after_rest
    after: str | None = None
    while True:
        page = store.ls(root, after)
        for entry in page.items:
            owner, _, session = entry.name.rpartition("-")[0].rpartition("-")
            ended = owner == cluster and session not in living
            if ended and entry.modified and entry.modified < limit:
                yield entry
        after = page.after
        if after is None:
            return


def roots(context: ClusterContext) -> list[FilePath]:
    """Return the places where private folders of ours may be on this cluster."""
    if context.settings.spool:
        return [_prefix(context.settings.spool)]
    return [
        FilePath("hdfs", "", f"/user/{context.user}/.emr_nb"),
        FilePath("hdfs", "", f"/tmp/emr_nb-{context.user}"),  # noqa: S108 - HDFS's
    ]


def _root(store: SharedStore, user: str) -> FilePath:
    """Return our folder in HDFS, made if need be; the engine must be able to pass through."""
    home = FilePath("hdfs", "", f"/user/{user}")
    try:
        passable = int(store.info(home).permissions or "0", 8) & 1
    except PathNotFoundError:
        passable = 0
    root = home.child(".emr_nb") if passable else FilePath("hdfs", "", f"/tmp/emr_nb-{user}")  # noqa: S108
    try:
        found = store.info(root)
    except PathNotFoundError:
        store.make_private(root, (), mode=_OWN)
        found = store.info(root)
    if found.owner == user and found.permissions != _OWN:  # our files of cancels lie there too
        store.make_private(root, (), mode=_OWN)
    if found.owner != user:
        raise PathDeniedError(f"{root} belongs to {found.owner}", where=str(root))
    return root


def _prefix(text: str) -> FilePath:
    path = FilePath.parse(text, "s3") if "://" in text else None
    if path is None or path.scheme != "s3" or not path.authority:
        raise UsageError(
            f"EmrNb.spool = {text!r} is no S3 prefix",
            advice="Write it as s3://bucket/prefix, or leave it empty for the cluster's HDFS.",
        )
    return FilePath("s3", path.authority, path.key.rstrip("/"))
