"""Fill the parameters that stand inside a quoted text or identifier."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from emr_nb.engines.sql.lexicon import Lexicon
from emr_nb.engines.sql.literals import inside, inside_name, text_of
from emr_nb.engines.sql.tokens import NAME, PARAMETER, Token
from emr_nb.errors import UsageError

_ESCAPED = re.compile(rf"\\.|\{{\{{\s*({NAME})\s*\}}\}}", re.DOTALL)
_HALF_ESCAPE = re.compile(r"\\(?:u[0-9a-fA-F]{0,3}|U[0-9a-fA-F]{0,7}|x[0-9a-fA-F]?|[0-7]{1,2})\Z")


def fill_quoted(token: Token, text: str, of: Callable[[str], Any], rules: Lexicon) -> str:
    """Return a quoted text or name with its parameters' values, escaped; raises UsageError."""
    written = token.of(text)
    if "{{" not in written:
        return written
    if token.kind == "name":
        quote = written[0]
        return PARAMETER.sub(
            lambda m: inside_name(text_of(of(m[1]), m[1]), m[1], rules, quote), written
        )
    if written.startswith("$"):
        return PARAMETER.sub(lambda m: _unescaped(of(m[1]), m[1], "$", rules), written)
    prefix = written[0].lower() if written[0].isalpha() else ""
    quote = written[len(prefix)]
    if prefix == "r":
        return PARAMETER.sub(lambda m: _unescaped(of(m[1]), m[1], quote, rules), written)
    before = text[max(token.start - 2, 0) : token.start].lower()
    if before[-1:] == "x":
        return PARAMETER.sub(lambda m: _hexadecimal(of(m[1]), m[1]), written)
    unicode = before == "u&"
    return _Escaped(written, quote, of, rules, prefix == "e", unicode).filled()


class _Escaped:
    """A string literal with escapes, read pair by pair: a backslash may not reach into a value."""

    def __init__(
        self,
        written: str,
        quote: str,
        of: Callable[[str], Any],
        rules: Lexicon,
        escaped: bool,
        unicode: bool,
    ) -> None:
        self._written = written
        self._quote = quote
        self._of = of
        self._rules = rules
        self._backslash = rules.backslash or escaped
        self._unicode = unicode

    def filled(self) -> str:
        if not self._backslash:
            return PARAMETER.sub(self._value, self._written)
        if "\\{" in self._written:
            self._check_pairs()
        return _ESCAPED.sub(lambda m: self._value(m) if m[1] is not None else m[0], self._written)

    def _check_pairs(self) -> None:
        for found in _ESCAPED.finditer(self._written):
            if found[1] is None and PARAMETER.match(self._written, found.end() - 1):
                raise UsageError(
                    f"A backslash stands before {{{{ in {self._written[:60]}",
                    advice="It would escape the value's first character. Write \\\\ for a "
                    "backslash of the text. Nothing was run.",
                )

    def _value(self, found: re.Match[str]) -> str:
        name = found[1]
        if self._backslash and _HALF_ESCAPE.search(
            self._written[: found.start()].replace("\\\\", "")
        ):
            raise UsageError(
                f"An escape that is not whole stands before {{{{{name}}}}}",
                advice="Its digits would go on with the value's. Nothing was run.",
            )
        made = text_of(self._of(name), name)
        if self._unicode:  # Trino's U&'…' knows \XXXX
            made = made.replace("\\", "\\\\")
        return inside(made, name, self._rules, self._quote, backslash=self._backslash)


def _unescaped(value: Any, name: str, quote: str, rules: Lexicon) -> str:
    """Return a text for a literal that has no escapes; raises where it would end the literal."""
    text = text_of(value, name)
    held = [mark for mark in (quote, "$" if rules.variables else quote, "\0") if mark in text]
    if held:
        raise UsageError(
            f"{{{{{name}}}}} has a {held[0]!r} in it, which this kind of literal cannot hold",
            advice="Use an ordinary '…' literal. Nothing was run.",
        )
    return text


def _hexadecimal(value: Any, name: str) -> str:
    text = value.hex() if isinstance(value, bytes) else text_of(value, name)
    if not re.fullmatch(r"(?:[0-9a-fA-F]{2})*", text):
        raise UsageError(
            f"{{{{{name}}}}} stands in X'…' and is no hexadecimal text",
            advice="Give bytes, or pairs of the digits 0-9 and a-f. Nothing was run.",
        )
    return text
