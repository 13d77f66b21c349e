"""Stores that wait, refuse, tell details or have a trash, over files in memory."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from emr_nb.errors import PathDeniedError
from emr_nb.files.abilities import Detail
from emr_nb.model import FileEntry, FilePath, Page
from emr_nb.testing.fake_engine import MemoryFileSystem

_LONGEST = 60.0  # seconds that a gate is waited at: no test hangs


@dataclass
class GatedFileSystem(MemoryFileSystem):
    """Waits at gates: before the second and later pages of a folder, and between bytes.

    `pages` and `reads` are closed gates until somebody sets them; `asked` keeps which folders
    were asked for, `denied` those that are refused.
    """

    pages: threading.Event = field(default_factory=threading.Event)
    reads: threading.Event = field(default_factory=threading.Event)
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    denied: set[str] = field(default_factory=set)

    def ls(self, path: FilePath, after: str | None = None) -> Page[FileEntry]:
        self.asked.append((path.key, after))
        if path.key in self.denied:
            raise PathDeniedError(
                "ada may not list it", where=str(path), advice="Ask hadoop for r-x on the folder."
            )
        if after is not None:
            self.pages.wait(_LONGEST)
        return super().ls(path, after)

    def read(self, path: FilePath, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        data = b"".join(super().read(path, start, length))
        half = len(data) // 2
        yield data[:half]
        self.reads.wait(_LONGEST)
        yield data[half:]


@dataclass
class DetailedFileSystem(MemoryFileSystem):
    """Tells details as S3 does; `sealed` cannot be read. `looks` counts the questions."""

    sealed: set[str] = field(default_factory=set)
    looks: list[str] = field(default_factory=list)

    def detail(self, path: FilePath) -> Detail:
        self.looks.append(path.key)
        entry = self.info(path)
        if path.key in self.sealed:
            return Detail(entry, (), "SSE-C", readable=False, reason="Its key is not known here.")
        facts = (("Encryption", "SSE-KMS"), ("Version", "v7"))
        return Detail(entry, facts, "SSE-KMS", "arn:aws:kms:x:1:key/k-1", extra={"version": "v7"})


@dataclass
class TrashFileSystem(MemoryFileSystem):
    """Moves to a trash where `has_trash`."""

    has_trash: bool = True

    def trash(self, path: FilePath) -> FilePath | None:
        if not self.has_trash:
            return None
        target = FilePath(path.scheme, path.authority, f"/.Trash{path.key}")
        self.mv(path, target)
        return target
