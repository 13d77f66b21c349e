"""The contract that every Engine keeps, as a mixin class for pytest.

A test class inherits it and gives three fixtures: `engine`, `other_engine` (a second one on
the same server and journal, as another process has), and `session`, an open one on `engine`.
`cells` holds code for the engine's language; what an engine truly cannot do is declared in
class attributes, so that it shows. An engine whose statements answer with tables alone, and
put nothing out, says `tables_only`: what is shown is then looked for in the table.
"""

from __future__ import annotations

import threading
import time
import uuid
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest

from emr_nb.engines.base import Engine, Session, Statement
from emr_nb.errors import SessionNotFoundError, StatementCancelledError, StatementError
from emr_nb.model import (
    CancelOutcome,
    Event,
    Log,
    Output,
    Progress,
    Request,
    SessionOptions,
    StatementReference,
)
from emr_nb.results.plan import plan_transfer

_PHASES = {"starting", "queued", "running", "fetching"}


@dataclass(frozen=True)
class Cells:
    """Code in the engine's language: `shows` puts out `shown`, `slow` runs for half a minute.

    `one` shows or gives the number in its `{}`. `table` gives 3 rows of one column.
    """

    language: str
    shows: str
    shown: str
    fails: str
    failure: str
    slow: str
    one: str
    table: str = ""


def text_of(events: list[Event]) -> str:
    """Return all text that a statement showed."""
    texts = []
    for event in events:
        if isinstance(event, Output):
            texts.append(str(event.data.get("text/plain", "")))
        elif isinstance(event, Log) and event.stream == "stdout":
            texts.append("\n".join(event.lines))
    return "\n".join(texts)


class EngineContract:
    """What a notebook relies on, whatever the engine."""

    cells: ClassVar[Cells]
    tables_only: ClassVar[bool] = False

    def shown_by(self, statement: Statement) -> str:
        """Return the text that a statement showed, or the cells of its table."""
        text = text_of(list(statement.events()))
        if not self.tables_only:
            return text
        result = statement.result()
        assert result is not None
        return "\n".join(
            str(cell) for column in result.table.columns for cell in column.to_pylist()
        )

    def submit(self, session: Session, code: str, **more: Any) -> Statement:
        request = Request(code, self.cells.language, uuid.uuid4().hex, **more)
        return session.submit(request, plan_transfer(request))

    # -- sessions -------------------------------------------------------------------------

    def test_a_session_is_listed_and_found_by_its_name(
        self, engine: Engine, session: Session
    ) -> None:
        assert session.info.id in {info.id for info in engine.sessions()}
        again = engine.open(SessionOptions(session.info.name, create=False))
        assert again.info.id == session.info.id
        assert session.refresh().name == session.info.name

    def test_an_unknown_name_starts_nothing(self, engine: Engine, session: Session) -> None:
        assert session.info.name
        before = len(engine.sessions())
        with pytest.raises(SessionNotFoundError):
            engine.open(SessionOptions(f"emr_nb/none/{uuid.uuid4().hex}", create=False))
        assert len(engine.sessions()) == before

    def test_logs_are_lines(self, engine: Engine, session: Session) -> None:
        assert all(isinstance(line, str) for line in engine.logs(session.info.id, 10))

    # -- statements -----------------------------------------------------------------------

    def test_outputs_come_and_progress_is_sane(self, session: Session) -> None:
        statement = self.submit(session, self.cells.shows)
        events = list(statement.events())
        if not self.tables_only:
            assert self.cells.shown in text_of(events)
        for event in events:
            if isinstance(event, Progress):
                assert event.phase in _PHASES
                assert event.fraction is None or 0 <= event.fraction <= 1
        assert list(statement.events()) == []
        statement.result()
        if self.tables_only:
            assert self.cells.shown in self.shown_by(statement)

    def test_a_reference_has_all_that_is_needed(self, session: Session) -> None:
        statement = self.submit(session, self.cells.shows)
        reference = statement.reference
        assert reference.session_id == session.info.id
        assert reference.statement_id
        assert len(reference.tag) == 32
        statement.result()

    def test_a_failure_is_raised_by_result_alone(self, session: Session) -> None:
        statement = self.submit(session, self.cells.fails)
        list(statement.events())
        for _ in range(2):
            with pytest.raises(StatementError, match=self.cells.failure):
                statement.result()
        ok = self.submit(session, self.cells.shows)
        assert self.cells.shown in self.shown_by(ok)

    def test_the_table_comes_whole(self, session: Session) -> None:
        if not self.cells.table:
            pytest.skip("this server gives no tables")
        result = self.submit(session, self.cells.table).result()
        assert result is not None
        assert len(result) == 3
        assert not result.truncated
        cut = self.submit(session, self.cells.table, rows=2).result()
        assert cut is not None
        assert (len(cut), cut.truncated) == (2, True)

    # -- cancel ---------------------------------------------------------------------------

    def test_cancel_stops_it_soon_and_the_session_lives(self, session: Session) -> None:
        statement = self.submit(session, self.cells.slow)
        events = statement.events()
        for event in events:
            if isinstance(event, Progress) and event.phase == "running" and event.elapsed > 1:
                break
        began = time.monotonic()
        outcome = statement.cancel()
        assert time.monotonic() - began < 2.5
        assert outcome in (CancelOutcome.STOPPED, CancelOutcome.STILL_RUNNING)
        with pytest.raises(StatementCancelledError):
            statement.result()
        ok = self.submit(session, self.cells.shows)
        assert self.cells.shown in self.shown_by(ok)

    def test_cancel_of_what_has_ended_changes_nothing(self, session: Session) -> None:
        statement = self.submit(session, self.cells.shows)
        statement.result()
        assert statement.cancel() is CancelOutcome.ALREADY_ENDED
        statement.result()

    # -- adoption -------------------------------------------------------------------------

    @pytest.mark.parametrize("by", ["id", "tag"])
    def test_another_process_adopts(self, other_engine: Engine, session: Session, by: str) -> None:
        statement = self.submit(session, self.cells.shows)
        reference = statement.reference
        if by == "tag":
            reference = StatementReference(
                reference.tag, reference.cluster_id, reference.engine, reference.session_id
            )
        adopted = other_engine.recover(reference)
        assert adopted is not None
        assert adopted.reference.statement_id == statement.reference.statement_id
        assert self.cells.shown in self.shown_by(adopted)
        adopted.result()

    def test_what_was_never_sent_is_not_adopted(self, engine: Engine, session: Session) -> None:
        reference = StatementReference(uuid.uuid4().hex, "no-cluster", engine.name, session.info.id)
        assert engine.recover(reference) is None

    # -- threads --------------------------------------------------------------------------

    def test_eight_threads_share_a_session_and_outputs_are_never_swapped(
        self, session: Session
    ) -> None:
        seen: dict[int, str] = {}
        failures: list[BaseException] = []

        def work(number: int) -> None:
            try:
                statement = self.submit(session, self.cells.one.format(number))
                seen[number] = self.shown_by(statement)
                statement.result()
            except BaseException as error:  # noqa: BLE001 - told by the assertion below
                failures.append(error)

        threads = [threading.Thread(target=work, args=(1000 + n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
        assert failures == []
        assert all(text.strip() == str(number) for number, text in seen.items())
        assert len(seen) == 8
