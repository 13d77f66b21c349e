"""What our files on the local disk share: entries, names put in place, errors mapped once."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from emr_nb.errors import (
    DiskFullError,
    EmrError,
    FileError,
    PathDeniedError,
    PathExistsError,
    PathIsDirectoryError,
    PathNotDirectoryError,
    PathNotFoundError,
)
from emr_nb.model import FileEntry, FilePath

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def place(temporary: Path, target: Path, *, overwrite: bool) -> None:
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


def sync_folder(folder: Path) -> None:
    """Have a name that was put in place outlast a crash."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # not every file system can
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def entry_of(path: FilePath, status: os.stat_result) -> FileEntry:
    """Make an entry of what `stat` tells."""
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


@lru_cache(maxsize=256)  # a directory service may take milliseconds for each
def _owner(uid: int) -> str:
    try:
        import pwd

        return pwd.getpwuid(uid).pw_name
    except (ImportError, KeyError):
        return str(uid)


@lru_cache(maxsize=256)
def _group(gid: int) -> str:
    try:
        import grp

        return grp.getgrgid(gid).gr_name
    except (ImportError, KeyError):
        return str(gid)


@contextmanager
def mapped(path: FilePath) -> Iterator[None]:
    """Map the operating system's errors to ours, once."""
    try:
        yield
    except EmrError:
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
