"""What each format's reader gives back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from emr_nb.files.preview.model import Group, Image, Snapshot

if TYPE_CHECKING:
    import pyarrow as pa


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
