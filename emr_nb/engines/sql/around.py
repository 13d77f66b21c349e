"""Write a query as a named part of another one, and know where its text came from."""

from __future__ import annotations

from collections.abc import Sequence

from emr_nb.engines.sql.lexicon import Lexicon
from emr_nb.engines.sql.literals import identifier
from emr_nb.engines.sql.parameters import Placed
from emr_nb.engines.sql.tokens import significant
from emr_nb.errors import UsageError

NAME = "emr_nb_q"
_QUERIES = frozenset({"SELECT", "WITH", "VALUES", "TABLE", "FROM"})


def is_query(text: str, rules: Lexicon) -> bool:
    """Tell whether a statement is a query, which another one can read from."""
    words = (t.of(text).upper() for t in significant(text, rules))
    return next((word for word in words if word != "("), "") in _QUERIES


def around(
    placed: Placed, rules: Lexicon, select: str, columns: Sequence[str] | None = None
) -> Placed:
    """Return `WITH emr_nb_q (columns) AS (the query) select`; raises UsageError for no query.

    What the query itself has in its WITH comes first: Hive takes none inside another query.
    """
    text = placed.text
    if not is_query(text, rules):
        raise UsageError(
            "It is no query: only what begins with SELECT, WITH, VALUES, TABLE or FROM is",
            advice="Nothing was run.",
        )
    names = ", ".join(columns or ())
    head = f"{NAME} ({names}) AS (\n" if names else f"{NAME} AS (\n"
    at = _main(text, rules)
    head = f", {head}" if at else f"WITH {head}"
    before = [edit for edit in placed.edits if edit[0] < at]
    after = [(edit[0] + len(head), *edit[1:]) for edit in placed.edits if edit[0] >= at]
    cut = (at, len(head), placed.origin(at), 0)
    return Placed(f"{text[:at]}{head}{text[at:]}\n) {select}", (*before, cut, *after))


def quoted_name(name: str, rules: Lexicon) -> str:
    """Return a column's name as the dialect quotes it."""
    return identifier(name, "column", rules)


def _main(text: str, rules: Lexicon) -> int:
    """Return where the query behind its own WITH begins; 0 where it has none."""
    found = significant(text, rules)
    if not found or found[0].of(text).upper() != "WITH":
        return 0
    depth, before = 0, ""
    for token in found[1:]:
        word = token.of(text).upper()
        begins = word in _QUERIES or (word == "(" and before == ")")
        if depth == 0 and begins and before != "AS":
            return token.start
        depth += (word == "(") - (word == ")")
        before = word
    return 0
