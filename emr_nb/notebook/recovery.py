"""Statements of this notebook whose kernel is gone: found at the attach, adopted by their cell."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from emr_nb.errors import EmrError
from emr_nb.journal import owner_is_gone, reference_of
from emr_nb.notebook.past import clock, first_words
from emr_nb.results.plan import plan_transfer

if TYPE_CHECKING:
    from emr_nb.engines.base import Engine, Statement
    from emr_nb.journal import Journal, StatementRow
    from emr_nb.model import Request

_MOST = 50


@dataclass
class Orphan:
    """One statement that nobody waits for, and whether it had ended when it was found."""

    row: StatementRow
    asked: Request | None
    ended: bool = False
    noticed: bool = False

    @property
    def label(self) -> str:
        words = first_words(self.row)
        if not self.row.text and self.asked is not None:
            words = first_words(replace(self.row, text=self.asked.code))
        return f"`{words}` of {clock(self.row.created)}"


@dataclass
class Recovery:
    """The statements that a kernel of this notebook left behind on one cluster."""

    journal: Callable[[], Journal]
    cluster: str
    notebook: str
    orphans: dict[str, Orphan] = field(default_factory=dict)

    def look(self, engine: Engine) -> None:
        """Find them; what never reached the cluster, or is gone, gets its end state.

        Raises TransportError.
        """
        if not self.notebook:
            return  # without a notebook nothing can be told apart from others' work
        journal = self.journal()
        rows = journal.statements(
            cluster=self.cluster, notebook=self.notebook, open_only=True, limit=_MOST
        )
        for row in reversed(rows):
            if row.engine != engine.name or not owner_is_gone(row):
                continue
            statement = engine.recover(reference_of(row))
            if statement is None:
                journal.update(row.tag, state="lost", error=_why(row))
                continue
            asked = getattr(statement, "request", None)
            ended = bool(getattr(statement, "ended", False))
            self.orphans[row.tag] = Orphan(row, asked, ended)

    def engines_left(self) -> list[str]:
        """Return the engines that have open statements of this notebook."""
        rows = self.journal().statements(
            cluster=self.cluster, notebook=self.notebook or "?", open_only=True, limit=_MOST
        )
        return list(dict.fromkeys(row.engine for row in rows))

    def has(self, request: Request) -> bool:
        """Tell whether a statement waits that this cell began in an earlier kernel."""
        return any(
            orphan.row.cell == request.cell_id
            and orphan.asked is not None
            and same_cell(orphan.asked, request)
            for orphan in self.orphans.values()
        )

    def last_used(self, session: str) -> float | None:
        """Return when this notebook last used a session, seconds since the epoch."""
        rows = self.journal().statements(
            cluster=self.cluster, session=session, notebook=self.notebook, limit=1
        )
        return rows[0].ended or rows[0].updated if rows else None

    def notices(self) -> list[str]:
        """Return one line per statement: what it is, how it stands, and how to get its result."""
        return [
            f"{o.label} {'has ended meanwhile' if o.ended else 'is still running'}: run that cell "
            f"again unchanged to take its output, or %emr result {o.row.tag[:8]}"
            for o in self.orphans.values()
        ]

    def adopt(
        self, engine: Engine, session: str, request: Request, say: Callable[[str], None]
    ) -> Statement | None:
        """Return the statement that this cell began in an earlier kernel, if it did.

        An edited cell is told of its earlier run, and runs as new behind it.
        """
        for orphan in list(self.orphans.values()):
            row = orphan.row
            if (row.engine, row.session, row.cell) != (engine.name, session, request.cell_id):
                continue
            if orphan.asked is not None and same_cell(orphan.asked, request):
                return self.claim(engine, orphan, say)
            if row.cell and not orphan.noticed:
                orphan.noticed = True
                say(
                    f"The cell as it was ({orphan.label}) may still run on the cluster; it has "
                    f"been edited, so it runs as new after that. %emr result {row.tag[:8]} takes "
                    f"the earlier result, %emr cancel {row.tag[:8]} stops it.\n"
                )
        return None

    def claim(self, engine: Engine, orphan: Orphan, say: Callable[[str], None]) -> Statement | None:
        """Take a statement over from the kernel that is gone; None when it cannot be had."""
        del self.orphans[orphan.row.tag]
        if not self.journal().take_over(orphan.row):
            say(f"Another kernel has taken {orphan.label} over; the cell runs anew.\n")
            return None
        statement = engine.recover(reference_of(orphan.row))
        if statement is None:
            with contextlib.suppress(EmrError):
                self.journal().update(orphan.row.tag, state="lost", error=_GONE)
            say(f"The answer of {orphan.label} is not kept any more; the cell runs anew.\n")
        return statement


_GONE = "its session or its answer is gone, and so is the kernel that waited for it"


def _why(row: StatementRow) -> str:
    if row.state == "prepared":
        return "its kernel ended before it was sent: it has not run"
    return _GONE


def same_cell(one: Request, other: Request) -> bool:
    """Tell whether two requests ask for the same: code, language, what comes back, and how."""
    return _essence(one) == _essence(other)


def _essence(request: Request) -> tuple[object, ...]:
    scala = request.language == "scala"  # it has no database or settings of its own
    return (
        request.language,
        request.code,
        request.output,
        plan_transfer(request).limit,
        None if scala else request.database,
        request.catalog,
        {} if scala else dict(request.settings),
    )
