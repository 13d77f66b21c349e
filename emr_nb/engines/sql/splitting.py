"""Split a cell into its statements, by the dialect's own grammar."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from emr_nb.engines.sql.lexicon import Lexicon
from emr_nb.engines.sql.tokens import SILENT, Token, significant, tokens

# what gives no table on any of the engines; everything else may
_TABLELESS = frozenset(
    (
        "ADD", "ALTER", "ANALYZE", "ATTACH", "BEGIN", "CACHE", "CLEAR", "COMMENT", "COMMIT", "COPY",
        "CREATE", "DEALLOCATE", "DECLARE", "DELETE", "DENY", "DETACH", "DROP", "EXPORT", "GRANT",
        "IMPORT", "INSERT", "INSTALL", "LOAD", "LOCK", "MERGE", "MSCK", "PREPARE", "REFRESH",
        "RELOAD", "REPLACE", "RESET", "REVOKE", "ROLLBACK", "SET", "START", "TRUNCATE", "UNCACHE",
        "UNLOCK", "UPDATE", "USE",
    )
)  # fmt: skip
_OPENS = frozenset({"BEGIN", "CASE", "DO", "IF", "LOOP", "REPEAT"})
_CLOSES = frozenset({"CASE", "FOR", "IF", "LOOP", "REPEAT", "WHILE"})  # behind END
_FUNCTIONS = frozenset({"IF", "REPEAT"})  # or functions, unless they begin a statement
_BEFORE = frozenset({";", ":", "BEGIN", "DO", "ELSE", "LOOP", "REPEAT", "THEN"})


@dataclass(frozen=True, slots=True)
class Piece:
    """One statement of a cell: its text without the semicolon, and where it begins there."""

    text: str
    start: int
    first_word: str

    @property
    def may_have_table(self) -> bool:
        """Whether it may answer a table, as far as its first word tells."""
        return self.first_word not in _TABLELESS


def split(text: str, rules: Lexicon) -> list[Piece]:
    """Return the statements of a text in order; comments alone are none.

    A statement begins at its first token: comments before it are left out, since engines tell
    some kinds of statements by their first characters.
    """
    pieces = []
    for begin, end in _extents(text, rules):
        part = text[begin:end]
        seen = (t for t in tokens(part, rules) if t.kind not in SILENT)
        first = next((t for t in seen if part[t.start] != "("), Token("mark", 0, 0))
        pieces.append(Piece(part, begin, first.of(part).upper()))
    return pieces


# -- inside -------------------------------------------------------------------------------


def _extents(text: str, rules: Lexicon) -> Iterator[tuple[int, int]]:
    """Yield where each statement begins and ends, without what is silent around it."""
    begin, end = -1, -1
    held = _Script(text, rules)
    for token in tokens(text, rules, fine=False):
        if token.kind in SILENT:
            continue
        if token.kind == "end" and not held.holds(begin, token.start):
            if begin >= 0:
                yield begin, end
            begin = -1
            continue
        begin = token.start if begin < 0 else begin
        end = token.end
    if begin >= 0:
        yield begin, end


class _Script:
    """Tells whether a semicolon stands inside a statement that holds others."""

    def __init__(self, text: str, rules: Lexicon) -> None:
        self._text = text
        self._rules = rules

    def holds(self, begin: int, at: int) -> bool:
        if begin < 0 or not self._rules.scripts:
            return False
        head = self._text[begin : begin + 8].upper()
        if not head.startswith(self._rules.scripts):
            return False
        words = self._words(begin, at)
        script = words[:1] == ["BEGIN"] or "FUNCTION" in words
        return script and _depth(words) > 0

    def _words(self, begin: int, at: int) -> list[str]:
        part = self._text[begin:at]
        texts = [
            token.of(part).upper() if token.kind in ("word", "mark", "end") else ""
            for token in significant(part, self._rules)
        ]
        return [text for n, text in enumerate(texts) if text and not _is_function(texts, n)]


def _is_function(texts: list[str], at: int) -> bool:
    called = texts[at] in _FUNCTIONS and texts[at + 1 : at + 2] == ["("]
    return called and texts[max(at - 1, 0)] not in _BEFORE


def _depth(words: list[str]) -> int:
    """Return how many blocks are open after these words."""
    depth, ended = 0, False
    for word, following in zip(words, [*words[1:], ""], strict=True):
        if word == "END":
            depth -= 1
        elif word in _OPENS and not (ended and word in _CLOSES):
            depth += not (word == "IF" and following == "NOT")  # CREATE … IF NOT EXISTS
        ended = word == "END"
    return depth
