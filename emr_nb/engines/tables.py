"""A table that a statement shows on its way, beside the one that is its result."""

from __future__ import annotations

from dataclasses import dataclass

from emr_nb.model import Output
from emr_nb.results.result import Result

_PREVIEW = 20


@dataclass(frozen=True)
class TableOutput(Output):
    """An Output with the Result itself; its bundle is a plain text for whoever knows no more."""

    result: Result | None = None


def table_output(result: Result) -> TableOutput:
    """Return the event for a table: its first 20 rows as text, and all of it as a Result."""
    head = result.table.slice(0, _PREVIEW)
    rows = zip(*(column.to_pylist() for column in head.columns), strict=True)
    lines = ["\t".join(column.name for column in result.columns)]
    lines += ["\t".join("NULL" if cell is None else str(cell) for cell in row) for row in rows]
    more = len(result) - head.num_rows
    if more > 0 or result.truncated:
        lines.append(f"… {more:,} more rows" + (" and others left out" if result.truncated else ""))
    return TableOutput({"text/plain": "\n".join(lines)}, result=result)
