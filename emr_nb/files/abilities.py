"""What some stores can do beyond `FileSystem`: small protocols, asked for by `isinstance`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from emr_nb.errors import StoreLacksError
from emr_nb.model import FileEntry, FilePath, Page


@dataclass(frozen=True, slots=True)
class Summary:
    """All that lies below a path; bytes, and `space` with replicas. Quotas are None where unset."""

    files: int
    directories: int
    bytes: int
    space: int | None = None
    name_quota: int | None = None
    space_quota: int | None = None


@dataclass(frozen=True, slots=True)
class Checksum:
    """A checksum as the store tells it, `algorithm` in the store's own spelling, `value` hex."""

    algorithm: str
    value: str


@dataclass(frozen=True, slots=True)
class Detail:
    """What one more question tells of a path: encryption, access lists, snapshots, versions.

    `facts` are label and text in the order to show; `encryption` is EMRFS's word for how the
    bytes lie there (`SSE-S3`, `SSE-KMS`, `DSSE-KMS`, `SSE-C`, `CSE-KMS`, `CSE-Custom`), empty
    where there is none; `readable` is False for what `read` would refuse, with `reason`.
    """

    entry: FileEntry
    facts: Sequence[tuple[str, str]] = ()
    encryption: str = ""
    key: str = ""
    readable: bool = True
    reason: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)


@runtime_checkable
class Walks(Protocol):
    """Lists all below a path faster than folder by folder."""

    def walk(self, path: FilePath) -> Iterator[FileEntry]: ...


@runtime_checkable
class Summed(Protocol):
    """Counts all below a path by one question."""

    def summary(self, path: FilePath) -> Summary: ...


@runtime_checkable
class Details(Protocol):
    """Tells more of one path than a listing does."""

    def detail(self, path: FilePath) -> Detail: ...


@runtime_checkable
class Identified(Protocol):
    """Knows as whom a path is read, and what else of its place a reader should know."""

    def identity(self, path: FilePath) -> str:
        """Return it in words, by what is known already: nothing is asked for it."""
        ...


@runtime_checkable
class ReadOnly(Protocol):
    """Changes nothing."""

    def refuse(self, path: FilePath) -> StoreLacksError:
        """Return the error of what would change a path."""
        ...


def must_change(fs: object, path: FilePath) -> None:
    """Raise StoreLacksError at once for a store that changes nothing, before work is done."""
    if isinstance(fs, ReadOnly):
        raise fs.refuse(path)


@runtime_checkable
class Beginnings(Protocol):
    """Lists the names of a directory that begin in one way, however many others it has.

    One page; of a store that sorts by bytes, the first names of those.
    """

    def beginning(self, path: FilePath, name: str) -> Page[FileEntry]: ...


@runtime_checkable
class Permissions(Protocol):
    """Has an owner, a group and permissions; `mode` is octal text, empty names stay as they are."""

    def chmod(self, path: FilePath, mode: str) -> None: ...

    def chown(self, path: FilePath, owner: str = "", group: str = "") -> None: ...


@runtime_checkable
class Replicated(Protocol):
    """Keeps a number of replicas per file."""

    def setrep(self, path: FilePath, replicas: int) -> None: ...


@runtime_checkable
class Trash(Protocol):
    """Moves what is removed to a trash; returns where it lies, None where there is no trash."""

    def trash(self, path: FilePath) -> FilePath | None: ...


@runtime_checkable
class TrashTold(Protocol):
    """Tells whether what is removed at a path goes to a trash, before anything is removed."""

    def keeps_removed(self, path: FilePath) -> bool: ...


@runtime_checkable
class Checksums(Protocol):
    """Tells a file's checksum without sending its bytes."""

    def checksum(self, path: FilePath) -> Checksum: ...


@runtime_checkable
class Versions(Protocol):
    """Keeps earlier versions of a file; `extra["version"]` of an entry names one."""

    def versions(self, path: FilePath, after: str | None = None) -> Page[FileEntry]: ...


@runtime_checkable
class StoredSizes(Protocol):
    """Lists how much is stored, which can be more than `read` gives; `info` tells the latter."""

    def info(self, path: FilePath) -> FileEntry: ...

    def seals(self, path: FilePath) -> bool:
        """Tell whether what is written at a path is stored in another size."""
        ...


@runtime_checkable
class Touches(Protocol):
    """Sets a file's time of change to now, making an empty file where there is none."""

    def touch(self, path: FilePath) -> FileEntry: ...


@runtime_checkable
class Snapshots(Protocol):
    """Keeps snapshots of a folder, which are listed, read and compared."""

    def snapshots(self, path: FilePath) -> Sequence[FileEntry]: ...

    def changes(self, path: FilePath, older: str, newer: str = "") -> Sequence[tuple[str, str]]: ...
