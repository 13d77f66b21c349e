"""What a page is told of a notebook's clusters, for its chip: nothing is run to ask for it.

A page opens a comm of the target `emr_nb.notebook`, and gets `{"type": "standing", "attached":
[…]}` at once and after each cell that changed it. It knows of the target by a comm that stands in
the kernel's list and is announced to nobody: `comm_info_request` finds it, and makes no noise in
kernels that have none, where opening a comm is logged as an error.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from emr_nb.wording import printable

if TYPE_CHECKING:
    from emr_nb.notebook.attachment import Attachment
    from emr_nb.notebook.state import Notebook

TARGET = "emr_nb.notebook"
_EVENT = "post_run_cell"


class Standing:
    """The comms of the pages that show one kernel's notebook."""

    def __init__(self, notebook: Notebook) -> None:
        self._notebook = notebook
        self._lock = threading.Lock()
        self._comms: list[Any] = []
        self._told: Mapping[str, Any] = {}
        self._beacon: Any = None

    def serve(self, kernel: Any) -> None:
        """Answer the page's comms in this kernel, and tell them after each cell."""
        from comm import create_comm

        kernel.comm_manager.register_target(TARGET, self._opened)
        self._beacon = create_comm(target_name=TARGET, primary=False)
        kernel.comm_manager.register_comm(self._beacon)
        self._notebook.shell.events.register(_EVENT, self._tell)

    def close(self, kernel: Any) -> None:
        """Tell nothing any more; pages hear that nothing is attached."""
        kernel.comm_manager.targets.pop(TARGET, None)
        if self._beacon is not None:
            kernel.comm_manager.unregister_comm(self._beacon)
            self._beacon = None
        with suppress(ValueError):
            self._notebook.shell.events.unregister(_EVENT, self._tell)
        with self._lock:
            comms, self._comms = self._comms, []
        for comm in comms:
            comm.close()

    def look(self) -> dict[str, Any]:
        """Return what is attached and which sessions are open; no server is asked."""
        found = self._notebook.attached.values()
        return {
            "type": "standing",
            "attached": [
                _view(made, current=made.name == self._notebook.current) for made in found
            ],
        }

    def _opened(self, comm: Any, _opened: Mapping[str, Any]) -> None:
        with self._lock:
            self._comms.append(comm)
        comm.on_close(lambda _: self._closed(comm))
        comm.on_msg(lambda _: comm.send(self.look()))
        comm.send(self.look())

    def _closed(self, comm: Any) -> None:
        with self._lock:
            self._comms = [c for c in self._comms if c is not comm]

    def _tell(self, *_: object) -> None:
        look = self.look()
        with self._lock:
            comms, changed = list(self._comms), look != self._told
            self._told = look
        if changed:
            for comm in comms:
                comm.send(look)


def _view(made: Attachment, *, current: bool) -> dict[str, Any]:
    sessions = []
    for used in made.in_use():
        session = used.sessions.opened()
        if session is not None:
            info = session.info
            sessions.append(
                {
                    "engine": used.name,
                    "title": used.title,
                    "name": printable(info.label),
                    "state": printable(info.state),
                    "ui": info.ui_url if info.ui_url.startswith(("http://", "https://")) else "",
                    "until": used.keeping.until(info.name),
                }
            )
    return {
        "id": made.cluster.info.id,
        "name": printable(made.name),
        "current": current,
        "spark": made.has_spark,
        "sessions": sessions,
    }
