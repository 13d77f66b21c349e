"""Work that lists or counts for long: its line is drawn while it goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from emr_nb.notebook.progress_line import ProgressLine

if TYPE_CHECKING:
    from emr_nb.notebook.state import Notebook

T = TypeVar("T")
_LOOK = 0.25  # seconds between two notes


def waited(notebook: Notebook, doing: str, work: Callable[[], T]) -> T:
    """Run work that tells nothing of itself, and show meanwhile what is being done.

    An interrupt leaves it at once: such work reads, and what it would have found is dropped.
    """
    found: list[T] = []
    failed: list[BaseException] = []
    line = ProgressLine(notebook.screen)

    def run() -> None:
        try:
            found.append(work())
        except BaseException as error:  # noqa: BLE001 -- raised by who waits
            failed.append(error)

    thread = threading.Thread(target=run, name="emr_nb-waited", daemon=True)
    thread.start()
    try:
        while thread.is_alive():
            thread.join(_LOOK)
            if thread.is_alive():
                line.note(doing)
        if failed:
            raise failed[0]
    except BaseException:
        line.end_if_shown("failed", doing)
        raise
    line.end_if_shown("done", doing)
    return found[0]
