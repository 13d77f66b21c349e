"""The routes of a tree of files: its roots, a typed path's place, an entry's row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emr_nb.model import FilePath
from emr_nb.server.models.files import PartView
from emr_nb.server.models.tree import (
    PathWanted,
    PlaceView,
    PlaceWanted,
    StoreList,
    StoreView,
    WhereView,
)
from emr_nb.server.reached import allowed, entry_view, path_of, path_text

if TYPE_CHECKING:
    from emr_nb.browsing.listing import Listing
    from emr_nb.server.models.clusters import ClusterId
    from emr_nb.server.state import ServerState

_HDFS = ("webhdfs", "httpfs", "hdfs")


def stores(state: ServerState, asked: ClusterId) -> StoreList:
    """List the roots that a cluster's tree has; none of them is asked for anything."""
    connected = state.connections.get(asked.cluster)
    has = {service.name for service in connected.services}
    found = []
    if has.intersection(_HDFS):
        found.append(StoreView(kind="hdfs", path=str(FilePath("hdfs", "", "/"))))
    if "s3" in has:
        found.append(StoreView(kind="s3", path=str(FilePath("s3", "", ""))))
    root = path_text(FilePath("file", "", str(state.root.resolve())))
    if root is not None:
        found.append(StoreView(kind="file", path=root))
    return StoreList(stores=found)


def where(state: ServerState, asked: PathWanted) -> WhereView:
    """Tell what a typed path names and what is above it; raises PathNotFoundError."""
    from emr_nb.browsing.places import parts_of

    connected = state.connections.get(asked.cluster)
    path = path_of(state, connected, asked.path.strip("\n"))
    entry = connected.filesystem(path).info(path)
    allowed(state, entry.path)
    parts = [PartView(name=name, path=path_text(at)) for name, at in parts_of(entry.path)]
    return WhereView(parts=parts, entry=entry_view(entry))


def place(state: ServerState, asked: PlaceWanted) -> PlaceView:
    """Tell an entry's row in an order; raises NotKeptError, UsageError for the filter."""
    kept = state.listings.get(asked.listing)
    number = asked.entry
    if asked.path:
        path = state.connections.get(kept.cluster).path(asked.path)
        number = _number(kept.listing, path)
    if number < 0:
        return PlaceView(entry=-1, row=-1)
    order = {"column": asked.sort, "descending": asked.descending} if asked.sort >= 0 else None
    return PlaceView(entry=number, row=kept.listing.row(number, order, asked.filter))


def _number(listing: Listing, path: FilePath) -> int:
    """Return the number of the entry with a path; a folder's closing slash may be missing."""
    key = path.key.rstrip("/")
    return listing.find(lambda e: e.path.key.rstrip("/") == key
                        and e.path.authority == path.authority)  # fmt: skip
