"""Which format a file or folder has, by its name and those of what lies in it."""

from __future__ import annotations

from dataclasses import dataclass

from emr_nb.files.base import FileSystem
from emr_nb.model import FileEntry, FilePath

_BY_END = {
    "parquet": "parquet", "pq": "parquet", "orc": "orc", "avro": "avro", "csv": "csv",
    "tsv": "tsv", "json": "json", "jsonl": "json", "ndjson": "json", "txt": "text",
    "log": "text", "arrow": "arrow", "feather": "arrow",
}  # fmt: skip
_PACKED = frozenset({"gz", "bz2", "zst", "snappy", "lz4", "deflate", "xz"})
_LAKES = {"_delta_log": "delta", ".hoodie": "hudi"}
_DEEPEST = 4  # folders of partitions that are looked into


@dataclass(frozen=True, slots=True)
class Told:
    """A format (`""` where names do not tell it) and the columns that folders' names are."""

    format: str
    partitions: tuple[str, ...] = ()


def format_of(name: str) -> str:
    """Return the format that a file's name tells, below a compression's ending too."""
    parts = name.lower().split(".")
    while len(parts) > 1 and parts[-1] in _PACKED:
        parts.pop()
    return _BY_END.get(parts[-1], "") if len(parts) > 1 else ""


def look_into(store: FileSystem, entry: FileEntry) -> Told:
    """Tell the format of a file, or of a folder by the first page of what lies in it."""
    if not entry.is_directory:
        return Told(format_of(entry.name))
    return _of_folder(store, entry.path, ())


def _of_folder(store: FileSystem, path: FilePath, partitions: tuple[str, ...]) -> Told:
    items = store.ls(path).items
    names = {e.name for e in items if e.is_directory}
    for mark, lake in _LAKES.items():
        if mark in names:
            return Told(lake)
    if {"metadata", "data"} <= names:
        return Told("iceberg")
    data = [e for e in items if not e.name.startswith(("_", "."))]
    for entry in data:
        if not entry.is_directory and (found := format_of(entry.name)):
            return Told(found, partitions)
    for entry in data:
        column, equals, _ = entry.name.partition("=")
        if entry.is_directory and equals and len(partitions) < _DEEPEST:
            return _of_folder(store, entry.path, (*partitions, column))
    return Told("", partitions)
