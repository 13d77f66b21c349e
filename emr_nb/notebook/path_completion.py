"""Completion of paths: names with blanks get quotes, letters of patterns a backslash."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from emr_nb.files.globs import escape, is_pattern, plain

if TYPE_CHECKING:
    from emr_nb.notebook.attachment import Attachment
    from emr_nb.notebook.patience import Patience

_MOST = 500
_ROOTS = ("/", "hdfs:///", "s3://", "table:")
_QUOTES = "\"'"
_MORE = ""  # among what was found: there is more than that


def last_word(line: str) -> str:
    """Return the word that the cursor is in, from its opening quote on."""
    start, quote = 0, ""
    for at, letter in enumerate(line):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in _QUOTES:
            quote = letter
        elif letter.isspace():
            start = at + 1
    return line[start:]


def remote(made: Attachment, patience: Patience[str], fragment: str) -> list[str]:
    """Return paths on the cluster that a fragment may become, spelled as a command takes them."""
    folder = fragment[: fragment.rfind("/") + 1]
    table = fragment.startswith("table:")
    if not folder or folder in ("s3:/", "hdfs:/", "hdfs://"):
        return list(_ROOTS)
    if is_pattern(folder):
        return []

    def listed(begins: str) -> Iterable[str]:
        from emr_nb.files.abilities import Beginnings
        from emr_nb.notebook.locations import resolve

        bare = plain(folder)
        where = made.cluster.path(resolve(made, bare, start=False) if table else bare)
        store = made.cluster.filesystem(where)
        if begins and isinstance(store, Beginnings):
            page = store.beginning(where, begins)
        else:
            page = store.ls(where)
        found = [
            folder + escape(e.name or e.path.authority) + "/" * e.is_directory for e in page.items
        ]
        return [_MORE, *found] if page.after is not None or len(found) > _MOST else found

    found = patience.ask(f"ls {made.name} {folder}", lambda: listed(""))
    name = plain(fragment[len(folder) :])
    if _MORE in found and name:
        found = patience.ask(f"ls {made.name} {folder} {name}", lambda: listed(name))
    return [text for text in found if text != _MORE]


def local(fragment: str) -> list[str]:
    """Return paths of this machine that a fragment may become."""
    folder = fragment[: fragment.rfind("/") + 1]
    if is_pattern(folder):
        return []
    try:
        entries = sorted(Path(plain(folder) or ".").expanduser().iterdir())[:_MOST]
        return [f"{folder}{escape(e.name)}{'/' * e.is_dir()}" for e in entries]
    except OSError:
        return []


def spelled(found: Iterable[str], fragment: str) -> list[str]:
    """Return those that begin as the fragment does, in its quotes or in quotes that they need."""
    quote = fragment[0] if fragment[:1] and fragment[0] in _QUOTES else ""
    bare = fragment[len(quote) :]
    made = []
    for text in dict.fromkeys(found):
        if not (text.startswith(bare) or plain(text).startswith(bare)):
            continue
        needed = quote or ('"' if any(c.isspace() or c == "'" for c in text) else "")
        needed = "'" if not quote and '"' in text else needed
        if needed and needed in text:
            continue  # a name with either kind of quotes is a variable's: {name}
        made.append(f"{needed}{text}{needed * (not text.endswith('/'))}")
    return made
