"""What an ended statement took, as far as its engine told on the way: an account of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class StageAccount:
    """One stage or vertex: times are in seconds, None where nobody told."""

    name: str
    seconds: float | None = None
    cpu: float | None = None
    rows: int | None = None
    bytes: int | None = None
    tasks: int | None = None  # tasks, or splits
    failed: int = 0


@dataclass(frozen=True, slots=True)
class Account:
    """One statement; times are in seconds, sizes in bytes, None where nobody told."""

    stages: Sequence[StageAccount] = ()
    unit: str = "stage"  # what the engine calls a part: stage, vertex
    elapsed: float | None = None
    queued: float | None = None
    planned: float | None = None  # analysed, planned, compiled
    cpu: float | None = None
    rows: int | None = None
    bytes: int | None = None
    spilled: int | None = None
    peak_memory: int | None = None
    nodes: int | None = None

    @property
    def slowest(self) -> StageAccount | None:
        """The stage that took longest: by its time, else by its processor time."""
        timed = [s for s in self.stages if s.seconds is not None]
        if timed:
            return max(timed, key=lambda s: s.seconds or 0.0)
        worked = [s for s in self.stages if s.cpu is not None]
        return max(worked, key=lambda s: s.cpu or 0.0) if worked else None


@runtime_checkable
class Accounts(Protocol):
    """A statement that can tell what it took; optional."""

    @property
    def account(self) -> Account | None:
        """What is known now; None where nothing is."""
        ...
