"""What a tree of files asks beyond listings: its roots, and where a path lies in it."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from emr_nb.server.models.common import Answer, Input, Text, Word
from emr_nb.server.models.files import EntryView, PartView


class StoreView(Answer, frozen=True, kw_only=True):
    """One root of a cluster's tree: `kind` is `hdfs`, `s3` or `file`."""

    kind: str
    path: str


class StoreList(Answer, frozen=True, kw_only=True):
    """The stores of a cluster, and this machine's folder that the server shows."""

    stores: list[StoreView]


class PathWanted(Input, frozen=True, kw_only=True):
    """A path that somebody typed."""

    cluster: Word
    path: Text


class WhereView(Answer, frozen=True, kw_only=True):
    """What a path names, and all that lies above it, from its store's root on."""

    parts: list[PartView]
    entry: EntryView


class PlaceWanted(Input, frozen=True, kw_only=True):
    """Asks in which row an entry stands: by its path, else by its number."""

    listing: Word
    path: Text = ""
    entry: Annotated[int, Meta(ge=-1, le=2**53)] = -1
    sort: Annotated[int, Meta(ge=-1, le=100)] = -1
    descending: bool = False
    filter: Text = ""


class PlaceView(Answer, frozen=True, kw_only=True):
    """An entry's number and row; −1 for what has not come, or does not pass the filter."""

    entry: int
    row: int
