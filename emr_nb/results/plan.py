"""Decide how a result travels, from what is known before a statement runs; pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from emr_nb.model import Request

INLINE_BYTES = 8 * 1024 * 1024  # one statement's payload; Livy's RPC frame takes 50 MiB


class Carrier(Enum):
    """The form of the rows on their way back."""

    ARROW = "arrow"
    TYPED_JSON = "json"


@dataclass(frozen=True, slots=True)
class TransferPlan:
    """How much of a result to bring, and how.

    `limit` is the most rows to bring (None: all of them); one more is asked for, so that
    truncation is known, never guessed. `chunk_bytes` caps the encoded payload of one
    statement; longer payloads come in chunks.
    """

    limit: int | None
    carrier: Carrier = Carrier.ARROW
    chunk_bytes: int = INLINE_BYTES


def plan_transfer(request: Request, *, carrier: Carrier = Carrier.ARROW) -> TransferPlan:
    """Return the plan for a request: whole with `-o`, the shown rows without, `-n` as asked."""
    if request.rows is not None:
        return TransferPlan(None if request.rows < 0 else request.rows, carrier)
    return TransferPlan(None if request.output else request.shown, carrier)
