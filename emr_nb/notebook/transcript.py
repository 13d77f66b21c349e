"""What a cell shows, kept in the journal: a page that was closed or reloaded gets it from there.

Only cells of a notebook whose front end tells their ids are kept; line forms and `--interact`
are not, whose output is not all ours.
"""

from __future__ import annotations

import json
import secrets
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from emr_nb.errors import EmrError, JournalError
from emr_nb.journal import RunRow
from emr_nb.journal.runs import digest_of
from emr_nb.notebook.look import size
from emr_nb.notebook.places import cell_id, cell_source
from emr_nb.notebook.screen import Bundle, Screen

if TYPE_CHECKING:
    from emr_nb.journal import Journal
    from emr_nb.notebook.cells import Job
    from emr_nb.notebook.state import Notebook

MAX_BYTES = 2 * 2**20  # of one cell


class Transcript:
    """A screen that remembers what it shows; may be used from several threads."""

    def __init__(self, screen: Screen, journal: Journal, run: str) -> None:
        self.screen = screen
        self._journal = journal
        self._run = run
        self._lock = threading.Lock()
        self._outputs: list[dict[str, Any]] = []
        self._places: dict[str, int] = {}

    @property
    def updates(self) -> bool:
        """Whether what was shown can be changed later."""
        return self.screen.updates

    @updates.setter
    def updates(self, value: bool) -> None:
        self.screen.updates = value

    def show(
        self, data: Bundle, metadata: Bundle | None = None, display_id: str | None = None
    ) -> None:
        """Display a MIME bundle."""
        self.screen.show(data, metadata, display_id)
        with self._lock:
            if display_id:
                self._places[display_id] = len(self._outputs)
            self._outputs.append(_display(data, metadata))

    def update(self, data: Bundle, display_id: str) -> None:
        """Replace what was displayed under an id."""
        self.screen.update(data, display_id)
        with self._lock:
            place = self._places.get(display_id)
            if place is not None:
                self._outputs[place] = _display(data, None)

    def stream(self, text: str, name: str = "stdout") -> None:
        """Write text of the remote side where prints go."""
        self.screen.stream(text, name)
        with self._lock:
            last = self._outputs[-1] if self._outputs else {}
            if last.get("output_type") == "stream" and last.get("name") == name:
                last["text"] += text
            else:
                self._outputs.append({"output_type": "stream", "name": name, "text": text})

    def failed(self, error: BaseException) -> None:
        """Remember the error that the cell ends with; whoever raises it shows it."""
        render = getattr(error, "_render_traceback_", None)
        lines = render() if render is not None else traceback.format_exception(error)
        content = {"ename": type(error).__name__, "evalue": str(error), "traceback": list(lines)}
        with self._lock:
            self._outputs.append({"output_type": "error", **content})

    def keep(self) -> None:
        """Write what was shown to the journal; a full disk must not hide the cell's outcome."""
        with self._lock:
            text = encoded(self._outputs)
        with suppress(JournalError):
            self._journal.runs.end(self._run, text)


def begin(notebook: Notebook, job: Job, screen: Screen) -> Transcript | None:
    """Return the screen of a cell that begins; None where nothing of it is kept."""
    cell = cell_id(notebook.shell) if job.cell is None else job.cell
    notebook_path = notebook.place.path
    if job.in_line or not cell or not notebook_path or not notebook.settings.keep_outputs:
        return None
    source = cell_source(notebook.shell)
    try:
        cluster = notebook.attachment(job.options["on"] or "").cluster.info.id
        row = RunRow(secrets.token_hex(16), notebook_path, cell, cluster, digest_of(source))
        notebook.journal.runs.begin(row)
        return Transcript(screen, notebook.journal, row.run)
    except EmrError:
        return None  # not attached, which the cell itself says; or a journal that is full


@contextmanager
def recorded(notebook: Notebook, job: Job) -> Iterator[Transcript | None]:
    """Give the screen that a cell is to use, and keep what it showed at its end."""
    made = begin(notebook, job, notebook.screen)
    if made is None:
        yield None
        return
    try:
        yield made
    except BaseException as error:
        made.failed(error)
        raise
    finally:
        made.keep()


def encoded(outputs: list[dict[str, Any]]) -> str:
    """Return outputs as JSON that every reader can decode; what is too large is said instead."""
    kept, left = [], MAX_BYTES
    for output in outputs:
        text = json.dumps(output, ensure_ascii=False)
        if len(text) > left:
            told = f"(An output of {size(len(text))} is not kept: run the cell again.)\n"
            text = json.dumps({"output_type": "stream", "name": "stdout", "text": told})
        left = max(0, left - len(text))
        kept.append(text)
    return f"[{', '.join(kept)}]".encode("utf-8", "replace").decode()


def _display(data: Bundle, metadata: Bundle | None) -> dict[str, Any]:
    return {
        "output_type": "display_data",
        "data": dict(data),
        "metadata": dict(metadata or {}),
    }
