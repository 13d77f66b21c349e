"""What each format's reader gives back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emr_nb.files.preview.model import Group, Image, Snapshot

if TYPE_CHECKING:
    import pyarrow as pa


_TOLD = 5  # columns that are each told of


def left_out(problems: Sequence[tuple[str, str]]) -> list[str]:
    """Return notes on columns (name, why) that are not among the first rows."""
    if len(problems) <= _TOLD:
        return [f"Column {name!r} is not among the first rows: {why}." for name, why in problems]
    names = ", ".join(repr(name) for name, _ in problems[:3])
    many = f"{len(problems):,} columns are not among the first rows ({names} and others)"
    return [f"{many}: {problems[0][1]}."]


@dataclass(frozen=True)
class Body:
    """What one file holds; see Preview for the fields."""

    format: str
    schema: pa.Schema
    rows: pa.Table
    total_rows: int | None = None
    compression: str = ""
    unit: str = ""
    groups: tuple[Group, ...] = ()
    snapshots: tuple[Snapshot, ...] = ()
    notes: tuple[str, ...] = ()
    image: Image | None = None
