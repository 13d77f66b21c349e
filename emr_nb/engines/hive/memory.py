"""What a session was told that a new one can be told again, and what it cannot."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_COMMENTS = re.compile(r"\A(?:\s+|--[^\n]*(?:\n|\Z)|/\*.*?\*/)+", re.DOTALL)
_USE = re.compile(r"use\s+(`(?:[^`]|``)+`|\w+)\s*;?\s*\Z", re.IGNORECASE)
_SET = re.compile(r"set\s+([\w.:-]+)\s*=(.*?);?\s*\Z", re.IGNORECASE | re.DOTALL)
_COMMANDS = frozenset({"set", "reset", "dfs", "add", "list", "delete", "reload", "compile"})
_CHANGE = frozenset({"create", "drop", "alter", "import", "msck", "reload"})
_RESET = re.compile(r"reset\s*;?\s*\Z", re.IGNORECASE)
_MADE = re.compile(
    r"create\s+temporary\s+(?P<kind>table|function|macro|external\s+table)\s+"
    r"(?:if\s+not\s+exists\s+)?(?P<name>[\w.`]+)",
    re.IGNORECASE,
)
_DROPPED = re.compile(
    r"drop\s+(?:temporary\s+)?(?:table|function|macro)\s+(?:if\s+exists\s+)?(?P<name>[\w.`]+)",
    re.IGNORECASE,
)
_ADDED = re.compile(r"add\s+(?:jar|file|archive)s?\s+(?P<name>\S.*?);?\s*\Z", re.IGNORECASE)


@dataclass
class SessionMemory:
    """One session's state as its statements made it; guarded by its session.

    `gone` are temporary things of a session that was lost, by their lower-case names.
    """

    database: str = ""
    settings: dict[str, str] = field(default_factory=dict)
    resources: list[str] = field(default_factory=list)
    temporary: dict[str, str] = field(default_factory=dict)
    gone: dict[str, str] = field(default_factory=dict)

    def note(self, code: str) -> bool:
        """Learn from a statement that has succeeded; tell whether it changed the database."""
        text = _COMMENTS.sub("", code).strip()
        if use := _USE.match(text):
            self.database = _plain(use[1])
        elif setting := _SET.match(text):
            self.settings[setting[1]] = setting[2].strip()
        elif _RESET.match(text):
            self.settings.clear()
        elif made := _MADE.match(text):
            name = _plain(made["name"])
            self.temporary[name.lower()] = f"temporary {made['kind'].lower()} {name}"
            self.gone.pop(name.lower(), None)
        elif dropped := _DROPPED.match(text):
            self.temporary.pop(_plain(dropped["name"]).lower(), None)
        elif added := _ADDED.match(text):
            self.resources.append(f"ADD {text.split(None, 2)[1].upper()} {added['name']}")
        return bool(use)

    def lost(self) -> None:
        """The session is gone, and with it what only it had."""
        self.gone |= self.temporary
        self.temporary = {}

    def clear(self) -> None:
        """Forget everything."""
        self.database = ""
        for kept in (self.settings, self.resources, self.temporary, self.gone):
            kept.clear()

    def again(self) -> Iterator[str]:
        """Yield the statements that give a new session this state."""
        for key, value in self.settings.items():
            yield f"SET {key}={value}"
        yield from self.resources
        if self.database:
            yield f"USE {quoted(self.database)}"

    def mentioned(self, code: str) -> str:
        """Return what a statement needs of what is gone; empty when it needs none of it."""
        if not self.gone or _MADE.match(_COMMENTS.sub("", code).strip()):
            return ""
        words = set(re.findall(r"[\w.]+", code.lower()))
        return next((what for name, what in self.gone.items() if name in words), "")


def is_command(code: str) -> bool:
    """Tell whether this is a command of Hive's shell and no statement of HiveQL."""
    word = re.match(r"\w+", _COMMENTS.sub("", code).lstrip())
    return word is not None and word[0].lower() in _COMMANDS


def changes_catalog(code: str) -> bool:
    """Tell whether a statement may change which tables or columns there are."""
    word = re.match(r"\w+", _COMMENTS.sub("", code).lstrip())
    return word is not None and word[0].lower() in _CHANGE


def quoted(name: str) -> str:
    """Return a name as an identifier of HiveQL."""
    return "`" + name.replace("`", "``") + "`"


def _plain(name: str) -> str:
    if name.startswith("`") and name.endswith("`"):
        return name[1:-1].replace("``", "`")
    return name.replace("`", "")
