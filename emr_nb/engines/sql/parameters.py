"""Place {{name}} in SQL by the dialect's tokens: each value as what stands at its place.

A value can never become more than one literal, one list of them, or one name: nothing that a
value holds is ever read as SQL.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from emr_nb.engines.sql.lexicon import Lexicon
from emr_nb.engines.sql.literals import identifier, literal, normal, quoted, text_of
from emr_nb.engines.sql.places import Place, Position, positions
from emr_nb.engines.sql.quoted_places import fill_quoted
from emr_nb.engines.sql.tokens import PARAMETER, SILENT, Token, tokens
from emr_nb.errors import UsageError

_GLUE = frozenset({"word", "number", "parameter"})
_PLAIN_SETTING = re.compile(r"[\w.\-/:+@%,]+")
_DURING = "Nothing was run."


@dataclass(frozen=True, slots=True)
class Placed:
    """A statement with its values, and where its parts came from.

    `edits` are (start in the text, start in the source, length there) of what was replaced, in
    order: so the place of an error can be told in what the user wrote.
    """

    text: str
    edits: tuple[tuple[int, int, int, int], ...] = field(default=())

    def origin(self, offset: int) -> int:
        """Return the offset in the source that an offset of the text came from."""
        shift = 0
        for start, length, source, source_length in self.edits:
            if offset < start:
                break
            if offset < start + length:
                return source
            shift = source + source_length - (start + length)
        return offset + shift

    def behind(self, prefix: str) -> Placed:
        """Return the same behind a text of ours, which comes from nowhere."""
        size = len(prefix)
        moved = ((start + size, *rest) for start, *rest in self.edits)
        return Placed(prefix + self.text, ((0, size, 0, 0), *moved))  # type: ignore[arg-type]


def names_in(text: str, rules: Lexicon) -> list[str]:
    """Return the names of a text's parameters in their order, each once."""
    found: dict[str, None] = {}
    for token in tokens(text, rules):
        if token.kind not in SILENT and token.kind not in ("word", "number", "mark"):
            found.update(dict.fromkeys(m[1] for m in PARAMETER.finditer(token.of(text))))
    return list(found)


def place(text: str, values: Mapping[str, Any], rules: Lexicon) -> Placed:
    """Return the statement with its parameters' values; raises UsageError before anything runs."""
    if "{{" not in text and "{%" not in text:
        return Placed(text)
    return _Placing(text, values, rules).placed()


class _Placing:
    """One statement on its way; `values` are the variables of the notebook."""

    def __init__(self, text: str, values: Mapping[str, Any], rules: Lexicon) -> None:
        self._text = text
        self._values = values
        self._rules = rules
        self._tokens = list(tokens(text, rules))
        self._known: dict[str, Any] = {}

    def placed(self) -> Placed:
        seen = [token for token in self._tokens if token.kind not in SILENT]
        where = positions(self._text, seen)
        parts: list[str] = []
        edits: list[tuple[int, int, int, int]] = []
        size = 0
        for start, end, written in self._written(where):
            parts.append(written)
            if written != self._text[start:end]:
                edits.append((size, len(written), start, end - start))
            size += len(written)
        return Placed("".join(parts), tuple(edits))

    def _written(self, where: Mapping[int, Position]) -> Iterator[tuple[int, int, str]]:
        at = 0
        while at < len(self._tokens):
            token = self._tokens[at]
            if token.kind in ("braces", "block"):
                raise self._misread(token)
            group = self._glued(at)
            if len(group) > 1:
                yield group[0].start, group[-1].end, self._composed(group)
            elif token.kind == "parameter":
                self._check_neighbours(at)
                yield token.start, token.end, self._value(token, where[token.start])
            elif token.kind in ("string", "name"):
                written = fill_quoted(token, self._text, self._of, self._rules)
                yield token.start, token.end, written
            else:
                yield token.start, token.end, token.of(self._text)
            at += len(group)

    # -- one parameter --------------------------------------------------------------------

    def _of(self, name: str) -> Any:
        if name not in self._known:
            if name not in self._values:
                raise self._unknown(name)
            self._known[name] = normal(self._values[name], name)
        return self._known[name]

    def _value(self, token: Token, position: Position) -> str:
        name = _name(token.of(self._text))
        value = self._of(name)
        if position.compared and (value is None or (type(value) is list and None in value)):
            raise self._null(name, position)
        written = self._by_place(name, value, position.place)
        before = self._text[token.start - 1 : token.start]
        return f"({written})" if written.startswith("-") and before in ("-", "+") else written

    def _by_place(self, name: str, value: Any, place: Place) -> str:
        writers: dict[Place, Callable[[str, Any], str]] = {
            Place.NAME: self._as_name,
            Place.ORDER: self._as_order,
            Place.COUNT: self._as_count,
            Place.TEXT: lambda n, v: quoted(text_of(v, n), n, self._rules),
            Place.LIST: self._as_list,
            Place.BARE_LIST: lambda n, v: f"({self._as_list(n, v)})",
            Place.SETTING: self._as_setting,
            Place.TYPE: self._as_type,
        }
        write = writers.get(place)
        return write(name, value) if write else literal(value, name, self._rules)

    def _as_name(self, name: str, value: Any) -> str:
        parts = value if type(value) is list else [value]
        if not parts or not all(type(part) is str for part in parts):
            raise UsageError(
                f"{{{{{name}}}}} stands for a name, and is {_kind(value)}",
                advice="Give a str, or for a qualified name a tuple: ('schema', 'table'). "
                + _DURING,
            )
        return ".".join(identifier(part, name, self._rules) for part in parts)

    def _as_order(self, name: str, value: Any) -> str:
        return str(value) if type(value) is int and value > 0 else self._as_name(name, value)

    def _as_count(self, name: str, value: Any) -> str:
        if type(value) is not int or value < 0:
            raise UsageError(
                f"{{{{{name}}}}} stands for a number of rows, and is {_kind(value)}",
                advice=f"Give an int that is not negative. {_DURING}",
            )
        return str(value)

    def _as_list(self, name: str, value: Any) -> str:
        items = value if type(value) is list else [value]
        if not items:
            raise UsageError(
                f"{{{{{name}}}}} is empty, and SQL has no IN of nothing",
                advice=f"Leave the condition out where {name} is empty. {_DURING}",
            )
        return ", ".join(literal(item, name, self._rules) for item in items)

    def _as_setting(self, name: str, value: Any) -> str:
        if self._rules.dialect not in ("hive", "spark"):
            return literal(value, name, self._rules)
        text = text_of(value, name)
        if not _PLAIN_SETTING.fullmatch(text):  # taken as it stands, to the end of the statement
            raise UsageError(
                f"{{{{{name}}}}} cannot be the value of a setting here: {text[:40]!r}",
                advice=f"Letters, digits and . - / : + @ % , can; or use --set K=V. {_DURING}",
            )
        return text

    @staticmethod
    def _as_type(name: str, value: Any) -> str:
        del value
        raise UsageError(
            f"{{{{{name}}}}} stands for a type: a type can be no parameter",
            advice=f"Write the type itself. {_DURING}",
        )

    # -- words that are made of several parts -----------------------------------------------

    def _glued(self, at: int) -> list[Token]:
        """Return the tokens that make one word with the one at this place: sales_{{year}}."""
        if self._tokens[at].kind not in _GLUE:
            return [self._tokens[at]]
        group = []
        for token in self._tokens[at:]:
            if token.kind not in _GLUE:
                break
            group.append(token)
        has_parameter = any(token.kind == "parameter" for token in group)
        return group if has_parameter else group[:1]

    def _composed(self, group: list[Token]) -> str:
        written = "".join(token.of(self._text) for token in group)
        if group[0].kind != "parameter" and written[0].isdigit():
            raise UsageError(
                f"{written} begins with a digit: it can be neither a name nor a value",
                advice=f"Put a space between, or write all of it as one parameter. {_DURING}",
            )
        text = ""
        for token in group:
            if token.kind != "parameter":
                text += token.of(self._text)
                continue
            name = _name(token.of(self._text))
            value = self._of(name)
            if type(value) not in (str, int):
                raise UsageError(
                    f"{{{{{name}}}}} is a part of the name {written}, and is {_kind(value)}",
                    advice=f"Give a str or an int. {_DURING}",
                )
            text += str(value)
        return identifier(text, _name(written), self._rules)

    def _check_neighbours(self, at: int) -> None:
        """Refuse what would melt with a text or quoted name beside it into another one."""
        beside = [*self._tokens[max(at - 1, 0) : at], *self._tokens[at + 1 : at + 2]]
        if any(token.kind in ("string", "name") for token in beside):
            raise UsageError(
                f"{self._tokens[at].of(self._text)} touches a quoted text",
                advice=f"Put it inside the quotes, or || or a space between. {_DURING}",
            )

    # -- errors ---------------------------------------------------------------------------

    def _null(self, name: str, position: Position) -> UsageError:
        if position.place is not Place.VALUE:
            what = "has None in it" if self._of(name) is not None else "is None"
            return UsageError(
                f"{{{{{name}}}}} {what}: nothing is ever IN NULL, and NOT IN (NULL) keeps no row",
                advice=f"Take the None out, and write `or … is null` where you mean it. {_DURING}",
            )
        return UsageError(
            f"{{{{{name}}}}} is None: a comparison with NULL is never true",
            advice=f"Write `is null` (or `is not null`) for it. {_DURING}",
        )

    def _unknown(self, name: str) -> UsageError:
        names = [known for known in self._values if not known.startswith("_")]
        near = get_close_matches(name, names, n=3, cutoff=0.6)
        meant = f"Did you mean {' or '.join(near)}? " if near else ""
        return UsageError(
            f"There is no variable {name} for {{{{{name}}}}}",
            advice=f"{meant}Define it in a cell of this notebook. {_DURING}",
        )

    def _misread(self, token: Token) -> UsageError:
        line = self._text.count("\n", 0, token.start) + 1
        found = self._text[token.start : token.start + 30].partition("\n")[0]
        if token.kind == "block":
            return UsageError(
                f"line {line}: {found}… is a template's block, and there are none here",
                advice="Write the condition or loop in Python, and bring its outcome as "
                f"{{{{name}}}}; a list expands in IN. {_DURING}",
            )
        return UsageError(
            f"line {line}: {found}… is no parameter: {{{{ }}}} holds the name of a variable",
            advice=f"Assign the expression to a variable first. {_DURING}",
        )


def _name(written: str) -> str:
    found = PARAMETER.search(written)
    assert found is not None, "a token of this kind"
    return found[1]


def _kind(value: Any) -> str:
    words = {None: "None", list: "a list", bool: "a bool", str: "a str", int: "an int"}
    if value is None:
        return "None"
    if type(value) is int:
        return f"the int {value}"
    return words.get(type(value), f"a {type(value).__name__}")
