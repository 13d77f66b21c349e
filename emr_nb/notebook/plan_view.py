"""A plan on the page: as text a line for each operator, as HTML a tree that folds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from emr_nb.engines.sql.plan_texts import Node
from emr_nb.engines.sql.plans import cut, told, tree
from emr_nb.notebook.answers import Text
from emr_nb.notebook.look import FAINT, FONT, LINE, MONO, printable

_OPEN = 80  # operators of a plan that is shown unfolded
_SHARE = re.compile(r"CPU: \S+ \((\d+(?:\.\d+)?)%\)")
_STYLE = (
    "<style>"
    f".emr-nb-p{{{FONT}color:inherit;overflow-x:auto;margin:4px 0}}"
    f".emr-nb-p details{{margin:0 0 0 7px;padding-left:12px;border-left:1px solid {LINE}}}"
    ".emr-nb-p>details{margin-left:0;padding-left:0;border:0}"
    ".emr-nb-p summary{cursor:pointer;padding:1px 4px;border-radius:4px;white-space:nowrap}"
    f".emr-nb-p summary:hover{{background:{FAINT}}}"
    ".emr-nb-p summary b{font-weight:600;margin-right:8px}"
    f".emr-nb-p summary span{{opacity:.65;font-size:12px;{MONO}}}"
    f".emr-nb-p pre{{{MONO}font-size:11.5px;line-height:1.5;margin:2px 0 4px 16px;padding:4px 8px;"
    f"background:{FAINT};border-radius:4px;white-space:pre-wrap;overflow-wrap:anywhere}}"
    ".emr-nb-p i{display:inline-block;height:6px;border-radius:3px;background:#d9822b;"
    "margin-right:8px;vertical-align:middle}"
    ".emr-nb-p .emr-nb-l{list-style:none;cursor:default}"
    ".emr-nb-p .emr-nb-l::-webkit-details-marker{display:none}"
    "</style>"
)


class Plan(Text):
    """A plan: a text of one line for each operator that shows as a tree; `nodes` has all."""

    __slots__ = ("nodes", "raw")
    nodes: tuple[Node, ...]
    raw: str

    @classmethod
    def of(cls, nodes: Sequence[Node], raw: str) -> Plan:
        """Return a plan of its trees; `raw` is what the engine printed."""
        lines = [printable(line) for node in nodes for line in tree(node)]
        made = cls("\n".join(lines) or raw)
        made.nodes, made.raw = tuple(nodes), raw
        return made

    def _repr_html_(self) -> str:
        unfolded = sum(_size(node) for node in self.nodes) <= _OPEN
        body = "".join(_html(node, 0, unfolded=unfolded) for node in self.nodes)
        whole = (
            "<details><summary><span>as the engine printed it</span></summary>"
            f"<pre>{escape(self.raw)}</pre></details>"
        )
        return f"{_STYLE}<div class='emr-nb-p'>{body}{whole}</div>"


def _size(node: Node) -> int:
    return 1 + sum(_size(child) for child in node.children)


def _html(node: Node, depth: int, *, unfolded: bool) -> str:
    """Draw a node; what its line leaves out shows where the pointer rests on it."""
    facts = " · ".join(cut(fact) for fact in told(node))
    whole = escape("\n".join(printable(detail) for detail in node.details), quote=True)
    head = f"{_bar(node)}<b>{escape(printable(node.name))}</b>"
    head += f"<span>{escape(printable(facts))}</span>"
    below = "".join(_html(child, depth + 1, unfolded=unfolded) for child in node.children)
    if not below:
        return f"<details><summary class='emr-nb-l' title='{whole}'>{head}</summary></details>"
    opened = " open" if unfolded or depth < 3 else ""
    return f"<details{opened}><summary title='{whole}'>{head}</summary>{below}</details>"


def _bar(node: Node) -> str:
    """Draw an operator's share of the query's processor time, where that is known."""
    for detail in node.details:
        if found := _SHARE.match(detail):
            share = min(100.0, float(found[1]))
            title = f"{share:.0f} % of the processor time"
            return f"<i style='width:{max(1, share * 0.6):.0f}px' title='{title}'></i>"
    return ""
