"""The engine protocol: what a notebook may ask of any query engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from emr_nb.engines.inputs import LocalInput, Staged
from emr_nb.model import (
    CancelOutcome,
    CatalogNode,
    Completion,
    Event,
    Request,
    SessionInfo,
    SessionOptions,
    StatementReference,
)
from emr_nb.results.plan import TransferPlan
from emr_nb.results.result import Result

if TYPE_CHECKING:
    import pyarrow as pa

    from emr_nb.context import Asking
    from emr_nb.results.outgoing_types import Way


@dataclass(frozen=True, slots=True)
class Abilities:
    """What an engine is and can beyond the protocol, in its attribute `abilities`; optional.

    `dialect` is that of its SQL, by the name that sqlglot has for it; by default the engine's
    own name. With `writes_targets` it writes `Request.target` itself; else the notebook does.
    `way` is how the types of local frames travel to it; by default as to Spark.
    `cannot` has, by the name of a cell's option (`catalog`, `settings`, `session` …), why it
    has no meaning here: the option is refused before anything runs.
    """

    dialect: str = ""
    writes_targets: bool = False
    cannot: Mapping[str, str] = field(default_factory=dict)
    way: Callable[[Any], Way] | None = None


def abilities_of(engine: Engine) -> Abilities:
    """Return what an engine says of itself; of one that says nothing, what all can."""
    found = getattr(engine, "abilities", None)
    return found if isinstance(found, Abilities) else Abilities()


@runtime_checkable
class KeptTables(Protocol):
    """A result that waits to be read piece by piece: a statement's `kept`, under such a plan.

    The statement's `release()` lets go of it.
    """

    @property
    def arrow_schema(self) -> pa.Schema: ...

    @property
    def limit(self) -> int | None:
        """How many of the rows were asked for; None: all."""
        ...

    def tables(self) -> Iterator[tuple[int, pa.Table]]:
        """Yield the rows in order, with the bytes read for each table; raises ResultError."""
        ...


@runtime_checkable
class Statement(Protocol):
    """One submitted statement; safe to use from one thread, `cancel` from any."""

    reference: StatementReference

    def events(self) -> Iterator[Event]:
        """Yield progress, outputs and logs until the statement has ended.

        Never raises for a failed statement: `result` does. Raises SessionLostError when the
        session is gone and TransportError when the service stays away past its budget.
        """
        ...

    def cancel(self) -> CancelOutcome:
        """Stop the statement on the cluster and say truthfully what was achieved."""
        ...

    def result(self) -> Result | None:
        """Return the table, or None when there is none; raises StatementError on failure."""
        ...


@runtime_checkable
class Resumes(Protocol):
    """An adopted statement that its cell goes on with; optional, before its `events`."""

    def resume(self, plan: TransferPlan) -> None:
        """Bring the result as this plan says; else it comes whole, within its budget."""
        ...


@runtime_checkable
class KeepsCatalog(Protocol):
    """An engine that keeps for a while what its `catalog` listed; optional."""

    def forget_catalog(self) -> None:
        """Ask for it anew from now on."""
        ...


@runtime_checkable
class AnswersStores(Protocol):
    """An engine whose sessions read files for stores that nothing else reaches; optional."""

    def asking(self, told: Callable[[str], None]) -> Asking | None:
        """Return the session that is open, or None; `told` hears what is waited for, then ""."""
        ...


@runtime_checkable
class TakesInputs(Protocol):
    """A session that local data can be sent to; optional."""

    def stage(
        self,
        inputs: Sequence[LocalInput],
        *,
        language: str,
        notify: Callable[[Event], None] | None = None,
    ) -> Staged:
        """Send local data; nothing is left behind when it fails or is interrupted.

        Raises UsageError for a value that turns out not to fit, FileError, TransportError.
        """
        ...


@runtime_checkable
class Session(Protocol):
    """An open session; submits are serialised by the engine."""

    info: SessionInfo

    def submit(self, request: Request, plan: TransferPlan) -> Statement:
        """Submit at most once; an ambiguous failure is settled by looking for the tag."""
        ...

    def refresh(self) -> SessionInfo:
        """Ask the server for the session's state; raises SessionLostError."""
        ...

    def touch(self) -> float:
        """Tell the server that the session is in use; returns after how many seconds again.

        Raises SessionLostError and TransportError.
        """
        ...

    def close(self) -> None:
        """End the session on the server; quiet when it is gone already."""
        ...


@runtime_checkable
class Engine(Protocol):
    """A query engine of an attached cluster."""

    name: str

    def sessions(self) -> Sequence[SessionInfo]:
        """List the sessions on the server, one request a page."""
        ...

    def open(
        self, options: SessionOptions, notify: Callable[[Event], None] | None = None
    ) -> Session:
        """Find the session by name, or create it and wait until it is ready.

        `notify` is told of progress meanwhile, on the caller's thread.
        """
        ...

    def recover(self, reference: StatementReference) -> Statement | None:
        """Adopt a statement from any process, or None when it is not known any more."""
        ...

    def catalog(self, parent: CatalogNode | None = None) -> Sequence[CatalogNode]:
        """List the children of a catalog node (None: the root).

        A node made elsewhere of a kind and a `qualified` name alone is understood.
        """
        ...

    def complete(
        self,
        code: str,
        cursor: int,
        session: Session | None = None,
        language: str = "python",
    ) -> Sequence[Completion]:
        """Complete a cell of this language at a character offset; empty when nothing is known."""
        ...

    def logs(self, session_id: str, size: int = 200) -> Sequence[str]:
        """Return the last log lines of a session."""
        ...

    def close(self) -> None:
        """Release connections; sessions on the server stay."""
        ...
