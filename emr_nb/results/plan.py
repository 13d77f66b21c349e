"""Decide how a result travels, from what is known before a statement runs; pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from emr_nb.model import Request

INLINE_BYTES = 8 * 1024 * 1024  # one statement's payload; Livy's RPC frame takes 50 MiB

SURELY_FEW = 5000  # rows
SURELY_SMALL = 8 * 1024 * 1024  # bytes by the engine's own estimate, which is no exact count


class Carrier(Enum):
    """The form of the rows on their way back."""

    ARROW = "arrow"
    TYPED_JSON = "json"


@dataclass(frozen=True, slots=True)
class TransferPlan:
    """How much of a result to bring, and how.

    `limit` is the most rows to bring (None: all of them); one more is asked for, so that
    truncation is known, never guessed. `chunk_bytes` caps the encoded payload of one
    statement; longer payloads come in chunks. `spool` is a path on the cluster that nobody
    has made: a result that is not surely small is written there. A result of more than
    `budget` bytes is not loaded (0: any size). With `keep` what was written there is left
    for the caller to read piece by piece, and to release; with `parquet` it is written as
    Parquet files where these hold every value as it is.
    """

    limit: int | None
    carrier: Carrier = Carrier.ARROW
    chunk_bytes: int = INLINE_BYTES
    spool: str = ""
    small_bytes: int = SURELY_SMALL
    budget: int = 0
    keep: bool = False
    parquet: bool = False

    @property
    def may_be_large(self) -> bool:
        """Whether so many rows may come that a store is worth its few requests."""
        return self.limit is None or self.limit > SURELY_FEW


def plan_transfer(
    request: Request, *, carrier: Carrier = Carrier.ARROW, budget: int = 0
) -> TransferPlan:
    """Return the plan for a request: whole with `-o`, the shown rows without, `-n` as asked."""
    if request.rows is not None:
        limit = None if request.rows < 0 else request.rows
    else:
        limit = None if request.output else request.shown
    return TransferPlan(limit, carrier, budget=budget)
