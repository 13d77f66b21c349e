"""The stores of one cluster as a file system of fsspec's, for pandas, polars, DuckDB, pyarrow.

Paths are what a command takes: `/path`, `hdfs:///path`, `s3://bucket/key`; `emr://` may stand
before each, for libraries that choose a file system by it. Imported only where it is asked for.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import fsspec
from fsspec import AbstractFileSystem

from emr_nb.errors import PathNotFoundError
from emr_nb.files.base import FileSystem
from emr_nb.files.opened import RemoteReader, RemoteWriter, open_file
from emr_nb.files.walking import pages, summary, walk
from emr_nb.model import FileEntry, FilePath

PROTOCOL = "emr"
_SCHEMES = frozenset({"hdfs", "webhdfs", "s3", "s3a", "s3n", "file"})  # part of our own paths
_BUFFER = 64 * 1024

Stores = Callable[[FilePath], FileSystem]


class ClusterFileSystem(AbstractFileSystem):  # type: ignore[misc]  # fsspec has no types
    """fsspec's names over our stores; as fsspec's users expect, `open(…, "wb")` replaces.

    What is written appears whole when it is closed. Errors are ours, which are Python's too:
    FileNotFoundError, PermissionError, IsADirectoryError.
    """

    protocol = (PROTOCOL,)
    cachable = False  # it belongs to one attached cluster
    root_marker = "/"
    async_impl = False

    def __init__(
        self, parse: Callable[[str], FilePath], stores: Stores, name: str = "", **options: Any
    ) -> None:
        super().__init__(**options)
        self._parse = parse
        self._stores = stores
        self._name = name

    @property
    def fsid(self) -> str:
        return f"{PROTOCOL}_{self._name}"

    @classmethod
    def _strip_protocol(cls, path: Any) -> Any:
        if isinstance(path, list):
            return [cls._strip_protocol(one) for one in path]
        text = cls._bare(path)
        return text if len(text) <= 1 or text.endswith("://") else text.rstrip("/") or "/"

    @classmethod
    def _parent(cls, path: str) -> str:
        bare = cls._strip_protocol(path)
        above = bare.rpartition("/")[0]
        return f"{above}/" if above.endswith(":/") else above or cls.root_marker

    def unstrip_protocol(self, name: str) -> str:
        return f"{self._prefix()}{self._bare(name)}"

    @classmethod
    def _prefix(cls) -> str:
        return "" if cls.protocol[0] in _SCHEMES else f"{cls.protocol[0]}://"

    @classmethod
    def _bare(cls, path: Any) -> str:
        return str(path).removeprefix(cls._prefix())

    # -- looking --------------------------------------------------------------------------

    def ls(self, path: str, detail: bool = True, **_: Any) -> list[Any]:
        where, fs = self._at(path)
        found = [self._described(path, where, entry) for entry in pages(fs, where)]
        return found if detail else [entry["name"] for entry in found]

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        where, fs = self._at(path)
        entry = fs.info(where)
        return self._facts(self._strip_protocol(path), entry)

    def find(self, path: str, maxdepth: int | None = None, withdirs: bool = False,
             detail: bool = False, **_: Any) -> Any:  # fmt: skip
        if maxdepth is not None:
            return super().find(path, maxdepth=maxdepth, withdirs=withdirs, detail=detail)
        where, fs = self._at(path)
        try:
            entries = [e for e in walk(fs, where) if withdirs or not e.is_directory]
        except PathNotFoundError:
            entries = []
        found = {f["name"]: f for f in (self._described(path, where, e) for e in entries)}
        ordered = dict(sorted(found.items()))
        return ordered if detail else list(ordered)

    def du(self, path: str, total: bool = True, maxdepth: int | None = None,
           withdirs: bool = False, **_: Any) -> Any:  # fmt: skip
        if not total or maxdepth is not None:
            return super().du(path, total=total, maxdepth=maxdepth, withdirs=withdirs)
        where, fs = self._at(path)
        return summary(fs, where).bytes

    def created(self, path: str) -> Any:
        return self.modified(path)

    def modified(self, path: str) -> Any:
        return self.info(path)["mtime"]

    def checksum(self, path: str) -> int:
        told = self.info(path)
        return hash((told["name"], told["size"], told["mtime"], told.get("ETag")))

    # -- bytes ----------------------------------------------------------------------------

    def cat_file(self, path: str, start: int | None = None, end: int | None = None,
                 **_: Any) -> bytes:  # fmt: skip
        where, fs = self._at(path)
        if (start or 0) < 0 or (end or 0) < 0:
            size = fs.info(where).size
            start = max(0, size + start) if (start or 0) < 0 else start  # type: ignore[operator]
            end = size + end if (end or 0) < 0 else end  # type: ignore[operator]
        begin = start or 0
        length = None if end is None else max(0, end - begin)
        return b"".join(fs.read(where, begin, length))

    def pipe_file(self, path: str, value: bytes, mode: str = "overwrite", **_: Any) -> None:
        where, fs = self._at(path)
        fs.write(where, [bytes(value)], overwrite=mode == "overwrite")

    def open(
        self, path: str, mode: str = "rb", block_size: Any = None, cache_options: Any = None,
        compression: str | None = None, **options: Any,
    ) -> Any:  # fmt: skip
        """Open a file; text that meets an error inside `with` is dropped, as bytes are."""
        if "b" in mode or compression:
            return super().open(path, mode, block_size, cache_options, compression, **options)
        where, fs = self._at(path)
        return open_file(
            fs, where, mode, overwrite=mode.startswith("w"),
            encoding=options.get("encoding") or "utf-8", newline=options.get("newline"),
        )  # fmt: skip

    def _open(self, path: str, mode: str = "rb", block_size: Any = None,  # noqa: ARG002
              autocommit: bool = True, cache_options: Any = None,  # noqa: ARG002
              **_: Any) -> Any:  # fmt: skip
        where, fs = self._at(path)
        if mode == "rb":
            return io.BufferedReader(RemoteReader(fs, where), _BUFFER)
        if mode == "wb":
            return RemoteWriter(fs, where, overwrite=True)
        return open_file(fs, where, mode)

    # -- changing -------------------------------------------------------------------------

    def mkdir(self, path: str, create_parents: bool = True, **_: Any) -> None:  # noqa: ARG002
        where, fs = self._at(path)
        fs.mkdir(where)

    def makedirs(self, path: str, exist_ok: bool = False) -> None:
        where, fs = self._at(path)
        if not exist_ok and self.exists(path):
            raise FileExistsError(path)
        fs.mkdir(where)

    def rm_file(self, path: str) -> None:
        where, fs = self._at(path)
        fs.rm(where)

    def _rm(self, path: str) -> None:
        self.rm_file(path)

    def rmdir(self, path: str) -> None:
        where, fs = self._at(path)
        if next(iter(pages(fs, where)), None) is not None:
            raise OSError(f"not empty: {path}")
        fs.rm(where, recursive=True)

    def rm(self, path: Any, recursive: bool = False, maxdepth: int | None = None) -> None:  # noqa: ARG002
        for one in path if isinstance(path, list) else [path]:
            where, fs = self._at(one)
            fs.rm(where, recursive=recursive)

    def cp_file(self, path1: str, path2: str, **_: Any) -> None:
        from emr_nb.files.copy import copy_file

        (source, source_fs), (target, target_fs) = self._at(path1), self._at(path2)
        if source_fs.info(source).is_directory:
            target_fs.mkdir(target)
            return
        copy_file(source_fs, source, target_fs, target, overwrite=True)

    def touch(self, path: str, truncate: bool = True, **_: Any) -> None:
        where, fs = self._at(path)
        if truncate or not self.exists(path):
            fs.write(where, [], overwrite=True)

    # -- inside ---------------------------------------------------------------------------

    def _at(self, path: str) -> tuple[FilePath, FileSystem]:
        where = self._parse(self._bare(path))
        return where, self._stores(where)

    def _described(self, asked: str, where: FilePath, entry: FileEntry) -> dict[str, Any]:
        """Tell an entry by a name spelled as the path that was asked for."""
        base = self._strip_protocol(asked)
        key, start = entry.path.key, where.key.rstrip("/")
        rest = key[len(start) :].strip("/") if key.startswith(start) else entry.name
        name = f"{base.rstrip('/') if not base.endswith('://') else base[:-1]}/{rest}"
        return self._facts(name if rest else base, entry)

    def _facts(self, name: str, entry: FileEntry) -> dict[str, Any]:
        return {
            "name": name,
            "size": entry.size,
            "type": "directory" if entry.is_directory else "file",
            "mtime": entry.modified,
            "ETag": entry.etag or None,
            "mode": int(entry.permissions, 8) if entry.permissions else None,
            "owner": entry.owner or None,
        }


def register(protocol: str, parse: Callable[[str], FilePath], stores: Stores, name: str) -> None:
    """Have fsspec open `protocol://` by one cluster's stores, in this process."""

    class Bound(ClusterFileSystem):
        def __init__(self, **options: Any) -> None:
            super().__init__(parse, stores, name, **options)

    Bound.protocol = (protocol,)
    fsspec.register_implementation(protocol, Bound, clobber=True)
