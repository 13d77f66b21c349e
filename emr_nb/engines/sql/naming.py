"""Read qualified names as a dialect writes them: parts with and without quotes."""

from __future__ import annotations

from emr_nb.engines.sql.lexicon import Lexicon
from emr_nb.engines.sql.literals import identifier
from emr_nb.engines.sql.tokens import significant
from emr_nb.errors import UsageError


def parts_of(text: str, rules: Lexicon) -> list[str]:
    """Return the parts of a qualified name, without their quotes; raises UsageError."""
    found = significant(text, rules)
    parts = [plain_name(token.of(text)) for token in found[::2]]
    dots = [token.of(text) for token in found[1::2]]
    kinds = {token.kind for token in found[::2]}
    if not parts or not kinds <= {"word", "name", "number"} or dots != ["."] * (len(parts) - 1):
        raise UsageError(
            f"{text!r} is no name of a table",
            advice="Write table, schema.table or catalog.schema.table; quote what has dots in it.",
        )
    return parts


def plain_name(written: str) -> str:
    """Return an identifier without its quotes."""
    quote = written[:1]
    if quote in ('"', "`") and len(written) > 1:
        return written.strip(quote).replace(quote * 2, quote)
    return written


def qualified(parts: list[str], rules: Lexicon) -> str:
    """Return the parts as one name, each quoted."""
    return ".".join(identifier(part, "name", rules) for part in parts)
