"""Folders as the browser shows them: the parts of a path, names within it, paths typed by hand."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator

from emr_nb.errors import UsageError
from emr_nb.files.base import FileSystem
from emr_nb.model import FileEntry, FilePath
from emr_nb.wording import printable

Part = tuple[str, FilePath]


def parts_of(path: FilePath) -> list[Part]:
    """Return what stands in a breadcrumb, from the store's root to the path itself."""
    if path.scheme == "s3":
        parts = [("s3://", FilePath("s3", "", ""))]
        if path.authority:
            parts.append((path.authority, FilePath("s3", path.authority, "")))
        start = ""
    else:
        parts = [(f"{path.scheme}://{path.authority}", FilePath(path.scheme, path.authority, "/"))]
        start = "/"
    rest = path.key[len(start) :]
    at = 0
    while at < len(rest):
        end = rest.find("/", at)
        end = len(rest) if end < 0 else end
        key = start + rest[: end + 1 if path.scheme == "s3" else end]
        parts.append((rest[at:end], FilePath(path.scheme, path.authority, key)))
        at = end + 1
    return [(printable(name), where) for name, where in parts]


def above(path: FilePath) -> FilePath:
    """Return the folder that holds a path; a root is above itself."""
    parts = parts_of(path)
    return parts[-2][1] if len(parts) > 1 else path


def name_in(folder: FilePath, entry: FileEntry) -> str:
    """Return an entry's name below a folder as it is stored, without a folder's closing slash."""
    base = folder.key if folder.key.endswith("/") or not folder.key else f"{folder.key}/"
    if not folder.authority and folder.scheme == "s3":
        return entry.path.authority
    key = entry.path.key
    name = key[len(base) :] if key.startswith(base) and key != base else entry.name
    return name.removesuffix("/") if entry.is_directory else name


def typed(text: str, here: FilePath, resolve: Callable[[str], FilePath]) -> FilePath:
    """Return the path that somebody typed: absolute, a URL, or from the folder shown."""
    text = text.strip("\n")
    if not text.strip():
        raise UsageError("No path was given", advice="Type /path, s3://bucket/prefix or a name.")
    if "://" in text or text.startswith(("/", "file:/")):
        return resolve(text)
    if here.scheme == "s3":
        return here.child(text)
    return FilePath(here.scheme, here.authority, posixpath.normpath(here.child(text).key))


def new_name(text: str) -> str:
    """Check a name for something new in a folder; raises UsageError."""
    if not text or text in (".", "..") or "/" in text or "\0" in text:
        raise UsageError(
            f"{text!r} is no name for a file or folder", advice="A name has no slash in it."
        )
    return text


def below(store: FileSystem, root: FileEntry) -> Iterator[tuple[FileEntry, str]]:
    """Yield all below a folder with their names from there."""
    waiting = [(root.path, "")]
    while waiting:
        here, prefix = waiting.pop()
        after: str | None = None
        while True:
            page = store.ls(here, after)
            for entry in page.items:
                relative = prefix + name_in(here, entry)
                yield entry, relative
                if entry.is_directory and entry.path != here:
                    waiting.append((entry.path, f"{relative}/"))
            after = page.after
            if after is None:
                break
