"""Statements that nobody's cell wrote: a catalog's questions, and a look at a table's first rows.

They only read, end at a deadline, and have no row in the journal: the history is the user's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from emr_nb.errors import DeadlineExceededError, ResultError
from emr_nb.transport.base import Deadline

if TYPE_CHECKING:
    from emr_nb.engines.base import Statement
    from emr_nb.results.result import Result


@runtime_checkable
class AnswersAsides(Protocol):
    """An engine that takes such statements, beside the sessions of cells where it can."""

    def aside(self, sql: str, *, rows: int = -1, seconds: float = 20.0) -> Result:
        """Return the first `rows` (-1: all) of a statement that only reads.

        It is stopped on the cluster once `seconds` have passed. Raises StatementError,
        SessionError, TransportError, and DeadlineExceededError then.
        """
        ...


def finished(statement: Statement, deadline: Deadline, where: str) -> Result:
    """Return a statement's table once it has ended; at the deadline it is stopped."""
    try:
        for _ in statement.events():
            if deadline.remaining <= 0:
                raise DeadlineExceededError(
                    "The statement took too long and was stopped",
                    sent=True,
                    where=where,
                    advice="Run it in a cell, which waits for as long as it takes.",
                )
    except BaseException:
        statement.cancel()
        raise
    found = statement.result()
    if found is None:
        raise ResultError("The statement gave no table", where=where)
    return found
