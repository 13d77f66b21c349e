"""SQL of one dialect written in another, by sqlglot, which loads on first use."""

from __future__ import annotations

from dataclasses import dataclass

from emr_nb.errors import UsageError


@dataclass(frozen=True, slots=True)
class Transpiled:
    """The statements in the other dialect, and what sqlglot says it could not write there."""

    text: str
    notices: tuple[str, ...] = ()


def transpile(code: str, source: str, target: str) -> Transpiled:
    """Return code of a dialect in another; raises UsageError at what cannot be read."""
    import sqlglot
    from sqlglot.errors import ErrorLevel, ParseError, SqlglotError, UnsupportedError

    try:
        made = sqlglot.transpile(code, read=source, write=target, pretty=True,
                                 unsupported_level=ErrorLevel.IGNORE)  # fmt: skip
    except ParseError as error:
        first = error.errors[0] if error.errors else {}
        raise UsageError(
            f"line {first.get('line', 1)}: this is not read as {source}: "
            f"{first.get('description') or error}",
            where="%emr transpile",
            advice="--from names another dialect.",
        ) from error
    except SqlglotError as error:
        raise UsageError(f"{error}", where="%emr transpile") from error
    notices: tuple[str, ...] = ()
    try:
        sqlglot.transpile(code, read=source, write=target, unsupported_level=ErrorLevel.RAISE)
    except UnsupportedError as error:
        notices = tuple(line for line in str(error).splitlines() if line.strip())
    return Transpiled(";\n\n".join(text for text in made if text), notices)


def dialects() -> tuple[str, ...]:
    """Return the names of the dialects that sqlglot knows."""
    from sqlglot.dialects.dialect import Dialect

    return tuple(sorted(name for name in Dialect.classes if name))
