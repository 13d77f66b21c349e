"""Local data to be sent to a session, checked before anything is sent."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from emr_nb.engines.values import spell
from emr_nb.errors import UsageError
from emr_nb.results.outgoing import Outgoing, is_frame, outgoing
from emr_nb.results.outgoing_types import Way, way_of

MOST_VALUE_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True)
class LocalInput:
    """One frame or value to send and the name it has there; made by `local_input`.

    A frame becomes a temporary view of that name, or with `table` a table; anything else is
    a variable, `spelled` as JSON. Both replace what is there, a table with `overwrite` alone.
    """

    name: str
    value: Any
    frame: Outgoing | None = None
    spelled: Any = None
    table: str = ""
    overwrite: bool = False


def local_input(
    name: str,
    value: Any,
    *,
    table: str = "",
    overwrite: bool = False,
    way: Callable[[Any], Way] | None = None,
) -> LocalInput:
    """Return what is sent for a value; raises UsageError naming what cannot be.

    A frame is whatever gives an Arrow stream (Arrow, polars, a Result), or a pandas DataFrame;
    `way` is how its types travel, by default as to Spark.
    """
    if is_frame(value):
        frame = outgoing(value, name, way or way_of)
        return LocalInput(name, value, frame, None, table, overwrite)
    if table:
        raise UsageError(f"{name} is of type {type(value).__name__}: only a frame becomes a table")
    made = spell(value, name)
    if len(json.dumps(made)) > MOST_VALUE_BYTES:
        raise UsageError(
            f"{name} has more than {MOST_VALUE_BYTES // 2**20} MiB",
            advice="That is too much for a variable: push a frame, or %emr put a file.",
        )
    return LocalInput(name, value, None, made)


@dataclass(frozen=True, slots=True)
class Staged:
    """Local data that is ready on the cluster: `inputs` is for the Request that takes it.

    `rows` counts the frames' rows by name; `undo` removes what lies there, if nothing took it.
    """

    inputs: str = ""
    notices: tuple[str, ...] = ()
    rows: Mapping[str, int] = field(default_factory=dict)
    undo: Callable[[], None] = lambda: None
