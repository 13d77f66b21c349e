"""Completion in `%emr` lines and in cells that run on the cluster.

Nothing here waits for the network longer than a second: a look-up that takes longer goes
on behind, and what it found is there for the next Tab.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from inspect import ismodule
from typing import TYPE_CHECKING

from emr_nb.model import CatalogNode, Completion
from emr_nb.notebook import path_completion
from emr_nb.notebook.cells import CellMagic
from emr_nb.notebook.fs_magic import NAMES as FILE_MAGICS
from emr_nb.notebook.fs_magic import as_emr
from emr_nb.notebook.options import Option, Parser
from emr_nb.notebook.patience import Patience

if TYPE_CHECKING:
    from emr_nb.notebook.emr_magic import EmrMagic
    from emr_nb.notebook.state import Notebook

_MOST_NODES = 10_000
_ASSIGNED = re.compile(r"\s*(?:[\w.,\[\]'\" ]+=\s*)?")


class Completer:
    """Completes for one notebook."""

    def __init__(self, notebook: Notebook, emr: EmrMagic) -> None:
        self._notebook = notebook
        self._emr = emr
        self._patience: Patience[str] = Patience()
        self._nodes: Patience[CatalogNode] = Patience(most=_MOST_NODES)
        self._answers: Patience[Completion] = Patience()

    def complete(self, text: str, cursor: int) -> tuple[str, list[tuple[str, str]]] | None:
        """Return the fragment before the cursor and its completions (text, kind), or None.

        None means that this text is not ours.
        """
        before = text[:cursor]
        first, newline, below = before.partition("\n")
        word = first.split(" ")[0].rstrip()
        magic = next((m for m in self._notebook.magics if word == f"%%{m.name}"), None)
        if magic is not None and newline:
            return self._remote(magic, first, text.partition("\n")[2], len(below))
        if magic is not None:
            return self._words(first, magic.parser(line=False), len(magic.name) + 2)
        line = before.rpartition("\n")[2]
        for name in ("emr", *FILE_MAGICS):
            start = line.find(f"%{name} ")
            if start >= 0 and _ASSIGNED.fullmatch(line[:start]):
                rest = line[start + len(name) + 2 :]
                return self._emr_line(rest) if name == "emr" else self._files_line(rest)
        return None

    # -- inside ---------------------------------------------------------------------------

    def _emr_line(self, rest: str) -> tuple[str, list[tuple[str, str]]]:
        word, space, _ = rest.lstrip().partition(" ")
        if not space:
            names = [(name, "magic") for name in self._emr.by_name]
            return word, _beginning(word, names)
        command = self._emr.by_name.get(word)
        if command is None:
            return "", []
        return self._words(rest, command.parser(), len(rest) - len(rest.lstrip()) + len(word))

    def _files_line(self, rest: str) -> tuple[str, list[tuple[str, str]]]:
        made = as_emr(rest)
        if " " in made:
            return self._emr_line(made)
        typed = rest.rpartition(" ")[2]
        dash = "-" * typed.startswith("-")
        names = [(f"{dash}{name}", "magic") for name in self._emr.file_commands]
        return typed, _beginning(typed, names)

    def _words(self, line: str, parser: Parser, at: int) -> tuple[str, list[tuple[str, str]]]:
        """Complete the last word of a magic's line; options begin at offset `at`."""
        fragment = path_completion.last_word(line)
        words = line[at : len(line) - len(fragment)].split()
        pending = parser.flags.get(words[-1]) if words else None
        if pending is not None and pending.takes_value:
            return fragment, self._values(pending, fragment)
        if fragment.startswith("-"):
            flags = [(flag, "param") for o in parser.options for flag in o.flags]
            return fragment, _beginning(fragment, flags)
        plain = [
            w
            for n, w in enumerate(words)
            if not w.startswith("-")
            and not (n and (o := parser.flags.get(words[n - 1])) and o.takes_value)
        ]
        places = parser.positionals
        if places and len(plain) >= len(places) and places[-1].many:
            return fragment, self._values(places[-1], fragment)
        if len(plain) < len(places):
            return fragment, self._values(places[len(plain)], fragment)
        return fragment, []

    def _values(self, option: Option, fragment: str) -> list[tuple[str, str]]:
        if option.choices:
            return _beginning(fragment, [(c, "value") for c in option.choices])
        sources: dict[str, Callable[[str], list[tuple[str, str]]]] = {
            "cluster": self._clusters,
            "attached": lambda _: [(name, "instance") for name in self._notebook.attached],
            "session": self._sessions,
            "engine": self._engines,
            "table": self._tables,
            "here": self._here,
            "remote": self._variables,
            "tag": lambda _: [(r.tag[:8], "value") for r in self._notebook.journal.statements(
                limit=20)],
            "command": lambda _: [(name, "magic") for name in self._emr.by_name],
        }  # fmt: skip
        if option.source in ("path", "local", "both"):
            bare = fragment.lstrip("\"'")
            paths = [] if option.source == "local" else list(self._paths(bare))
            paths += [] if option.source == "path" else path_completion.local(bare)
            return [(text, "path") for text in path_completion.spelled(paths, fragment)]
        found = sources[option.source](fragment) if option.source in sources else []
        return _beginning(fragment, found)

    def _clusters(self, _: str) -> list[tuple[str, str]]:
        notebook = self._notebook

        def look() -> list[str]:
            rows = notebook.backend.list_clusters(notebook.settings)
            return [text for row in rows for text in (row.name, row.id) if text]

        found = self._patience.ask("clusters", look)
        return [(name, "instance") for name in ("local", *(found or notebook.known_clusters))]

    def _engines(self, _: str) -> list[tuple[str, str]]:
        engines = {"spark", *(name for magic in self._notebook.magics for name in magic.engines)}
        return [(name, "instance") for name in sorted(engines)]

    def _tables(self, fragment: str) -> list[tuple[str, str]]:
        """Tables and what they lie in, of the engine of the last SQL cell."""
        made = self._notebook.attachment() if self._notebook.attached else None
        has_hive = made is not None and any(s.name == "hive" for s in made.cluster.services)
        engine = (made.last_sql if made else "") or "hive" * has_hive
        if made is None or not engine:
            return []
        magic = CellMagic(engine, "sql", "", engines=(engine,))
        code = f"from {fragment}"
        begun, found = self._sql(magic, code, len(code), "")
        before = fragment[: len(fragment) - len(begun)]
        return [(before + name, kind) for name, kind in found if kind != "keyword"]

    def _sessions(self, _: str) -> list[tuple[str, str]]:
        if not self._notebook.attached:
            return []
        made = self._notebook.attachment()
        found = self._patience.ask(
            f"sessions {made.name}",
            lambda: [i.name or i.id for i in made.cluster.engine("spark").sessions()],
        )
        return [(name, "instance") for name in found]

    def _paths(self, fragment: str) -> list[str]:
        if fragment.startswith(("./", "../", "~/")):
            return path_completion.local(fragment)
        if not self._notebook.attached:
            return []
        if fragment.startswith("table:") and "/" not in fragment:
            return ["table:" + name for name, _ in self._tables(fragment[6:])]
        return path_completion.remote(self._notebook.attachment(), self._patience, fragment)

    def _here(self, fragment: str) -> list[tuple[str, str]]:
        """Local variables, behind the last comma."""
        before = fragment[: fragment.rfind(",") + 1]
        hidden = self._notebook.shell.user_ns_hidden
        return [
            (before + name, "instance")
            for name, value in self._notebook.shell.user_ns.items()
            if not (name.startswith("_") or name in hidden or callable(value) or ismodule(value))
        ]

    def _variables(self, fragment: str) -> list[tuple[str, str]]:
        return self._ask_engine(fragment, len(fragment))[1]

    def _remote(
        self, magic: CellMagic, first: str, code: str, cursor: int
    ) -> tuple[str, list[tuple[str, str]]]:
        found = re.search(r"\s(?:-l|--language|-c|--context)[ =]?(python|scala|sql)\b", first)
        named = re.search(r"\s(?:-s|--session)[ =]?([^\s-]\S*)", first)
        language = found[1] if found else magic.language
        name = named[1] if named else ""
        if magic.is_spark:
            return self._ask_engine(code, cursor, language, name)
        return self._sql(magic, code, cursor, name)

    def _sql(
        self, magic: CellMagic, code: str, cursor: int, name: str
    ) -> tuple[str, list[tuple[str, str]]]:
        """Complete SQL by what the engine has, else by its catalog; starts no session."""
        from emr_nb.engines.sql.completing import complete
        from emr_nb.notebook.catalogs import children
        from emr_nb.notebook.sql_cells import engine_of, rules_of

        if not self._notebook.attached:
            return "", []
        made = self._notebook.attachment()
        engine = engine_of(self._notebook, magic, made, say=False)
        used = made.of(engine)

        def nodes(parent: CatalogNode | None) -> list[CatalogNode]:
            key = f"catalog {made.name} {engine} {parent.qualified if parent else ''}"
            found = self._nodes.ask(key, lambda: children(made, used, parent, start=False))
            return list(found)

        def look() -> list[Completion]:
            own = made.cluster.engine(engine)
            session = used.sessions.opened(name)
            found = list(own.complete(code, cursor, session, "sql"))
            return found or complete(code, cursor, rules_of(own), nodes)

        found = self._answers.ask(f"sql {made.name} {engine} {cursor} {code}", look, 0.0)
        if not found:
            return "", []
        start = found[0].start
        return code[start:cursor], [(c.text, c.kind) for c in found if c.start == start]

    def _ask_engine(
        self, code: str, cursor: int, language: str = "python", name: str = ""
    ) -> tuple[str, list[tuple[str, str]]]:
        """Ask the session that is open; completion never starts one."""
        if not self._notebook.attached:
            return "", []
        made = self._notebook.attachment()
        session = made.sessions.opened(name)
        if session is None:
            return "", []

        def look() -> list[str]:
            answers = made.cluster.engine("spark").complete(code, cursor, session, language)
            return [f"{a.start}\0{a.text}\0{a.kind}" for a in answers]

        # what a session told changes with each cell, so this answer is not kept
        found = self._patience.ask(f"code {made.name} {name} {language} {cursor} {code}", look, 0.0)
        parts = [text.split("\0") for text in found]
        if not parts:
            return "", []
        start = int(parts[0][0])
        same = [(text, kind) for begin, text, kind in parts if int(begin) == start]
        return code[start:cursor], same


def _beginning(fragment: str, found: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(text, kind) for text, kind in dict.fromkeys(found) if text.startswith(fragment)]
