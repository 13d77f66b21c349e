"""The styles of our HTML, in notebooks and by the server.

Colours are the theme's where it tells them and half-transparent greys elsewhere, so that
the same saved HTML reads in light and dark. Nothing is loaded and no script runs.
"""

from __future__ import annotations

FONT = (
    "font-family:var(--jp-ui-font-family,system-ui,-apple-system,'Segoe UI',Roboto,"
    "'Helvetica Neue',Arial,sans-serif);font-size:13px;line-height:1.45;"
)
MONO = "font-family:var(--jp-code-font-family,ui-monospace,Menlo,Consolas,monospace);"
LINE = "rgba(128,128,128,.28)"
FAINT = "rgba(128,128,128,.09)"


def aligned(*, right: bool = False) -> str:
    """Return the attribute that aligns a table's cell; front ends' own styles align right."""
    return f" style='text-align:{'right' if right else 'left'}'"
