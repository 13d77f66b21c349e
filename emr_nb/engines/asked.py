"""What a statement was asked, kept in its journal row for whoever adopts it; pure.

It stands in the row's `place`, behind the line that says where the server goes on, and only
where history is on: the row has the statement's text then too.
"""

from __future__ import annotations

import json

from emr_nb.journal import StatementRow
from emr_nb.model import Request

_TOLD = ("output", "rows", "shown", "database", "catalog")


def spelled(request: Request) -> str:
    """Return what is to be kept of a request beside its text; one line."""
    told = {name: getattr(request, name) for name in _TOLD}
    return json.dumps({**told, "settings": dict(request.settings)})


def placed(place: str, asked: str) -> str:
    """Return a row's `place`: where the server goes on, and what was asked."""
    return f"{place}\n{asked}" if asked else place


def place_of(row: StatementRow) -> str:
    """Return where the server goes on with a row's statement; empty where it does not."""
    return row.place.partition("\n")[0]


def asked_of(row: StatementRow) -> str:
    """Return what `spelled` gave for the row's statement; empty where it was not kept."""
    return row.place.partition("\n")[2]


def request_of(row: StatementRow) -> Request | None:
    """Return what the row's cell asked; None where nobody kept it."""
    asked = asked_of(row)
    if not asked or not row.text:
        return None
    try:
        told = json.loads(asked)
        named = {name: told[name] for name in (*_TOLD, "settings")}
    except (ValueError, KeyError, TypeError):
        return None  # another version's
    return Request(
        row.text,
        row.language,
        row.tag,
        cell_id=row.cell,
        notebook=row.notebook,
        line=row.line,
        **named,
    )
