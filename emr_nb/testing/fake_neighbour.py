"""A neighbour that keeps what it was told, and may refuse."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from emr_nb.errors import EmrError

if TYPE_CHECKING:
    from emr_nb.notebook.attachment import Attachment
    from emr_nb.notebook.commands.base import Command
    from emr_nb.notebook.neighbours import Owned


@dataclass
class FakeNeighbour:
    """Answers `lines` at an attach and `told` when names are settled; `error` is raised instead."""

    name: str = "fake"
    lines: Sequence[str] = ("points here",)
    told: str = ""
    defaults: Mapping[str, object] = field(default_factory=dict)
    error: EmrError | None = None
    commands: Sequence[Command] = ()
    heard: list[str] = field(default_factory=list)

    def settle(self, ours: Owned) -> str:
        self.heard.append(f"settle {len(ours) > 0}")
        return self.told

    def attached(self, made: Attachment) -> Iterable[str]:
        self.heard.append(f"attached {made.name}")
        if self.error is not None:
            raise self.error
        return self.lines

    def detached(self, cluster_id: str) -> None:
        self.heard.append(f"detached {cluster_id}")

    def session_defaults(self) -> Mapping[str, object]:
        return self.defaults

    def close(self) -> None:
        self.heard.append("close")
