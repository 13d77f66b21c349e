"""Livy's own output as MIME bundles: text, JSON, images, HTML and its table type."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from typing import Any

from emr_nb.model import Output

_WARNING = re.compile(r"^(?:<(?:console|pastie|cell)>:\d+: )?warning: ")
LIVY_TABLE = "application/vnd.livy.table.v1+json"


def output_of(data: Mapping[str, Any]) -> Output | None:
    """Return what to display for the `data` of an output; None when there is nothing.

    Livy's table keeps its own type and gains a plain text; values stay as they are.
    """
    bundle: dict[str, Any] = {}
    for mime, value in data.items():
        if mime == "text/plain" and not str(value).strip():
            continue
        bundle[str(mime)] = value
    if not bundle:
        return None
    if LIVY_TABLE in bundle:
        bundle.setdefault("text/plain", _table_text(bundle[LIVY_TABLE]))
        bundle.setdefault("text/html", _table_html(bundle[LIVY_TABLE]))
    if "application/json" in bundle:
        bundle.setdefault("text/plain", str(bundle["application/json"]))
    return Output(bundle)


def without_warnings(text: str) -> tuple[str, tuple[str, ...]]:
    """Tell what a Scala cell printed from what its compiler warned of: text, warnings.

    A warning is a line, where the REPL names a place followed by the source and a caret.
    """
    kept: list[str] = []
    warned: list[str] = []
    lines = text.split("\n")
    while lines:
        line = lines.pop(0)
        if not _WARNING.match(line):
            kept.append(line)
            continue
        warned.append(_WARNING.sub("warning: ", line))
        caret = next((n for n, below in enumerate(lines[:8]) if below.strip() == "^"), None)
        if line.startswith("<") and caret is not None:
            warned += lines[: caret + 1]
            del lines[: caret + 1]
    return "\n".join(kept), tuple(warned)


def _table(value: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    headers = [str(header.get("name", "")) for header in value.get("headers") or ()]
    rows = [
        ["NULL" if cell is None else str(cell) for cell in row] for row in value.get("data") or ()
    ]
    return headers, rows


def _table_text(value: Mapping[str, Any]) -> str:
    headers, rows = _table(value)
    return "\n".join("\t".join(row) for row in [headers, *rows])


def _table_html(value: Mapping[str, Any]) -> str:
    headers, rows = _table(value)
    head = "".join(f"<th>{escape(name)}</th>" for name in headers)
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
