"""The columns that DESCRIBE tells of a table, its partition keys among them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class ToldColumn:
    """One column; `type` and `comment` as the engine writes them."""

    name: str
    type: str
    comment: str = ""
    is_key: bool = False  # of partitions


def told_columns(rows: Sequence[Sequence[Any]], dialect: str) -> list[ToldColumn]:
    """Return the columns of a table in its own order."""
    return _marked(rows) if dialect in ("trino", "presto") else _in_sections(rows)


def _marked(rows: Sequence[Sequence[Any]]) -> list[ToldColumn]:
    """Read rows of (name, type, extra, comment): the extra of a key says that it is one."""
    cells = ([*map(_text, row), "", "", ""] for row in rows)
    return [
        ToldColumn(name, kind, comment, "partition key" in extra.lower())
        for name, kind, extra, comment, *_ in cells
    ]


def _in_sections(rows: Sequence[Sequence[Any]]) -> list[ToldColumn]:
    """Read rows of (name, type, comment): behind the columns the keys stand once more."""
    found: dict[str, ToldColumn] = {}
    section = ""
    for row in rows:
        name, kind, comment, *_ = [*map(_text, row), "", ""]
        if name.startswith("# "):
            section = name if name != "# col_name" else section
        elif not name:
            section = section or "end"
        elif not section:
            found[name] = ToldColumn(name, kind, comment)
        elif section == "# Partition Information" and name in found:
            found[name] = replace(found[name], is_key=True)
    return list(found.values())


def _text(cell: Any) -> str:
    return "" if cell is None else str(cell).strip()
