"""A statement: it runs on a thread of its own, under its session's lock."""

from __future__ import annotations

import re
import threading
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb

from emr_nb.errors import EmrError, StatementCancelledError, StatementError
from emr_nb.model import (
    CancelOutcome,
    Column,
    Event,
    Progress,
    Request,
    StatementReference,
)
from emr_nb.results.result import Result

if TYPE_CHECKING:
    import pyarrow as pa

    from emr_nb.journal import Journal
    from emr_nb.results.plan import TransferPlan
    from emr_nb_duckdb.database import Database, Seat

_LOOK = 0.1
_CANCEL_SECONDS = 1.0
_LINE = re.compile(r"\n+LINE (\d+): ?(.*)\n( *)\^", re.DOTALL)
_ROWS = 10_000


@dataclass
class Kept:
    """A result that stays in the database until it is read or released."""

    reader: Any
    limit: int | None

    @property
    def arrow_schema(self) -> pa.Schema:
        return self.reader.schema

    def tables(self) -> Iterator[tuple[int, pa.Table]]:
        import pyarrow as pa

        for batch in self.reader:
            yield batch.nbytes, pa.Table.from_batches([batch])


class DuckStatement:
    """One submitted statement."""

    def __init__(
        self,
        database: Database,
        seat: Seat,
        request: Request,
        plan: TransferPlan,
        journal: Journal,
        cluster: str,
    ) -> None:
        self.request = request
        self.reference = StatementReference(
            request.tag, cluster, "duckdb", seat.info.id, database.number()
        )
        self.kept: Kept | None = None
        self._database = database
        self._seat = seat
        self._plan = plan
        self._journal = journal
        self._began = time.monotonic()
        self._over = threading.Event()
        self._freed = threading.Event()
        self._running = False
        self._cancelled = False
        self._told = False
        self._result: Result | None = None
        self._error: EmrError | None = None
        threading.Thread(target=self._run, name="emr_nb-duckdb", daemon=True).start()

    @property
    def ended(self) -> bool:
        return self._over.is_set()

    def events(self) -> Iterator[Event]:
        if self._told:
            return
        while not self._over.wait(_LOOK):
            elapsed = time.monotonic() - self._began
            yield Progress("running" if self._running else "queued", elapsed)
        self._told = True

    def cancel(self) -> CancelOutcome:
        if self._over.is_set():
            return CancelOutcome.ALREADY_ENDED
        self._cancelled = True
        if self._running:
            self._seat.connection.interrupt()
        stopped = self._over.wait(_CANCEL_SECONDS)
        return CancelOutcome.STOPPED if stopped else CancelOutcome.STILL_RUNNING

    def result(self) -> Result | None:
        for _ in self.events():
            pass
        if self._error is not None:
            raise self._error
        return self._result

    def release(self) -> None:
        self._freed.set()

    # -- inside ---------------------------------------------------------------------------

    def _run(self) -> None:
        with self._turn() as mine:
            if not mine:
                self._fail(StatementCancelledError("Cancelled before it ran"))
                return
            self._running = True
            self._note(state="running")
            try:
                self._execute()
            except duckdb.Error as error:
                self._fail(self._explained(error))
            except EmrError as error:
                self._fail(error)
            else:
                rows = None if self._result is None else len(self._result)
                self._note(state="done", rows=rows)
                self._over.set()
            if self.kept is not None:
                self._freed.wait()

    def _turn(self) -> _Turn:
        return _Turn(self._seat.turn, lambda: self._cancelled or self._seat.closed)

    def _execute(self) -> None:
        connection = self._seat.connection
        undo = []
        for key, value in self.request.settings.items():
            before = connection.execute("select current_setting(?)", [key]).fetchone()[0]
            connection.execute(f"set {key} = '{value}'")
            undo.append(f"set {key} = '{before}'")
        if self.request.database:
            before = connection.execute("select current_schema()").fetchone()[0]
            connection.execute(f'use "{self.request.database}"')
            undo.append(f'use "{before}"')
        try:
            (statement,) = duckdb.extract_statements(self.request.code)
            self._database.executed.append(self.request.code)
            made = connection.execute(statement)
            kinds = statement.expected_result_type
            if kinds == [duckdb.ExpectedResultType.QUERY_RESULT]:
                self._take(made)
        finally:
            for text in undo:
                connection.execute(text)

    def _take(self, made: Any) -> None:
        """Read the rows that are wanted and one more, so that it is known what was left out."""
        columns = tuple(Column(str(d[0]), str(d[1])) for d in made.description)
        convert = getattr(made, "to_arrow_reader", None) or made.fetch_record_batch
        with warnings.catch_warnings():  # newer DuckDBs would have the rows another way
            warnings.simplefilter("ignore", UserWarning)
            reader = convert(_ROWS)
        limit = self._plan.limit
        if self._plan.keep:
            self.kept = Kept(reader, limit)
            self._result = Result(reader.schema.empty_table(), columns, reference=self.reference)
            return
        import pyarrow as pa

        batches, rows = [], 0
        for batch in reader:
            batches.append(batch)
            rows += batch.num_rows
            if limit is not None and rows > limit:
                break
        table = pa.Table.from_batches(batches, reader.schema)
        truncated = limit is not None and rows > limit
        table = table.slice(0, limit) if truncated else table
        self._result = Result(table, columns, truncated, self.reference)

    def _explained(self, error: duckdb.Error) -> StatementError:
        if self._cancelled:
            return StatementCancelledError("The statement was cancelled", ename="Cancelled")
        text = str(error)
        found = _LINE.search(text)
        what = _LINE.sub("", text) if found else text
        if found:
            what += f" (line {found[1]})"
        line = int(found[1]) if found else None
        kind, _, rest = what.partition(": ")
        return StatementError(what, ename=kind, evalue=rest, line=line, where="duckdb")

    def _fail(self, error: EmrError) -> None:
        self._error = error
        state = "cancelled" if isinstance(error, StatementCancelledError) else "failed"
        self._note(state=state, error=error.what)
        self._over.set()

    def _note(self, **changes: Any) -> None:
        self._journal.update(self.reference.tag, **changes)


class _Turn:
    """The session's lock, or nothing for a statement that was cancelled while it waited."""

    def __init__(self, lock: threading.Lock, given_up: Any) -> None:
        self._lock = lock
        self._given_up = given_up
        self._mine = False

    def __enter__(self) -> bool:
        while not self._given_up():
            if self._lock.acquire(timeout=0.05):
                self._mine = True
                return not self._given_up()
        return False

    def __exit__(self, *_: object) -> None:
        if self._mine:
            self._lock.release()
