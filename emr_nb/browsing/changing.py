"""New folders, new names and removals: planned and told first, done once confirmed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from emr_nb.browsing.places import above, new_name
from emr_nb.errors import EmrError, FileError, PathExistsError, PathNotFoundError, UsageError
from emr_nb.files.abilities import Summed, Trash, must_change
from emr_nb.files.base import FileSystem
from emr_nb.files.removing import kept_by_trash
from emr_nb.files.walking import walk
from emr_nb.model import FileEntry, FilePath
from emr_nb.wording import count, plural, printable, size

_COUNTED = 10_000  # entries below a folder that are looked at before a plan is told
_NAMED = 8


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be done, in lines for the reader; `act` does it and returns what was done.

    An act that finds that it must not go on as told returns another Plan.
    """

    title: str
    lines: Sequence[str]
    button: str
    act: Callable[[], str | Plan]
    danger: bool = False


def new_folder(store: FileSystem, folder: FilePath, name: str) -> Plan:
    """Plan a folder in a folder; raises UsageError or PathExistsError."""
    must_change(store, folder)
    target = folder.child(new_name(name))
    _must_be_free(store, target)

    def act() -> str:
        store.mkdir(target)
        return f"Made {printable(name)}"

    return Plan("Make a folder?", [f"new: {printable(str(target))}"], "Make folder", act)


def rename(store: FileSystem, entry: FileEntry, name: str) -> Plan:
    """Plan another name within the same folder; raises UsageError or PathExistsError."""
    must_change(store, entry.path)
    folder = above(entry.path)
    slash = "/" if entry.path.key.endswith("/") else ""
    target = folder.child(new_name(name) + slash)
    if target == entry.path:
        raise UsageError("That is its name already", where=printable(str(entry.path)))
    _must_be_free(store, target)
    lines = [f"from: {printable(str(entry.path))}", f"to: {printable(str(target))}"]
    if entry.path.scheme == "s3":
        many = _told_below(store, entry) if entry.is_directory else size(entry.size)
        lines.append(f"S3 has no renaming: {many} are copied, then the old ones removed.")

    def act() -> str:
        store.mv(entry.path, target)
        return f"Renamed to {printable(name)}"

    return Plan("Rename?", lines, "Rename", act)


def delete(store: FileSystem, entries: Sequence[FileEntry]) -> Plan:
    """Plan a removal, to the trash where the store has one; raises UsageError for a root."""
    if not entries:
        raise UsageError("Nothing is selected", advice="Click a row first.")
    for entry in entries:
        must_change(store, entry.path)
        if entry.path.key in ("", "/"):
            raise UsageError(
                "A bucket or root is not removed from here", where=printable(str(entry.path))
            )
    lines = [_line(store, entry) for entry in entries[:_NAMED]]
    if len(entries) > _NAMED:
        lines.append(f"and {plural(len(entries) - _NAMED, 'other')}")
    # what it means stands first: the page scrolls a long list
    what = printable(entries[0].name) if len(entries) == 1 else f"{len(entries):,} entries"
    if isinstance(store, Trash) and _all_kept(store, entries):
        lines.insert(0, "It goes to the trash, from which it can be moved back.")
        trash: Trash = store
        act = lambda: _to_trash(store, trash, entries, what)  # noqa: E731
        return Plan(f"Delete {what}?", lines, "Move to trash", act)
    lines.insert(0, "This cannot be undone.")
    return Plan(f"Delete {what}?", lines, "Delete", lambda: _remove(store, entries, what), True)


def _all_kept(store: FileSystem, entries: Sequence[FileEntry]) -> bool:
    return all(kept_by_trash(lambda _: store, (e.path for e in entries)).values())


def _to_trash(
    store: FileSystem, trash: Trash, entries: Sequence[FileEntry], what: str
) -> str | Plan:
    """Move to the trash; what a store without one refuses is asked about again."""
    for done, entry in enumerate(entries):
        if trash.trash(entry.path) is None:
            return _for_good(store, entries[done:], what)
    return f"Moved {what} to the trash"


def _for_good(store: FileSystem, entries: Sequence[FileEntry], what: str) -> Plan:
    lines = [printable(str(e.path)) for e in entries[:_NAMED]]
    if len(entries) > _NAMED:
        lines.append(f"and {plural(len(entries) - _NAMED, 'other')}")
    lines.insert(0, "There is no trash here: this cannot be undone.")
    act = lambda: _remove(store, entries, what)  # noqa: E731
    return Plan("Delete for good?", lines, "Delete", act, danger=True)


def _remove(store: FileSystem, entries: Sequence[FileEntry], what: str) -> str:
    for done, entry in enumerate(entries):
        try:
            store.rm(entry.path, recursive=entry.is_directory)
        except EmrError as error:
            if not done:
                raise
            raise FileError(
                f"{done:,} of {len(entries):,} are deleted, then: {error.what}",
                where=error.where, advice=error.advice or "Refresh shows what is left.",
            ) from error  # fmt: skip
    return f"Deleted {what}"


def _line(store: FileSystem, entry: FileEntry) -> str:
    path = printable(str(entry.path))
    if not entry.is_directory:
        return f"{path} ({size(entry.size)})"
    return f"{path} and all below it: {_told_below(store, entry)}"


def _told_below(store: FileSystem, entry: FileEntry) -> str:
    if isinstance(store, Summed):
        told = store.summary(entry.path)
        return f"{plural(told.files, 'file')}, {size(told.bytes)}"
    files = total = 0
    for seen, found in enumerate(walk(store, entry.path)):
        if seen >= _COUNTED:
            return f"more than {count(files)} files, {size(total)}"
        files += not found.is_directory
        total += found.size
    return f"{plural(files, 'file')}, {size(total)}"


def _must_be_free(store: FileSystem, target: FilePath) -> None:
    try:
        store.info(target)
    except PathNotFoundError:
        return
    raise PathExistsError(
        "Something is there already", where=printable(str(target)), advice="Choose another name."
    )
