"""Where the text of a statement came from: an engine's line and column told in the cell."""

from __future__ import annotations

import re
from dataclasses import dataclass

from emr_nb.engines.sql.parameters import Placed
from emr_nb.errors import StatementError

# Trino, Hive and Presto write line:column, Spark `line 3, pos 5`
_AT = re.compile(
    r"(?P<word>\bline )(?P<line>\d+)"
    r"(?:(?P<between>[,:]? ?(?:pos(?:ition)?|column) |:)(?P<column>\d+))?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Origin:
    """One statement of a cell: it begins at an offset of the cell's text, with values placed.

    `base` is what the engine calls the first column of a line, 0 or 1.
    """

    cell: str
    start: int
    placed: Placed
    base: int = 0

    @property
    def moved(self) -> bool:
        """Whether places in the statement differ from those in the cell."""
        return bool(self.start or self.placed.edits)

    def tell(self, error: StatementError) -> None:
        """Write the places in an error as those of the cell, and set its line and column."""
        found = _AT.search(error.what) or _AT.search(error.evalue)
        if found is not None and (error.line is None or error.line == int(found["line"])):
            column = int(found["column"]) - self.base if found["column"] else None
            line, at = self.in_cell(int(found["line"]), column)
            error.line = line
            error.column = at + 1 if at is not None and found["column"] else error.column
        elif error.line is not None:
            column = error.column - 1 if error.column else None
            error.line, at = self.in_cell(error.line, column)
            error.column = at + 1 if at is not None and column is not None else None
        error.what = _AT.sub(self._rewritten, error.what)

    def in_cell(self, line: int, column: int | None) -> tuple[int, int | None]:
        """Return the line (from 1) and column (from 0) of the cell for those of the statement."""
        starts = [0, *(m.end() for m in re.finditer("\n", self.placed.text))]
        if not 1 <= line <= len(starts):
            return line, column
        offset = min(starts[line - 1] + (column or 0), len(self.placed.text))
        if column is None:  # the first character that tells anything
            text = self.placed.text[offset:].partition("\n")[0]
            offset += len(text) - len(text.lstrip())
        at = self.start + self.placed.origin(offset)
        before = self.cell[:at]
        return before.count("\n") + 1, at - (before.rfind("\n") + 1)

    def _rewritten(self, found: re.Match[str]) -> str:
        column = int(found["column"]) - self.base if found["column"] else None
        line, at = self.in_cell(int(found["line"]), column)
        if not found["column"] or at is None:
            return f"{found['word']}{line}"
        return f"{found['word']}{line}{found['between']}{at + self.base}"
