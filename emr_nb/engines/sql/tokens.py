"""Cut SQL into tokens by a dialect's own lexical rules; whatever the text, nothing is lost."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from emr_nb.engines.sql.lexicon import Lexicon

NAME = r"[^\W\d]\w*"
PARAMETER = re.compile(rf"\{{\{{\s*({NAME})\s*\}}\}}")
SILENT = frozenset({"space", "comment"})


class Token(NamedTuple):
    """A piece of the text; `kind` is one of those below, `start` and `end` are offsets.

    `space`, `comment`, `string`, `name` (a quoted identifier), `word`, `number`, `mark`,
    `end` (a semicolon), `parameter` ({{x}}), `braces` ({{ that begins no parameter) and
    `block` ({%). An unclosed text or comment reaches to the end.
    """

    kind: str
    start: int
    end: int

    def of(self, text: str) -> str:
        return text[self.start : self.end]


def tokens(text: str, rules: Lexicon, *, fine: bool = True) -> Iterator[Token]:
    """Yield the tokens of a text in order; without `fine` words, numbers and marks are one."""
    pattern = _pattern(rules, fine)
    at = 0
    while at < len(text):
        found = pattern.match(text, at)
        assert found is not None, "the last alternative takes any character"
        kind, end = found.lastgroup or "mark", found.end()
        if kind == "opening":
            kind, end = "comment", _comment_end(text, at, nested=rules.nested)
        elif kind == "dollar":
            kind, end = "string", _after(text, found["dollar"], end)
        yield Token(kind, at, end)
        at = end


def significant(text: str, rules: Lexicon) -> list[Token]:
    """Return the tokens that an engine's parser sees."""
    return [token for token in tokens(text, rules) if token.kind not in SILENT]


# -- inside -------------------------------------------------------------------------------


@cache
def _pattern(rules: Lexicon, fine: bool) -> re.Pattern[str]:
    line = r"--(?:\\\r?\n|[^\r\n])*" if rules.carried else r"--[^\r\n]*"
    quoted = [_quoted(q, backslash=rules.backslash) for q in rules.strings]
    if rules.raw:
        quoted = [rf"[rR]{q}[^{q}]*(?:{q}|\Z)" for q in rules.strings] + quoted
    if rules.escaped:
        quoted.insert(0, r"[eE]" + _quoted("'", backslash=True))
    parts = [
        ("space", r"\s+"),
        ("comment", line),
        ("opening", r"/\*"),
        ("string", "|".join(quoted)),
        ("name", "|".join(_quoted(q, backslash=False) for q in rules.names)),
    ]
    if rules.dollar:
        parts.append(("dollar", rf"\$(?:{NAME})?\$" if rules.dollar == "tag" else r"\$\$"))
    parts += [
        ("end", ";"),
        ("parameter", PARAMETER.pattern.replace("(", "(?:", 1)),
        ("braces", r"\{\{"),
        ("block", r"\{%"),
    ]
    if fine:
        parts += [
            ("number", r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?!\w)"),
            ("word", r"\w+"),
            ("mark", r"<=>|<>|!=|<=|>=|==|=>|->|::|\|\||."),
        ]
    else:
        # words stay whole: the letter before a quote may belong to it
        parts.append(("mark", rf"\w+|[^\w\s{re.escape(rules.strings + rules.names)};/\-{{$]+|."))
    return re.compile("|".join(f"(?P<{kind}>{p})" for kind, p in parts), re.DOTALL)


def _quoted(quote: str, *, backslash: bool) -> str:
    plain = rf"[^{quote}\\]*" if backslash else rf"[^{quote}]*"
    more = rf"(?:(?:{quote}{quote}|\\.){plain})*" if backslash else rf"(?:{quote}{quote}{plain})*"
    return rf"{quote}{plain}{more}(?:{quote}|\\?\Z)" if backslash else (
        rf"{quote}{plain}{more}(?:{quote}|\Z)"
    )  # fmt: skip


def _comment_end(text: str, start: int, *, nested: bool) -> int:
    if not nested:
        return _after(text, "*/", start + 2)
    depth, at = 1, start + 2
    for found in re.compile(r"/\*|\*/").finditer(text, at):
        depth += 1 if found[0] == "/*" else -1
        if depth == 0:
            return found.end()
    return len(text)


def _after(text: str, mark: str, start: int) -> int:
    found = text.find(mark, start)
    return len(text) if found < 0 else found + len(mark)
