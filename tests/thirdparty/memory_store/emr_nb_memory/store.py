"""Files in memory, `mem:///path`: a tree of dictionaries behind one lock."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from emr_nb.errors import (
    PathExistsError,
    PathIsDirectoryError,
    PathNotDirectoryError,
    PathNotFoundError,
)
from emr_nb.model import FileEntry, FilePath, Page

_PAGE = 1000
_CHUNK = 1024 * 1024

Folder = dict[str, "Node"]
Node = Any  # a Folder, or a file as (bytes, time of change)


def make_store(context: Any) -> MemoryStore:
    """The factory that the entry point names; the cluster's facts are not needed."""
    del context
    return MemoryStore()


class MemoryStore:
    """A whole file system that lives as long as its object."""

    scheme = "mem"

    def __init__(self) -> None:
        self._root: Folder = {}
        self._lock = threading.RLock()

    def ls(self, path: FilePath, after: str | None = None) -> Page[FileEntry]:
        with self._lock:
            node = self._find(path)
            if not isinstance(node, dict):
                return Page([_entry(path, node)])
            names = sorted(name for name in node if after is None or name > after)
            shown = names[:_PAGE]
            entries = [_entry(path.child(name), node[name]) for name in shown]
        return Page(entries, shown[-1] if len(names) > _PAGE else None)

    def info(self, path: FilePath) -> FileEntry:
        with self._lock:
            return _entry(path, self._find(path))

    def read(self, path: FilePath, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        with self._lock:
            node = self._find(path)
        if isinstance(node, dict):
            raise PathIsDirectoryError("It is a directory", where=str(path))
        data = node[0][start:] if length is None else node[0][start : start + length]
        for at in range(0, len(data), _CHUNK):
            yield data[at : at + _CHUNK]

    def write(
        self, path: FilePath, chunks: Iterable[bytes], *, overwrite: bool = False
    ) -> FileEntry:
        self._refuse(path, overwrite=overwrite)
        data = b"".join(chunks)  # nothing is there until it is whole
        with self._lock:
            self._refuse(path, overwrite=overwrite)
            folder, name = self._parent(path, make=True)
            folder[name] = (data, datetime.now(UTC))
            return _entry(path, folder[name])

    def mkdir(self, path: FilePath) -> None:
        with self._lock:
            self._folder(_segments(path), str(path), make=True)

    def mv(self, source: FilePath, target: FilePath) -> None:
        with self._lock:
            node = self._find(source)
            try:
                self._find(target)
            except PathNotFoundError:
                pass
            else:
                raise PathExistsError("Something is there already", where=str(target))
            folder, name = self._parent(target, make=True)
            old, last = self._parent(source)
            folder[name] = node
            del old[last]

    def rm(self, path: FilePath, *, recursive: bool = False) -> None:
        with self._lock:
            if isinstance(self._find(path), dict) and not recursive:
                raise PathIsDirectoryError("It is a directory", where=str(path))
            folder, name = self._parent(path)
            del folder[name]

    # -- inside ---------------------------------------------------------------------------

    def _refuse(self, path: FilePath, *, overwrite: bool) -> None:
        with self._lock:
            try:
                node = self._find(path)
            except PathNotFoundError:
                return
        if isinstance(node, dict):
            raise PathIsDirectoryError("A directory has this name", where=str(path))
        if not overwrite:
            raise PathExistsError("Something is there already", where=str(path))

    def _find(self, path: FilePath) -> Node:
        segments = _segments(path)
        if not segments:
            return self._root
        folder = self._folder(segments[:-1], str(path))
        if segments[-1] not in folder:
            raise PathNotFoundError("Nothing is there", where=str(path))
        return folder[segments[-1]]

    def _parent(self, path: FilePath, *, make: bool = False) -> tuple[Folder, str]:
        *above, name = _segments(path)
        return self._folder(above, str(path), make=make), name

    def _folder(self, segments: list[str], where: str, *, make: bool = False) -> Folder:
        here = self._root
        for segment in segments:
            if make:
                here.setdefault(segment, {})
            if segment not in here:
                raise PathNotFoundError("Nothing is there", where=where)
            below = here[segment]
            if not isinstance(below, dict):
                raise PathNotDirectoryError("A file has this name", where=where)
            here = below
        return here


def _segments(path: FilePath) -> list[str]:
    return [segment for segment in path.key.split("/") if segment]


def _entry(path: FilePath, node: Node) -> FileEntry:
    if isinstance(node, dict):
        return FileEntry(path, "directory")
    return FileEntry(path, "file", size=len(node[0]), modified=node[1])
