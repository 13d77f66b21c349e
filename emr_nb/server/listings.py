"""Open folders: filled page by page behind the request, looked at by windows."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from emr_nb.errors import EmrError, UsageError
from emr_nb.server.failures import failure_of
from emr_nb.server.models.common import Done
from emr_nb.server.models.files import (
    ColumnView,
    ListingId,
    ListingView,
    ListingWanted,
    PartView,
    RowsView,
    RowsWanted,
)
from emr_nb.server.reached import entry_of, path_of, path_text
from emr_nb.wording import printable

if TYPE_CHECKING:
    from emr_nb.browsing.listing import Listing
    from emr_nb.model import FileEntry
    from emr_nb.server.state import ServerState

log = logging.getLogger(__name__)

_TOLD_EVERY = 0.2  # seconds between two messages of a growing folder
_SOON = 0.5  # seconds that opening waits for the folder's first page
_MOST = 2_000_000  # entries of one folder that are kept


class OpenListing:
    """One folder as its pages arrive; `id` is its name once it is kept."""

    def __init__(self, cluster: str, listing: Listing, identity: str) -> None:
        self.cluster = cluster
        self.listing = listing
        self.identity = identity
        self.id = ""
        self.first = threading.Event()
        self._told = 0.0

    def stop(self) -> None:
        """Ask for no further page."""
        self.listing.stop()

    def fill(self, state: ServerState) -> None:
        """List to the end, telling pages now and then."""

        def told() -> None:
            self.first.set()
            if self.listing.sums()["total"] > _MOST:
                self.listing.error = UsageError(
                    f"The folder has more than {_MOST:,} entries; the first are shown",
                    where=printable(str(self.listing.path)),
                    advice="Open a folder below it by typing its path.",
                )
                self.listing.stop()
            now = time.monotonic()
            if self.listing.done or now - self._told >= _TOLD_EVERY:
                self._told = now
                state.hub.publish("listings", self.id, self.view())

        try:
            self.listing.fill(told)
        except Exception as error:
            log.exception("a folder could not be listed")
            self.listing.error = EmrError(f"The store failed ({type(error).__name__})")
        finally:
            self.listing.done = True
            self.first.set()
            state.hub.publish("listings", self.id, self.view())

    def view(self) -> ListingView:
        from emr_nb.browsing.places import parts_of

        sums, listing = self.listing.sums(), self.listing
        return ListingView(
            listing=self.id,
            path=printable(str(listing.path)),
            parts=[PartView(name=n, path=path_text(p)) for n, p in parts_of(listing.path)],
            columns=[
                ColumnView(key=c.key, name=c.title, kind=c.kind, late=c.late)
                for c in listing.columns
            ],
            identity=printable(self.identity),
            failure=None if listing.error is None else failure_of(listing.error),
            **sums,
        )


def opened(state: ServerState, asked: ListingWanted) -> ListingView:
    """Open a folder; raises what its store raises for the first page."""
    from emr_nb.browsing.columns import columns_of
    from emr_nb.browsing.listing import Listing
    from emr_nb.files.abilities import Details, Identified

    connected = state.connections.get(asked.cluster)
    if asked.listing:
        entry, store = entry_of(state, asked.cluster, connected, asked)
        path = entry.path
    else:
        path = path_of(state, connected, asked.path or f"/user/{connected.user}")
        store = connected.filesystem(path)
    columns = columns_of(path, details=isinstance(store, Details))
    listing = Listing(0, path, store, columns, _seen if path.scheme == "file" else None)
    identity = store.identity(path) if isinstance(store, Identified) else ""
    made = OpenListing(asked.cluster, listing, identity)
    made.id = state.listings.put(made)
    state.fills.submit(lambda: made.fill(state))
    made.first.wait(_SOON)
    _raise(state, made, forget=True)
    return made.view()


def one(state: ServerState, asked: ListingId) -> ListingView:
    """Tell what has come; raises what stopped it."""
    found = state.listings.get(asked.listing)
    _raise(state, found)
    return found.view()


def rows(state: ServerState, asked: RowsWanted) -> RowsView:
    """Give a window; raises UsageError for a filter that cannot be read."""
    from emr_nb.browsing.columns import texts

    listing = state.listings.get(asked.listing).listing
    order = {"column": asked.sort, "descending": asked.descending} if asked.sort >= 0 else None
    window = listing.window(asked.start, asked.count, order, asked.filter)
    entries = [listing.entry(number) for number in window.ids]
    return RowsView(
        start=window.start,
        total=window.total,
        seen=window.seen,
        done=listing.done,
        entries=list(window.ids),
        kinds=[entry.kind for entry in entries],
        paths=[path_text(entry.path) for entry in entries],
        rows=[texts(listing.columns, entry) for entry in entries],
    )


def closed(state: ServerState, asked: ListingId) -> Done:
    """Close a folder; quiet where it is closed already."""
    try:
        state.listings.take(asked.listing).stop()
    except EmrError:
        return Done(text="It was closed already")
    return Done(text="Closed")


def _seen(entry: FileEntry) -> bool:
    """Leave out what no route would give: this machine's hidden names."""
    return not entry.name.startswith(".")


def _raise(state: ServerState, found: OpenListing, *, forget: bool = False) -> None:
    """Raise what stopped a folder before anything of it came."""
    error = found.listing.error
    if error is not None and not found.listing.sums()["total"]:
        if forget:
            state.listings.take(found.id)
        raise error
