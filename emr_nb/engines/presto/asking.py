"""Small questions of our own to a server: no row in the journal, one deadline for all of it."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from emr_nb.engines.presto.client import PrestoClient, Spoken
from emr_nb.engines.presto.failures import statement_error
from emr_nb.engines.presto.pace import Patience
from emr_nb.engines.presto.reading import Followed
from emr_nb.engines.presto.result import Collected
from emr_nb.engines.presto.state import ClientState
from emr_nb.engines.presto.submit import Submitter
from emr_nb.engines.presto.wire import Page
from emr_nb.errors import ResultError, TransportError
from emr_nb.model import Column, StatementReference
from emr_nb.results.plan import TransferPlan
from emr_nb.results.result import Result
from emr_nb.transport.base import Deadline


@dataclass(frozen=True)
class Asker:
    """Asks one server; usable from several threads."""

    client: PrestoClient
    spoken: Spoken
    patience: Patience

    def rows(self, sql: str, state: ClientState, seconds: float = 20.0) -> list[tuple[Any, ...]]:
        """Return the rows of a statement that only reads.

        Raises StatementError, TransportError, and DeadlineExceededError after `seconds`.
        """
        table = self._asked(sql, state, seconds).table()
        columns = [column.to_pylist() for column in table.columns] if table is not None else []
        return list(zip(*columns, strict=True))

    def columns(self, sql: str, state: ClientState, seconds: float = 20.0) -> Sequence[Column]:
        """Return the columns of a query; raises as `rows` does."""
        return self._asked(sql, state, seconds).columns

    def result(self, sql: str, state: ClientState, rows: int = -1, seconds: float = 20.0) -> Result:
        """Return the first rows (-1: all) of a statement that only reads; raises as `rows` does.

        Raises ResultError for one that has no table.
        """
        plan = TransferPlan(None if rows < 0 else rows)
        collected = self._asked(sql, state, seconds, plan)
        found = collected.result(StatementReference("", "", "presto", ""))
        if found is None:
            raise ResultError("The statement gave no table", where=self.client.where)
        return found

    def _asked(
        self, sql: str, state: ClientState, seconds: float, plan: TransferPlan | None = None
    ) -> Collected:
        deadline = Deadline.after(seconds)
        patience = replace(self.patience, settle=seconds, away=seconds, look=seconds)
        asked = replace(state, encodings="")
        submitter = Submitter(self.client, self.spoken, patience)
        page, _ = submitter.submit(sql, asked, secrets.token_hex(16))
        followed = Followed(self.client, asked, self.spoken.prefix, page.next_uri, patience)
        try:
            return self._follow(page, followed, deadline, sql, plan)
        finally:
            if followed.uri:  # a failure, a deadline or an interrupt
                with contextlib.suppress(TransportError):
                    self.client.delete(followed.uri, asked, followed.prefix, Deadline.after(2.0))

    def _follow(
        self,
        page: Page | None,
        followed: Followed,
        deadline: Deadline,
        sql: str,
        plan: TransferPlan | None,
    ) -> Collected:
        collected = Collected(plan, self.client.where, cuttable=plan is not None)
        while page is not None:
            if page.error is not None:
                raise statement_error(page.error, f"query {page.id}, {self.client.where}")
            collected.see(page)
            if page.rows:
                collected.add(page.rows)
            if collected.enough:
                break
            if page.next_uri:
                deadline.check(f"asking {sql[:60]}", self.client.where)
            page = followed.next()
        return collected
