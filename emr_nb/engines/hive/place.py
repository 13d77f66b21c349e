"""The database that a session is in: its own, or for one cell another."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emr_nb.engines.hive.memory import quoted
from emr_nb.engines.hive.service import ERROR, Handle, State, Status
from emr_nb.engines.hive.watching import Watch
from emr_nb.errors import StatementError

if TYPE_CHECKING:
    from emr_nb.engines.hive.session import HiveSession


@dataclass
class Place:
    """`own` is the database that the user chose, `now` where the server is; empty: not known."""

    own: str
    now: str

    def be_in(self, session: HiveSession, wanted: str | None) -> None:
        """Bring a session to the database of its next cell; raises StatementError."""
        if wanted and not self.own:
            self.own = self.now = _current(session)
        target = wanted or self.own
        if not target or target == self.now:
            return
        status = run_short(session, f"USE {quoted(target)}")
        if status.failed:
            raise StatementError(
                f"There is no database {target!r}",
                ename="NoSuchDatabase",
                evalue=status.message,
                where=session.where,
            )
        self.now = target

    def moved(self, database: str) -> None:
        """The user's own USE brought the session there."""
        self.own = self.now = database


def run_short(session: HiveSession, sql: str) -> Status:
    """Run a statement of ours to its end; its result is of no use. Raises SessionLostError."""
    reply = session.send(f"-- emr_nb\n{sql}", {}, "")
    if reply.status.failed:
        return reply.status
    watch = Watch(session.client, Handle.read(reply.body[2]), time.monotonic())
    for _ in watch.events():
        pass
    session.closing.close(watch.operation)
    assert watch.look is not None
    if watch.look.state is State.FINISHED or watch.look.status.failed:
        return watch.look.status
    return Status(ERROR, watch.look.message, watch.look.sql_state)


def refused(session: HiveSession, statements: Iterable[str]) -> list[str]:
    """Run statements of ours; return those that Hive did not take."""
    return [sql for sql in statements if run_short(session, sql).failed]


def _current(session: HiveSession) -> str:
    result = session.unlisted("SELECT current_database()").result()
    assert result is not None
    return str(result.table.column(0)[0].as_py())
