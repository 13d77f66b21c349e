"""The MIME bundle of a result: for our renderer, for any other viewer, and for a terminal.

The payload's schema and the comm messages are documented in labextension/table-mime.md.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from emr_nb.results.static_table import html_table, text_table
from emr_nb.results.texts import CELL_CHARS, kind, rows_of
from emr_nb.wording import count, plural

if TYPE_CHECKING:
    from emr_nb.results.result import Result

MIME = "application/vnd.emr-nb.table.v1+json"
VERSION = 1
MAX_PAYLOAD = 1_000_000


@dataclass(frozen=True, slots=True)
class Heading:
    """A column as a page shows it: engine's name and type, Arrow's type, and `kind`."""

    name: str
    type: str
    arrow: str
    kind: str
    nullable: bool = True


@dataclass(frozen=True, slots=True)
class TableView:
    """What is shown of a result; `rows` are the saved ones, as texts, None for null."""

    headings: tuple[Heading, ...]
    rows: list[list[str | None]]
    held: int
    total: int | None
    truncated: bool
    notices: tuple[str, ...] = ()
    name: str = ""
    result_id: str = ""

    def payload(self) -> dict[str, Any]:
        """Return the JSON that our renderer takes."""
        return {
            "version": VERSION,
            "result": self.result_id,
            "columns": [
                {f: getattr(h, f) for f in ("name", "type", "arrow", "kind", "nullable")}
                for h in self.headings
            ],
            "rows": self.rows,
            "held": self.held,
            "total": self.total,
            "truncated": self.truncated,
            "saved": len(self.rows),
            "notices": list(self.notices),
            "name": self.name,
            "limits": {"cell_chars": CELL_CHARS},
        }

    @property
    def caption(self) -> str:
        """Say how many rows there are and how many of them stand here."""
        columns = plural(len(self.headings), "column")
        rows = f"{'first ' if self.truncated else ''}{plural(self.held, 'row')}"
        more = ", more exist" if self.truncated else ""
        shown = f" · {count(len(self.rows))} shown" if len(self.rows) < self.held else ""
        return f"{rows} × {columns}{more}{shown}"


def view(
    result: Result,
    *,
    saved_rows: int,
    notices: tuple[str, ...] = (),
    name: str = "",
    result_id: str = "",
) -> TableView:
    """Take from a result what a page shows; the saved rows are cut to MAX_PAYLOAD, and said."""
    table = result.table
    headings = tuple(
        Heading(c.name, c.engine_type, str(f.type), kind(f.type), c.nullable)
        for c, f in zip(result.columns, table.schema, strict=True)
    )
    held = len(result)
    made = TableView(
        headings=headings,
        rows=rows_of(table, 0, saved_rows) if saved_rows > 0 else [],
        held=held,
        total=None if result.truncated else held,
        truncated=result.truncated,
        notices=(*result.notices, *notices),
        name=name,
        result_id=result_id,
    )
    return _fit(made)


def bundle(shown: TableView) -> dict[str, Any]:
    """Return the MIME bundle of a table."""
    return {
        MIME: shown.payload(),
        "text/html": html_table(shown),
        "text/plain": text_table(shown),
    }


def cut_notice(result: Result, rows: int | None = None) -> str:
    """Say that a result is cut, why, and how to get all of it."""
    why = f"-n {rows}" if rows is not None else "as many as a page takes"
    return (
        f"Only the first {plural(len(result), 'row')} are here ({why}); the result has more. "
        "All of it: -o VAR, or -n -1."
    )


def _fit(shown: TableView) -> TableView:
    spent, kept = 0, 0
    for row in shown.rows:
        spent += len(json.dumps(row))
        if spent > MAX_PAYLOAD:
            break
        kept += 1
    if kept == len(shown.rows):
        return shown
    notice = f"{plural(kept, 'row')} kept in the file instead of {len(shown.rows)}: rows are large."
    return replace(shown, rows=shown.rows[:kept], notices=(*shown.notices, notice))
