"""Read qualified names as a dialect writes them: parts with and without quotes."""

from __future__ import annotations

from functools import cache

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


def written(name: str, rules: Lexicon) -> str:
    """Return a name as people write it: quoted only where it must be."""
    word = name.isascii() and name.isidentifier()
    # a keyword, and the name of a schema everywhere
    plain = word and (name == "default" or name.upper() not in reserved(rules.dialect))
    return name if plain else identifier(name, "name", rules)


def plainly(parts: list[str], rules: Lexicon) -> str:
    """Return the parts as one name for people."""
    return ".".join(written(part, rules) for part in parts)


@cache
def reserved(dialect: str) -> frozenset[str]:
    """Return the dialect's keywords, as sqlglot has them."""
    from sqlglot.dialects.dialect import Dialect

    found = Dialect.get(dialect) or Dialect.get("")
    assert found is not None
    words = (word for key in found.tokenizer_class.KEYWORDS for word in key.upper().split())
    return frozenset(word for word in words if word.isalpha() and len(word) > 1)


def qualified(parts: list[str], rules: Lexicon) -> str:
    """Return the parts as one name, each quoted."""
    return ".".join(identifier(part, "name", rules) for part in parts)
