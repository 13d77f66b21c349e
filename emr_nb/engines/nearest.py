"""Advice for a name that was not found: the nearest of those that are there; pure."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from emr_nb.errors import StatementError

SECONDS = 5.0  # for what is there to be listed: a server with work to do takes as long
_MOST = 3


def advised(error: StatementError, wanted: str, there: Iterable[str]) -> StatementError:
    """Return the error; its advice begins with the names nearest to `wanted`, if there are any."""
    near = difflib.get_close_matches(wanted, dict.fromkeys(there), _MOST)
    if near:
        error.advice = f"Is it {' or '.join(near)}? {error.advice}".rstrip()
    return error
