"""From what a page names to an entry of a store: only what pages may reach."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from emr_nb.errors import NotKeptError, PathDeniedError, UsageError
from emr_nb.model import FileEntry, FilePath
from emr_nb.wording import printable

if TYPE_CHECKING:
    from emr_nb.files.base import FileSystem
    from emr_nb.server.backend import Connected
    from emr_nb.server.models.files import EntryView
    from emr_nb.server.state import ServerState

# S3's own rules allow less today, but old buckets have capitals and underscores; what is not
# here could change the host that a request goes to
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}\Z")


class Named(Protocol):
    """What names an entry: a path, or a listing and a number."""

    @property
    def path(self) -> str: ...
    @property
    def listing(self) -> str: ...
    @property
    def entry(self) -> int: ...


def path_of(state: ServerState, connected: Connected, text: str) -> FilePath:
    """Resolve path text on a cluster; raises UsageError, PathDeniedError."""
    return allowed(state, connected.path(text))


def allowed(state: ServerState, path: FilePath) -> FilePath:
    """Return a path that pages may reach: the cluster's HDFS, S3, this machine below the root.

    WebHDFS itself refuses the hosts that are not its cluster's.
    """
    if path.scheme == "s3" and path.authority and not _BUCKET.match(path.authority):
        raise UsageError(f"{printable(path.authority)} is no bucket's name")
    if path.scheme == "file":
        _below_root(state.root, path)
    elif path.scheme not in ("hdfs", "s3"):
        raise PathDeniedError(
            f"{path.scheme}:// is not shown by the server",
            where=printable(str(path)),
            advice="A notebook reaches it: %emr ls.",
        )
    return path


def _below_root(root: Path, path: FilePath) -> None:
    """Refuse what is outside the server's folder, links out of it, and hidden names."""
    real, base = Path(path.key).resolve(), root.resolve()
    hidden = real.is_relative_to(base) and any(
        part.startswith(".") for part in real.relative_to(base).parts
    )
    if "\0" in path.key or hidden or not real.is_relative_to(base):
        raise PathDeniedError(
            "The server shows nothing outside the folder that it was started in",
            where=printable(str(path)),
            advice="Start JupyterLab in a folder above it.",
        )


def entry_of(
    state: ServerState, cluster: str, connected: Connected, named: Named
) -> tuple[FileEntry, FileSystem]:
    """Return the entry that is meant, and its store; raises PathNotFoundError, NotKeptError."""
    if not named.listing:
        path = path_of(state, connected, named.path)
        store = connected.filesystem(path)
        return store.info(path), store
    kept = state.listings.get(named.listing)
    if kept.cluster != cluster:
        raise UsageError("This folder is another cluster's", where=named.listing)
    try:
        entry = kept.listing.entry(named.entry)
    except IndexError:
        raise NotKeptError("There is no such row", advice="Open the folder again.") from None
    allowed(state, entry.path)
    return entry, kept.listing.store


def path_text(path: FilePath) -> str | None:
    """Return a path's text; None where its name is not UTF-8, so that no text is its path."""
    text = str(path)
    try:
        text.encode()
    except UnicodeEncodeError:
        return None
    return text


def entry_view(entry: FileEntry, name: str | None = None) -> EntryView:
    """Return an entry as a page gets it."""
    from emr_nb.server.models.files import EntryView

    return EntryView(
        name=printable(entry.name if name is None else name),
        path=path_text(entry.path),
        kind=entry.kind,
        size=entry.size,
        modified=None if entry.modified is None else entry.modified.timestamp(),
        owner=printable(entry.owner),
        group=printable(entry.group),
        permissions=entry.permissions,
        storage_class=printable(entry.storage_class),
    )
