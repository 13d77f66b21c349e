"""The result table for viewers without our renderer: escaped HTML, and text for terminals."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from emr_nb.styling import FAINT, FONT, LINE, MONO, aligned
from emr_nb.wording import printable

if TYPE_CHECKING:
    from emr_nb.results.table import TableView

_TEXT_COLUMNS = 12
_TEXT_WIDTH = 32
_HTML_COLUMNS = 200

STYLE = (
    "<style>"
    f".emr-nb-t{{{FONT}color:inherit;max-width:100%;margin:4px 0}}"
    f".emr-nb-t .emr-nb-s{{overflow:auto;max-height:480px;border:1px solid {LINE};"
    "border-radius:6px;width:fit-content;max-width:100%}"
    ".emr-nb-t table{border-collapse:collapse;border:0;margin:0;font-size:12.5px;"
    "font-variant-numeric:tabular-nums}"
    ".emr-nb-t th,.emr-nb-t td{padding:4px 12px;border:0;text-align:left;white-space:pre;"
    "max-width:420px;overflow:hidden;text-overflow:ellipsis;vertical-align:top}"
    f".emr-nb-t thead th{{background:{FAINT};border-bottom:1px solid {LINE};font-weight:600;"
    "vertical-align:bottom}"
    f".emr-nb-t thead small{{display:block;font-weight:400;font-size:10.5px;opacity:.6;{MONO}}}"
    f".emr-nb-t tbody td{{border-top:1px solid {FAINT};background:transparent}}"
    ".emr-nb-t tbody tr:first-child td{border-top:0}"
    f".emr-nb-t tbody tr{{background:transparent}}.emr-nb-t tbody tr:hover{{background:{FAINT}}}"
    ".emr-nb-t td.emr-nb-i,.emr-nb-t th.emr-nb-i{opacity:.45;text-align:right;padding-right:6px;"
    "font-size:11px;user-select:none}"
    f".emr-nb-t .emr-nb-m{{{MONO}font-size:12px}}"
    ".emr-nb-t .emr-nb-n{opacity:.4;font-style:italic}"
    ".emr-nb-t .emr-nb-c{opacity:.65;font-size:12px;margin:5px 2px 0}"
    ".emr-nb-t .emr-nb-w{font-size:12px;margin:5px 2px 0;padding-left:8px;"
    "border-left:3px solid #d9822b}"
    "</style>"
)
_MONO_KINDS = frozenset({"binary", "nested"})


def html_table(shown: TableView) -> str:
    """Return the table as HTML that needs nothing: no script, no outside style, all escaped."""
    wide = shown.headings[:_HTML_COLUMNS]
    sides = [aligned(right=h.kind == "number") for h in wide]
    head = "".join(
        f"<th{side}>{escape(printable(h.name)) or '&nbsp;'}<small>{escape(h.type)}</small></th>"
        for h, side in zip(wide, sides, strict=True)
    )
    classes = [" class='emr-nb-m'" if h.kind in _MONO_KINDS else "" for h in wide]
    body = "".join(
        f"<tr><td class='emr-nb-i'>{number}</td>"
        + "".join(
            f"<td{class_}{side}>{_cell(text)}</td>"
            for text, class_, side in zip(row, classes, sides, strict=False)
        )
        + "</tr>"
        for number, row in enumerate(shown.rows, 1)
    )
    notices = list(shown.notices)
    if len(wide) < len(shown.headings):
        notices.append(f"{len(wide)} of {len(shown.headings)} columns are drawn here.")
    below = "".join(f"<div class='emr-nb-w'>{escape(n)}</div>" for n in notices)
    return (
        f"{STYLE}<div class='emr-nb-t'><div class='emr-nb-s'><table><thead><tr>"
        f"<th class='emr-nb-i'></th>{head}</tr></thead><tbody>{body}</tbody></table></div>"
        f"<div class='emr-nb-c'>{escape(shown.caption)}</div>{below}</div>"
    )


def _cell(text: str | None) -> str:
    return "<span class='emr-nb-n'>null</span>" if text is None else escape(text)


def text_table(shown: TableView) -> str:
    """Return the table as text; wide cells and far columns are cut with a visible mark."""
    headings = shown.headings[:_TEXT_COLUMNS]
    rows = [[printable(h.name) for h in headings]]
    rows += [[_short(t) for t in row[:_TEXT_COLUMNS]] for row in shown.rows]
    widths = [max(len(row[n]) for row in rows) for n in range(len(headings))]
    lines = []
    for row in rows:
        cells = [
            f"{t:>{w}}" if h.kind == "number" else f"{t:<{w}}"
            for t, w, h in zip(row, widths, headings, strict=True)
        ]
        lines.append("  ".join(cells).rstrip())
    lines.insert(1, "  ".join("─" * w for w in widths))
    if len(headings) < len(shown.headings):
        lines.append(f"… {len(shown.headings) - len(headings)} more columns")
    return "\n".join([*lines, shown.caption, *map(printable, shown.notices)])


def _short(text: str | None) -> str:
    if text is None:
        return "null"
    text = printable(text)
    return text if len(text) <= _TEXT_WIDTH else f"{text[: _TEXT_WIDTH - 1]}…"
