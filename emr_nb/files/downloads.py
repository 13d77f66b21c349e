"""Downloads of large files that go on where they broke off.

The bytes lie under a hidden name that tells the source's identity: another version of the source
has another name, so what is there can only be the beginning of this one. It is asked again
before the file gets its own name.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from emr_nb.errors import DiskFullError, EmrError, FileError, PathIsDirectoryError
from emr_nb.files.base import FileSystem
from emr_nb.files.copy import Progress, changed_meanwhile
from emr_nb.files.local_disk import entry_of, mapped, place, sync_folder
from emr_nb.model import FileEntry, FilePath

WORTH = 8 * 1024 * 1024  # bytes; shorter files are read again
_LONGEST = 100  # bytes of the file's own name in the hidden one


def proof(entry: FileEntry) -> str:
    """Return what changes when a file does; empty where its store tells nothing of that kind."""
    if entry.etag:
        return f"{entry.size} {entry.etag} {entry.extra.get('version', '')}"
    if entry.modified is None:
        return ""
    return f"{entry.size} {entry.modified.isoformat()} {entry.extra.get('fileId', '')}"


def is_worth(entry: FileEntry, target: FilePath) -> bool:
    """Tell whether a copy is a download that could go on later."""
    return target.scheme == "file" and entry.size >= WORTH and bool(proof(entry))


def part_of(entry: FileEntry, target: FilePath) -> Path:
    """Return where the beginning of a download lies until it is whole."""
    known = hashlib.sha256(f"{entry.path} {proof(entry)}".encode("utf-8", "surrogateescape"))
    name = os.fsencode(Path(target.key).name)[:_LONGEST].decode("utf-8", "ignore")
    return Path(target.key).with_name(f".{name}.{known.hexdigest()[:16]}.emr_nb-part")


def download(
    fs: FileSystem,
    entry: FileEntry,
    target: FilePath,
    *,
    overwrite: bool = False,
    resume: bool = False,
    progress: Progress | None = None,
) -> FileEntry:
    """Copy a file to this disk; with `resume` it goes on behind what an earlier try left.

    An interrupt or a broken connection leaves the hidden beginning, an error says where;
    a full disk leaves nothing. Raises FileError when the source changed meanwhile.
    """
    part = part_of(entry, target)
    with mapped(target):
        if Path(target.key).is_dir():
            raise PathIsDirectoryError("It is a directory", where=str(target))
        if not overwrite and os.path.lexists(target.key):
            raise FileExistsError
    with _held(part, target) as file:
        try:
            _fill(file, fs, entry, target, resume=resume, progress=progress)
            _still_the_same(fs, entry)
        except BaseException as error:
            if isinstance(error, DiskFullError) or not os.fstat(file.fileno()).st_size:
                _forget(part)
            elif isinstance(error, EmrError) and not error.advice:
                error.advice = "--continue goes on behind what is here already."
            raise
        with mapped(target):
            if overwrite and Path(target.key).is_file():  # its permissions stay
                part.chmod(stat.S_IMODE(Path(target.key).stat().st_mode))
            os.fsync(file.fileno())
            place(part, Path(target.key), overwrite=overwrite)
            sync_folder(part.parent)
    with mapped(target):
        return entry_of(target, os.stat(target.key))  # noqa: PTH116


def _fill(
    file: IO[bytes],
    fs: FileSystem,
    entry: FileEntry,
    target: FilePath,
    *,
    resume: bool,
    progress: Progress | None,
) -> None:
    with mapped(target):
        file.seek(0, os.SEEK_END)
        done = file.tell() if resume else 0
        done = done if done <= entry.size else 0
        file.seek(done)
        file.truncate()
    if progress is not None:
        progress(done, entry.size)
    for chunk in fs.read(entry.path, done) if done else fs.read(entry.path):
        with mapped(target):
            view = memoryview(chunk)
            while view:
                view = view[file.write(view) :]
        done += len(chunk)
        if progress is not None:
            progress(done, entry.size)
    if done != entry.size:
        raise changed_meanwhile(entry, done)


def _still_the_same(fs: FileSystem, entry: FileEntry) -> None:
    now = fs.info(entry.path)
    if proof(now).split(" ")[:2] != proof(entry).split(" ")[:2]:
        raise FileError(
            "The source changed while it was being copied",
            where=str(entry.path),
            advice="Copy it again; what came of the old one is not used.",
        )


@contextmanager
def _held(part: Path, target: FilePath) -> Iterator[IO[bytes]]:
    """Open the hidden file for one writer; a second one at the same time is refused."""
    with mapped(target):
        descriptor = os.open(part, os.O_RDWR | os.O_CREAT, 0o666)
    with open(descriptor, "r+b", buffering=0) as file:  # noqa: PTH123 -- a descriptor
        with suppress(ImportError):
            import fcntl  # not on Windows: there two writers of one file are not told apart

            try:
                fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise FileError(
                    "It is being downloaded to this name already", where=str(target),
                    advice="Wait for the other download, or give another name.",
                ) from error  # fmt: skip
        yield file


def _forget(part: Path) -> None:
    with suppress(OSError):
        part.unlink()
