"""How text and numbers look: the styles of our HTML and the wording of sizes and times.

Colours are the theme's where it tells them and half-transparent greys elsewhere, so that
the same saved HTML reads in light and dark. Nothing is loaded and no script runs.
"""

from __future__ import annotations

from emr_nb.styling import FAINT as FAINT  # noqa: PLC0414 -- re-exported
from emr_nb.styling import FONT as FONT  # noqa: PLC0414 -- re-exported
from emr_nb.styling import LINE as LINE  # noqa: PLC0414 -- re-exported
from emr_nb.styling import MONO as MONO  # noqa: PLC0414 -- re-exported
from emr_nb.styling import aligned as aligned  # noqa: PLC0414 -- re-exported
from emr_nb.wording import count as count  # noqa: PLC0414 -- re-exported
from emr_nb.wording import moment as moment  # noqa: PLC0414 -- re-exported
from emr_nb.wording import plural as plural  # noqa: PLC0414 -- re-exported
from emr_nb.wording import printable as printable  # noqa: PLC0414 -- re-exported
from emr_nb.wording import size as size  # noqa: PLC0414 -- re-exported

ANSWER_STYLE = (
    "<style>"
    f".emr-nb-a{{{FONT}color:inherit;overflow-x:auto}}"
    ".emr-nb-a table{border-collapse:collapse;margin:2px 0;border:0;font-size:13px}"
    ".emr-nb-a th,.emr-nb-a td{padding:3px 14px 3px 0;text-align:left;border:0;"
    "white-space:pre;vertical-align:top;background:transparent;font-variant-numeric:tabular-nums}"
    ".emr-nb-a tr,.emr-nb-a tr:hover{background:transparent!important}"
    f".emr-nb-a thead th{{font-weight:600;opacity:.7;border-bottom:1px solid {LINE}}}"
    f".emr-nb-a tbody tr+tr td{{border-top:1px solid {FAINT}}}"
    ".emr-nb-f th{font-weight:500;opacity:.62}"
    ".emr-nb-a.emr-nb-f td{white-space:pre-wrap;overflow-wrap:anywhere;border:0}"
    ".emr-nb-a p{margin:4px 0;opacity:.7}"
    "</style>"
)


def first_line(text: str) -> str:
    """Return the first line with something on it, cut to 60 characters."""
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return line if len(line) <= 60 else f"{line[:59]}…"


def seconds(value: float) -> str:
    """Write a duration."""
    if value < 10:
        return f"{value:.1f} s"
    if value < 90:
        return f"{value:.0f} s"
    minutes, rest = divmod(round(value), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def about(value: float) -> str:
    """Write a long duration in whole minutes, hours or days."""
    if value < 60:
        return "less than a minute"
    if value < 3600:
        return f"{value // 60:.0f} min"
    if value < 48 * 3600:
        return seconds(value // 60 * 60)
    return f"{value // 86400:.0f} days"
