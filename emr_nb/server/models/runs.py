"""Runs of a notebook's cells, and what they showed. Times are epoch seconds."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta

from emr_nb.server.models.common import Answer, Input, Text

RunName = Annotated[str, Meta(pattern="^[0-9a-f]{32}$")]
Source = Annotated[str, Meta(max_length=2**20)]


class RunsWanted(Input, frozen=True, kw_only=True):
    """Names a notebook by its path below the server's folder."""

    notebook: Text


class RunView(Answer, frozen=True, kw_only=True):
    """The newest run of a cell: `running` or `ended`.

    `orphan` says that the kernel that ran it is gone; then `ended` is not known.
    """

    run: str
    notebook: str
    cell: str
    cluster: str
    state: str
    orphan: bool
    created: float
    ended: float | None


class RunList(Answer, frozen=True, kw_only=True):
    """The runs whose output is not in the notebook's file yet, the newest first."""

    runs: list[RunView]


class OutputWanted(Input, frozen=True, kw_only=True):
    """Asks what a run showed; `source` is the cell's text as it is now.

    With `take` the server takes what a lost kernel left on the cluster, once it has ended.
    """

    run: RunName
    source: Source
    take: bool = False


class OutputView(Answer, frozen=True, kw_only=True):
    """What a run showed, as a notebook's outputs.

    `state` is `ended`, `running` (nothing to show yet) or `left` (its result waits on the
    cluster for a kernel: `tag` names it); `edited` says that the cell ran with another text.
    """

    state: str
    outputs: list[dict[str, Any]]
    edited: bool
    created: float
    ended: float | None
    tag: str


class RunsSaved(Input, frozen=True, kw_only=True):
    """Says that a notebook's file has what these runs showed."""

    notebook: Text
    runs: Annotated[list[RunName], Meta(max_length=500)]
