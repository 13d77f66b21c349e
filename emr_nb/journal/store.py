"""The file: statements and sessions written and read; one object for many threads."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import TypeVar

from emr_nb.errors import JournalError
from emr_nb.journal.rows import OPEN_STATES, SessionRow, StatementRow, process_started
from emr_nb.journal.runs import Runs
from emr_nb.journal.schema import prepare
from emr_nb.journal.search import OPEN_MARKS, Search

_BUSY_SECONDS = 10.0
_COLUMNS = frozenset(f.name for f in fields(StatementRow))
Row = TypeVar("Row", StatementRow, SessionRow)


class Journal:
    """The journal of one user; one object may be shared between threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._started = process_started(self._pid)
        self.runs = Runs(self)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _make(path)
            self._db = sqlite3.connect(path, timeout=_BUSY_SECONDS, check_same_thread=False)
            self._db.row_factory = sqlite3.Row
            prepare(self._db, path)
        except (OSError, sqlite3.Error) as error:
            raise JournalError(
                f"The journal cannot be opened: {error}",
                where=str(path),
                advice="Set EMR_NB_HOME to a folder that you can write, or move the file away.",
            ) from error

    # -- statements -----------------------------------------------------------------------

    def begin(self, row: StatementRow) -> None:
        """Write a statement's row, owned by this process; call it before the submit."""
        now = time.time()
        values = {f.name: getattr(row, f.name) for f in fields(row)}
        values |= {"owner_pid": self._pid, "owner_started": self._started}
        values |= {"created": now, "updated": now}
        marks = ", ".join(f":{name}" for name in values)
        with self._write() as db:
            db.execute(f"INSERT INTO statements ({', '.join(values)}) VALUES ({marks})", values)

    def update(self, tag: str, **changes: str | float | None) -> None:
        """Change columns of a statement; an end state also sets `ended`."""
        unknown = set(changes) - _COLUMNS
        if unknown:
            raise ValueError(f"no such journal columns: {sorted(unknown)}")
        now = time.time()
        if changes.get("state", OPEN_STATES[0]) not in OPEN_STATES:
            changes.setdefault("ended", now)
        changes["updated"] = now
        sets = ", ".join(f"{name} = :{name}" for name in changes)
        with self._write() as db:
            db.execute(f"UPDATE statements SET {sets} WHERE tag = :_tag", {**changes, "_tag": tag})

    def find(self, tag: str) -> StatementRow | None:
        """Return the statement with this tag, or whose tag begins so if only one does."""
        rows = self._statements("WHERE tag LIKE ? || '%' LIMIT 2", tag.replace("%", ""))
        return rows[0] if len(rows) == 1 else None

    def statements(
        self,
        *,
        cluster: str = "",
        session: str = "",
        notebook: str = "",
        since: float = 0.0,
        open_only: bool = False,
        limit: int = 100,
    ) -> list[StatementRow]:
        """Return the newest statements first, filtered."""
        where: list[str] = ["created >= ?"]
        values: list[object] = [since]
        chosen = (("cluster", cluster), ("session", session), ("notebook", notebook))
        for column, value in chosen:
            if value:
                where.append(f"{column} = ?")
                values.append(value)
        if open_only:
            where.append(f"state IN ({', '.join('?' * len(OPEN_STATES))})")
            values.extend(OPEN_STATES)
        clause = f"WHERE {' AND '.join(where)} ORDER BY created DESC, rowid DESC LIMIT ?"
        return self._statements(clause, *values, limit)

    def search(self, wanted: Search, *, before: str = "", limit: int = 100) -> list[StatementRow]:
        """Return the newest statements first that fit; `before` is a tag: those older than it."""
        clause, values = wanted.clause()
        if before:
            clause += (
                " AND (created, rowid) < (SELECT created, rowid FROM statements WHERE tag = ?)"
            )
            values.append(before)
        ordered = f"WHERE {clause} ORDER BY created DESC, rowid DESC LIMIT ?"
        return self._statements(ordered, *values, limit)

    def changed(self, since: float, limit: int = 200) -> list[StatementRow]:
        """Return the statements whose rows changed after a time, the oldest change first."""
        return self._statements("WHERE updated > ? ORDER BY updated LIMIT ?", since, limit)

    def version(self) -> tuple[int, int]:
        """Return what is another pair once this or another process has written anything."""
        with self._read() as db:
            (others,) = db.execute("PRAGMA data_version").fetchone()
            return others, db.total_changes

    def clear(self, *, cluster: str = "", before: float | None = None) -> int:
        """Forget statements that have ended; returns how many.

        Of those that still run or have a spool to be removed only the text is forgotten. What
        cells showed goes too.
        """
        until = time.time() if before is None else before
        chosen = "created <= ? AND ? IN ('', cluster)"
        kept = f"(state IN ({OPEN_MARKS}) OR spool <> '')"
        with self._write() as db:
            values = (until, cluster, *OPEN_STATES)
            db.execute(
                f"UPDATE statements SET text = '', line = '' WHERE {chosen} AND {kept}", values
            )
            db.execute(f"DELETE FROM runs WHERE {chosen} AND state = 'ended'", (until, cluster))
            done = db.execute(f"DELETE FROM statements WHERE {chosen} AND NOT {kept}", values)
            return done.rowcount

    def spools(self, cluster: str) -> list[StatementRow]:
        """Return the statements of a cluster whose spools nobody has removed yet."""
        return self._statements("WHERE cluster = ? AND spool <> ''", cluster)

    def take_over(self, row: StatementRow) -> bool:
        """Own a statement whose owner is gone; False when another process was faster."""
        with self._write() as db:
            done = db.execute(
                "UPDATE statements SET owner_pid = ?, owner_started = ?"
                " WHERE tag = ? AND owner_pid = ? AND owner_started = ?",
                (self._pid, self._started, row.tag, row.owner_pid, row.owner_started),
            )
            return done.rowcount == 1

    # -- sessions -------------------------------------------------------------------------

    def remember_session(self, row: SessionRow, *, new: bool = False) -> None:
        """Write that this process owns a session, taking it over if another did.

        `new` says that it has begun just now: a server that was restarted gives old numbers
        again.
        """
        now = time.time()
        with self._write() as db:
            db.execute(
                "INSERT INTO sessions (cluster, engine, name, session, notebook, owner_pid,"
                " owner_started, created, updated) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
                " ON CONFLICT DO UPDATE"
                " SET owner_pid = excluded.owner_pid, owner_started = excluded.owner_started,"
                " notebook = excluded.notebook, updated = excluded.updated, name = excluded.name,"
                " kept = CASE WHEN ? OR name != excluded.name THEN 0 ELSE kept END,"
                " created = CASE WHEN ? OR name != excluded.name THEN excluded.created"
                " ELSE created END",
                (
                    *(row.cluster, row.engine, row.name, row.session, row.notebook),
                    *(self._pid, self._started, now, now, new, new),
                ),
            )

    def forget_session(self, cluster: str, engine: str, session: str) -> None:
        """Remove a session that has ended."""
        with self._write() as db:
            db.execute(
                "DELETE FROM sessions WHERE cluster = ? AND engine = ? AND session = ?",
                (cluster, engine, session),
            )

    def sessions(self, cluster: str = "") -> list[SessionRow]:
        """Return the sessions that this user's kernels began, newest first."""
        query = "SELECT * FROM sessions WHERE ? IN ('', cluster) ORDER BY created DESC"
        with self._read() as db:
            return [_as(SessionRow, row) for row in db.execute(query, (cluster,))]

    def keep_session(self, row: SessionRow, until: float) -> None:
        """Say until when the server keeps a session alive, in seconds since the epoch; 0: not."""
        with self._write() as db:
            db.execute(
                "UPDATE sessions SET kept = ?"
                " WHERE cluster = ? AND engine = ? AND session = ? AND name = ?",
                (until, row.cluster, row.engine, row.session, row.name),
            )

    def give_back_session(self, row: SessionRow) -> None:
        """Let a session be of whom it was before this process opened it."""
        with self._write() as db:
            db.execute(
                "UPDATE sessions SET owner_pid = ?, owner_started = ?, notebook = ?"
                " WHERE cluster = ? AND engine = ? AND session = ?"
                " AND owner_pid = ? AND owner_started = ?",
                (
                    *(row.owner_pid, row.owner_started, row.notebook),
                    *(row.cluster, row.engine, row.session, self._pid, self._started),
                ),
            )

    def kept_sessions(self, now: float) -> list[SessionRow]:
        """Return the sessions that the server is to keep alive."""
        with self._read() as db:
            found = db.execute("SELECT * FROM sessions WHERE kept > ? ORDER BY created", (now,))
            return [_as(SessionRow, row) for row in found]

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    # -- inside ---------------------------------------------------------------------------

    def _statements(self, clause: str, *values: object) -> list[StatementRow]:
        with self._read() as db:
            rows: Sequence[sqlite3.Row] = db.execute(
                f"SELECT * FROM statements {clause}", values
            ).fetchall()
        return [_as(StatementRow, row) for row in rows]

    @contextmanager
    def _read(self) -> Iterator[sqlite3.Connection]:
        try:
            with self._lock:
                yield self._db
        except sqlite3.Error as error:
            raise JournalError(
                f"The journal cannot be read: {error}",
                where=str(self.path),
                advice="Close other programs that hold it, or move the file away.",
            ) from error

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        with self._read() as db, db:
            yield db


def _make(path: Path) -> None:
    """Make the file for its owner alone; one that is there is not opened.

    Closing it would drop every lock that this process's other connections hold on it.
    """
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def _as(kind: type[Row], row: sqlite3.Row) -> Row:
    """Return a row of ours; another format may have more columns by now."""
    known = {f.name for f in fields(kind)}
    return kind(**{name: row[name] for name in row.keys() if name in known})  # noqa: SIM118
