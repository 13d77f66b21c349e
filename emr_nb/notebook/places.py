"""Where a kernel is: which notebook it belongs to and which cell is running."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import PurePath
from typing import Any


@dataclass(frozen=True, slots=True)
class Place:
    """The notebook of a kernel; `path` is empty and `headless` True where none is known.

    `short_id` is the same after a kernel restart, so the session is found again; without a
    notebook it is new each time, so a scheduled run never joins somebody's session.
    """

    path: str
    short_id: str
    headless: bool

    @property
    def stem(self) -> str:
        """The notebook's name as it may stand in a session name."""
        stem = PurePath(self.path).stem if self.path else "headless"
        return re.sub(r"[^\w.-]+", "_", stem)[:60] or "notebook"

    def session_name(self, user: str) -> str:
        """Return the name of this notebook's session on a cluster."""
        return f"emr_nb/{user}/{self.stem}/{self.short_id}"


def find_place(
    user_namespace: Mapping[str, Any], environ: Mapping[str, str] | None = None
) -> Place:
    """Find the notebook: Jupyter's servers tell it in JPY_SESSION_NAME, VS Code in a variable."""
    environ = os.environ if environ is None else environ
    told = environ.get("JPY_SESSION_NAME") or user_namespace.get("__vsc_ipynb_file__") or ""
    path = str(told)
    if not path or _inherited(environ):
        return Place("", os.urandom(3).hex(), headless=True)
    import hashlib

    digest = hashlib.sha256(path.encode("utf-8", "surrogateescape")).hexdigest()
    return Place(path, digest[:6], headless=False)


def _inherited(environ: Mapping[str, str]) -> bool:
    """Tell whether JPY_SESSION_NAME came down from another kernel (`!papermill` in a cell).

    A server gives the name to its kernels and does not have it itself; so where the process
    that launched this kernel has it too, the name is of the notebook that kernel belongs to.
    """
    name = environ.get("JPY_SESSION_NAME")
    launcher = environ.get("JPY_PARENT_PID", "")
    if not name or launcher != str(os.getppid()):
        return False
    try:
        psutil = import_module("psutil")  # ipykernel needs it, so a kernel has it
    except ImportError:
        return False
    try:
        return bool(psutil.Process(int(launcher)).environ().get("JPY_SESSION_NAME") == name)
    except (psutil.Error, OSError):
        return False


def cell_id(shell: Any) -> str:
    """Return the id of the running cell, as the front end sent it; empty where it did not."""
    kernel = getattr(shell, "kernel", None)
    try:
        parent = kernel.get_parent() if kernel is not None else {}
        return str(parent.get("metadata", {}).get("cellId") or "")
    except (AttributeError, LookupError, TypeError):  # a kernel that is not ipykernel
        return ""


def cell_source(shell: Any) -> str:
    """Return the text of the running cell, as the front end sent it; empty where it did not."""
    kernel = getattr(shell, "kernel", None)
    try:
        parent = kernel.get_parent() if kernel is not None else {}
        return str(parent.get("content", {}).get("code") or "")
    except (AttributeError, LookupError, TypeError):
        return ""


def is_notebook(shell: Any) -> bool:
    """Tell whether displays can be updated in place and may hold HTML."""
    return getattr(shell, "kernel", None) is not None
