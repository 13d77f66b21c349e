"""One declaration of an option makes its parsing, its help line and its completion."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from emr_nb.errors import UsageError


@dataclass(frozen=True, slots=True)
class Option:
    """One flag, or without `flags` one positional argument.

    `kind` is `flag`, `text`, `int`, `name` (a Python identifier), `pair` (`K=V`) or `rest`
    (what is left of the line, as written). `source` names where completion takes values
    from: `cluster`, `attached`, `session`, `remote`, `path`, `local`, `both` (either path),
    `here` (local variables), `tag` or nothing.
    """

    name: str
    flags: tuple[str, ...] = ()
    help: str = ""
    kind: str = "text"
    metavar: str = ""
    choices: tuple[str, ...] = ()
    default: Any = None
    required: bool = False
    many: bool = False
    source: str = ""

    @property
    def takes_value(self) -> bool:
        return self.kind != "flag"

    @property
    def label(self) -> str:
        """How help and errors write the value: `VAR`, `python|sql`."""
        return self.metavar or "|".join(self.choices) or self.name.upper()

    @property
    def initial(self) -> Any:
        if self.many:
            return ()
        return False if self.kind == "flag" and self.default is None else self.default

    def convert(self, text: str, command: str) -> Any:
        """Turn the text of a value into what its kind says; raises UsageError."""
        if self.choices and text not in self.choices:
            near = nearest(text, self.choices)
            meant = f"Did you mean {near}? " if near else ""
            raise UsageError(
                f"{self._written} does not take {text!r}",
                where=command,
                advice=f"{meant}It takes {' | '.join(self.choices)}.",
            )
        if self.kind == "int":
            try:
                return int(text.replace("_", "").replace(",", ""))
            except ValueError:
                raise UsageError(
                    f"{self._written} takes a whole number, not {text!r}", where=command
                ) from None
        if self.kind == "name" and not text.isidentifier():
            raise UsageError(
                f"{self._written} takes the name of a variable, not {text!r}",
                where=command,
                advice="Use letters, digits and _, and do not begin with a digit.",
            )
        if self.kind == "pair" and not re.match(r"[^=\s]+=", text):
            raise UsageError(f"{self._written} takes K=V, not {text!r}", where=command)
        return text

    @property
    def _written(self) -> str:
        return self.flags[0] if self.flags else self.label


@dataclass(frozen=True, slots=True)
class Token:
    """A word of a magic's line; `start` and `end` are offsets, quotes included."""

    text: str
    start: int
    end: int
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Parsed(Mapping[str, Any]):
    """The values of a line by option name."""

    found: Mapping[str, Any] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        return self.found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.found)

    def __len__(self) -> int:
        return len(self.found)


def nearest(word: str, known: Sequence[str]) -> str:
    """Return the known word that was most likely meant, or an empty text."""
    from difflib import get_close_matches

    found = get_close_matches(word.lower(), [k.lower() for k in known], n=1, cutoff=0.5)
    return next((k for k in known if found and k.lower() == found[0]), "")


def tokens(line: str, command: str = "") -> Iterator[Token]:
    """Split a line at blanks; quotes keep blanks, backslashes are ordinary characters."""
    at = 0
    while at < len(line):
        if line[at].isspace():
            at += 1
            continue
        start, text, quoted = at, "", False
        while at < len(line) and not line[at].isspace():
            quote = line[at]
            if quote in "\"'":
                end = line.find(quote, at + 1)
                if end < 0:
                    raise UsageError(f"A quote is not closed: {line[at:]}", where=command)
                text, at, quoted = text + line[at + 1 : end], end + 1, True
            else:
                text, at = text + quote, at + 1
        yield Token(text, start, at, quoted)


class Parser:
    """Parses one command's line by its options; errors are UsageErrors, nothing exits."""

    def __init__(self, command: str, summary: str, options: Sequence[Option]) -> None:
        self.command = command
        self.summary = summary
        self.options = tuple(options)
        self.flags = {flag: o for o in self.options for flag in o.flags}
        self.positionals = tuple(o for o in self.options if not o.flags)

    def parse(self, line: str) -> Parsed:
        """Parse a line."""
        values = {o.name: o.initial for o in self.options}
        given: set[str] = set()
        waiting = list(self.positionals)
        words = list(self._lazy_tokens(line))
        while words:
            token = words.pop(0)
            option, value = self._flag(token, words)
            if option is None:
                option, value = self._positional(token, waiting)
                if option.kind == "rest":
                    words.clear()
            given.add(option.name)
            values[option.name] = (*values[option.name], value) if option.many else value
        self._check_required(waiting, given)
        return Parsed(values)

    def _lazy_tokens(self, line: str) -> Iterator[Token]:
        """Yield tokens; from a `rest` argument on the line is not ours to split."""
        rest_after = [o.kind for o in self.positionals].index("rest") if self._has_rest else -1
        plain, expects = 0, False
        for match in re.finditer(r"\S+", line) if self._has_rest else ():
            word = match[0]
            option = self.flags.get(word.partition("=")[0]) if not expects else None
            if expects:
                expects = False
            elif option is not None:
                expects = option.takes_value and "=" not in word
            elif word.startswith("-") and len(word) > 1 and not word[1].isdigit():
                continue  # an unknown or attached flag: told or split by _flag
            elif plain == rest_after:
                yield from tokens(line[: match.start()], self.command)
                yield Token(line[match.start() :], match.start(), len(line), quoted=True)
                return
            else:
                plain += 1
        yield from tokens(line, self.command)

    @property
    def _has_rest(self) -> bool:
        return any(o.kind == "rest" for o in self.positionals)

    def _flag(self, token: Token, words: list[Token]) -> tuple[Option | None, Any]:
        word = token.text
        if token.quoted or not word.startswith("-") or word == "-" or word[1:2].isdigit():
            return None, None
        name, equals, inline = word.partition("=")
        option = self.flags.get(name)
        if option is None and self._is_joined(word):
            option, name, equals, inline = self.flags[word[:2]], word[:2], "=", word[2:]
            if not option.takes_value:  # -Rh is -R -h
                rest = Token(f"-{word[2:]}", token.start, token.end)
                words.insert(0, rest)
                equals = inline = ""
        if option is None:
            raise self._unknown(name)
        if not option.takes_value:
            if equals:
                raise UsageError(f"{name} takes no value", where=self.command)
            return option, True
        if not equals:
            if not words or (words[0].text in self.flags and not words[0].quoted):
                raise UsageError(f"{name} needs {option.label}", where=self.command)
            inline = words.pop(0).text
        return option, option.convert(inline, self.command)

    def _is_joined(self, word: str) -> bool:
        """Tell whether a word is flags of a letter written as one, or one with its value."""
        if word.startswith("--") or word[:2] not in self.flags:
            return False
        return self.flags[word[:2]].takes_value or all(f"-{c}" in self.flags for c in word[1:])

    def _positional(self, token: Token, waiting: list[Option]) -> tuple[Option, Any]:
        if not waiting:
            raise UsageError(
                f"There is no place for {token.text!r}",
                where=self.command,
                advice=f"Usage: {self.usage()}",
            )
        option = waiting[0]
        if not option.many:
            waiting.pop(0)
        return option, option.convert(token.text, self.command)

    def _check_required(self, waiting: Sequence[Option], given: set[str]) -> None:
        missing = [o.label for o in waiting if o.required and o.name not in given]
        if missing:
            raise UsageError(
                f"{' and '.join(missing)} missing",
                where=self.command,
                advice=f"Usage: {self.usage()}",
            )

    def _unknown(self, name: str) -> UsageError:
        # a letter is like every other letter: only its case is worth a guess
        short = [flag for flag in self.flags if flag.lower() == name.lower()]
        near = nearest(name, tuple(self.flags)) if len(name) > 2 else "".join(short[:1])
        advice = f"Did you mean {near}?" if near else f"Usage: {self.usage()}"
        return UsageError(f"There is no option {name}", where=self.command, advice=advice)

    def usage(self) -> str:
        """Return the one-line usage."""
        parts = [self.command]
        for option in self.options:
            text = option.label if not option.flags else option.flags[0]
            if option.flags and option.takes_value:
                text += f" {option.label}"
            parts.append(text if option.required else f"[{text}]")
        return " ".join(parts)

    def help(self) -> str:
        """Return usage, summary and one line per option."""
        rows = [(self._spelling(o), self._described(o)) for o in self.options]
        width = max((len(left) for left, _ in rows), default=0)
        lines = [self.usage(), "", self.summary]
        lines += [""] * bool(rows) + [f"  {left:<{width}}  {right}" for left, right in rows]
        return "\n".join(lines)

    @staticmethod
    def _spelling(option: Option) -> str:
        spelled = ", ".join(option.flags) or option.label
        return f"{spelled} {option.label}" if option.flags and option.takes_value else spelled

    @staticmethod
    def _described(option: Option) -> str:
        shown = option.default not in (None, "", False)
        return f"{option.help} (default {option.default})" if shown else option.help
