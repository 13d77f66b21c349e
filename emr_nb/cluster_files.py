"""The stores of one attached cluster, addressed by path text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import IO, TYPE_CHECKING, Any

from emr_nb.errors import MissingExtraError, PathNotFoundError, StoreLacksError
from emr_nb.files import abilities, globs, walking
from emr_nb.files.abilities import Checksum, Detail, Summary
from emr_nb.files.base import FileSystem
from emr_nb.files.copying import Trees
from emr_nb.files.finding import Wanted, find
from emr_nb.files.modes import new_mode
from emr_nb.files.opened import open_file
from emr_nb.files.removing import remove
from emr_nb.model import FileEntry, FilePath

if TYPE_CHECKING:
    from emr_nb.cluster import AttachedCluster
    from emr_nb.files.preview import Preview

PathLike = str | FilePath
Entries = list[FileEntry]


class ClusterFiles(Trees):
    """Files over hdfs, s3 and local disk; a path is a URL, or on the default store `/path`.

    The local side of `get` and `put` is local. Patterns are understood by `glob` alone: all
    else takes a path as it is. Raises what emr_nb.files.base.FileSystem says, and
    StoreLacksError where a store cannot do a thing at all.
    """

    def __init__(self, cluster: AttachedCluster) -> None:
        self._cluster = cluster

    def path(self, path: PathLike) -> FilePath:
        """Resolve path text."""
        return path if isinstance(path, FilePath) else self._cluster.path(path)

    def store(self, path: FilePath) -> FileSystem:
        """Return the file system that holds a path."""
        return self._cluster.filesystem(path)

    def _at(self, path: PathLike) -> tuple[FilePath, FileSystem]:
        where = self.path(path)
        return where, self.store(where)

    def _to_change(self, path: PathLike) -> tuple[FilePath, FileSystem]:
        where, fs = self._at(path)
        abilities.must_change(fs, where)
        return where, fs

    # -- looking --------------------------------------------------------------------------

    def ls(self, path: PathLike, *, recursive: bool = False) -> Entries:
        """List a whole directory, page by page; with `recursive` all below it."""
        return [*(self.walk(path) if recursive else self.iter(path))]

    def iter(self, path: PathLike) -> Iterator[FileEntry]:
        """Yield the entries of a directory as its pages arrive."""
        where, fs = self._at(path)
        return walking.pages(fs, where)

    def walk(self, path: PathLike) -> Iterator[FileEntry]:
        """Yield all below a path, a folder before what is in it."""
        where, fs = self._at(path)
        return walking.walk(fs, where)

    def glob(self, pattern: str) -> Entries:
        """List what a pattern (`*`, `?`, `[a-z]`, `{a,b}`, `**`) stands for; [] for nothing."""
        try:
            found = [*self.matches(pattern)]
        except PathNotFoundError:
            return []
        there = []
        for match in found:
            try:
                there.append(match.entry or self.info(match.path))
            except PathNotFoundError:
                continue
        return there

    def matches(self, pattern: str) -> Iterator[globs.Match]:
        """Yield what a text stands for; raises PathNotFoundError where a pattern has none."""
        return globs.expand(pattern, self.path, self.store)

    def find(self, path: PathLike, wanted: Wanted | None = None, **tests: Any) -> Entries:
        """List what passes tests: `name`, `iname`, `size` (`+10M`), `newer`, `kind`, `depth`."""
        where, fs = self._at(path)
        return [*find(fs, where, wanted or Wanted(**tests))]

    def info(self, path: PathLike) -> FileEntry:
        """Describe one path."""
        where, fs = self._at(path)
        return fs.info(where)

    def stat(self, path: PathLike) -> Detail:
        """Describe one path by all that its store tells."""
        where, fs = self._at(path)
        if isinstance(fs, abilities.Details):
            return fs.detail(where)
        return Detail(fs.info(where))

    def exists(self, path: PathLike) -> bool:
        """Tell whether something is there."""
        try:
            self.info(path)
        except PathNotFoundError:
            return False
        return True

    def du(self, path: PathLike) -> Summary:
        """Count all below a path."""
        where, fs = self._at(path)
        return walking.summary(fs, where)

    def checksum(self, path: PathLike) -> Checksum:
        """Return a file's checksum as its store tells it."""
        where, fs = self._at(path)
        if not isinstance(fs, abilities.Checksums):
            raise lacks(where, "tells no checksums")
        return fs.checksum(where)

    def preview(self, path: PathLike, rows: int = 20) -> Preview:
        """Say what a file or a folder of parts holds, by ranged reads; raises FileFormatError."""
        from emr_nb.files.preview import Options, preview

        where, fs = self._at(path)
        return preview(fs, where, Options(rows=rows))

    # -- bytes ----------------------------------------------------------------------------

    def read(self, path: PathLike, start: int = 0, length: int | None = None) -> bytes:
        """Return the bytes of a range (None: to the end)."""
        where, fs = self._at(path)
        return b"".join(fs.read(where, start, length))

    def open(
        self, path: PathLike, mode: str = "rb", *, overwrite: bool = False, encoding: str = "utf-8"
    ) -> IO[Any]:
        """Open a file as Python's `open` does: `rb`, `r`, `wb`, `w`, `xb`, `x`.

        Reading seeks and reads ahead; what is written appears whole on closing, and not at all
        after an error inside `with`. Writing refuses what is there unless `overwrite`.
        """
        where, fs = self._at(path)
        return open_file(fs, where, mode, overwrite=overwrite, encoding=encoding)

    def write(
        self, path: PathLike, chunks: Iterable[bytes] | bytes | str, *, overwrite: bool = False
    ) -> FileEntry:
        """Write a file; nothing stands under its name until it is whole."""
        where, fs = self._at(path)
        if isinstance(chunks, str):
            chunks = chunks.encode()
        data = [bytes(chunks)] if isinstance(chunks, (bytes, bytearray, memoryview)) else chunks
        return fs.write(where, data, overwrite=overwrite)

    # -- changing -------------------------------------------------------------------------

    def mkdir(self, path: PathLike) -> FileEntry:
        """Make a directory and its parents; quiet when it exists."""
        where, fs = self._to_change(path)
        fs.mkdir(where)
        return fs.info(where)

    def remove(
        self, path: PathLike, *, recursive: bool = False, skip_trash: bool = False
    ) -> FilePath | None:
        """Remove a path; returns where it lies in the store's trash, None where it is gone."""
        where, fs = self._to_change(path)
        return remove(fs, fs.info(where), recursive=recursive, skip_trash=skip_trash)

    def chmod(self, path: PathLike, mode: str) -> FileEntry:
        """Set permissions: octal, or changes such as `u+x,go-w`."""
        where, fs = self._to_change(path)
        if not isinstance(fs, abilities.Permissions):
            raise lacks(where, "has no permissions of files")
        entry = fs.info(where)
        fs.chmod(where, new_mode(mode, entry.permissions, directory=entry.is_directory))
        return fs.info(where)

    def chown(self, path: PathLike, owner: str = "", group: str = "") -> FileEntry:
        """Set owner and group; an empty name leaves it as it is."""
        where, fs = self._to_change(path)
        if not isinstance(fs, abilities.Permissions):
            raise lacks(where, "has no owners of files")
        fs.chown(where, owner, group)
        return fs.info(where)

    def setrep(self, path: PathLike, replicas: int) -> FileEntry:
        """Set how many replicas of a file there are."""
        where, fs = self._to_change(path)
        if not isinstance(fs, abilities.Replicated):
            raise lacks(where, "has no replicas to set")
        fs.setrep(where, replicas)
        return fs.info(where)

    def touch(self, path: PathLike) -> FileEntry:
        """Set a file's time of change to now, or make an empty file."""
        where, fs = self._to_change(path)
        if isinstance(fs, abilities.Touches):
            return fs.touch(where)
        if self.exists(where):
            raise lacks(where, "cannot set a file's time")
        return fs.write(where, [])

    # -- others' interfaces ---------------------------------------------------------------

    def fsspec(self, register: str = "") -> Any:
        """Return the stores as a file system of fsspec's; needs `fsspec`.

        With `register` (`emr`, say) fsspec itself opens `emr:///path` and `emr://s3://…` by
        this cluster in this process, so that `pd.read_csv("emr:///data/a.csv")` works.
        """
        try:
            from emr_nb.files import fsspec_files
        except ImportError as error:
            raise MissingExtraError(
                "fsspec is not installed", advice="pip install fsspec"
            ) from error
        if register:
            fsspec_files.register(register, self.path, self.store, self._cluster.name)
        return fsspec_files.ClusterFileSystem(self.path, self.store, self._cluster.name)

    list = ls


def lacks(path: FilePath, what: str) -> StoreLacksError:
    """Return the error of a store that cannot do a thing."""
    names = {"s3": "S3", "hdfs": "HDFS", "file": "The local disk", "node": "A node's disk"}
    return StoreLacksError(f"{names.get(path.scheme, path.scheme)} {what}", where=str(path))
