"""Downloads of the browser: to the notebook's folder, with progress, cancelled at any byte."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from emr_nb.errors import EmrError
from emr_nb.files.base import FileSystem
from emr_nb.files.copy import local_name
from emr_nb.files.downloads import is_worth, part_of
from emr_nb.files.local import LocalFileSystem
from emr_nb.files.plans import Plan, plan_copy
from emr_nb.files.transfers import Copied, run
from emr_nb.model import FileEntry, FilePath
from emr_nb.notebook.look import plural, printable, size

_TOLD_EVERY = 0.2  # seconds between two messages of progress
_AGAIN = "Download it again: it goes on behind what is here already."
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
        self._local = LocalFileSystem()
        self._cancelled = threading.Event()
        self._told = 0.0
        self._state = Copied()

    def cancel(self) -> None:
        """Have it stop at the next bytes; nothing partial stays under a final name."""
        self._cancelled.set()

    def run(self, tell: Tell) -> None:
        """Copy, telling of progress and of the end; what an earlier try left is gone on from."""
        name = printable(self._entry.name)
        plan = Plan()
        try:
            target = free_path(self._folder, local_name(self._entry.path))
            if self._entry.is_directory:
                tell(self._message("running", f"{name}: listing…"))
            place = FilePath("file", "", str(target))
            plan = plan_copy(self._at, [self._entry], place, recursive=True, into=False)
            self._look()
            run(self._at, plan, resume=True, told=lambda state: self._progress(state, tell))
        except _CancelledError:
            _forget(plan)
            files = self._state.files
            left = f"; {plural(files, 'whole file')} stay" if files else ""
            tell(self._message("cancelled", f"{name}: cancelled{left}"))
        except EmrError as error:
            advice = _AGAIN if _begun(plan) else error.advice
            tell({**self._message("failed", f"{name}: {error.what}"), "advice": advice})
        except OSError as error:
            tell(self._message("failed", f"{name}: {error.strerror or error}"))
        else:
            tell(self._message("done", f"{printable(target.name)}: {self._done(plan)}"))

    def _at(self, path: FilePath) -> FileSystem:
        return self._local if path.scheme == "file" else self._store

    def _look(self) -> None:
        if self._cancelled.is_set():
            raise _CancelledError

    def _progress(self, state: Copied, tell: Tell) -> None:
        self._state = state
        self._look()
        now = time.monotonic()
        if now - self._told >= _TOLD_EVERY:
            self._told = now
            of = f" of {size(state.bytes_total)}" if state.bytes_total else ""
            text = f"{printable(self._entry.name)}: {size(state.bytes)}{of}"
            tell({**self._message("running", text), "total": state.bytes_total})

    def _done(self, plan: Plan) -> str:
        parts = [plural(self._state.files, "file")] * self._entry.is_directory
        parts.append(size(self._state.bytes))
        if plan.changed:
            parts.append(f"{plural(len(plan.changed), 'name')} changed to fit this disk")
        if plan.links:
            parts.append(f"{plural(len(plan.links), 'link')} left out")
        return ", ".join(parts)

    def _message(self, state: str, text: str) -> dict[str, Any]:
        return {"type": "job", "job": self.number, "state": state, "text": text,
                "done": self._state.bytes, "total": None}  # fmt: skip


def _begun(plan: Plan) -> list[Path]:
    """Return the hidden beginnings that a plan's downloads left."""
    parts = [part_of(t.source, t.target) for t in plan.transfers if is_worth(t.source, t.target)]
    return [part for part in parts if part.exists()]


def _forget(plan: Plan) -> None:
    for part in _begun(plan):
        with suppress(OSError):
            part.unlink()


def free_path(folder: Path, name: str) -> Path:
    """Return a path in a folder at which nothing is: a number goes before the ending."""
    path = folder / name
    stem, dot, end = name.partition(".") if not name.startswith(".") else (name, "", "")
    number = 1
    while path.exists() or path.is_symlink():
        number += 1
        path = folder / f"{stem} ({number}){dot}{end}"
    return path
