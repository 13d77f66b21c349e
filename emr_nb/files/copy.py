"""Copying between stores, and local names for remote files."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from typing import Protocol

from emr_nb.errors import FileError, PathIsDirectoryError, UsageError
from emr_nb.files.base import FileSystem
from emr_nb.model import FileEntry, FilePath

Progress = Callable[[int, int | None], None]


class Digest(Protocol):
    """What takes bytes on their way: a hash of hashlib."""

    def update(self, data: bytes, /) -> None: ...


# controls, and the marks that turn the direction of text (a name must look like what it is)
_UNSAFE = re.compile(
    r"[\x00-\x1f\x7f-\x9f/\\\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]"
)
_RESERVED = re.compile(r"(?i)^(con|prn|aux|nul|com\d|lpt\d)(\.|$)")


def copy_file(
    source_fs: FileSystem,
    source: FilePath,
    target_fs: FileSystem,
    target: FilePath,
    *,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> FileEntry:
    """Copy one file as a stream: bounded memory, no temporary file here.

    `progress(done, total)` is called in bytes. Raises what both stores raise, and FileError
    when the copy is not as long as its source; nothing partial is left at the target.
    """
    entry = source_fs.info(source)
    if entry.is_directory:
        raise PathIsDirectoryError(
            "It is a directory, and one file is copied at a time", where=str(source)
        )
    if source == target:
        raise UsageError("Source and target are the same file", where=str(source))
    return copy_entry(source_fs, entry, target_fs, target, overwrite=overwrite, progress=progress)


def copy_entry(
    source_fs: FileSystem,
    entry: FileEntry,
    target_fs: FileSystem,
    target: FilePath,
    *,
    overwrite: bool = False,
    progress: Progress | None = None,
    digest: Digest | None = None,
) -> FileEntry:
    """Copy a file that a listing told; `digest` is given its bytes on their way.

    Raises as `copy_file` does, and what `progress` raises: it may break a copy off.
    """

    def counted() -> Iterator[bytes]:
        done = 0
        for chunk in source_fs.read(entry.path):
            done += len(chunk)
            if digest is not None:
                digest.update(chunk)
            yield chunk
            if progress is not None:
                progress(done, entry.size)
        if done != entry.size:  # before the target is given its name
            raise changed_meanwhile(entry, done)

    if progress is not None:
        progress(0, entry.size)
    made = target_fs.write(target, counted(), overwrite=overwrite)
    if made.size != entry.size:
        raise FileError(
            f"{entry.size:,} bytes were written, and {made.size:,} are there", where=str(target)
        )
    return made


def changed_meanwhile(entry: FileEntry, done: int) -> FileError:
    """Return the error of a source that is not as long as its listing said."""
    return FileError(
        f"The source had {entry.size:,} bytes and now gave {done:,}",
        where=str(entry.path),
        advice="It is being written; copy it again.",
    )


def local_name(source: FilePath) -> str:
    """Return the name that a remote file gets here; it can name nothing but a file in a folder.

    Control characters, text-direction marks, slashes and backslashes become `_`; on Windows
    so do its reserved names. Raises UsageError for what is no name (`..`, an empty one).
    """
    raw = source.key.rstrip("/").rpartition("/")[2]
    name = _UNSAFE.sub("_", raw)
    if os.name == "nt":
        name = re.sub(r'[<>:"|?*]', "_", name).rstrip(". ")
        name = f"_{name}" if _RESERVED.match(name) else name
    if name in ("", ".", ".."):
        raise UsageError(
            f"{raw!r} is not a name that a local file can have",
            where=str(source),
            advice="Give the local file's name: `%emr get REMOTE ./name`.",
        )
    return name
