"""Engines that a cluster lacks and can have: started by the first cell that needs them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from emr_nb.errors import StatementCancelledError
from emr_nb.notebook.attachment import SPARK, title_of
from emr_nb.notebook.progress_line import ProgressLine

if TYPE_CHECKING:
    from emr_nb.notebook.attachment import Attachment
    from emr_nb.notebook.cells import CellMagic
    from emr_nb.notebook.state import Notebook


@runtime_checkable
class Gains(Protocol):
    """An attached cluster that can have engines started on it (emr_nb.cluster)."""

    def gainable(self) -> Mapping[str, str]: ...
    def gain(self, engine: str, notify: Callable[[str], None]) -> None: ...


def gainable(made: Attachment) -> Mapping[str, str]:
    """Return the engines that the cluster lacks and a cell can have started, with versions."""
    return made.cluster.gainable() if isinstance(made.cluster, Gains) else {}


def gain(notebook: Notebook, magic: CellMagic, made: Attachment) -> None:
    """Start the magic's engine where the cluster lacks it and can have it.

    Shown on a line of its own. Raises StatementCancelledError when it is interrupted, and what
    the cluster's provider raises.
    """
    there = {service.name for service in made.cluster.services}
    cluster, wanted = made.cluster, magic.engines[0]
    if there & set(magic.engines) or not isinstance(cluster, Gains):
        return
    if wanted not in cluster.gainable():
        return
    title = title_of(wanted)
    line = ProgressLine(notebook.screen)
    try:
        cluster.gain(wanted, line.note)
    except KeyboardInterrupt:
        line.end("cancelled", f"interrupted; the next cell goes on where {title} is by then")
        raise StatementCancelledError(
            f"Interrupted while {title} was being started: the statement has not run",
            where=made.name,
            advice="Run the cell again: what was fetched is kept, what was starting goes on.",
        ) from None
    except BaseException:
        line.end("failed", f"{title} is not started; the rest of {made.name} goes on")
        raise
    line.end("done", f"{started(made, there)} started on {made.name}")
    if "hive" not in there and (made.sessions.found or made.sessions.opened()):
        notebook.screen.stream(
            "This notebook's Spark session began before there was a Hive metastore and does not "
            "see its tables: %emr restart begins one that does.\n"
        )


def started(made: Attachment, before: set[str]) -> str:
    """Say which engines have come, with their versions."""
    fresh = [s for s in made.cluster.services if s.name not in before and s.name != SPARK]
    return ", ".join(f"{title_of(s.name)} {s.version}".rstrip() for s in fresh) or "nothing"
