"""What the files of a tree are called where they are copied to.

S3's keys hold what no folder of another store can: `a//b`, `../x`, a leading slash. There such
a segment becomes `_`s, what the local disk cannot spell changes as `local_name` says, and two
names that would become one are told apart. Every change is told.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field

from emr_nb.files.copy import local_name
from emr_nb.model import FilePath

_LONGEST = 255  # bytes of a name on most disks
_ROOM = 40  # bytes left for our own temporary name around it
_DOTS = {"": "_", ".": "_", "..": "__"}


@dataclass(slots=True)
class Naming:
    """Names below one target folder; the same source name is the same target name."""

    root: FilePath
    changed: list[tuple[str, str]] = field(default_factory=list)
    _folders: dict[str, str] = field(default_factory=dict)  # source folder → target folder
    _taken: dict[str, str] = field(default_factory=dict)  # target, as the disk compares → source

    def place(self, relative: str, *, folder: bool = False) -> FilePath:
        """Return where a source's path below its folder goes."""
        if self.root.scheme == "s3":  # a key holds everything
            return self._below(relative + "/" if folder and relative else relative)
        if folder:
            return self._below(self._folder(relative.rstrip("/")))
        above, slash, name = relative.rpartition("/")
        base = self._folder(above) + "/" if slash else ""
        return self._below(self._free(base, name, relative))

    def _folder(self, relative: str) -> str:
        if relative not in self._folders:
            above, slash, name = relative.rpartition("/")
            base = self._folder(above) + "/" if slash else ""
            self._folders[relative] = self._free(base, name, f"{relative}/")
        return self._folders[relative]

    def _free(self, base: str, name: str, source: str) -> str:
        wanted = spelled(name, local=self.root.scheme == "file")
        target, number = base + wanted, 2
        while self._taken.setdefault(self._compared(target), source) != source:
            stem, dot, ending = wanted.rpartition(".")
            target = (
                f"{base}{stem}~{number}.{ending}" if stem and dot else f"{base}{wanted}~{number}"
            )
            number += 1
        if target != base + name:
            self.changed.append((source, target))
        return target

    def _compared(self, target: str) -> str:
        return target.casefold() if self.root.scheme == "file" and os.name == "nt" else target

    def _below(self, relative: str) -> FilePath:
        if not relative:
            return self.root
        base = self.root.key
        base += "/" if base and not base.endswith("/") else ""
        return FilePath(self.root.scheme, self.root.authority, base + relative)


def spelled(name: str, *, local: bool) -> str:
    """Return one segment as a folder store, or this machine's disk, can have it."""
    if name in _DOTS:
        return _DOTS[name]
    if not local:
        return name
    made = local_name(FilePath("file", "", f"/{name}"))
    raw = os.fsencode(made)
    if len(raw) <= _LONGEST:
        return made
    digest = hashlib.sha256(raw).hexdigest()[:8]
    stem, dot, ending = made.rpartition(".")
    if not stem or len(ending.encode("utf-8", "surrogateescape")) > _ROOM:
        stem, dot, ending = made, "", ""
    kept = raw[: _LONGEST - len(os.fsencode(f"~{digest}{dot}{ending}"))]
    return f"{kept.decode('utf-8', 'ignore')}~{digest}{dot}{ending}"
