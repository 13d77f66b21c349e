"""What a subcommand of `%emr` is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from emr_nb.notebook.options import Option, Parsed, Parser

if TYPE_CHECKING:
    from emr_nb.model import SessionInfo
    from emr_nb.notebook.attachment import Attachment
    from emr_nb.notebook.state import Notebook

ON = Option("on", ("--on",), "Of this attached cluster", metavar="CLUSTER", source="attached")

ENGINE = Option(
    "engine", ("--engine",), "Of this engine: spark, hive, trino …", metavar="E", source="engine"
)


@dataclass(frozen=True, slots=True)
class Command:
    """A subcommand: its name and other names, what it is for, its options, and its work."""

    name: str
    summary: str
    run: Callable[[Notebook, Parsed], Any]
    options: tuple[Option, ...] = ()
    aliases: tuple[str, ...] = ()

    @property
    def takes_code(self) -> bool:
        """Whether SQL may stand behind it, or below it in a cell."""
        return any(o.kind == "rest" and o.metavar == "CODE" for o in self.options)

    def parser(self) -> Parser:
        return Parser(f"%emr {self.name}", self.summary, self.options)


def placed(made: Attachment, infos: Sequence[SessionInfo]) -> Sequence[SessionInfo]:
    """Return the sessions with their queues, where the engine has such and tells them."""
    place = getattr(made.cluster.engine("spark"), "placed", None)
    found: Sequence[SessionInfo] = place(infos) if place is not None else infos
    return found
