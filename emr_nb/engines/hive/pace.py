"""How long what is borne while a statement is followed; all in seconds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Patience:
    """The deadlines of one server's statements.

    `submit` is that of a submit: the server compiles before it answers, and one statement at a
    time by default. `look` is one look's, which the server holds back for 5 s at most; `away`
    how long looks may fail in a row, told after `notice`. `fetch` is one fetch's: a query
    without a job runs while its rows are fetched.
    """

    submit: float = 600.0
    look: float = 30.0
    away: float = 120.0
    notice: float = 5.0
    fetch: float = 300.0
