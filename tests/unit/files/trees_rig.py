"""Stores for tests of copies: the local disk under another scheme, with faults on demand."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from emr_nb.errors import ReplyLostError
from emr_nb.files.abilities import Checksum
from emr_nb.files.copying import Trees
from emr_nb.files.local import LocalFileSystem
from emr_nb.model import FileEntry, FilePath, Page


@dataclass
class Remote:
    """A disk folder as a store `hdfs`, which may break a read at some byte, once or always."""

    folder: Path
    breaks_at: int | None = None
    breaks: int = 10**9
    before_read: Callable[[FilePath], None] = lambda _: None
    reads: list[tuple[str, int]] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    sums: dict[str, Checksum] = field(default_factory=dict)
    scheme: str = "hdfs"
    _disk: LocalFileSystem = field(default_factory=LocalFileSystem)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def _here(self, path: FilePath) -> FilePath:
        return FilePath("file", "", f"{self.folder}{path.key}")

    def _there(self, entry: FileEntry) -> FileEntry:
        key = entry.path.key.removeprefix(str(self.folder)) or "/"
        return replace(entry, path=FilePath("hdfs", "", key))

    def ls(self, path: FilePath, after: str | None = None) -> Page[FileEntry]:
        page = self._disk.ls(self._here(path), after)
        return Page([self._there(e) for e in page.items], page.after)

    def info(self, path: FilePath) -> FileEntry:
        return self._there(self._disk.info(self._here(path)))

    def read(self, path: FilePath, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        with self._lock:
            self.reads.append((path.name, start))
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            self.before_read(path)
            at = start
            for chunk in self._disk.read(self._here(path), start, length):
                if self.breaks_at is not None and at >= self.breaks_at and self.breaks:
                    self.breaks -= 1
                    raise ReplyLostError("The connection broke", where=str(path))
                at += len(chunk)
                yield chunk
        finally:
            with self._lock:
                self.at_once -= 1

    def write(
        self, path: FilePath, chunks: Iterable[bytes], *, overwrite: bool = False
    ) -> FileEntry:
        return self._there(self._disk.write(self._here(path), chunks, overwrite=overwrite))

    def mkdir(self, path: FilePath) -> None:
        self._disk.mkdir(self._here(path))

    def mv(self, source: FilePath, target: FilePath) -> None:
        self._disk.mv(self._here(source), self._here(target))

    def rm(self, path: FilePath, *, recursive: bool = False) -> None:
        self._disk.rm(self._here(path), recursive=recursive)

    def checksum(self, path: FilePath) -> Checksum:
        return self.sums.get(path.name) or self._disk.checksum(self._here(path))


class Both(Trees):
    """Copies between that store and the local disk."""

    def __init__(self, remote: Remote) -> None:
        self.remote = remote
        self._local = LocalFileSystem()

    def path(self, path: str | FilePath) -> FilePath:
        return path if isinstance(path, FilePath) else FilePath.parse(path)

    def store(self, path: FilePath) -> Remote | LocalFileSystem:
        return self._local if path.scheme == "file" else self.remote


def fill(folder: Path, *names: str, size: int = 10) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(name.encode() * size)


def below(folder: Path) -> set[str]:
    return {str(p.relative_to(folder)) for p in folder.rglob("*") if not p.is_dir()}
