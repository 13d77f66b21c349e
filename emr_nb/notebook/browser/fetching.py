"""Downloads of the browser: to the notebook's folder, with progress, cancelled at any byte."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from emr_nb.errors import EmrError
from emr_nb.files.base import FileSystem
from emr_nb.files.copy import copy_file, inside, local_name
from emr_nb.files.local import LocalFileSystem
from emr_nb.model import FileEntry, FilePath
from emr_nb.notebook.browser.places import name_in
from emr_nb.notebook.look import plural, printable, size

_TOLD_EVERY = 0.2  # seconds between two messages of progress
Tell = Callable[[dict[str, Any]], None]


class _CancelledError(Exception):
    """The user has asked for an end."""


class Download:
    """One download; `run` ends by itself, and `cancel` from any thread ends it early."""

    def __init__(self, number: int, store: FileSystem, entry: FileEntry, folder: Path) -> None:
        self.number = number
        self._store = store
        self._entry = entry
        self._folder = folder
        self._cancelled = threading.Event()
        self._told = 0.0
        self._files = 0
        self._bytes = 0

    def cancel(self) -> None:
        """Have it stop at the next bytes; nothing partial stays under a final name."""
        self._cancelled.set()

    def run(self, tell: Tell) -> None:
        """Copy, telling of progress and of the end."""
        name = printable(self._entry.name)
        try:
            target = free_path(self._folder, local_name(self._entry.path))
            if self._entry.is_directory:
                self._copy_folder(target, tell)
            else:
                self._copy(self._entry, target, self._entry.size, tell)
        except _CancelledError:
            left = f"; {plural(self._files, 'whole file')} stay" if self._files else ""
            tell(self._message("cancelled", f"{name}: cancelled{left}"))
        except EmrError as error:
            tell({**self._message("failed", f"{name}: {error.what}"), "advice": error.advice})
        except OSError as error:
            tell(self._message("failed", f"{name}: {error.strerror or error}"))
        else:
            what = f"{plural(self._files, 'file')}, " * self._entry.is_directory
            tell(self._message("done", f"{printable(target.name)}: {what}{size(self._bytes)}"))

    def _copy_folder(self, target: Path, tell: Tell) -> None:
        target.mkdir()
        for entry, relative in below(self._store, self._entry):
            if self._cancelled.is_set():
                raise _CancelledError
            if relative and not entry.is_directory:
                path = inside(target, relative)
                path.parent.mkdir(parents=True, exist_ok=True)
                self._copy(entry, path, None, tell)

    def _copy(self, entry: FileEntry, target: Path, total: int | None, tell: Tell) -> None:
        before = self._bytes

        def told(done: int, _: int | None) -> None:
            if self._cancelled.is_set():
                raise _CancelledError
            self._bytes = before + done
            now = time.monotonic()
            if now - self._told >= _TOLD_EVERY:
                self._told = now
                tell({**self._message("running", self._share(total)), "total": total})

        where = FilePath("file", "", str(target))
        copy_file(self._store, entry.path, LocalFileSystem(), where, progress=told)
        self._files += 1

    def _share(self, total: int | None) -> str:
        of = f" of {size(total)}" if total else ""
        return f"{printable(self._entry.name)}: {size(self._bytes)}{of}"

    def _message(self, state: str, text: str) -> dict[str, Any]:
        return {"type": "job", "job": self.number, "state": state, "text": text,
                "done": self._bytes, "total": None}  # fmt: skip


def free_path(folder: Path, name: str) -> Path:
    """Return a path in a folder at which nothing is: a number goes before the ending."""
    path = folder / name
    stem, dot, end = name.partition(".") if not name.startswith(".") else (name, "", "")
    number = 1
    while path.exists() or path.is_symlink():
        number += 1
        path = folder / f"{stem} ({number}){dot}{end}"
    return path


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
