"""The files of a folder: which are parts of its table, and which a writer left beside them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import unquote

from emr_nb.errors import PathNotFoundError
from emr_nb.files.base import FileSystem
from emr_nb.files.preview.source import AT_ONCE
from emr_nb.model import FileEntry, FilePath

_FOLDERS = 64  # that are listed on one level
_FILES = 20_000
_LEVELS = 12
T = TypeVar("T")
DEFAULT = "__HIVE_DEFAULT_PARTITION__"


@dataclass(frozen=True, slots=True)
class Part:
    """A file of the folder; `name` is its path below it, `keys` what its folders tell."""

    entry: FileEntry
    name: str
    keys: tuple[tuple[str, str | None], ...] = ()


@dataclass(frozen=True, slots=True)
class Listing:
    """What lies below a folder; `complete` False where only some of its folders were looked at."""

    parts: tuple[Part, ...]
    hidden: tuple[str, ...]
    empty: tuple[str, ...]
    complete: bool
    notes: tuple[str, ...] = ()


def is_hidden(name: str) -> bool:
    """Tell whether a name is what Hadoop's readers leave out."""
    if name.startswith("."):
        return True
    if name.startswith("_"):
        return "=" not in name  # a partition by a column of such a name
    return name.endswith((".crc", "_$folder$", "._COPYING_"))


def entries(fs: FileSystem, path: FilePath, most: int = _FILES) -> Iterator[FileEntry]:
    """Yield a folder's entries, page by page, up to a number."""
    found = 0
    page = fs.ls(path)
    while True:
        for entry in page.items:
            if entry.path != path:
                yield entry
            found += 1
        if page.after is None or found >= most:
            return
        page = fs.ls(path, page.after)


def exists(fs: FileSystem, path: FilePath) -> bool:
    """Tell whether a path is there."""
    try:
        fs.info(path)
    except PathNotFoundError:
        return False
    return True


def below(fs: FileSystem, root: FilePath) -> Listing:
    """List a folder level by level, several folders at a time; of very many, some."""
    level: list[tuple[FilePath, str]] = [(root, "")]
    parts: list[Part] = []
    hidden: list[str] = []
    notes: list[str] = []
    with ThreadPoolExecutor(AT_ONCE, "emr_nb-preview") as pool:
        for _ in range(_LEVELS):
            if not level:
                break
            if len(level) > _FOLDERS:
                notes.append(
                    f"{_FOLDERS} of {len(level):,} folders like {level[0][1]} were looked at."
                )
                level = spread(level, _FOLDERS)
            following: list[tuple[FilePath, str]] = []
            for (_, name), listed in zip(
                level, pool.map(lambda pair: list(entries(fs, pair[0])), level), strict=True
            ):
                for entry in listed:
                    below_root = f"{name}/{entry.name}".lstrip("/")
                    if is_hidden(entry.name):
                        hidden.append(below_root)
                    elif entry.is_directory:
                        following.append((entry.path, below_root))
                    else:
                        parts.append(Part(entry, below_root, _keys(name)))
            level = following if len(parts) < _FILES else []
            if len(parts) >= _FILES:
                notes.append(f"The listing ended after {len(parts):,} files.")
    empty = tuple(p.name for p in parts if not p.entry.size)
    full = tuple(p for p in parts if p.entry.size)
    return Listing(full, tuple(hidden), empty, not notes, tuple(notes))


def _keys(folder: str) -> tuple[tuple[str, str | None], ...]:
    """Return the columns that folder names like `day=2024-01-01` tell."""
    found: list[tuple[str, str | None]] = []
    for name in folder.split("/"):
        key, equals, value = name.partition("=")
        if equals and key:
            found.append((unquote(key), None if value == DEFAULT else unquote(value)))
    return tuple(found)


def spread(items: Sequence[T], most: int) -> list[T]:
    """Return the first, the last and others evenly between, in order."""
    if len(items) <= most:
        return list(items)
    step = (len(items) - 1) / (most - 1)
    return [items[round(n * step)] for n in range(most)]
