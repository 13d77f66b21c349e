"""Where an engine writes for `--to`: beside the target, which gets the files when all are there.

On HDFS the whole folder is renamed. S3 has no rename: the objects are copied by S3 itself
under names of their own, and what they replace is deleted afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from emr_nb.engines.scratch import store_of
from emr_nb.errors import EmrError, PathExistsError, PathNotFoundError
from emr_nb.files.base import FileSystem
from emr_nb.model import FileEntry, FilePath, WriteTarget

if TYPE_CHECKING:
    from emr_nb.context import ClusterContext

HDFS_SERVICES = ("webhdfs", "httpfs")  # either gives HDFS to who is outside
_PREFIX = ".emr_nb-"
_HIDDEN = (".", "_")
_THREADS = 8
EMPTY_FILE = "part-00000.parquet"  # of a result without rows, for which engines write none


@runtime_checkable
class OpensFolders(Protocol):
    """A store with owners, on which a folder may be opened for another user."""

    def open_for(self, path: FilePath, users: Collection[str]) -> None:
        """Let these users write in a folder, but not beside it."""
        ...


@dataclass(frozen=True)
class TargetFolder:
    """The private folder `home` beside a target; the engine makes `files` in it."""

    store: FileSystem
    target: WriteTarget
    home: FilePath
    tag: str

    @classmethod
    def make(
        cls, store: FileSystem, target: WriteTarget, tag: str, users: Collection[str]
    ) -> TargetFolder:
        """Make the folder, in which these users of the engine may write; raises FileError."""
        made = cls(store, target, _parent(target.path).child(f"{_PREFIX}{tag}"), tag)
        if target.path.scheme != "s3":
            try:
                store.mkdir(made.home)
                if isinstance(store, OpensFolders) and users:
                    store.open_for(made.home, users)
            except BaseException:
                made.remove()
                raise
        return made

    @property
    def files(self) -> FilePath:
        """The folder that the engine makes and writes."""
        return self.home.child(self.target.path.name)

    def put_in_place(self, empty: Callable[[], Iterable[bytes]]) -> None:
        """Let the target have the files; `empty` gives the one file of a result without rows.

        What was there stays until then. Raises PathExistsError, FileError; the target is then
        as it was.
        """
        found = self._written()
        if not found:
            self.store.write(self.files.child(EMPTY_FILE), empty())
            found = [self.store.info(self.files.child(EMPTY_FILE))]
        there = self._exists(self.target.path)
        if there and not self.target.overwrite:
            raise PathExistsError(
                "Something is there by now; nothing was put in its place",
                where=str(self.target.path),
                advice="Use --overwrite to replace it.",
            )
        if self.target.path.scheme == "s3":
            self._copied(found, there=there)
        else:
            self._renamed(found, there=there)
        self.remove()

    def remove(self) -> bool:
        """Remove the folder and all in it; False where something resists."""
        try:
            self.store.rm(self.home, recursive=True)
        except PathNotFoundError:
            return True
        except EmrError:
            return False
        return True

    # -- inside ---------------------------------------------------------------------------

    def _renamed(self, found: list[FileEntry], *, there: bool) -> None:
        for entry in found:  # UNION ALL makes folders, in which not every reader looks
            if _parent(entry.path) != self.files:
                name = entry.path.key.removeprefix(f"{self.files.key}/").replace("/", "_")
                self.store.mv(entry.path, self.files.child(name))
        self._tidy()
        path, old = self.target.path, self.home.child(f"{_PREFIX}old")
        if there:
            self.store.mv(path, old)
        try:
            self.store.mv(self.files, path)
        except BaseException:
            if there:
                self.store.mv(old, path)
            raise

    def _copied(self, found: list[FileEntry], *, there: bool) -> None:
        target = self.target.path
        before = list(_walk(self.store, target)) if there else []
        names = [f"{self.tag[:12]}-{e.path.key.rpartition('/')[2]}" for e in found]
        pairs = [
            (entry.path, target.child(f"{at:05}-{name}" if names.count(name) > 1 else name))
            for at, (entry, name) in enumerate(zip(found, names, strict=True))
        ]
        try:
            with ThreadPoolExecutor(_THREADS, thread_name_prefix="emr_nb-place") as pool:
                for _ in pool.map(lambda pair: self.store.mv(*pair), pairs):
                    pass
        except BaseException:
            for _, made in pairs:
                with suppress(EmrError):
                    self.store.rm(made)
            raise
        for entry in before:
            with suppress(PathNotFoundError):
                self.store.rm(entry.path)

    def _written(self) -> list[FileEntry]:
        """Return the files with something in them, in the order of their names."""
        with suppress(PathNotFoundError):
            return sorted(
                (e for e in _walk(self.store, self.files) if e.size), key=lambda e: e.path.key
            )
        return []

    def _tidy(self) -> None:
        """Remove what is no file of the result: staging folders, marks, empty folders."""
        after: str | None = None
        rest: list[FileEntry] = []
        while True:
            page = self.store.ls(self.files, after)
            rest += [e for e in page.items if e.is_directory or e.name[:1] in _HIDDEN or not e.size]
            after = page.after
            if after is None:
                break
        for entry in rest:
            with suppress(EmrError):
                self.store.rm(entry.path, recursive=True)

    def _exists(self, path: FilePath) -> bool:
        try:
            self.store.info(path)
        except PathNotFoundError:
            return False
        return True


def folder_of(context: ClusterContext, spool: str) -> TargetFolder | None:
    """Return the folder that a journal's row tells of, to be removed; None for another thing."""
    files = FilePath.parse(spool)
    home = _parent(files)
    store = store_for(context, files)
    if store is None or not home.name.startswith(_PREFIX):
        return None
    return TargetFolder(store, WriteTarget(files), home, home.name.removeprefix(_PREFIX))


def store_for(context: ClusterContext, path: FilePath) -> FileSystem | None:
    """Return the store of a path on the cluster; None for an HDFS that is not reached."""
    return store_of(context, path, hdfs_of(context) if path.scheme == "hdfs" else None)


def hdfs_of(context: ClusterContext) -> FileSystem | None:
    """Return the cluster's HDFS; None where it has none that is reached from here."""
    if not any(service.name in HDFS_SERVICES for service in context.services):
        return None
    from emr_nb.files.webhdfs import WebHdfsFactory

    try:
        return WebHdfsFactory()(context)
    except EmrError:
        return None


def spelled(path: FilePath) -> str:
    """Return a path as Hadoop's engines take it: on their own default HDFS where none is named."""
    return path.key if path.scheme == "hdfs" and not path.authority else str(path)


def _walk(store: FileSystem, path: FilePath) -> Iterator[FileEntry]:
    """Yield the files at a path or below it, without hidden folders and files."""
    entry = store.info(path)
    if not entry.is_directory:
        yield entry
        return
    after: str | None = None
    while True:
        page = store.ls(path, after)
        for found in page.items:
            if found.name[:1] in _HIDDEN:
                continue
            if found.is_directory:
                yield from _walk(store, found.path)
            else:
                yield found
        after = page.after
        if after is None:
            return


def _parent(path: FilePath) -> FilePath:
    above = path.key.rstrip("/").rpartition("/")[0]
    return FilePath(path.scheme, path.authority, above if above or path.scheme == "s3" else "/")
