"""Paths and listings of the stores: frozen dataclasses, re-exported by emr_nb.model."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

T = TypeVar("T")

_SCHEMES = {"s3a": "s3", "s3n": "s3", "webhdfs": "hdfs"}


@dataclass(frozen=True, slots=True)
class FilePath:
    """A path on one store: `scheme` is `hdfs`, `s3` or `file`, `authority` host or bucket.

    `key` is the path as stored: absolute with a leading slash for hdfs and file; for s3 the
    object key exactly as it is, without the slash after the bucket.
    """

    scheme: str
    authority: str
    key: str

    @classmethod
    def parse(cls, text: str, default_scheme: str = "hdfs") -> FilePath:
        """Parse a URL or a bare absolute path; raises ValueError on anything else.

        `s3a://` and `s3n://` are `s3://`. Nothing is normalised or unquoted: an S3 key may
        hold `//`, `..`, `%` and `?`, and HDFS and local paths are names too.
        """
        scheme, separator, rest = text.partition("://")
        if separator:
            scheme = _SCHEMES.get(scheme.lower(), scheme.lower())
            authority, slash, key = rest.partition("/")
            return cls(scheme, authority, key if scheme == "s3" else slash + key or "/")
        if text.startswith("file:/"):
            return cls("file", "", text[5:])
        if text.startswith("/"):
            return cls(default_scheme, "", text)
        raise ValueError(f"not an absolute path or URL: {text!r}")

    def __str__(self) -> str:
        slash = "/" if self.scheme == "s3" else ""
        return f"{self.scheme}://{self.authority}{slash}{self.key}"

    @property
    def name(self) -> str:
        """The last segment, without a closing slash."""
        return posixpath.basename(self.key.rstrip("/"))

    def child(self, name: str) -> FilePath:
        """Return the path of an entry directly below this one."""
        joined = self.key + name if self.key.endswith("/") or not self.key else f"{self.key}/{name}"
        return FilePath(self.scheme, self.authority, joined)


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One name in a listing; sizes in bytes, `kind` is `file`, `directory` or `symlink`.

    Fields that a store does not have stay empty or None. `permissions` is octal text
    (`"755"`) on hdfs and file.
    """

    path: FilePath
    kind: str
    size: int = 0
    modified: datetime | None = None
    owner: str = ""
    group: str = ""
    permissions: str = ""
    replication: int | None = None
    block_size: int | None = None
    storage_class: str = ""
    etag: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def is_directory(self) -> bool:
        return self.kind == "directory"


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a listing; `after` is the cursor for the next page, None at the end."""

    items: Sequence[T]
    after: str | None = None
