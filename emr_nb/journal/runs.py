"""Runs of cells and what they showed, kept for a page that was not there to see it.

A run is kept until its notebook was saved with what it showed, a day at most.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import fields
from typing import TYPE_CHECKING, Protocol

from emr_nb.journal.rows import RunRow, process_started

if TYPE_CHECKING:
    import sqlite3

KEPT_SECONDS = 24 * 3600.0
MAX_RUNS = 500
MAX_BYTES = 64 * 2**20  # of all that is kept; the oldest go first
_COLUMNS = ", ".join(f.name for f in fields(RunRow))


def digest_of(source: str) -> str:
    """Return what tells a cell's text from another."""
    return hashlib.sha256(source.encode("utf-8", "replace")).hexdigest()[:32]


class _File(Protocol):
    def _read(self) -> AbstractContextManager[sqlite3.Connection]: ...
    def _write(self) -> AbstractContextManager[sqlite3.Connection]: ...


class Runs:
    """The runs of a journal; one object may be shared between threads."""

    def __init__(self, journal: _File) -> None:
        self._journal = journal

    def begin(self, row: RunRow) -> None:
        """Write that a cell begins, in this process; earlier runs of it are forgotten."""
        now, pid = time.time(), os.getpid()
        values = {f.name: getattr(row, f.name) for f in fields(row)}
        values |= {"owner_pid": pid, "owner_started": process_started(pid)}
        values |= {"created": now, "updated": now}
        marks = ", ".join(f":{name}" for name in values)
        with self._journal._write() as db:
            db.execute("DELETE FROM runs WHERE notebook = ? AND cell = ?", (row.notebook, row.cell))
            db.execute(f"INSERT INTO runs ({_COLUMNS}) VALUES ({marks})", values)

    def end(self, run: str, outputs: str) -> None:
        """Write what a run showed, as JSON of a notebook's outputs; too old runs go."""
        now = time.time()
        with self._journal._write() as db:
            db.execute(
                "UPDATE runs SET state = 'ended', outputs = ?, updated = ?, ended = ?"
                " WHERE run = ?",
                (outputs, now, now, run),
            )
            self._prune(db, now)

    def find(self, run: str) -> RunRow | None:
        """Return a run."""
        found = self._rows("WHERE run = ?", run)
        return found[0] if found else None

    def of_notebook(self, notebook: str, limit: int = 200) -> list[RunRow]:
        """Return the runs of a notebook that are not too old, the newest first."""
        since = time.time() - KEPT_SECONDS
        clause = "WHERE notebook = ? AND updated > ? ORDER BY created DESC, rowid DESC LIMIT ?"
        return self._rows(clause, notebook, since, limit)

    def outputs(self, run: str) -> str:
        """Return what a run showed, as JSON; empty where nothing is kept."""
        with self._journal._read() as db:
            row = db.execute("SELECT outputs FROM runs WHERE run = ?", (run,)).fetchone()
        return "" if row is None else str(row[0])

    def changed(self, since: float, limit: int = 200) -> list[RunRow]:
        """Return the runs whose rows changed after a time, the oldest change first."""
        return self._rows("WHERE updated > ? ORDER BY updated LIMIT ?", since, limit)

    def forget(self, notebook: str, runs: Sequence[str]) -> int:
        """Forget runs of a notebook that have ended: what they showed is in its file."""
        marks = ", ".join("?" * len(runs))
        with self._journal._write() as db:
            done = db.execute(
                f"DELETE FROM runs WHERE notebook = ? AND state = 'ended' AND run IN ({marks})",
                (notebook, *runs),
            )
            return done.rowcount

    def take_over(self, row: RunRow) -> bool:
        """Own a run whose owner is gone; False when another process was faster."""
        pid = os.getpid()
        with self._journal._write() as db:
            done = db.execute(
                "UPDATE runs SET owner_pid = ?, owner_started = ?"
                " WHERE run = ? AND owner_pid = ? AND owner_started = ?",
                (pid, process_started(pid), row.run, row.owner_pid, row.owner_started),
            )
            return done.rowcount == 1

    def _prune(self, db: sqlite3.Connection, now: float) -> None:
        db.execute("DELETE FROM runs WHERE updated < ?", (now - KEPT_SECONDS,))
        db.execute(
            "DELETE FROM runs WHERE run IN (SELECT run FROM (SELECT run, row_number() OVER newest"
            " AS number, sum(length(outputs)) OVER newest AS bytes FROM runs"
            " WINDOW newest AS (ORDER BY updated DESC, rowid DESC))"
            " WHERE number > ? OR (bytes > ? AND number > 1))",
            (MAX_RUNS, MAX_BYTES),
        )

    def _rows(self, clause: str, *values: object) -> list[RunRow]:
        with self._journal._read() as db:
            rows = db.execute(f"SELECT {_COLUMNS} FROM runs {clause}", values).fetchall()
        return [RunRow(**dict(row)) for row in rows]
