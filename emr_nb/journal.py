"""The journal: one SQLite file per user, the only state that kernels and the server share.

A statement has its row *before* it is submitted, so that whoever comes later can find it
again by its tag. The file is in WAL mode and readable by its owner alone.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path

from emr_nb.errors import JournalError
from emr_nb.model import StatementReference

SCHEMA_VERSION = 3
_BUSY_SECONDS = 10.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS statements (
  tag TEXT PRIMARY KEY, cluster TEXT NOT NULL, cluster_name TEXT NOT NULL DEFAULT '',
  engine TEXT NOT NULL, session TEXT NOT NULL, statement TEXT NOT NULL DEFAULT '',
  language TEXT NOT NULL DEFAULT '', notebook TEXT NOT NULL DEFAULT '',
  kernel TEXT NOT NULL DEFAULT '', cell TEXT NOT NULL DEFAULT '', text TEXT NOT NULL DEFAULT '',
  state TEXT NOT NULL, rows INTEGER, error TEXT NOT NULL DEFAULT '',
  spool TEXT NOT NULL DEFAULT '', owner_pid INTEGER NOT NULL, owner_started REAL NOT NULL,
  created REAL NOT NULL, updated REAL NOT NULL, ended REAL);
CREATE INDEX IF NOT EXISTS statements_created ON statements (created);
CREATE TABLE IF NOT EXISTS sessions (
  cluster TEXT NOT NULL, engine TEXT NOT NULL, name TEXT NOT NULL, session TEXT NOT NULL,
  notebook TEXT NOT NULL DEFAULT '', owner_pid INTEGER NOT NULL, owner_started REAL NOT NULL,
  created REAL NOT NULL, updated REAL NOT NULL, PRIMARY KEY (cluster, engine, session));
"""
# what each format added to the one before it: (table, column, declaration)
_ADDED: dict[int, tuple[tuple[str, str, str], ...]] = {
    2: (("statements", "line", "TEXT NOT NULL DEFAULT ''"),),
    3: (("statements", "place", "TEXT NOT NULL DEFAULT ''"),),
}

# prepared -> sent -> running -> done | failed | cancelled | lost | unknown
OPEN_STATES = ("prepared", "sent", "running")


@dataclass(frozen=True, slots=True)
class StatementRow:
    """One statement; times are seconds since the epoch.

    `text` and `line` (the magic and its options) are there only where history is on. `place`
    is where an engine's server goes on with it, for the process that adopts it.
    """

    tag: str
    cluster: str
    engine: str
    session: str
    state: str = "prepared"
    cluster_name: str = ""
    statement: str = ""
    language: str = ""
    notebook: str = ""
    kernel: str = ""
    cell: str = ""
    text: str = ""
    rows: int | None = None
    error: str = ""
    spool: str = ""
    owner_pid: int = 0
    owner_started: float = 0.0
    created: float = 0.0
    updated: float = 0.0
    ended: float | None = None
    line: str = ""
    place: str = ""

    @property
    def seconds(self) -> float:
        """How long it ran, or has been running at its last update."""
        return (self.ended or self.updated) - self.created


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session that one of this user's kernels began, and who owns it."""

    cluster: str
    engine: str
    name: str
    session: str
    notebook: str = ""
    owner_pid: int = 0
    owner_started: float = 0.0
    created: float = 0.0
    updated: float = 0.0


def process_started(pid: int) -> float:
    """Return when a process began, in clock ticks since boot; 0.0 when it is gone or unknown.

    A pid alone may be somebody else's by now; pid and start time together may not.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0.0
    return float(stat.rpartition(")")[2].split()[19])


def owner_is_gone(row: StatementRow | SessionRow) -> bool:
    """Tell whether the process that owns a row has ended; unknown counts as alive."""
    if row.owner_started:
        return process_started(row.owner_pid) != row.owner_started
    try:
        os.kill(row.owner_pid, 0)  # asks, sends nothing
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def reference_of(row: StatementRow) -> StatementReference:
    """Return what finds a journal's statement again."""
    return StatementReference(row.tag, row.cluster, row.engine, row.session, row.statement)


_COLUMNS = frozenset(f.name for f in fields(StatementRow))
_OPEN_MARKS = ", ".join("?" * len(OPEN_STATES))


@dataclass(frozen=True, slots=True)
class Search:
    """Which statements are wanted; an empty field wants any. `words` must all stand in the text.

    Without `commands` those that subcommands of `%emr` sent are left out.
    """

    words: tuple[str, ...] = ()
    cluster: str = ""
    engine: str = ""
    state: str = ""
    notebook: str = ""
    since: float = 0.0
    open_only: bool = False
    commands: bool = False

    def clause(self) -> tuple[str, list[object]]:
        """Return SQL's condition and its values."""
        where, conditions = ["created >= ?"], list[object]([self.since])
        for column in ("cluster", "engine", "state", "notebook"):
            if value := getattr(self, column):
                where.append(f"{column} = ?")
                conditions.append(value)
        for word in self.words:
            where.append("(instr(lower(text), ?) > 0 OR instr(lower(line), ?) > 0)")
            conditions += [word.lower(), word.lower()]
        if self.open_only:
            where.append(f"state IN ({_OPEN_MARKS})")
            conditions += OPEN_STATES
        if not self.commands:
            where.append("line NOT LIKE '\\%emr%' ESCAPE '\\'")
        return " AND ".join(where), conditions


class Journal:
    """The journal of one user; one object may be shared between threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._started = process_started(self._pid)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _make(path)
            self._db = sqlite3.connect(path, timeout=_BUSY_SECONDS, check_same_thread=False)
            self._db.row_factory = sqlite3.Row
            self._migrate()
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

        Of those that still run or have a spool to be removed only the text is forgotten.
        """
        until = time.time() if before is None else before
        chosen = "created <= ? AND ? IN ('', cluster)"
        kept = f"(state IN ({_OPEN_MARKS}) OR spool <> '')"
        with self._write() as db:
            values = (until, cluster, *OPEN_STATES)
            db.execute(
                f"UPDATE statements SET text = '', line = '' WHERE {chosen} AND {kept}", values
            )
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
                "INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE"
                " SET owner_pid = excluded.owner_pid, owner_started = excluded.owner_started,"
                " notebook = excluded.notebook, updated = excluded.updated, name = excluded.name,"
                " created = CASE WHEN ? OR name != excluded.name THEN excluded.created"
                " ELSE created END",
                (
                    *(row.cluster, row.engine, row.name, row.session, row.notebook),
                    *(self._pid, self._started, now, now, new),
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
            return [SessionRow(**dict(row)) for row in db.execute(query, (cluster,))]

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    # -- inside ---------------------------------------------------------------------------

    def _migrate(self) -> None:
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if version > SCHEMA_VERSION:
            self._db.close()
            raise JournalError(
                f"The journal was written by a newer emr_nb (format {version})",
                where=str(self.path),
                advice="Upgrade emr_nb, or set EMR_NB_HOME to another folder.",
            )
        self._db.execute("PRAGMA journal_mode=WAL")
        # a killed kernel loses nothing with NORMAL; only a power cut may, and with it the kernel
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(_SCHEMA)
        if version < SCHEMA_VERSION:
            self._add_columns()

    def _add_columns(self) -> None:
        """Bring a file of an older format up to ours; two kernels may try at once."""
        with self._db as db:
            db.execute("BEGIN IMMEDIATE")
            for added in (columns for _, columns in sorted(_ADDED.items())):
                for table, column, declared in added:
                    names = {row["name"] for row in db.execute(f"PRAGMA table_info({table})")}
                    if column not in names:
                        db.execute(f"ALTER TABLE {table} ADD COLUMN {column} {declared}")
            db.execute(f"PRAGMA user_version={SCHEMA_VERSION}")

    def _statements(self, clause: str, *values: object) -> list[StatementRow]:
        with self._read() as db:
            rows: Sequence[sqlite3.Row] = db.execute(
                f"SELECT * FROM statements {clause}", values
            ).fetchall()
        known = {f.name for f in fields(StatementRow)}  # another format may have more by now
        return [StatementRow(**{k: v for k, v in dict(r).items() if k in known}) for r in rows]

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
