"""`-i` and `%emr push`: local variables read and checked, then sent with progress."""

from __future__ import annotations

import keyword
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from emr_nb.engines.base import TakesInputs, abilities_of
from emr_nb.engines.inputs import LocalInput, Staged, local_input
from emr_nb.errors import UsageError
from emr_nb.model import Event, Progress
from emr_nb.notebook.attachment import SPARK
from emr_nb.notebook.options import nearest

if TYPE_CHECKING:
    from emr_nb.engines.base import Session
    from emr_nb.notebook.cells import Job
    from emr_nb.notebook.progress_line import ProgressLine
    from emr_nb.notebook.state import Notebook
    from emr_nb.results.outgoing_types import Way


def local_inputs(
    texts: Iterable[str], names: Mapping[str, Any], *, where: str, **more: Any
) -> tuple[LocalInput, ...]:
    """Return the inputs that texts like `a,b` name; raises UsageError before anything is sent."""
    wanted = dict.fromkeys(part.strip() for text in texts for part in text.split(",") if part)
    return tuple(local_input(name, value_of(name, names, where), **more) for name in wanted)


def way_to(notebook: Notebook, engine: str, on: str) -> Callable[[Any], Way] | None:
    """Return how the types of frames travel to an engine; None: as to Spark."""
    if engine == SPARK:
        return None
    return abilities_of(notebook.attachment(on).cluster.engine(engine)).way


def value_of(name: str, names: Mapping[str, Any], where: str) -> Any:
    """Return a local variable; raises UsageError where there is none, or it can be no name."""
    check_name(name, where)
    if name not in names:
        near = nearest(name, [known for known in names if not known.startswith("_")])
        raise UsageError(
            f"There is no local variable {name}",
            where=where,
            advice=f"Did you mean {near}?" if near else "Define it in a cell of this notebook.",
        )
    return names[name]


def check_name(name: str, where: str) -> None:
    """Raise UsageError for what cannot be the name of a variable and a view."""
    if not name.isidentifier() or keyword.iskeyword(name):
        raise UsageError(
            f"{name!r} can be no name of a variable",
            where=where,
            advice="Use letters, digits and _, and do not begin with a digit.",
        )


def staged(session: Session, job: Job, line: ProgressLine) -> Staged:
    """Send the inputs of a job to a session; raises UsageError where it takes none."""
    if not isinstance(session, TakesInputs):
        raise UsageError("This engine takes no local data", where=f"%%{job.magic}")

    def told(event: Event) -> None:
        if isinstance(event, Progress):
            line.update(event)

    return session.stage(job.inputs, language=job.language, notify=told)
