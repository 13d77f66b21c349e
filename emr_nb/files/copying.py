"""Copies, moves and syncs between any two stores: files and whole trees."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path

from emr_nb.errors import PathNotDirectoryError, PathNotFoundError
from emr_nb.files.abilities import must_change
from emr_nb.files.base import FileSystem
from emr_nb.files.plans import Plan, plan_copy, plan_tree
from emr_nb.files.removing import remove_moved, rename
from emr_nb.files.target_names import Naming
from emr_nb.files.transfers import Copied, Told, run
from emr_nb.files.true_sizes import with_true_sizes
from emr_nb.model import FileEntry, FilePath

Progress = Callable[[int, int | None], None]


class Trees(ABC):
    """What needs two stores; the class that has them gives `path` and `store`."""

    @abstractmethod
    def path(self, path: str | FilePath) -> FilePath:
        """Resolve path text."""

    @abstractmethod
    def store(self, path: FilePath) -> FileSystem:
        """Return the file system that holds a path."""

    def put(
        self,
        local: str | Path,
        remote: str | FilePath,
        *,
        recursive: bool = False,
        overwrite: bool = False,
        resume: bool = False,
        progress: Progress | None = None,
    ) -> FileEntry:
        """Copy a local file or tree to the cluster; a directory as target keeps the name."""
        return self.copy(
            local_path(local), self.path(remote), recursive=recursive, overwrite=overwrite,
            resume=resume, progress=progress,
        )  # fmt: skip

    def get(
        self,
        remote: str | FilePath,
        local: str | Path = ".",
        *,
        recursive: bool = False,
        overwrite: bool = False,
        resume: bool = False,
        progress: Progress | None = None,
    ) -> FileEntry:
        """Copy from the cluster; a directory as target keeps the name, as this disk spells it."""
        return self.copy(
            self.path(remote), local_path(local), recursive=recursive, overwrite=overwrite,
            resume=resume, progress=progress,
        )  # fmt: skip

    def copy(
        self,
        source: str | FilePath,
        target: str | FilePath,
        *,
        recursive: bool = False,
        overwrite: bool = False,
        resume: bool = False,
        progress: Progress | None = None,
    ) -> FileEntry:
        """Copy a file, or with `recursive` a tree, between any two stores.

        Bytes stream, with no temporary file here. A directory as target keeps the name.
        `resume` leaves what is whole already. `progress(done, total)` is in bytes. Raises
        PathExistsError before anything is written where something would be replaced.
        """
        plan, place = self.plan([self.store(self.path(source)).info(self.path(source))],
                                self.path(target), recursive=recursive)  # fmt: skip
        told: Told | None = None
        if progress is not None:
            show = progress

            def told(state: Copied) -> None:
                show(state.bytes, state.bytes_total)

        self.run(plan, overwrite=overwrite, resume=resume, told=told)
        return self.store(place).info(place)

    def move(
        self,
        source: str | FilePath,
        target: str | FilePath,
        *,
        overwrite: bool = False,
        told: Told | None = None,
    ) -> FileEntry:
        """Move a file or tree: by a rename within a store, else copied, verified, removed."""
        path = self.path(source)
        entry = self.store(path).info(path)
        aim = self.path(target)
        into = self.destination(aim)
        place = aim if into is None else self.place_of(entry, into)
        self.move_to(entry, place, overwrite=overwrite, told=told)
        return self.store(place).info(place)

    def move_to(
        self, entry: FileEntry, place: FilePath, *, overwrite: bool = False,
        resume: bool = False, told: Told | None = None,
    ) -> None:  # fmt: skip
        """Move one path to a place of its own."""
        fs, target_fs = self.store(entry.path), self.store(place)
        must_change(fs, entry.path)
        must_change(target_fs, place)
        if fs is target_fs and rename(fs, entry.path, place, overwrite=overwrite):
            return
        plan = plan_copy(self.store, [entry], place, recursive=True, into=False)
        run(self.store, plan, overwrite=overwrite, resume=resume, told=told)
        remove_moved(self.store, plan, [entry])

    def plan(
        self, sources: Sequence[FileEntry], target: FilePath, *, recursive: bool = False
    ) -> tuple[Plan, FilePath]:
        """Plan a copy; returns it and where the first source goes.

        Raises PathNotDirectoryError where several sources have no directory to go to.
        """
        into = self.destination(target, several=len(sources) > 1)
        base = target if into is None else into
        plan = plan_copy(self.store, sources, base, recursive=recursive, into=into is not None)
        plan.transfers = with_true_sizes(self.store, plan.transfers)
        files = [t.target for t in plan.transfers]
        first = sources[0]
        if into is None:
            return plan, base
        if not first.is_directory and files:
            return plan, files[0]
        return plan, self.place_of(first, into)

    def plan_sync(self, source: str | FilePath, target: str | FilePath) -> Plan:
        """Plan to have all below a directory below another one; `plan.extra` is there alone."""
        where = self.path(source)
        entry = self.store(where).info(where)
        if not entry.is_directory:
            raise PathNotDirectoryError("It is not a directory", where=str(where))
        plan = plan_tree(self.store, where, self.path(target))
        plan.transfers = with_true_sizes(self.store, plan.transfers)
        return plan

    def run(
        self, plan: Plan, *, overwrite: bool = False, resume: bool = False,
        told: Told | None = None,
    ) -> Copied:  # fmt: skip
        """Copy what a plan says, several files at once."""
        return run(self.store, plan, overwrite=overwrite, resume=resume, told=told)

    def destination(self, target: FilePath, *, several: bool = False) -> FilePath | None:
        """Return the directory that sources go into, or None where the target is their name."""
        if target.key.endswith("/") or not target.key:
            return target
        try:
            entry = self.store(target).info(target)
        except PathNotFoundError:
            if several:
                raise PathNotDirectoryError(
                    "Several sources need a directory, and nothing is there", where=str(target),
                    advice="Write it with a closing slash to have it made.",
                ) from None  # fmt: skip
            return None
        if entry.is_directory:
            return target
        if several:
            raise PathNotDirectoryError("Several sources need a directory", where=str(target))
        return None

    def place_of(self, entry: FileEntry, into: FilePath) -> FilePath:
        """Return where one source goes below a directory."""
        place = Naming(into).place(entry.name, folder=entry.is_directory)
        return FilePath(place.scheme, place.authority, place.key.rstrip("/"))


def local_path(text: str | Path) -> FilePath:
    """Return a path of this machine; a closing slash stays."""
    where = Path(text).expanduser().absolute()
    slash = "/" if str(text).endswith("/") and str(where) != "/" else ""
    return FilePath("file", "", f"{where}{slash}")
