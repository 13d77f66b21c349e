"""One attached cluster: its engines as this kernel uses them, each opened on first use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from emr_nb.engines.base import KeepsCatalog
from emr_nb.notebook.keeping import KeepAlive
from emr_nb.notebook.recovery import Recovery
from emr_nb.notebook.sessions import Attached, Sessions
from emr_nb.notebook.turns import Turn, Turns

if TYPE_CHECKING:
    from emr_nb.engines.sql.catalog import SqlCatalog
    from emr_nb.notebook.answers import Facts
    from emr_nb.notebook.past import PastSession

SPARK = "spark"
_TITLES = {"spark": "Spark", "hive": "Hive", "presto": "Presto", "trino": "Trino"}


def title_of(engine: str) -> str:
    """Return how an engine is called on the page."""
    return _TITLES.get(engine, engine)


@dataclass
class InUse:
    """One engine of a cluster with the sessions that this kernel has there."""

    name: str
    sessions: Sessions
    keeping: KeepAlive

    @property
    def title(self) -> str:
        return title_of(self.name)


@dataclass
class Attachment:
    """One attached cluster with its sessions and the lines that its attach answered.

    `sessions`, `keeping` and `lost` are Spark's; `of` gives those of any engine.
    """

    cluster: Attached
    sessions: Sessions
    recovery: Recovery
    keeping: KeepAlive
    keep_alive: Callable[[], float]  # seconds that a session is kept after its last statement
    fresh: bool = False  # join no session that is there
    facts: Facts | None = None
    problem: str = ""  # why the sessions could not be listed at the attach
    lost: PastSession | None = None  # this notebook's session that ended by itself
    last_sql: str = ""  # the engine of the last SQL cell
    turns: dict[tuple[str, str], Turns] = field(default_factory=dict)  # by engine and session
    catalogs: dict[str, SqlCatalog] = field(default_factory=dict)  # by engine, read by SQL
    _others: dict[str, InUse] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.cluster.name

    @property
    def has_spark(self) -> bool:
        """Whether the cluster has what Spark cells run on."""
        return any(service.name == "livy" for service in self.cluster.services)

    def turn(self, session: str, engine: str = SPARK) -> Turn:
        """Take the next place among the cells of a session; in the order of the cells."""
        sessions = self.of(engine).sessions
        opened = sessions.opened(session) if session else None
        name = opened.info.name if opened else session or sessions.name
        return self.turns.setdefault((engine, name), Turns()).take()

    def of(self, engine: str) -> InUse:
        """Return an engine as this kernel uses it; nothing is asked of its server."""
        if engine == SPARK:
            return InUse(SPARK, self.sessions, self.keeping)
        if engine not in self._others:
            made = Sessions(
                self.cluster, self.sessions.base_name, self.sessions.settings, engine_name=engine
            )
            self._others[engine] = InUse(engine, made, KeepAlive(self.keep_alive))
        return self._others[engine]

    def forget_catalog(self, engine: str) -> None:
        """Let what was read of an engine's catalog be asked anew."""
        if engine in self.catalogs:
            self.catalogs[engine].refresh()
        found = self.cluster.engine(engine)
        if isinstance(found, KeepsCatalog):
            found.forget_catalog()

    def in_use(self) -> Iterator[InUse]:
        """Yield Spark, then the engines that cells have used."""
        yield self.of(SPARK)
        yield from list(self._others.values())

    def take_over(self, older: Attachment) -> None:
        """Own what an older attachment of the same cluster began, and let it go."""
        for used in older.in_use():
            self.of(used.name).sessions.adopt(used.sessions)
        older.keep_nothing()

    def keep_nothing(self) -> None:
        """Keep no session alive any more."""
        for used in self.in_use():
            used.keeping.close()

    def end_begun(self) -> list[str]:
        """End the sessions that this kernel began, of every engine; returns their names."""
        ended: list[str] = []
        for used in self.in_use():
            ended += (n for n in used.sessions.end_begun() if n not in ended)
        return ended
