"""Removing and moving: what is gone is gone only when what it became is verified."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass

from emr_nb.errors import FileError, PathDeniedError, PathIsDirectoryError, PathNotFoundError
from emr_nb.files.abilities import Trash, TrashTold
from emr_nb.files.base import FileSystem
from emr_nb.files.downloads import proof
from emr_nb.files.plans import Plan
from emr_nb.files.walking import pages
from emr_nb.model import FileEntry, FilePath

Stores = Callable[[FilePath], FileSystem]


@dataclass(frozen=True, slots=True)
class Removed:
    """A path that is gone; `trash` is where it lies now, None where it is gone for good."""

    path: FilePath
    kind: str
    files: int = 1
    bytes: int = 0
    trash: FilePath | None = None


def remove(
    fs: FileSystem,
    entry: FileEntry,
    *,
    recursive: bool,
    skip_trash: bool,
    for_good: Callable[[FilePath], bool] = lambda _: True,
) -> FilePath | None:
    """Move a path to the store's trash and return where, else remove it for good.

    `for_good` is asked before that where there should have been a trash; raises
    PathIsDirectoryError for a folder without `recursive`.
    """
    if entry.is_directory and not recursive:
        raise PathIsDirectoryError(
            "It is a directory", where=str(entry.path), advice="-r removes all that is in it."
        )
    if not skip_trash and isinstance(fs, Trash):
        place = fs.trash(entry.path)
        if place is not None:
            return place
        if not for_good(entry.path):
            raise FileError(
                "It was not removed, and can go to no trash", where=str(entry.path),
                advice="--skip-trash removes it for good.",
            )  # fmt: skip
    fs.rm(entry.path, recursive=recursive)
    return None


def goes_to_trash(fs: FileSystem, path: FilePath) -> bool:
    """Tell whether a path would be moved to a trash; a store that does not tell has one."""
    if not isinstance(fs, Trash):
        return False
    return not isinstance(fs, TrashTold) or fs.keeps_removed(path)


def kept_by_trash(stores: Stores, paths: Iterable[FilePath]) -> dict[FilePath, bool]:
    """Tell of each path whether it goes to a trash; a store is asked once for a folder's."""
    known: dict[tuple[str, str, str, bool], bool] = {}
    kept: dict[FilePath, bool] = {}
    for path in paths:
        folder = path.key.rstrip("/").rpartition("/")[0]
        place = (path.scheme, path.authority, folder, path.name == ".Trash")
        if place not in known:
            known[place] = goes_to_trash(stores(path), path)
        kept[path] = known[place]
    return kept


def rename(fs: FileSystem, source: FilePath, target: FilePath, *, overwrite: bool = False) -> bool:
    """Move within a store; False where it has to be copied, as between two local disks.

    With `overwrite` a file that is there steps aside and comes back where the move fails.
    """
    there = None
    if overwrite:
        with suppress(PathNotFoundError):
            there = fs.info(target)
        if there is not None and there.is_directory:
            raise PathIsDirectoryError("A directory has this name", where=str(target))
    aside = FilePath(target.scheme, target.authority, f"{target.key}.emr_nb-old")
    if there is not None:
        fs.mv(target, aside)
    try:
        fs.mv(source, target)
    except BaseException as error:
        if there is not None:
            fs.mv(aside, target)
        cause = error.__cause__
        if isinstance(cause, OSError) and cause.errno == errno.EXDEV:
            return False
        raise
    if there is not None:
        fs.rm(aside)
    return True


def remove_moved(stores: Stores, plan: Plan, roots: list[FileEntry]) -> None:
    """Remove the sources of a plan whose copies are verified, then the folders they leave empty.

    Raises FileError for a source that changed meanwhile: it stays, and so does its copy.
    """
    for transfer in plan.transfers:
        fs, path = stores(transfer.source.path), transfer.source.path
        now = fs.info(path)
        if proof(now).split(" ")[:2] != proof(transfer.source).split(" ")[:2]:
            raise FileError(
                "It changed while it was being moved, and was not removed", where=str(path),
                advice="Its copy is the older one: move it again with --overwrite.",
            )  # fmt: skip
        fs.rm(path)
    for root in roots:
        if root.is_directory:
            remove_empty(stores(root.path), root.path)


def remove_empty(fs: FileSystem, folder: FilePath) -> bool:
    """Remove a folder that nothing is in, and such below it; what came meanwhile stays."""
    try:
        found = list(pages(fs, folder))
    except PathNotFoundError:
        return True  # S3's folders go with what is in them
    except PathDeniedError:
        return False
    empty = True
    for entry in found:
        empty = entry.is_directory and remove_empty(fs, entry.path) and empty
    if empty:
        with suppress(PathNotFoundError):
            fs.rm(folder, recursive=True)
    return empty
