"""What kind of statement a text is, by its first words."""

from __future__ import annotations

from emr_nb.engines.sql.lexicon import Lexicon
from emr_nb.engines.sql.tokens import Token, significant

_READS = frozenset({"SELECT", "WITH", "VALUES", "TABLE", "FROM"})
_WRITES = frozenset({"INSERT", "UPDATE", "DELETE", "MERGE"})


def reads_table(text: str, rules: Lexicon) -> bool:
    """Tell whether a statement is surely a query, which changes nothing."""
    found = significant(text, rules)
    first = next((t for t in found if t.of(text) != "("), None)
    if first is None or _word(first, text) not in _READS:
        return False
    return not any(_word(token, text) in _WRITES for token in found)


def is_ordered(text: str, rules: Lexicon) -> bool:
    """Tell whether the rows of a query have an order that its text asks for."""
    depth, last = 0, ""
    for token in significant(text, rules):
        word = _word(token, text)
        depth += (word == "(") - (word == ")")
        if word == "BY" and depth == 0 and last == "ORDER":
            return True
        last = word
    return False


def _word(token: Token, text: str) -> str:
    return token.of(text).upper() if token.kind in ("word", "mark") else ""
