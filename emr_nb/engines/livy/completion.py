"""Complete remote names: Scala by Livy's own service, Python by the names last told.

Livy 0.7.1 completes Scala only, and a statement to ask Python would wait behind running ones:
the runner tells the session's variables after each cell, and no request is made.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from emr_nb.engines.livy.client import LivyClient
from emr_nb.errors import EmrError
from emr_nb.model import Completion
from emr_nb.transport.base import Deadline

if TYPE_CHECKING:
    from emr_nb.engines.livy.session import LivySession

_SECONDS = 1.0
_WORD = re.compile(r"(?<![\w.])[^\W\d]\w*$")
_TYPES = {"function": "function", "type": "class", "module": "module"}


def complete(
    client: LivyClient, session: LivySession, code: str, cursor: int
) -> Sequence[Completion]:
    """Return completions of the word before a character offset; none within 1 s is none."""
    if session.info.language == "scala":
        return _scala(client, session, code, cursor)
    before = code[:cursor]
    found = _WORD.search(before)
    if not found and before[-1:] in (".", "'", '"'):
        return []  # a member or a text: not a variable
    word = found[0] if found else ""
    if not word and before[-1:].isalnum():
        return []
    return [
        Completion(name, cursor - len(word), cursor, _TYPES.get(kind, "instance"))
        for name, kind in sorted(session.names.items())
        if name.startswith(word)
    ]


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
