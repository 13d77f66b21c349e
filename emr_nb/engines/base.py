"""The engine protocol: what a notebook may ask of any query engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, runtime_checkable

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
        """List the children of a catalog node (None: the root)."""
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
