"""Files of a cluster's stores. Texts that are shown are safe to show; sizes in bytes.

An entry is named by its path text, or by its listing and number: a name that is not UTF-8
has no path text.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from emr_nb.server.models.common import Answer, Count, Failure, Input, Text, Word


class FolderPage(Input, frozen=True, kw_only=True):
    """One page of a folder, as its store gives it; `after` is the cursor of the page before."""

    cluster: Word
    path: Text
    after: Text = ""


class EntryView(Answer, frozen=True, kw_only=True):
    """One entry: `kind` is `file`, `directory` or `symlink`; `path` None: it has no path text."""

    name: str
    path: str | None
    kind: str
    size: int
    modified: float | None = None
    owner: str = ""
    group: str = ""
    permissions: str = ""
    storage_class: str = ""


class EntryPage(Answer, frozen=True, kw_only=True):
    """A page of entries; `after` is the next cursor, None at the end."""

    entries: list[EntryView]
    after: str | None


class ListingWanted(Input, frozen=True, kw_only=True):
    """Opens a folder to be looked at by windows; an empty path is the user's start.

    A folder without path text is named by the listing that it is in, and its number there.
    """

    cluster: Word
    path: Text = ""
    listing: Word = ""
    entry: Annotated[int, Meta(ge=-1, le=2**53)] = -1


class PartView(Answer, frozen=True, kw_only=True):
    """One part of a breadcrumb."""

    name: str
    path: str | None


class ColumnView(Answer, frozen=True, kw_only=True):
    """A column; `late` ones come by an entry's detail. `kind` is text, number or time."""

    key: str
    name: str
    kind: str
    late: bool


class ListingView(Answer, frozen=True, kw_only=True):
    """An open folder and what has come of it; it grows until `done`. `identity` reads it."""

    listing: str
    path: str
    parts: list[PartView]
    columns: list[ColumnView]
    total: int
    folders: int
    files: int
    bytes: int
    done: bool
    identity: str = ""
    failure: Failure | None = None


class ListingId(Input, frozen=True, kw_only=True):
    """Names an open folder."""

    listing: Word


class RowsWanted(Input, frozen=True, kw_only=True):
    """A window of rows: sorted by a column's index, filtered by words (`size>10m`)."""

    listing: Word
    start: Count = 0
    count: Annotated[int, Meta(ge=0, le=500)] = 100
    sort: Annotated[int, Meta(ge=-1, le=100)] = -1
    descending: bool = False
    filter: Text = ""


class RowsView(Answer, frozen=True, kw_only=True):
    """Rows as texts, with their entries' numbers, kinds and paths.

    `total` counts what the filter left. A path is None where no text is it.
    """

    start: int
    total: int
    seen: int
    done: bool
    entries: list[int]
    kinds: list[str]
    paths: list[str | None]
    rows: list[list[str]]


class EntryId(Input, frozen=True, kw_only=True):
    """Names an entry: by its path, or by its listing and number."""

    cluster: Word
    path: Text = ""
    listing: Word = ""
    entry: Annotated[int, Meta(ge=-1, le=2**53)] = -1


class CodeWanted(EntryId, frozen=True, kw_only=True):
    """Asks for a cell that reads an entry."""

    kind: Literal["spark", "hive", "pandas"] = "spark"


class FactView(Answer, frozen=True, kw_only=True):
    """One fact, to be shown as it is."""

    label: str
    text: str


class DetailView(Answer, frozen=True, kw_only=True):
    """All that a store tells of an entry; not `readable` says why in `reason`."""

    entry: EntryView
    facts: list[FactView]
    encryption: str = ""
    key: str = ""
    readable: bool = True
    reason: str = ""


class PreviewColumn(Answer, frozen=True, kw_only=True):
    """A column of a preview."""

    name: str
    type: str


class PictureView(Answer, frozen=True, kw_only=True):
    """A picture's bytes in base64; `mime` is one of PNG, JPEG, GIF and WebP."""

    mime: str
    data: str
    width: int | None = None
    height: int | None = None


class PreviewView(Answer, frozen=True, kw_only=True):
    """What an entry holds: facts, and rows under columns, or a text, or a picture."""

    name: str
    format: str
    facts: list[FactView]
    more: list[FactView]
    columns: list[PreviewColumn]
    rows: list[list[str | None]]
    text: str
    notes: list[str]
    image: PictureView | None


class CodeView(Answer, frozen=True, kw_only=True):
    """The text of a cell."""

    text: str


class EntryRef(Input, frozen=True, kw_only=True):
    """An entry of a plan, by path or by listing and number."""

    path: Text = ""
    listing: Word = ""
    entry: Annotated[int, Meta(ge=-1, le=2**53)] = -1


class PlanWanted(Input, frozen=True, kw_only=True):
    """Asks what a change would do: `entries` are removed, or one renamed, or holds a new folder."""

    cluster: Word
    kind: Literal["mkdir", "rename", "delete"]
    entries: Annotated[list[EntryRef], Meta(min_length=1, max_length=1000)]
    name: Text = ""


class PlanId(Input, frozen=True, kw_only=True):
    """Names a plan, which can be done once."""

    plan: Word


class PlanView(Answer, frozen=True, kw_only=True):
    """What a change will do, in words; nothing is done before the plan is posted."""

    plan: str
    title: str
    lines: list[str]
    button: str
    danger: bool


class Upload(Input, frozen=True, kw_only=True):
    """Where an upload's bytes go: a folder and a name in it."""

    cluster: Word
    folder: Text
    name: Annotated[str, Meta(min_length=1, max_length=1024)]
    overwrite: bool = False
