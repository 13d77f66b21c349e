"""All of a folder, page by page, and all below it, by what the store can do."""

from __future__ import annotations

from collections.abc import Iterator

from emr_nb.files.abilities import Summary, Summed, Walks
from emr_nb.files.base import FileSystem
from emr_nb.model import FileEntry, FilePath


def pages(fs: FileSystem, path: FilePath) -> Iterator[FileEntry]:
    """Yield the entries of a folder as its pages arrive; a file is its own."""
    page = fs.ls(path)
    yield from page.items
    while page.after is not None:
        page = fs.ls(path, page.after)
        yield from page.items


def walk(fs: FileSystem, path: FilePath) -> Iterator[FileEntry]:
    """Yield all below a path, a folder before what is in it; a file is its own.

    Folders that S3's keys only imply are told too.
    """
    if isinstance(fs, Walks):
        found = fs.walk(path)
        yield from _with_folders(path, found) if path.scheme == "s3" else found
        return
    waiting = [path]
    while waiting:
        here = waiting.pop()
        below = []
        for entry in pages(fs, here):
            yield entry
            if entry.is_directory and entry.path != here:
                below.append(entry.path)
        waiting.extend(reversed(below))


def _with_folders(root: FilePath, found: Iterator[FileEntry]) -> Iterator[FileEntry]:
    start = root.key if not root.key or root.key.endswith("/") else f"{root.key}/"
    told: set[str] = set()
    for entry in found:
        key = entry.path.key
        if not key.startswith(start) or key == start:
            yield entry
            continue
        bare = key[:-1] if entry.is_directory and key.endswith("/") else key
        at = bare.find("/", len(start))
        while at >= 0:
            above = bare[: at + 1]
            if above not in told:
                told.add(above)
                yield FileEntry(FilePath(root.scheme, root.authority, above), "directory")
            at = bare.find("/", at + 1)
        if entry.is_directory:
            if f"{bare}/" in told:
                continue
            told.add(f"{bare}/")
        yield entry


def summary(fs: FileSystem, path: FilePath) -> Summary:
    """Count all below a path; a folder counts itself, as HDFS has it."""
    if isinstance(fs, Summed):
        return fs.summary(path)
    files = size = 0
    folders = int(fs.info(path).is_directory)
    for entry in walk(fs, path):
        folders += entry.is_directory
        files += not entry.is_directory
        size += entry.size
    return Summary(files, folders, size)


def below(entry: FilePath, root: FilePath) -> str:
    """Return a path's text below a root, without a closing slash; its name where it is the root."""
    base = root.key if root.key.endswith("/") or not root.key else f"{root.key}/"
    if entry.key.startswith(base) and entry.key != base:
        return entry.key[len(base) :].rstrip("/") or entry.name
    return entry.name
