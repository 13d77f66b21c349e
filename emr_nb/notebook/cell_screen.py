"""The screen of one cell that may have ended already: for what runs on beside the notebook.

Front ends put a message into the cell whose request it names as its parent. A shell names the
running cell's; what belongs to an earlier cell is sent here under that one's, from any thread.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from emr_nb.notebook.screen import Bundle, Screen

if TYPE_CHECKING:
    from emr_nb.errors import EmrError


class CellScreen:
    """Shows below the cell that runs when this is made; may be used from several threads."""

    updates = True

    def __init__(self, publisher: Any) -> None:
        self._publisher = publisher
        self.parent: Mapping[str, Any] = dict(publisher.parent_header)

    def show(
        self, data: Bundle, metadata: Bundle | None = None, display_id: str | None = None
    ) -> None:
        """Display a MIME bundle in the cell."""
        self._display("display_data", data, metadata, display_id)

    def update(self, data: Bundle, display_id: str) -> None:
        """Replace what was displayed under an id."""
        self._display("update_display_data", data, None, display_id)

    def stream(self, text: str, name: str = "stdout") -> None:
        """Write text where the cell's prints went."""
        self._send("stream", {"name": name, "text": text}, f"stream.{name}")

    def fail(self, error: BaseException, lines: Sequence[str]) -> None:
        """Show an error as that of a failed cell."""
        content = {
            "ename": type(error).__name__,
            "evalue": str(error),
            "traceback": list(lines),
        }
        self._send("error", content, "error")

    # -- inside ---------------------------------------------------------------------------

    def _display(
        self, kind: str, data: Bundle, metadata: Bundle | None, display_id: str | None
    ) -> None:
        content = {
            "data": dict(data),
            "metadata": dict(metadata or {}),
            "transient": {"display_id": display_id} if display_id else {},
        }
        self._send(kind, content, "display_data")

    def _send(self, kind: str, content: Mapping[str, Any], topic: str) -> None:
        """Send a message; ipykernel's socket takes them from any thread."""
        self._publisher.session.send(
            self._publisher.pub_socket,
            kind,
            content,
            parent=self.parent,
            ident=topic.encode("ascii"),
        )


def cell_screen(shell: Any, screen: Screen) -> Screen:
    """Return a screen of the running cell alone; where a shell has no cells, the given one."""
    publisher = getattr(shell, "display_pub", None)
    kernel = getattr(shell, "kernel", None)
    if kernel is None or not screen.updates or not hasattr(publisher, "pub_socket"):
        return screen
    return CellScreen(publisher)


def running_cell(shell: Any) -> str:
    """Return what tells the running cell from others; empty where there are no cells."""
    header = getattr(getattr(shell, "display_pub", None), "parent_header", None)
    return str(header.get("msg_id") or "") if isinstance(header, Mapping) else ""


def show_error(screen: Screen, error: EmrError) -> None:
    """Show the short form of an error that no cell raises."""
    render = getattr(error, "_render_traceback_", None)
    lines = render() if render is not None else str(error).split("\n")
    if isinstance(screen, CellScreen):
        screen.fail(error, lines)
    else:
        screen.stream("\n".join(lines) + "\n", "stderr")
