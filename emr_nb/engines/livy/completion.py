"""Complete remote names: Scala by Livy's own service, Python and SQL by what was last told.

Livy 0.7.1 completes Scala only, and a statement to ask Python would wait behind running ones:
the runner tells the session's variables, their members and their frames' columns after each
cell, and no request is made. SQL's names come from the catalog, asked beside (sql_names).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from emr_nb.engines.livy.client import LivyClient
from emr_nb.errors import EmrError
from emr_nb.model import Completion
from emr_nb.results.frame import SessionFacts
from emr_nb.transport.base import Deadline

if TYPE_CHECKING:
    from emr_nb.engines.livy.session import LivySession

_KindOf = Callable[[str], str]
_SECONDS = 1.0
_WORD = re.compile(r"(?<![\w.])[^\W\d]\w*$")
_MEMBER = re.compile(r"(?<![\w.\])])([^\W\d]\w*)\.(\w*)$")
_NAME = re.compile(r"(?<![\w.])[^\W\d]\w*")
# a text that is being written as an argument, or as a key: `df.select("a", "fr`, `df["fr`
_ARGUMENT = re.compile(r"""(?:[\w.]*[\[(]|,)\s*(?P<quote>["'])(?P<begun>[^"'\n\\]*)$""")
_TYPES = {"function": "function", "type": "class", "module": "module"}
_COLUMN_CALL = re.compile(r"(?:\bF\.\w+|\bcol|\bcolumn)\s*\([^()]*$")


def complete(
    client: LivyClient, session: LivySession, code: str, cursor: int, language: str = "python"
) -> Sequence[Completion]:
    """Return completions of the word before a character offset; none within 1 s is none."""
    if language == "sql":
        return session.sql_names.complete(code, cursor)
    if language == "scala" or session.info.language == "scala":
        return _scala(client, session, code, cursor)
    return complete_python(session.told, code, cursor)


def complete_python(told: SessionFacts, code: str, cursor: int) -> list[Completion]:
    """Complete by what the session told: a column, a member, or a variable; pure."""
    before = code[:cursor]
    if argument := _ARGUMENT.search(before):
        begun = argument["begun"]
        names = _columns(told, before[: argument.start("begun")])
        fit = [name for name in names if not set(name) & {argument["quote"], "\\", "\n"}]
        return _made(fit, begun, cursor, lambda _: "property")
    if member := _MEMBER.search(before):
        return _members(told, member[1], member[2], cursor)
    found = _WORD.search(before)
    if not found and before[-1:] in (".", "'", '"'):
        return []  # a member or a text: not a variable
    word = found[0] if found else ""
    if not word and before[-1:].isalnum():
        return []
    return _made(
        sorted(told.names), word, cursor, lambda name: _TYPES.get(told.names[name], "instance")
    )


def _columns(told: SessionFacts, before: str) -> list[str]:
    """Return the columns of the frames that the statement before a text names.

    `F.col("` names no frame where none stands on its line: then those of all frames.
    """
    statement = _statement(before)
    named = [name for name in _NAME.findall(statement) if name in told.columns]
    if not named and _COLUMN_CALL.search(statement):
        named = sorted(told.columns)
    return list(dict.fromkeys(c for name in named for c in told.columns[name]))


def _statement(before: str) -> str:
    """Return what was written of the last statement: over lines while brackets are open."""
    lines = before.split("\n")
    text = lines.pop()
    while lines and (
        sum(map(text.count, "([{")) < sum(map(text.count, ")]}"))
        or text.lstrip()[:1] in (".", ")")
        or lines[-1].rstrip()[-1:] in ("(", "[", "{", ",", "\\")
    ):
        text = f"{lines.pop()}\n{text}"
    return text


def _members(told: SessionFacts, name: str, begun: str, cursor: int) -> list[Completion]:
    columns = [c for c in told.columns.get(name, ()) if c.isidentifier()]
    kind = told.names.get(name, "")
    members = told.modules.get(name) or told.members.get(kind) or ()
    taken = set(columns)
    return [
        *_made(columns, begun, cursor, lambda _: "property"),
        *_made([m for m in members if m not in taken], begun, cursor, lambda _: "function"),
    ]


def _made(names: Iterable[str], begun: str, cursor: int, kind_of: _KindOf) -> list[Completion]:
    start = cursor - len(begun)
    return [Completion(n, start, cursor, kind_of(n)) for n in names if n.startswith(begun)]


def _scala(client: LivyClient, session: LivySession, code: str, cursor: int) -> list[Completion]:
    """Ask Livy; it gives whole candidates for the word at the cursor."""
    found = re.search(r"\w*$", code[:cursor])
    start = found.start() if found else cursor
    try:
        texts = client.complete(
            int(session.info.id), code, "spark", cursor, Deadline.after(_SECONDS)
        )
    except EmrError:
        return []  # completion is a kindness: the cell itself will tell what is wrong
    return [Completion(text, start, cursor, "") for text in dict.fromkeys(texts)]
