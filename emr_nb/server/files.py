"""The routes of single entries and plain pages: list, detail, preview, code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emr_nb.errors import UsageError
from emr_nb.server.models.files import (
    CodeView,
    CodeWanted,
    DetailView,
    EntryId,
    EntryPage,
    FactView,
    FolderPage,
    PictureView,
    PreviewColumn,
    PreviewView,
)
from emr_nb.server.reached import entry_of, entry_view, path_of
from emr_nb.wording import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from emr_nb.server.state import ServerState


def page(state: ServerState, asked: FolderPage) -> EntryPage:
    """List one page of a folder; its store's cursor leads to the next."""
    from emr_nb.browsing.places import name_in

    connected = state.connections.get(asked.cluster)
    path = path_of(state, connected, asked.path)
    found = connected.filesystem(path).ls(path, asked.after or None)
    entries = [entry_view(entry, name_in(path, entry)) for entry in found.items]
    return EntryPage(entries=entries, after=found.after)


def detail(state: ServerState, asked: EntryId) -> DetailView:
    """Tell all that the store tells of an entry."""
    from emr_nb.files.abilities import Detail, Details

    connected = state.connections.get(asked.cluster)
    entry, store = entry_of(state, asked.cluster, connected, asked)
    found = store.detail(entry.path) if isinstance(store, Details) else Detail(entry)
    return DetailView(
        entry=entry_view(found.entry),
        facts=_facts(found.facts),
        encryption=found.encryption,
        key=printable(found.key),
        readable=found.readable,
        reason=printable(found.reason),
    )


def preview(state: ServerState, asked: EntryId) -> PreviewView:
    """Show what an entry holds; raises FileFormatError for what is damaged."""
    from emr_nb.browsing.peeking import peek

    connected = state.connections.get(asked.cluster)
    entry, store = entry_of(state, asked.cluster, connected, asked)
    found = peek(store, entry)
    return PreviewView(
        name=printable(entry.name),
        format=found.format,
        facts=_facts(found.facts),
        more=_facts(found.more),
        columns=[PreviewColumn(**column) for column in found.columns],
        rows=[[None if v is None else _encodable(v) for v in row] for row in found.rows],
        text=found.text,
        notes=found.notes,
        image=None if found.image is None else PictureView(**found.image),
    )


def code(state: ServerState, asked: CodeWanted) -> CodeView:
    """Write a cell that reads an entry; raises UsageError where the engine cannot."""
    from emr_nb.browsing import formats, peeking, snippets
    from emr_nb.browsing.places import above

    connected = state.connections.get(asked.cluster)
    entry, store = entry_of(state, asked.cluster, connected, asked)
    told = formats.look_into(store, entry)
    if asked.kind == "spark":
        text = snippets.spark(entry, told)
    elif asked.kind == "hive":
        folder = entry.path if entry.is_directory else above(entry.path)
        columns = peeking.hive_columns(store, entry)
        text = snippets.hive(entry, str(folder), told, columns)
    else:
        text = snippets.pandas(entry, told, connected.name)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise UsageError(
            "This name is not UTF-8, so no text is its path", where=printable(str(entry.path))
        ) from None
    return CodeView(text=text)


def _facts(facts: Iterable[Any]) -> list[FactView]:
    return [FactView(label=printable(label), text=printable(text)) for label, text in facts]


def _encodable(text: str) -> str:
    """Return a value's text as JSON can hold it; values keep their own characters."""
    return text.encode("utf-8", "backslashreplace").decode()
