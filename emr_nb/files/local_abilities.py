"""What the local disk can do beyond the protocol: permissions, owners, walks, sums, checksums."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from emr_nb.errors import FileError, PathDeniedError, PathIsDirectoryError, UsageError
from emr_nb.files.abilities import Checksum, Summary
from emr_nb.files.local_disk import entry_of, mapped
from emr_nb.model import FileEntry, FilePath

_CHUNK = 1024 * 1024


class LocalAbilities:
    """Mixed into the local file system."""

    def walk(self, path: FilePath) -> Iterator[FileEntry]:
        """Yield all below a path, a folder before what is in it; links to folders stay links."""
        with mapped(path):
            status = os.stat(path.key)  # noqa: PTH116 -- a Path would drop a closing slash
        if not stat.S_ISDIR(status.st_mode):
            yield entry_of(path, status)
            return
        waiting = [path]
        while waiting:
            here = waiting.pop()
            with mapped(here):
                found = sorted(os.scandir(here.key), key=lambda e: e.name)
            below = []
            for item in found:
                entry = _described(here.child(item.name), item)
                if entry is None:
                    continue
                yield entry
                if entry.is_directory:
                    below.append(entry.path)
            waiting.extend(reversed(below))

    def summary(self, path: FilePath) -> Summary:
        """Count what lies below; a folder counts itself."""
        with mapped(path):
            status = os.stat(path.key)  # noqa: PTH116
        if not stat.S_ISDIR(status.st_mode):
            return Summary(1, 0, status.st_size)
        files, folders, size = 0, 1, 0
        for entry in self.walk(path):
            files += not entry.is_directory
            folders += entry.is_directory
            size += entry.size
        return Summary(files, folders, size)

    def chmod(self, path: FilePath, mode: str) -> None:
        """Set the permissions; `mode` is octal text."""
        if not re.fullmatch(r"[0-7]{3,4}", mode):
            raise UsageError(f"{mode!r} are no permissions", advice="Write them as 644 or 1777.")
        with mapped(path):
            Path(path.key).chmod(int(mode, 8))

    def chown(self, path: FilePath, owner: str = "", group: str = "") -> None:
        """Set owner and group; raises UsageError for names that this machine does not know."""
        with mapped(path):
            os.chown(path.key, _id("user", owner), _id("group", group))

    def touch(self, path: FilePath) -> FileEntry:
        """Set the time of change to now, or make an empty file."""
        with mapped(path):
            Path(path.key).touch()
            return entry_of(path, os.stat(path.key))  # noqa: PTH116

    def checksum(self, path: FilePath) -> Checksum:
        """Return the MD5 of a file, for which it is read."""
        digest = hashlib.md5(usedforsecurity=False)
        with mapped(path):
            if Path(path.key).is_dir():
                raise PathIsDirectoryError("It is a directory", where=str(path))
            with Path(path.key).open("rb", buffering=0) as file:
                while piece := file.read(_CHUNK):
                    digest.update(piece)
        return Checksum("MD5", digest.hexdigest())


def _described(path: FilePath, item: os.DirEntry[str]) -> FileEntry | None:
    """Return the entry of a name; None where it is gone meanwhile."""
    with suppress(FileNotFoundError):
        try:
            status = item.stat()
        except FileNotFoundError:
            status = item.stat(follow_symlinks=False)  # a link to nowhere
        except PermissionError as error:
            raise PathDeniedError(f"Not allowed: {error.strerror}", where=str(path)) from error
        except OSError as error:  # links in a circle
            if not item.is_symlink():
                raise FileError(error.strerror or str(error), where=str(path)) from error
            status = item.stat(follow_symlinks=False)
        if stat.S_ISDIR(status.st_mode) and item.is_symlink():
            status = item.stat(follow_symlinks=False)
        return entry_of(path, status)
    return None


def _id(kind: str, name: str) -> int:
    """Return the number of a user or group; -1 leaves it as it is."""
    if not name or name.isdigit():
        return int(name or -1)
    try:
        if kind == "user":
            import pwd

            return pwd.getpwnam(name).pw_uid
        import grp

        return grp.getgrnam(name).gr_gid
    except (ImportError, KeyError) as error:
        raise UsageError(f"This machine knows no {kind} {name!r}") from error
