"""Runs the copies of a plan: several at once under a bound, each whole or not there at all."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol, runtime_checkable

from emr_nb.errors import FileError, PathDeniedError, PathNotFoundError
from emr_nb.files.base import FileSystem
from emr_nb.files.copy import Progress, copy_entry
from emr_nb.files.downloads import download, is_worth
from emr_nb.files.plans import Plan, Transfer, refuse_existing
from emr_nb.files.true_sizes import true_entry
from emr_nb.files.verifying import Verifier
from emr_nb.model import FileEntry, FilePath

WORKERS = 8
_LOOK = 0.1  # seconds between two looks of who waits for the workers
_PATIENCE = 2.0  # seconds that an interrupt waits for them

Stores = Callable[[FilePath], FileSystem]
Told = Callable[["Copied"], None]


@runtime_checkable
class CopiesWithin(Protocol):
    """A store that copies its own files, whole, without sending their bytes here.

    It answers None where the bytes must pass through here after all.
    """

    def copy_within(
        self, source: FileEntry, target: FilePath, *, overwrite: bool = False
    ) -> FileEntry | None: ...


class Stopped(Exception):  # noqa: N818 -- never leaves this module
    """Breaks a worker's copy off: another one failed, or the user interrupted."""


@dataclass(slots=True)
class Copied:
    """How far the copies of a plan are; bytes of files under way count too."""

    files: int = 0
    files_total: int = 0
    bytes: int = 0
    bytes_total: int = 0
    skipped: int = 0  # whole already
    name: str = ""
    entries: list[FileEntry] = field(default_factory=list)


def run(
    stores: Stores,
    plan: Plan,
    *,
    overwrite: bool = False,
    resume: bool = False,
    workers: int = WORKERS,
    told: Told | None = None,
) -> Copied:
    """Copy what a plan says; with `resume` what is whole already is left as it is.

    Raises PathExistsError before the first byte where something would be replaced unasked,
    and the first error of a copy; what was copied before stays, whole. `told` is called by
    this thread alone.
    """
    todo = [t for t in plan.transfers if not (resume and t.is_whole)]
    if not overwrite:
        refuse_existing(todo)
    work = _Work(stores, plan, overwrite=overwrite, resume=resume)
    work.state.files_total, work.state.bytes_total = len(todo), sum(t.source.size for t in todo)
    work.state.skipped = len(plan.transfers) - len(todo)
    for folder in plan.folders:
        work.make_folder(folder)
    if len(todo) == 1:  # in this thread, where an interrupt takes effect at once
        work.copy(todo[0], told)
    elif todo:
        _in_parallel(work, todo, min(workers, len(todo)), told)
    if told is not None:
        told(work.state)
    return work.state


def _in_parallel(work: _Work, todo: Sequence[Transfer], workers: int, told: Told | None) -> None:
    waiting = iter(todo)
    threads = [
        threading.Thread(target=work.serve, args=(waiting,), name=f"emr_nb-copy-{n}", daemon=True)
        for n in range(workers)
    ]
    for thread in threads:
        thread.start()
    try:
        while any(t.is_alive() for t in threads):
            for thread in threads:
                thread.join(_LOOK)
                if told is not None:
                    told(work.state)
    except BaseException:
        work.stop.set()
        deadline = time.monotonic() + _PATIENCE
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        raise
    if work.failure is not None:
        raise work.failure


class _Work:
    """What the workers share."""

    def __init__(self, stores: Stores, plan: Plan, *, overwrite: bool, resume: bool) -> None:
        self.stores = stores
        self.overwrite = overwrite
        self.resume = resume
        self.root = plan.root
        self.state = Copied()
        self.stop = threading.Event()
        self.verifier = Verifier()
        self.failure: BaseException | None = None
        self._lock = threading.Lock()
        self._made: set[str] = set()

    def serve(self, waiting: object) -> None:
        """Copy one after the other until there is none, or one fails."""
        while not self.stop.is_set():
            with self._lock:
                transfer = next(waiting, None)  # type: ignore[call-overload]
            if transfer is None:
                return
            try:
                self.copy(transfer)
            except Stopped:
                return
            except BaseException as error:  # noqa: BLE001 -- raised by who waits
                with self._lock:
                    self.failure = self.failure or error
                self.stop.set()

    def copy(self, transfer: Transfer, told: Told | None = None) -> None:
        """Copy one file and verify it."""
        source, target = transfer.source, transfer.target
        source_fs = self.stores(source.path)
        seen = 0

        def progress(done: int, _: int | None) -> None:
            nonlocal seen
            if self.stop.is_set():
                raise Stopped
            with self._lock:
                self.state.bytes += done - seen
                self.state.name = source.name
            seen = done
            if told is not None:
                told(self.state)

        self._need_folder(target)
        if is_worth(source, target):
            source = true_entry(source_fs, source) or source
        try:
            made = self._copy_as_told(replace(transfer, source=source), progress)
        except FileError:
            true = true_entry(source_fs, source)
            if true is None:
                raise
            made = self._copy_as_told(replace(transfer, source=true), progress)
        with self._lock:
            self.state.files += 1
            self.state.entries.append(made)

    def _copy_as_told(self, transfer: Transfer, progress: Progress) -> FileEntry:
        source, target = transfer.source, transfer.target
        source_fs, target_fs = self.stores(source.path), self.stores(target)
        if source_fs is target_fs and isinstance(source_fs, CopiesWithin):
            progress(0, source.size)  # the store copies and verifies
            made = source_fs.copy_within(source, target, overwrite=self.overwrite)
            if made is not None:
                progress(source.size, source.size)
                return made
        if is_worth(source, target):
            return download(source_fs, source, target, overwrite=self.overwrite,
                            resume=self.resume, progress=progress)  # fmt: skip
        return self._stream(source_fs, target_fs, transfer, progress)

    def _stream(
        self,
        source_fs: FileSystem,
        target_fs: FileSystem,
        transfer: Transfer,
        progress: Progress,
    ) -> FileEntry:
        digest = hashlib.md5(usedforsecurity=False)

        def once() -> FileEntry:
            return copy_entry(source_fs, transfer.source, target_fs, transfer.target,
                              overwrite=self.overwrite, progress=progress,
                              digest=digest)  # fmt: skip

        try:
            made = once()
        except PathNotFoundError:
            source_fs.info(transfer.source.path)  # it is the target's folder that is not there
            self.make_folder(_above(transfer.target))
            digest = hashlib.md5(usedforsecurity=False)
            made = once()
        self.verifier.check(source_fs, transfer.source, target_fs, made, digest.hexdigest())
        return made

    def _need_folder(self, target: FilePath) -> None:
        """Have the folder of a local target; it must not lead out of the root."""
        if target.scheme != "file":
            return
        folder = _above(target)
        if self.root is not None:
            root = Path(self.root.key).resolve()
            if not Path(folder.key).resolve().is_relative_to(root):
                raise PathDeniedError(
                    f"It passes through a link that leaves {root}", where=str(target),
                    advice="Remove the link, or choose another folder.",
                )  # fmt: skip
        self.make_folder(folder)

    def make_folder(self, folder: FilePath) -> None:
        """Make a folder once."""
        with self._lock:
            if str(folder) in self._made:
                return
        self.stores(folder).mkdir(folder)
        with self._lock:
            self._made.add(str(folder))


def _above(path: FilePath) -> FilePath:
    folder = path.key.rstrip("/").rpartition("/")[0]
    return FilePath(path.scheme, path.authority, folder or "/" * path.key.startswith("/"))
