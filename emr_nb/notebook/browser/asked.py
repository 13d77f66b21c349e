"""Questions of the page, read with care: a notebook file may have been written by anybody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Message = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Question:
    """One message of the page; `ids` name entries of listing number `listing`."""

    type: str
    seq: int
    listing: int = 0
    ids: tuple[int, ...] = ()
    text: str = ""
    kind: str = ""
    start: int = 0
    count: int = 0
    number: int = 0
    order: Mapping[str, Any] = field(default_factory=dict)


def read(message: Message) -> Question:
    """Read a message; what is missing or of another kind is as if it were not there."""
    ids = message.get("ids")
    order = message.get("sort")
    return Question(
        type=_text(message, "type"),
        seq=_whole(message, "seq"),
        listing=_whole(message, "listing"),
        ids=tuple(i for i in ids if isinstance(i, int) and i >= 0)[:1000]
        if isinstance(ids, list)
        else (),
        text=_text(message, "text"),
        kind=_text(message, "kind"),
        start=_whole(message, "start"),
        count=_whole(message, "count"),
        number=_whole(message, "number"),
        order=order if isinstance(order, dict) else {},
    )


def _text(message: Message, key: str) -> str:
    value = message.get(key)
    return value if isinstance(value, str) else ""


def _whole(message: Message, key: str) -> int:
    value = message.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else 0
