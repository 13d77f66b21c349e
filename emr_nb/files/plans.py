"""What a copy of files and trees will do, known before the first byte moves."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from emr_nb.errors import (
    PathExistsError,
    PathIsDirectoryError,
    PathNotDirectoryError,
    PathNotFoundError,
    UsageError,
)
from emr_nb.files.base import FileSystem
from emr_nb.files.target_names import Naming
from emr_nb.files.walking import pages, walk
from emr_nb.model import FileEntry, FilePath

Stores = Callable[[FilePath], FileSystem]

_ASKED_ONE_BY_ONE = 20  # targets; above that their folder is listed
_NAMED = 5  # paths that an error names


@dataclass(frozen=True, slots=True)
class Transfer:
    """One file to copy; `there` is what has the target's name now."""

    source: FileEntry
    target: FilePath
    there: FileEntry | None = None

    @property
    def is_whole(self) -> bool:
        """Whether the target is this source already: its size, and its ETag or a later time.

        S3 tells whole seconds, which say no more than that both were made in the same one.
        """
        there, source = self.there, self.source
        if there is None or there.is_directory or there.size != source.size:
            return False
        same_store = there.path.scheme == source.path.scheme
        if same_store and source.etag and there.etag == source.etag:
            return True
        if there.modified is None or source.modified is None:
            return False
        seconds = there.path.scheme == "s3"
        return there.modified >= (
            source.modified.replace(microsecond=0) if seconds else source.modified
        )


@dataclass(slots=True)
class Plan:
    """Files to copy, folders to make, names that change, and links that are not followed."""

    transfers: list[Transfer] = field(default_factory=list)
    folders: list[FilePath] = field(default_factory=list)
    changed: list[tuple[str, str]] = field(default_factory=list)
    links: list[FilePath] = field(default_factory=list)
    root: FilePath | None = None  # below which all targets lie
    extra: list[FileEntry] = field(default_factory=list)  # at the target alone, for a sync

    @property
    def bytes(self) -> int:
        return sum(t.source.size for t in self.transfers)


def plan_copy(
    stores: Stores,
    sources: Sequence[FileEntry],
    target: FilePath,
    *,
    recursive: bool,
    into: bool,
) -> Plan:
    """Plan a copy; `into` puts the sources below the target, else the target is the name.

    Raises PathIsDirectoryError for a folder without `recursive`, UsageError for a folder into
    itself, PathNotDirectoryError where a file stands for a folder.
    """
    plan = Plan(root=target if into else None)
    naming = Naming(target)
    files: list[tuple[FileEntry, FilePath]] = []
    for source in sources:
        if not source.is_directory:
            place = naming.place(source.path.name) if into else target
            _refuse_same(source.path, place)
            files.append((source, place))
            continue
        if not recursive:
            raise PathIsDirectoryError(
                "It is a directory", where=str(source.path), advice="-r copies all that is in it."
            )
        base = naming.place(source.path.name, folder=True) if into and source.name else target
        _plan_tree(stores, source.path, base, plan)
    plan.transfers = [*_with_there(stores, files), *plan.transfers]
    plan.changed = [*naming.changed, *plan.changed]
    return plan


def plan_tree(stores: Stores, source: FilePath, target: FilePath) -> Plan:
    """Plan to have all below a folder below another; `extra` is what the target has alone."""
    plan = Plan(root=target)
    _plan_tree(stores, source, target, plan)
    return plan


def refuse_existing(transfers: Sequence[Transfer]) -> None:
    """Raise PathExistsError where something has a target's name already."""
    there = [t for t in transfers if t.there is not None]
    if not there:
        return
    named = ", ".join(str(t.target) for t in there[:_NAMED])
    more = f" and {len(there) - _NAMED:,} more" if len(there) > _NAMED else ""
    raise PathExistsError(
        f"Something is there already: {named}{more}" if len(there) > 1
        else "Something is there already",
        where=str(there[0].target) if len(there) == 1 else f"{len(transfers):,} files",
        advice="Use --overwrite to replace it; --continue skips files that are whole already.",
    )  # fmt: skip


def identity(path: FilePath) -> tuple[str, str, str]:
    """Return what is the same for two spellings of one path."""
    if path.scheme == "s3":
        return (path.scheme, path.authority, path.key.rstrip("/") or path.key)
    return (path.scheme, path.authority, re.sub("/+", "/", path.key).rstrip("/") or "/")


def in_order(entry: FileEntry) -> list[str]:
    """Sort folder by folder: a store that lists side by side has no order of its own."""
    return entry.path.key.rstrip("/").split("/")


def is_below(path: FilePath, root: FilePath) -> bool:
    """Tell whether a path is a root or lies in it."""
    scheme, authority, key = identity(path)
    at = identity(root)
    return (scheme, authority) == at[:2] and (key == at[2] or key.startswith(_folder(at[2])))


def _plan_tree(stores: Stores, source: FilePath, target: FilePath, plan: Plan) -> None:
    _refuse_same(source, target)
    if is_below(target, source):
        raise UsageError("A directory cannot be copied into itself", where=str(target))
    naming = Naming(target)
    start = _folder(source.key)
    there = _tree(stores(target), target)
    used: set[tuple[str, str, str]] = set()
    folders: dict[str, FilePath] = {}
    for entry in sorted(walk(stores(source), source), key=in_order):
        relative = entry.path.key[len(start) :]
        if entry.kind == "symlink":
            plan.links.append(entry.path)
        elif entry.is_directory:
            folders[relative.rstrip("/")] = naming.place(relative, folder=True)
        else:
            place = naming.place(relative)
            found = there.get(identity(place))
            used.add(identity(place))
            plan.transfers.append(Transfer(entry, place, found))
            for n, letter in enumerate(relative):  # a folder with something in it is implied
                if letter == "/":
                    used.add(identity(naming.place(relative[:n], folder=True)))
                    folders.pop(relative[:n], None)
    used |= {identity(f) for f in folders.values()}
    plan.folders += folders.values() or ([target] if not plan.transfers else [])
    plan.changed += naming.changed
    plan.extra += [entry for known, entry in there.items() if known not in used]


def _tree(fs: FileSystem, target: FilePath) -> dict[tuple[str, str, str], FileEntry]:
    """Return what lies below a target, which may not be there yet."""
    try:
        entry = fs.info(target)
    except PathNotFoundError:
        return {}
    if not entry.is_directory:
        raise PathNotDirectoryError("A file has this name, and it is to be a directory",
                                    where=str(target))  # fmt: skip
    return {identity(e.path): e for e in walk(fs, target)}


def _with_there(stores: Stores, files: Sequence[tuple[FileEntry, FilePath]]) -> list[Transfer]:
    if not files:
        return []
    known: dict[tuple[str, str, str], FileEntry] = {}
    if len(files) > _ASKED_ONE_BY_ONE:
        above = files[0][1].key.rpartition("/")[0]
        folder = FilePath(files[0][1].scheme, files[0][1].authority, above or files[0][1].key[:1])
        try:
            known = {identity(e.path): e for e in pages(stores(folder), folder)}
        except PathNotFoundError:
            known = {}
        return [Transfer(entry, to, known.get(identity(to))) for entry, to in files]
    made = []
    for entry, to in files:
        try:
            there: FileEntry | None = stores(to).info(to)
        except PathNotFoundError:
            there = None
        made.append(Transfer(entry, to, there))
    return made


def _refuse_same(source: FilePath, target: FilePath) -> None:
    if identity(source) == identity(target):
        raise UsageError("Source and target are the same", where=str(source))


def _folder(key: str) -> str:
    return key if not key or key.endswith("/") else f"{key}/"
