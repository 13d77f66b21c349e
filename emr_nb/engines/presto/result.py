"""What a query's pages become: a table under its limits, or the count of an update."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from emr_nb.engines.presto.rows import Rows
from emr_nb.engines.presto.wire import Page, Segment
from emr_nb.errors import ResultError
from emr_nb.model import Column, StatementReference
from emr_nb.results.budget import too_large
from emr_nb.results.plan import TransferPlan
from emr_nb.results.result import Result

if TYPE_CHECKING:
    import pyarrow as pa

_COUNTS = frozenset({"rows", "result"})  # the one column of what is no query
_COMMENT = re.compile(r"(?:\s+|--[^\n]*(?:\n|$)|/\*.*?\*/|\()*", re.DOTALL)
_READS = re.compile(r"(select|with|values|table|show|describe|desc|explain)\b", re.IGNORECASE)


def only_reads(sql: str) -> bool:
    """Tell whether a statement surely changes nothing, so that its rest may be left out."""
    comments = _COMMENT.match(sql)
    begin = sql[comments.end() :] if comments else sql
    found = _READS.match(begin)
    return found is not None and not re.search(r"\banalyze\b", begin[:200], re.IGNORECASE)


class Collected:
    """Gathers a query's rows; `plan` says how many, and how many bytes, are wanted.

    `cuttable` tells that the rest of the rows may be left out once there are enough.
    """

    def __init__(self, plan: TransferPlan | None, where: str, *, cuttable: bool) -> None:
        self._plan, self._where, self.cuttable = plan, where, cuttable
        self._rows: Rows | None = None
        self._batches: list[pa.RecordBatch] = []
        self._update_type = ""
        self._update_count: int | None = None
        self._warnings: tuple[str, ...] = ()
        self.count = 0
        self.bytes = 0
        self.cut = False

    @property
    def enough(self) -> bool:
        """Whether no more is wanted: one row above the limit is there, or the schema alone."""
        limit = self._plan.limit if self._plan else None
        if limit is None or self._rows is None or not self.cuttable or self._update_type:
            return False
        return limit == 0 or self.count > limit

    @property
    def columns(self) -> Sequence[Column]:
        """The columns, as far as they have been told."""
        return self._rows.columns if self._rows else ()

    def see(self, page: Page) -> None:
        """Take what a page tells beside its rows; raises ResultError for a type of no return."""
        self._update_type = page.update_type or self._update_type
        if page.update_count is not None:
            self._update_count = page.update_count
        self._warnings = page.warnings or self._warnings
        if self._rows is None and page.columns:
            self._rows = Rows(page.columns)

    def add(self, body: bytes, segment: Segment | None = None) -> None:
        """Take rows as JSON; raises ResultError, and ResultTooLargeError above the budget."""
        for batch in self.batches(body, segment):
            self._batches.append(batch)
            self.bytes += batch.nbytes
        budget = self._plan.budget if self._plan else 0
        if 0 < budget < self.bytes:
            raise too_large(self.bytes, budget, self._where, more=True)

    def batches(self, body: bytes, segment: Segment | None = None) -> list[pa.RecordBatch]:
        """Return rows that come as JSON, counted and not gathered; raises ResultError."""
        if self._rows is None:
            raise ResultError("Rows came before their columns", where=self._where)
        made = list(self._rows.batches(body))
        rows = sum(batch.num_rows for batch in made)
        self.count += rows
        if segment is not None and segment.rows and rows != segment.rows:
            raise ResultError(f"{rows:,} of {segment.rows:,} rows came", where=self._where)
        return made

    @property
    def schema(self) -> pa.Schema:
        """The schema of the rows; raises ResultError before their columns are known."""
        if self._rows is None:
            raise ResultError("The columns are not known yet", where=self._where)
        return self._rows.schema

    @property
    def is_table(self) -> bool:
        """Whether rows are those of a query, as far as has been told."""
        return self._rows is not None and not self._update_type

    def update(self) -> str:
        """Say what an update did; empty for a query with a table."""
        if not self._update_type or not self._is_count():
            return ""
        if self._update_count is None:
            return self._update_type
        return f"{self._update_type}: {self._update_count:,} row{'s' * (self._update_count != 1)}"

    def table(self) -> pa.Table | None:
        """Return all rows that came; None where there were no columns."""
        return None if self._rows is None else self._rows.table(self._batches)

    def result(self, reference: StatementReference) -> Result | None:
        """Return the table; None where the statement has none."""
        if self._rows is None or self.update():
            return None
        table = self._rows.table(self._batches)
        limit = self._plan.limit if self._plan else None
        truncated = limit is not None and (self.count > limit or (limit == 0 and self.cut))
        notices: Sequence[str] = (*self._rows.notices(), *self._warnings)
        if limit == 0:
            notices = ("Schema only: no row was asked for (-n 0).", *notices)
        return Result(
            table=table.slice(0, limit) if truncated else table,
            columns=self._rows.columns,
            truncated=truncated,
            reference=reference,
            notices=tuple(notices),
        )

    def empty(self, reference: StatementReference) -> Result:
        """Return a result of these columns without a row: they are taken another way."""
        assert self._rows is not None
        table = self._rows.schema.empty_table()
        return Result(table=table, columns=self._rows.columns, reference=reference)

    def _is_count(self) -> bool:
        columns = self._rows.columns if self._rows else ()
        return not columns or (len(columns) == 1 and columns[0].name in _COUNTS)
