"""The disk of the machine that the notebook runs on."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from emr_nb.context import ClusterContext
from emr_nb.errors import (
    DiskFullError,
    FileError,
    PathDeniedError,
    PathExistsError,
    PathIsDirectoryError,
    PathNotDirectoryError,
    PathNotFoundError,
)
from emr_nb.model import FileEntry, FilePath, Page

_CHUNK = 1024 * 1024
_PAGE = 1000
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class LocalFileSystemFactory:
    """Makes the local file system; no cluster has a part in it."""

    def __call__(self, context: ClusterContext) -> LocalFileSystem:  # noqa: ARG002
        return LocalFileSystem()


class LocalFileSystem:
    """Files of this machine; names that are not UTF-8 go through as surrogates."""

    scheme = "file"

    def ls(self, path: FilePath, after: str | None = None) -> Page[FileEntry]:
        with _mapped(path):
            status = os.stat(path.key)  # noqa: PTH116 -- a Path would drop a closing slash
            if not stat.S_ISDIR(status.st_mode):
                return Page([_entry(path, status)])
            names = sorted(name for name in os.listdir(path.key) if after is None or name > after)  # noqa: PTH208
        entries = []
        for name in names[:_PAGE]:
            with suppress(FileNotFoundError, PathNotFoundError):  # gone meanwhile
                entries.append(self.info(path.child(name)))
        return Page(entries, names[_PAGE - 1] if len(names) > _PAGE else None)

    def info(self, path: FilePath) -> FileEntry:
        with _mapped(path):
            try:
                return _entry(path, os.stat(path.key))  # noqa: PTH116
            except FileNotFoundError:
                return _entry(path, os.lstat(path.key))  # a link to nowhere

    def read(self, path: FilePath, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        with _mapped(path):
            if Path(path.key).is_dir():
                raise IsADirectoryError
            file = Path(path.key).open("rb", buffering=0)  # noqa: SIM115 -- closed below
        with file:
            with _mapped(path):
                size = os.fstat(file.fileno()).st_size
                file.seek(min(start, size))
            left = max(0, size - start) if length is None else min(length, max(0, size - start))
            while left:
                with _mapped(path):
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
        with _mapped(path):
            if target.is_dir():
                raise IsADirectoryError
            if not overwrite and os.path.lexists(target):
                raise FileExistsError
            mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else None
            temporary = target.with_name(f".emr_nb-{secrets.token_hex(8)}.part")
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        try:
            _fill(descriptor, chunks, mode, path)
            with _mapped(path):
                _place(temporary, target, overwrite=overwrite)
        finally:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
        with _mapped(path):
            _sync_folder(target.parent)
        return self.info(path)

    def mkdir(self, path: FilePath) -> None:
        with _mapped(path):
            try:
                Path(path.key).mkdir(parents=True, exist_ok=True)
            except FileExistsError:
                raise NotADirectoryError from None

    def mv(self, source: FilePath, target: FilePath) -> None:
        with _mapped(source):
            status = os.lstat(source.key)
        with _mapped(target):
            if os.path.lexists(target.key):
                raise FileExistsError
            if stat.S_ISREG(status.st_mode):
                _place(Path(source.key), Path(target.key), overwrite=False)
            else:
                os.rename(source.key, target.key)  # noqa: PTH104

    def rm(self, path: FilePath, *, recursive: bool = False) -> None:
        with _mapped(path):
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
            with _mapped(path):
                while view:
                    view = view[os.write(descriptor, view) :]
        with _mapped(path):
            if mode is not None:
                os.fchmod(descriptor, mode)
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _place(temporary: Path, target: Path, *, overwrite: bool) -> None:
    """Give the file its name; a link refuses an existing name where a rename would replace it."""
    if overwrite:
        temporary.replace(target)
        return
    try:
        os.link(temporary, target, follow_symlinks=False)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS):
            raise
        if os.path.lexists(target):  # a disk without hard links: check, then rename
            raise FileExistsError from error
        temporary.rename(target)
        return
    temporary.unlink()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # not every file system can
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _entry(path: FilePath, status: os.stat_result) -> FileEntry:
    kind = "file"
    if stat.S_ISDIR(status.st_mode):
        kind = "directory"
    elif stat.S_ISLNK(status.st_mode):
        kind = "symlink"
    return FileEntry(
        path,
        kind,
        size=0 if kind == "directory" else status.st_size,
        modified=datetime.fromtimestamp(status.st_mtime, UTC),
        owner=_owner(status.st_uid),
        group=_group(status.st_gid),
        permissions=f"{stat.S_IMODE(status.st_mode):o}",
    )


def _owner(uid: int) -> str:
    try:
        import pwd

        return pwd.getpwuid(uid).pw_name
    except (ImportError, KeyError):
        return str(uid)


def _group(gid: int) -> str:
    try:
        import grp

        return grp.getgrgid(gid).gr_name
    except (ImportError, KeyError):
        return str(gid)


@contextmanager
def _mapped(path: FilePath) -> Iterator[None]:
    """Map the operating system's errors to ours, once."""
    try:
        yield
    except FileError:
        raise
    except FileNotFoundError as error:
        raise PathNotFoundError("Nothing is there", where=str(path)) from error
    except FileExistsError as error:
        raise PathExistsError(
            "Something is there already", where=str(path), advice="Use --overwrite to replace it."
        ) from error
    except IsADirectoryError as error:
        raise PathIsDirectoryError("It is a directory", where=str(path)) from error
    except NotADirectoryError as error:
        raise PathNotDirectoryError("It is not a directory", where=str(path)) from error
    except PermissionError as error:
        raise PathDeniedError(f"Not allowed: {error.strerror}", where=str(path)) from error
    except ValueError as error:  # a NUL in the name
        raise FileError(f"No file can have this name: {error}", where=repr(str(path))) from error
    except OSError as error:
        if error.errno in _FULL:
            raise DiskFullError(
                f"{error.strerror}; no partial file is left",
                where=str(path),
                advice="Free some space, or choose another folder.",
            ) from error
        raise FileError(error.strerror or str(error), where=str(path)) from error
