"""Checksums of copies, compared where both sides tell one of the same kind."""

from __future__ import annotations

from dataclasses import dataclass, field

from emr_nb.errors import EncryptedFileError, FileError, PathDeniedError, StoreLacksError
from emr_nb.files.abilities import Checksum, Checksums
from emr_nb.files.base import FileSystem
from emr_nb.model import FileEntry

_LARGE = 8 * 1024 * 1024  # bytes; what S3 tells of files in parts is of another kind


@dataclass(slots=True)
class Verifier:
    """Remembers between which stores there is nothing to compare, and asks them no more."""

    _useless: set[tuple[str, str, bool]] = field(default_factory=set)

    def check(
        self,
        source_fs: FileSystem,
        source: FileEntry,
        target_fs: FileSystem,
        target: FileEntry,
        md5: str,
    ) -> None:
        """Raise FileError, and remove the copy, where checksums differ.

        `md5` is of the bytes as they passed; this disk's own files are not read again.
        """
        pair = (source.path.scheme, target.path.scheme, target.size >= _LARGE)
        if pair in self._useless:
            return
        passed = Checksum("MD5", md5)
        try:
            there = _told(target_fs, target) or passed
            from_source = None if _same_kind(there, passed) and there is not passed else _told(
                source_fs, source
            )  # fmt: skip
        except EncryptedFileError:  # of this file alone: lengths must do
            return
        here = from_source or passed
        if there is here or not _same_kind(there, here):
            self._useless.add(pair)
        elif there.value.lower() != here.value.lower():
            target_fs.rm(target.path)
            raise FileError(
                f"The copy's checksum is not that of {source.path}; the copy was removed",
                where=str(target.path),
                advice="Copy it again; if that does not help, the way or a disk damages bytes.",
            )


def _told(fs: FileSystem, entry: FileEntry) -> Checksum | None:
    if entry.path.scheme == "file" or not isinstance(fs, Checksums):
        return None
    try:
        return fs.checksum(entry.path)
    except EncryptedFileError:
        raise
    except (StoreLacksError, PathDeniedError):
        return None


def _same_kind(one: Checksum, other: Checksum) -> bool:
    return one.algorithm.upper() == other.algorithm.upper()
