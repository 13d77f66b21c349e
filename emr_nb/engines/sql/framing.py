"""Find where a statement reads a table by a plain name, to let the name mean another one.

A pushed frame is read by its plain name: behind FROM and JOIN and in a list of tables, not
where a common table expression of the statement has that name, and not where the statement
makes, drops or writes a table of that name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from emr_nb.engines.sql.lexicon import Lexicon
from emr_nb.engines.sql.naming import plain_name
from emr_nb.engines.sql.parameters import Placed
from emr_nb.engines.sql.tokens import Token, significant

_QUERY = frozenset({"SELECT", "WITH", "VALUES"})
_DESCRIBES = frozenset({"DESCRIBE", "DESC"})
_ENDS_TABLES = frozenset(
    (
        "SELECT", "WHERE", "GROUP", "ORDER", "HAVING", "LIMIT", "OFFSET", "FETCH", "WINDOW", "SET",
        "UNION", "INTERSECT", "EXCEPT", "MINUS", "SORT", "CLUSTER", "DISTRIBUTE", "INSERT", "VIEW",
        "QUALIFY", "WHEN", "WITH", "VALUES",
    )
)  # fmt: skip
_NO_NAME = frozenset({"LATERAL", "UNNEST", "TABLE", "ONLY"})


@dataclass
class _Level:
    """What is known inside one pair of parentheses."""

    is_query: bool = False
    tables: bool = False  # in the list of tables, where a comma is followed by one more
    expected: bool = False  # the next name is that of a table
    with_list: bool = False  # in a WITH, where names are followed by their queries
    defines: str = ""  # the name whose query the next parentheses hold
    hidden: set[str] = field(default_factory=set)  # names of common table expressions


@dataclass
class _Walk:
    """One pass over a statement's significant tokens."""

    text: str
    found: Sequence[Token]
    names: Mapping[str, str]
    levels: list[_Level] = field(default_factory=lambda: [_Level()])
    edits: list[tuple[Token, str]] = field(default_factory=list)
    defined: list[str] = field(default_factory=list)  # beside each opened level

    def places(self) -> list[tuple[Token, str]]:
        """Return the tokens that name a table of `names`, with what they stand for."""
        for at, token in enumerate(self.found):
            word, level = self._word(at), self.levels[-1]
            if word == "(":
                self._open(level)
            elif word == ")" and len(self.levels) > 1:
                self._close()
            elif token.kind in ("word", "name"):
                self._named(at, word, level)
            elif word == "," and level.tables:
                level.expected = True
            elif word != ",":
                level.expected = False
        return self.edits

    # -- inside ---------------------------------------------------------------------------

    def _open(self, level: _Level) -> None:
        inner = _Level(expected=level.expected, tables=level.expected)
        level.expected = False
        self.defined.append(level.defines)
        level.defines = ""
        self.levels.append(inner)

    def _close(self) -> None:
        self.levels.pop()
        if name := self.defined.pop():
            self.levels[-1].hidden.add(name)

    def _named(self, at: int, word: str, level: _Level) -> None:
        begins = at == 0 or self._word(at - 1) == "("
        if word in _QUERY or (word == "FROM" and begins):  # Hive: FROM t SELECT …
            level.is_query = True
        if word == "FROM":
            self._from(at, level)
        elif word == "JOIN" or (word == "USING" and self._word(0) == "MERGE"):
            level.tables = level.expected = True
        elif at == 1 and self._word(0) in _DESCRIBES:
            self._table(at)
        elif word == "WITH" and self._word(at + 1) not in ("TIME", "(", "ORDINALITY"):
            level.with_list, level.tables, level.expected = True, False, False
        elif word in _ENDS_TABLES and self.found[at].kind == "word":
            level.tables = level.expected = False
            level.with_list = level.with_list and word == "VIEW"
        elif level.with_list:
            self._of_with(at, word, level)
        elif level.expected and word not in _NO_NAME:
            level.expected = False
            self._table(at)

    def _from(self, at: int, level: _Level) -> None:
        first = self._word(0)
        shows = first == "SHOW" and self._word(at - 1) == "COLUMNS"
        distinct = self._word(at - 1) == "DISTINCT" and self._word(at - 2) in ("IS", "NOT")
        deletes = first == "DELETE" and len(self.levels) == 1 and at == 1
        if (level.is_query or shows) and not distinct and not deletes:
            level.tables = level.expected = True

    def _of_with(self, at: int, word: str, level: _Level) -> None:
        """Take a name of the WITH list: it hides a frame behind its own query."""
        if word in ("RECURSIVE", "AS", "NOT", "MATERIALIZED"):
            if word == "AS":
                level.defines = self._defining(at)
            return
        if self._word(at - 1) in ("WITH", ",", "RECURSIVE"):
            recursive = any(self._word(n) == "RECURSIVE" for n in range(at))
            if recursive:
                level.hidden.add(self._name(at))

    def _defining(self, at: int) -> str:
        """Return the name before AS, or before the list of columns before it."""
        before = at - 1
        if self._word(before) == ")":
            while before >= 0 and self._word(before) != "(":
                before -= 1
            before -= 1
        return self._name(before) if before >= 0 else ""

    def _table(self, at: int) -> None:
        name = self._name(at)
        qualified = self._word(at + 1) == "." or self._word(at - 1) == "."
        called = self._word(at + 1) == "("
        hidden = any(name in level.hidden for level in self.levels)
        if name in self.names and not (qualified or called or hidden):
            self.edits.append((self.found[at], self.names[name]))

    def _name(self, at: int) -> str:
        return plain_name(self.found[at].of(self.text)).lower()

    def _word(self, at: int) -> str:
        if not 0 <= at < len(self.found) or self.found[at].kind not in ("word", "mark"):
            return ""
        return self.found[at].of(self.text).upper()


def framed(text: str, names: Mapping[str, str], rules: Lexicon) -> Placed:
    """Return a statement in which tables of these names (in lower case) are the given ones."""
    lowered = text.lower()
    if not any(name in lowered for name in names):
        return Placed(text)
    parts: list[str] = []
    edits: list[tuple[int, int, int, int]] = []
    size = last = 0
    for token, written in _Walk(text, significant(text, rules), names).places():
        before = text[last : token.start]
        parts += [before, written]
        edits.append((size + len(before), len(written), token.start, token.end - token.start))
        size += len(before) + len(written)
        last = token.end
    return Placed("".join([*parts, text[last:]]), tuple(edits))
