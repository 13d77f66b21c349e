"""The stores of one attached cluster, addressed by path text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from emr_nb.errors import PathNotFoundError
from emr_nb.files.copy import copy_file, local_name
from emr_nb.model import FileEntry, FilePath

if TYPE_CHECKING:
    from emr_nb.cluster import AttachedCluster
    from emr_nb.files.preview import Preview


class ClusterFiles:
    """ls, info, read, write, get and put over hdfs, s3 and local disk.

    Remote paths are URLs or bare absolute paths on the cluster's default file system; the
    local side of `get` and `put` is local. Raises what emr_nb.files.base.FileSystem says.
    """

    def __init__(self, cluster: AttachedCluster) -> None:
        self._cluster = cluster

    def ls(self, path: str) -> list[FileEntry]:
        """List a whole directory, page by page."""
        return list(self.iter(path))

    def iter(self, path: str) -> Iterator[FileEntry]:
        """Yield the entries of a directory as its pages arrive."""
        where = self._cluster.path(path)
        file_system = self._cluster.filesystem(where)
        page = file_system.ls(where)
        yield from page.items
        while page.after is not None:
            page = file_system.ls(where, page.after)
            yield from page.items

    def info(self, path: str) -> FileEntry:
        """Describe one path."""
        where = self._cluster.path(path)
        return self._cluster.filesystem(where).info(where)

    def read(self, path: str, start: int = 0, length: int | None = None) -> bytes:
        """Return the bytes of a range (None: to the end)."""
        where = self._cluster.path(path)
        return b"".join(self._cluster.filesystem(where).read(where, start, length))

    def preview(self, path: str, rows: int = 20) -> Preview:
        """Say what a file or a folder of parts holds, by ranged reads; raises FileFormatError."""
        from emr_nb.files.preview import Options, preview

        where = self._cluster.path(path)
        return preview(self._cluster.filesystem(where), where, Options(rows=rows))

    def write(self, path: str, chunks: Iterable[bytes], *, overwrite: bool = False) -> FileEntry:
        """Write a file; nothing stands under its name until it is whole."""
        where = self._cluster.path(path)
        return self._cluster.filesystem(where).write(where, chunks, overwrite=overwrite)

    def put(
        self,
        local: str,
        remote: str,
        *,
        overwrite: bool = False,
        progress: Callable[[int, int | None], None] | None = None,
    ) -> FileEntry:
        """Copy a local file to the cluster; a directory as target keeps the file's name."""
        source = FilePath("file", "", str(Path(local).expanduser().absolute()))
        target = self._inside(self._cluster.path(remote), source.name)
        return self.copy(source, target, overwrite=overwrite, progress=progress)

    def get(
        self,
        remote: str,
        local: str = ".",
        *,
        overwrite: bool = False,
        progress: Callable[[int, int | None], None] | None = None,
    ) -> FileEntry:
        """Copy a file from the cluster; a directory as target keeps the file's name."""
        source = self._cluster.path(remote)
        where = Path(local).expanduser().absolute()
        if where.is_dir() or local.endswith("/"):
            where = where / local_name(source)
        target = FilePath("file", "", str(where))
        return self.copy(source, target, overwrite=overwrite, progress=progress)

    def copy(
        self,
        source: FilePath,
        target: FilePath,
        *,
        overwrite: bool = False,
        progress: Callable[[int, int | None], None] | None = None,
    ) -> FileEntry:
        """Copy one file between any two stores without a temporary file here."""
        return copy_file(
            self._cluster.filesystem(source),
            source,
            self._cluster.filesystem(target),
            target,
            overwrite=overwrite,
            progress=progress,
        )

    def _inside(self, target: FilePath, name: str) -> FilePath:
        if target.key.endswith("/") or not target.key:
            return target.child(name)
        try:
            entry = self._cluster.filesystem(target).info(target)
        except PathNotFoundError:
            return target
        return target.child(name) if entry.is_directory else target
