"""Flat locks: the exact files of a part set, so that nothing is resolved at run time."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from importlib.resources import files
from typing import Any

LOCK_FORMAT = 1
PART_SETS = (
    *("hdfs", "yarn", "livy", "s3a", "metastore", "hive", "ecj", "trino", "trino-hive"),
    "prestosql",
    "httpfs",
)


@dataclass(frozen=True, slots=True)
class LockedFile:
    """One file of a Maven repository: `group:artifact:version[:classifier]`, size in bytes."""

    coordinate: str
    packaging: str
    sha256: str
    size: int

    @property
    def name(self) -> str:
        """The file's name in a Maven repository."""
        _, artifact, version, *classifier = self.coordinate.split(":")
        return f"{'-'.join([artifact, version, *classifier])}.{self.packaging}"

    @property
    def path(self) -> str:
        """The file's path below a Maven repository's base URL (Maven's default layout)."""
        group, artifact, version, *_ = self.coordinate.split(":")
        return f"{group.replace('.', '/')}/{artifact}/{version}/{self.name}"


@dataclass(frozen=True, slots=True)
class Lock:
    """The files of one part set, in class-path order."""

    part: str
    version: str
    files: tuple[LockedFile, ...]

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(file.size for file in self.files)

    @property
    def key(self) -> str:
        """The folder name of this set in the cache; another set of files has another name."""
        import hashlib

        digest = hashlib.sha256("".join(file.sha256 for file in self.files).encode())
        return f"{self.part}-{self.version}-{digest.hexdigest()[:8]}"

    def to_json(self) -> str:
        """Return the lock as the text of a lock file."""
        body: dict[str, Any] = {"format": LOCK_FORMAT, "part": self.part, "version": self.version}
        rows = ",\n    ".join(json.dumps(asdict(file)) for file in self.files)
        head = json.dumps(body)[:-1]
        return f'{head}, "size": {self.size},\n  "files": [\n    {rows}\n  ]}}\n'

    @classmethod
    def from_json(cls, text: str) -> Lock:
        """Read a lock file's text; raises ValueError on another format."""
        body = json.loads(text)
        if body.get("format") != LOCK_FORMAT:
            raise ValueError(f"lock format {body.get('format')!r}, expected {LOCK_FORMAT}")
        return cls(body["part"], body["version"], tuple(LockedFile(**f) for f in body["files"]))


def load(part: str) -> Lock:
    """Return the lock of a part set that ships with the package."""
    text = files("emr_nb.local.locks").joinpath(f"{part}.json").read_text(encoding="utf-8")
    return Lock.from_json(text)
