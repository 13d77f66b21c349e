"""The file-system protocol, with names as fsspec's users know them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol, runtime_checkable

from emr_nb.model import FileEntry, FilePath, Page


@runtime_checkable
class FileSystem(Protocol):
    """One store; every method may be called from several threads at once.

    All raise PathNotFoundError, PathDeniedError, PathIsDirectoryError,
    PathNotDirectoryError, PathExistsError, TransportError or FileError.
    """

    scheme: str

    def ls(self, path: FilePath, after: str | None = None) -> Page[FileEntry]:
        """List one page of a directory (a file lists itself); `after` continues."""
        ...

    def info(self, path: FilePath) -> FileEntry:
        """Describe one path."""
        ...

    def read(self, path: FilePath, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Yield the bytes of a range, in chunks; a short reply raises, never ends early."""
        ...

    def write(
        self, path: FilePath, chunks: Iterable[bytes], *, overwrite: bool = False
    ) -> FileEntry:
        """Write a file under a temporary name and put it in place when it is whole."""
        ...

    def mkdir(self, path: FilePath) -> None:
        """Make a directory and its parents; quiet when it exists."""
        ...

    def mv(self, source: FilePath, target: FilePath) -> None:
        """Rename within the store; refuses an existing target."""
        ...

    def rm(self, path: FilePath, *, recursive: bool = False) -> None:
        """Remove a file, or with `recursive` a directory and all below it."""
        ...
