"""The disk of the machine that the notebook runs on."""

from __future__ import annotations

import os
import secrets
import shutil
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from emr_nb.context import ClusterContext
from emr_nb.errors import FileError, PathNotFoundError
from emr_nb.files.local_abilities import LocalAbilities
from emr_nb.files.local_disk import entry_of, mapped, place, sync_folder
from emr_nb.files.rests import PAGE, Rests
from emr_nb.model import FileEntry, FilePath, Page

_CHUNK = 1024 * 1024


class LocalFileSystemFactory:
    """Makes the local file system; no cluster has a part in it."""

    def __call__(self, context: ClusterContext) -> LocalFileSystem:  # noqa: ARG002
        return LocalFileSystem()


class LocalFileSystem(LocalAbilities):
    """Files of this machine; names that are not UTF-8 go through as surrogates."""

    scheme = "file"

    def __init__(self) -> None:
        self._rests: Rests[str] = Rests()

    def ls(self, path: FilePath, after: str | None = None) -> Page[FileEntry]:
        names = self._rests.take(path.key, after)
        if names is None:
            with mapped(path):
                status = os.stat(path.key)  # noqa: PTH116 -- a Path would drop a closing slash
                if not stat.S_ISDIR(status.st_mode):
                    return Page([entry_of(path, status)])
                names = sorted(n for n in os.listdir(path.key) if after is None or n > after)  # noqa: PTH208
        names, rest = names[:PAGE], names[PAGE:]
        entries = []
        for name in names:
            with suppress(FileNotFoundError, PathNotFoundError):  # gone meanwhile
                entries.append(self.info(path.child(name)))
        if not rest:
            return Page(entries)
        self._rests.keep(path.key, names[-1], rest)
        return Page(entries, names[-1])

    def info(self, path: FilePath) -> FileEntry:
        with mapped(path):
            try:
                return entry_of(path, os.stat(path.key))  # noqa: PTH116
            except FileNotFoundError:
                return entry_of(path, os.lstat(path.key))  # a link to nowhere

    def read(self, path: FilePath, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        with mapped(path):
            if Path(path.key).is_dir():
                raise IsADirectoryError
            file = Path(path.key).open("rb", buffering=0)  # noqa: SIM115 -- closed below
        with file:
            with mapped(path):
                size = os.fstat(file.fileno()).st_size
                file.seek(min(start, size))
            left = max(0, size - start) if length is None else min(length, max(0, size - start))
            while left:
                with mapped(path):
                    piece = file.read(min(_CHUNK, left))
                if not piece:
                    raise FileError(f"The file ended {left:,} bytes too early", where=str(path))
                left -= len(piece)
                yield piece

    def write(
        self, path: FilePath, chunks: Iterable[bytes], *, overwrite: bool = False
    ) -> FileEntry:
        """Write a file; its folder must exist, and an old file's permissions are kept.

        Raises DiskFullError when the disk or a quota is full; no partial file stays.
        """
        target = Path(path.key)
        with mapped(path):
            if target.is_dir():
                raise IsADirectoryError
            if not overwrite and os.path.lexists(target):
                raise FileExistsError
            mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else None
            temporary = target.with_name(f".emr_nb-{secrets.token_hex(8)}.part")
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        try:
            _fill(descriptor, chunks, mode, path)
            with mapped(path):
                place(temporary, target, overwrite=overwrite)
        finally:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
        with mapped(path):
            sync_folder(target.parent)
        return self.info(path)

    def mkdir(self, path: FilePath) -> None:
        with mapped(path):
            try:
                Path(path.key).mkdir(parents=True, exist_ok=True)
            except FileExistsError:
                raise NotADirectoryError from None

    def mv(self, source: FilePath, target: FilePath) -> None:
        with mapped(source):
            status = os.lstat(source.key)
        with mapped(target):
            if os.path.lexists(target.key):
                raise FileExistsError
            if stat.S_ISREG(status.st_mode):
                place(Path(source.key), Path(target.key), overwrite=False)
            else:
                os.rename(source.key, target.key)  # noqa: PTH104

    def rm(self, path: FilePath, *, recursive: bool = False) -> None:
        with mapped(path):
            status = os.lstat(path.key)
            if not stat.S_ISDIR(status.st_mode):
                os.unlink(path.key)  # noqa: PTH108
            elif recursive:
                shutil.rmtree(path.key)
            else:
                raise IsADirectoryError


def _fill(descriptor: int, chunks: Iterable[bytes], mode: int | None, path: FilePath) -> None:
    """Write everything and have it on the disk; the caller's own errors come through as is."""
    try:
        for chunk in chunks:
            view = memoryview(chunk)
            with mapped(path):
                while view:
                    view = view[os.write(descriptor, view) :]
        with mapped(path):
            if mode is not None:
                os.fchmod(descriptor, mode)
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
