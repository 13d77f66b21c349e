"""Asks before what cannot be undone; a run that nobody watches is never asked."""

from __future__ import annotations

import builtins
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from emr_nb.errors import UsageError
from emr_nb.notebook.look import printable
from emr_nb.notebook.places import is_notebook

if TYPE_CHECKING:
    from emr_nb.notebook.state import Notebook

_NAMED = 10  # lines of what will be done


def confirm(
    notebook: Notebook, lines: Sequence[str], question: str, *, where: str, more: int = 0
) -> bool:
    """List what will be done and return whether the user agrees.

    `more` is how many lines there are beyond those given. Raises UsageError, which names
    --yes, where nobody can answer.
    """
    text = "\n".join(printable(line) for line in lines[:_NAMED])
    left = len(lines) - _NAMED + more
    text += f"\n… and {left:,} more" if left > 0 else ""
    if not is_notebook(notebook.shell) and not sys.stdin.isatty():
        raise _nobody(question, text, where)
    try:
        answer = builtins.input(f"{text}\n{question} [y/N] ")
    except (EOFError, NotImplementedError, RuntimeError) as error:
        raise _nobody(question, text, where) from error  # a front end without input, as headless
    return answer.strip().lower() in ("y", "yes")


def _nobody(question: str, text: str, where: str) -> UsageError:
    return UsageError(
        f"{question} Nobody can answer here, and nothing was done:\n{text}",
        where=where,
        advice="--yes does it without asking.",
    )
