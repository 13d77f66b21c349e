"""Tell what stands at each place of a statement: a value, a name, a list, or what else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from emr_nb.engines.sql.tokens import Token


class Place(Enum):
    """What a parameter stands for."""

    VALUE = "a value"
    LIST = "a value of IN"  # inside its parentheses
    BARE_LIST = "the values of IN"  # without parentheses
    COUNT = "a number of rows"
    TEXT = "the text of a typed literal"  # DATE {{x}}
    NAME = "a name"
    ORDER = "a name or the number of a column"
    SETTING = "the value of a setting"
    TYPE = "a type"


@dataclass(frozen=True, slots=True)
class Position:
    """A parameter's place, and whether NULL is compared there with `=` or the like."""

    place: Place
    compared: bool = False


_NAME_AFTER = frozenset(
    (
        "FROM", "JOIN", "INTO", "UPDATE", "TABLE", "VIEW", "SCHEMA", "DATABASE", "CATALOG", "USE",
        "DESCRIBE", "DESC", "COLUMN", "COLUMNS", "AS", "WITH", "RECURSIVE", "OVERWRITE", "RENAME",
        "FUNCTION", "ROLE", "USER", "REFRESH", "ANALYZE", "EXTENDED", "FORMATTED", "INDEX",
    )
)  # fmt: skip
_CLAUSES = frozenset(
    (
        "SELECT", "FROM", "JOIN", "ON", "WHERE", "BY", "HAVING", "LIMIT", "OFFSET", "VALUES", "SET",
        "INTO", "TABLE", "UPDATE", "WITH", "USING", "UNION", "INTERSECT", "EXCEPT", "RETURNING",
        "WINDOW", "QUALIFY", "PARTITION", "VIEW",
    )
)  # fmt: skip
_TYPED = frozenset(
    (
        "DATE", "TIME", "TIMESTAMP", "TIMESTAMP_LTZ", "TIMESTAMP_NTZ", "TIMESTAMPLOCALTZ",
        "TIMESTAMPTZ", "INTERVAL", "DECIMAL", "UUID", "JSON", "IPADDRESS",
    )
)  # fmt: skip
_COUNTS = frozenset({"LIMIT", "OFFSET", "FIRST", "NEXT", "TOP"})
_COMPARES = frozenset({"=", "==", "<>", "!=", "<", ">", "<=", ">="})
_COMPARING_WORDS = frozenset({"LIKE", "ILIKE", "RLIKE", "REGEXP", "BETWEEN", "IN"})
_QUERY = frozenset({"SELECT", "WITH", "FROM", "VALUES", "TABLE", "DELETE", "INSERT"})
_COLUMN_FRAMES = frozenset(
    {"USING", "BY", "ROLLUP", "CUBE", "SETS", "PARTITION", "KEY", "COLUMNS", "COLUMN"}
)
_NAMES = frozenset({"word", "name", "parameter"})


@dataclass
class _Frame:
    """What is known inside one pair of parentheses; `opener` is the word before it."""

    opener: str = ""
    columns: bool = False
    first: str = ""
    clause: str = ""


@dataclass
class _Walk:
    """One pass over a statement's significant tokens."""

    text: str
    found: Sequence[Token]
    frames: list[_Frame] = field(default_factory=lambda: [_Frame()])

    def positions(self) -> dict[int, Position]:
        """Return the position of each parameter by its offset."""
        made: dict[int, Position] = {}
        for at, token in enumerate(self.found):
            word = self.word(at)
            frame = self.frames[-1]
            if token.kind == "parameter":
                made[token.start] = self._position(at)
            elif word == "(":
                self.frames.append(self._opened(at))
                continue
            elif word == ")" and len(self.frames) > 1:
                self.frames.pop()
            elif word in _CLAUSES and not self._is_inner_from(at):
                frame.clause = word
            frame.first = frame.first or word
        return made

    def word(self, at: int) -> str:
        """Return a word in capitals or a mark; nothing for what is quoted, and beyond the ends."""
        if not 0 <= at < len(self.found) or self.found[at].kind not in ("word", "mark"):
            return ""
        return self.found[at].of(self.text).upper()

    # -- inside ---------------------------------------------------------------------------

    def _opened(self, at: int) -> _Frame:
        before, parent = self.word(at - 1), self.frames[-1]
        named = at > 0 and self.found[at - 1].kind in _NAMES and before not in _CLAUSES
        columns = before in _COLUMN_FRAMES or (named and parent.clause in ("INTO", "TABLE"))
        inside = before == "(" and parent.columns  # GROUPING SETS ((a), (b))
        return _Frame(before, columns or inside)

    def _is_inner_from(self, at: int) -> bool:
        """Tell FROM in extract(year FROM x), trim(…) and IS DISTINCT FROM from the clause."""
        if self.word(at) != "FROM":
            return False
        inside = len(self.frames) > 1 and self.frames[-1].first not in _QUERY
        return inside or self._is_distinct_from(at)

    def _is_distinct_from(self, at: int) -> bool:
        return self.word(at - 1) == "DISTINCT" and self.word(at - 2) in ("IS", "NOT")

    def _position(self, at: int) -> Position:
        place = self._place(at)
        if place not in (Place.VALUE, Place.LIST, Place.BARE_LIST):
            return Position(place)
        before, after = self.word(at - 1), self.word(at + 1)
        assigns = self.frames[-1].clause == "SET" and before == "="
        compared = (before in _COMPARES and not assigns) or before in _COMPARING_WORDS
        listed = place is not Place.VALUE
        return Position(place, compared or after in _COMPARES or listed)

    def _place(self, at: int) -> Place:
        before, after, frame = self.word(at - 1), self.word(at + 1), self.frames[-1]
        head = self.frames[0].first
        listed = before == "," or (before == "(" and len(self.frames) > 1)
        if before == "::" or (before == "AS" and frame.opener in ("CAST", "TRY_CAST")):
            return Place.TYPE
        if before == "." or after == ".":
            return Place.NAME
        if before in _TYPED:
            return Place.TEXT
        if before in _COUNTS:
            return Place.COUNT
        if before == "IN":
            return Place.NAME if head == "SHOW" else Place.BARE_LIST
        if frame.opener == "IN" and listed:
            return Place.LIST
        if head == "SET" and len(self.frames) == 1:
            return self._setting(at)
        if before == "BY" or (before == "," and frame.clause == "BY"):
            return Place.ORDER
        if self._is_name(at, before, listed=listed):
            return Place.NAME
        return Place.NAME if after == "(" else Place.VALUE

    def _setting(self, at: int) -> Place:
        assigned = any(self.word(n) in ("=", "TO") for n in range(at))
        return Place.SETTING if assigned else Place.NAME

    def _is_name(self, at: int, before: str, *, listed: bool) -> bool:
        frame, head = self.frames[-1], self.frames[0].first
        if before in _NAME_AFTER:
            return not self._is_inner_from(at - 1)
        if before == "EXISTS":
            return self.word(at - 2) in ("IF", "NOT")
        if head in ("GRANT", "REVOKE", "DENY", "ALTER") and before in ("ON", "TO", "FROM"):
            return True
        if before == "SET" or (before == "," and frame.clause == "SET"):
            return True
        if frame.columns and listed:
            return True
        return before == "," and frame.clause in ("FROM", "WITH") and not self._is_call(frame)

    def _is_call(self, frame: _Frame) -> bool:
        return len(self.frames) > 1 and frame.first not in _QUERY


def positions(text: str, found: Sequence[Token]) -> dict[int, Position]:
    """Return the position of each parameter among a statement's significant tokens."""
    return _Walk(text, found).positions()
