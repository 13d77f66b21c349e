"""The browsers of a kernel: their comm target, and the bundle that a cell's output holds."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Mapping
from html import escape
from typing import Any

from emr_nb.model import FilePath
from emr_nb.notebook.browser.view import Pools, Stores, View
from emr_nb.notebook.look import FONT, printable

TARGET = "emr_nb.files"
MIME = "application/vnd.emr-nb.files.v1+json"
VERSION = 1
_KEPT = 100  # browsers that can be opened again


class Browsers:
    """What `%emr browse` has put on the page; each may be open in several views."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._places: dict[str, tuple[str, Callable[[], Stores], FilePath]] = {}
        self._views: list[View] = []
        self._pools = Pools()
        self._kernel: Any = None

    def serve(self, kernel: Any) -> bool:
        """Answer the page's comms in this kernel, once; tells whether it can."""
        if not hasattr(kernel, "comm_manager"):
            return False
        if self._kernel is None:
            self._kernel = kernel
            kernel.comm_manager.register_target(TARGET, self.opened)
        return True

    def close(self) -> None:
        """Let go of everything; views that are open say nothing more."""
        if self._kernel is not None:
            self._kernel.comm_manager.targets.pop(TARGET, None)
            self._kernel = None
        with self._lock:
            views, self._views = self._views, []
            self._places.clear()
        for view in views:
            view.close()
        self._pools.clear()

    def add(self, name: str, cluster: Callable[[], Stores], start: FilePath) -> str:
        """Keep a place to begin at; `cluster` raises where `name` is no longer attached."""
        key = secrets.token_hex(16)
        with self._lock:
            self._places[key] = (name, cluster, start)
            while len(self._places) > _KEPT:
                del self._places[next(iter(self._places))]
        return key

    def opened(self, comm: Any, message: Mapping[str, Any]) -> None:
        """Take a comm that a page has opened."""
        key = str(message["content"]["data"].get("browser", ""))
        with self._lock:
            place = self._places.get(key)
        if place is None:
            comm.send({"type": "gone"})
            return
        name, cluster, start = place
        view = View(_Current(name, cluster), start, self._pools, comm.send)
        with self._lock:
            self._views.append(view)
        comm.on_msg(lambda received: view.receive(received["content"]["data"]))
        comm.on_close(lambda _: self._ended(view))
        view.begin()

    def _ended(self, view: View) -> None:
        view.close()
        with self._lock:
            if view in self._views:
                self._views.remove(view)


class _Current:
    """The cluster as it is attached at each question: attached anew, a browser goes on."""

    def __init__(self, name: str, cluster: Callable[[], Stores]) -> None:
        self.name = name
        self._cluster = cluster

    def filesystem(self, path: FilePath) -> Any:
        return self._cluster().filesystem(path)

    def path(self, text: str) -> FilePath:
        return self._cluster().path(text)


def bundle(key: str, cluster: str, start: FilePath) -> dict[str, Any]:
    """Return the MIME bundle of a browser; other viewers get one line."""
    path, name = printable(str(start)), printable(cluster)
    line = f"Files of {name} from {path}: run the cell in JupyterLab to browse them."
    html = f'<div style="{FONT.replace(chr(34), chr(39))}opacity:.75">{escape(line)}</div>'
    payload = {"version": VERSION, "browser": key, "cluster": name, "path": path}
    return {MIME: payload, "text/html": html, "text/plain": line}
