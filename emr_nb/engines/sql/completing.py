"""Complete SQL: keywords of the dialect, names of the catalog, columns by alias. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice

from emr_nb.engines.sql.lexicon import Lexicon
from emr_nb.engines.sql.naming import plain_name, reserved, written
from emr_nb.engines.sql.tokens import Token, significant, tokens
from emr_nb.errors import UsageError
from emr_nb.model import CatalogNode, Completion

Children = Callable[[CatalogNode | None], Sequence[CatalogNode]]
_TABLE_AFTER = frozenset(
    ("FROM", "JOIN", "INTO", "UPDATE", "TABLE", "VIEW", "DESCRIBE", "DESC", "OVERWRITE", "ANALYZE",
     "TRUNCATE", "REFRESH", "IN")
)  # fmt: skip
_ENDS_TABLES = frozenset(
    ("WHERE", "ON", "USING", "GROUP", "ORDER", "HAVING", "LIMIT", "UNION", "SELECT", "SET",
     "VALUES", "WINDOW", "LATERAL", "CROSS", "LEFT", "RIGHT", "INNER", "FULL", "NATURAL", "AS",
     "EXCEPT", "INTERSECT", "TABLESAMPLE", "PARTITION", "JOIN", "OUTER", "SEMI", "ANTI", "WITH")
)  # fmt: skip
_MOST = 200
_NAMES = frozenset({"word", "name", "number"})


@dataclass(frozen=True, slots=True)
class Named:
    """A table of a statement: its parts as written, and what it is called there."""

    parts: tuple[str, ...]
    alias: str


def complete(
    code: str, cursor: int, rules: Lexicon, children: Children, here: Sequence[str] = ()
) -> list[Completion]:
    """Complete the name before a character offset; nothing inside a text or comment.

    `children` lists a catalog's nodes (None: its root); what it raises passes. `here` is the
    schema of names that tell none, by its path. Of very many names the first 200 are given.
    """
    statement, at = _around(code, cursor, rules)
    before = significant(statement[:at], rules)
    if _is_quoted(statement, at, rules):
        return []
    begun, path, rest = _begun(statement[:at], before)
    start = cursor - len(begun)
    found: Iterable[tuple[str, str]]
    if _wants_table(statement, rest):
        found = _tables(path, children, tuple(here))
        words = () if path else _keywords(rules, begun)
    else:
        whole = f"{statement[: at - len(begun)]}x{statement[at:]}"  # a quote may stand open there
        found = _columns(whole, path, rules, children, tuple(here))
        words = () if path else _keywords(rules, begun)
    wanted = plain_name(begun).lower() if begun[:1] not in ('"', "`") else begun[1:].lower()
    fitting = dict.fromkeys(pair for pair in found if pair[0].lower().startswith(wanted))
    names: list[Completion] = []
    for name, kind in islice(fitting, _MOST):
        with suppress(UsageError):  # another engine may have made what no SQL of this one can name
            names.append(Completion(written(name, rules), start, cursor, kind))
    return [*names, *(Completion(word, start, cursor, "keyword") for word in words)]


def tables_of(statement: str, rules: Lexicon) -> list[Named]:
    """Return the tables that a statement names, with their aliases."""
    found = significant(statement, rules)
    made: list[Named] = []
    at = 0
    listed = False
    while at < len(found):
        word = _word(statement, found, at)
        if word in ("FROM", "JOIN", "INTO", "UPDATE") or (listed and word == ","):
            parts, after = _path(statement, found, at + 1)
            if parts:
                alias, at = _alias(statement, found, after)
                made.append(Named(parts, alias or parts[-1]))
                listed = word != "INTO"
                continue
        elif word in _ENDS_TABLES or word in ("(", ")"):
            listed = False
        at += 1
    return made


# -- inside -------------------------------------------------------------------------------


def _around(code: str, cursor: int, rules: Lexicon) -> tuple[str, int]:
    """Return the statement that the cursor is in, and the cursor's place in it."""
    ends = [token.end for token in tokens(code, rules, fine=False) if token.kind == "end"]
    start = max((end for end in ends if end <= cursor), default=0)
    stop = min((end - 1 for end in ends if end > cursor), default=len(code))
    return code[start:stop], cursor - start


def _is_quoted(statement: str, at: int, rules: Lexicon) -> bool:
    """Tell whether a place is inside a text or a comment, which what follows may close."""
    for token in tokens(statement, rules):
        if token.start < at <= token.end and token.kind in ("string", "comment"):
            inside = at < token.end or token.kind == "comment"
            return inside or not token.of(statement)[1:].endswith(statement[token.start])
    return False


def _begun(before: str, found: Sequence[Token]) -> tuple[str, tuple[str, ...], list[Token]]:
    """Return the word being written, the qualifying parts before it, and what stands before."""
    rest = list(found)
    begun = ""
    if rest and rest[-1].end == len(before) and rest[-1].kind in _NAMES:
        begun = rest.pop().of(before)
    path: list[str] = []
    while rest and rest[-1].of(before) == ".":
        rest.pop()
        if not rest or rest[-1].kind not in _NAMES:
            break
        path.insert(0, plain_name(rest.pop().of(before)))
    return begun, tuple(path), rest


def _wants_table(statement: str, before: Sequence[Token]) -> bool:
    """Tell whether a name that stands here is a table's."""
    if not before:
        return False
    last = before[-1].of(statement).upper()
    if last in _TABLE_AFTER:
        return last != "IN" or before[0].of(statement).upper() == "SHOW"
    if last != ",":
        return False
    for token in reversed(before):
        word = token.of(statement).upper()
        if word in ("FROM", "JOIN"):
            return True
        if word in ("(", ")", "SELECT", "BY", "WHERE", "ON"):
            return False
    return False


def _tables(
    path: tuple[str, ...], children: Children, here: tuple[str, ...]
) -> Iterator[tuple[str, str]]:
    """Yield what a path begins: catalogs, schemas and tables, those of a lone schema at once."""
    top = children(None)
    if not path and here:
        node = _find(here, children)
        yield from ((child.name, _kind(child)) for child in (children(node) if node else ()))
        yield from ((node.name, _kind(node)) for node in top)
        return
    if not path:
        yield from ((node.name, _kind(node)) for node in top)
        schemas = [n for n in top if n.kind == "schema" and n.name.lower() in ("default", "main")]
        for schema in schemas if len(top) > 1 else [n for n in top if n.kind == "schema"]:
            yield from ((node.name, _kind(node)) for node in children(schema))
        return
    node = _find(path, children)
    if node is not None:
        yield from ((child.name, _kind(child)) for child in children(node))


def _find(path: tuple[str, ...], children: Children) -> CatalogNode | None:
    """Return the node of a path of catalogs, schemas and tables, whatever its case."""
    node: CatalogNode | None = None
    for part in path:
        nodes = children(node)
        node = next((n for n in nodes if n.name.lower() == part.lower()), None)
        if node is None:
            return None
    return node


def _columns(
    statement: str,
    path: tuple[str, ...],
    rules: Lexicon,
    children: Children,
    here: tuple[str, ...],
) -> Iterator[tuple[str, str]]:
    """Yield the columns of the table that the path names, or of all of the statement."""
    named = tables_of(statement, rules)
    wanted = path[-1].lower() if path else ""
    chosen = [t for t in named if not path or wanted in (t.alias.lower(), t.parts[-1].lower())]
    if not path:
        yield from ((table.alias, "instance") for table in named)
    for table in chosen:
        node = _table(table.parts, children, here)
        if node is not None:
            yield from ((child.name, "property") for child in children(node))


def _table(parts: tuple[str, ...], children: Children, here: tuple[str, ...]) -> CatalogNode | None:
    """Return a table's node; one without a schema is looked for in those that are likely."""
    if len(parts) > 1:
        return _find(parts, children)
    if here and (found := _find((*here, *parts), children)) is not None:
        return found
    for schema in children(None):
        likely = schema.kind == "schema" and schema.name.lower() in ("default", "main")
        if likely and (found := _find((schema.name, *parts), children)) is not None:
            return found
    return None


def _path(text: str, found: Sequence[Token], at: int) -> tuple[tuple[str, ...], int]:
    parts: list[str] = []
    if _word(text, found, at) == "TABLE":
        at += 1
    while at < len(found) and found[at].kind in _NAMES:
        if _word(text, found, at) in _ENDS_TABLES:
            break
        parts.append(plain_name(found[at].of(text)))
        if _word(text, found, at + 1) != ".":
            return tuple(parts), at + 1
        at += 2
    return tuple(parts), at


def _alias(text: str, found: Sequence[Token], at: int) -> tuple[str, int]:
    if _word(text, found, at) == "AS":
        at += 1
    elif _word(text, found, at) in _ENDS_TABLES:
        return "", at
    if at < len(found) and found[at].kind in ("word", "name"):
        return plain_name(found[at].of(text)), at + 1
    return "", at


def _word(text: str, found: Sequence[Token], at: int) -> str:
    if not 0 <= at < len(found) or found[at].kind not in ("word", "mark"):
        return ""
    return found[at].of(text).upper()


def _kind(node: CatalogNode) -> str:
    return {"table": "class", "view": "class"}.get(node.kind, "module")


def _keywords(rules: Lexicon, begun: str) -> list[str]:
    """Return the keywords that a word begins, in the case in which it is written."""
    if not begun or not begun.isalpha():
        return []
    lower = begun.islower()
    words = (word for word in reserved(rules.dialect) if word.startswith(begun.upper()))
    return sorted(word.lower() if lower else word for word in words)
