"""The journal's tables, and how a file of an older format becomes one of ours."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from emr_nb.errors import JournalError

SCHEMA_VERSION = 4
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
CREATE TABLE IF NOT EXISTS runs (
  run TEXT PRIMARY KEY, notebook TEXT NOT NULL, cell TEXT NOT NULL, cluster TEXT NOT NULL,
  digest TEXT NOT NULL, state TEXT NOT NULL, outputs TEXT NOT NULL DEFAULT '',
  owner_pid INTEGER NOT NULL, owner_started REAL NOT NULL,
  created REAL NOT NULL, updated REAL NOT NULL, ended REAL);
CREATE INDEX IF NOT EXISTS runs_notebook ON runs (notebook, created);
"""
# what each format added to the one before it: (table, column, declaration)
_ADDED: dict[int, tuple[tuple[str, str, str], ...]] = {
    2: (("statements", "line", "TEXT NOT NULL DEFAULT ''"),),
    3: (("statements", "place", "TEXT NOT NULL DEFAULT ''"),),
    4: (("statements", "fraction", "REAL"), ("sessions", "kept", "REAL NOT NULL DEFAULT 0")),
}


def prepare(db: sqlite3.Connection, path: Path) -> None:
    """Make what a file lacks; raises JournalError where a newer emr_nb wrote it."""
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version > SCHEMA_VERSION:
        db.close()
        raise JournalError(
            f"The journal was written by a newer emr_nb (format {version})",
            where=str(path),
            advice="Upgrade emr_nb, or set EMR_NB_HOME to another folder.",
        )
    db.execute("PRAGMA journal_mode=WAL")
    # a killed kernel loses nothing with NORMAL; only a power cut may, and with it the kernel
    db.execute("PRAGMA synchronous=NORMAL")
    db.executescript(_SCHEMA)
    if version < SCHEMA_VERSION:
        _add_columns(db)


def _add_columns(connection: sqlite3.Connection) -> None:
    """Bring a file of an older format up to ours; two kernels may try at once."""
    with connection as db:
        db.execute("BEGIN IMMEDIATE")
        for added in (columns for _, columns in sorted(_ADDED.items())):
            for table, column, declared in added:
                names = {row["name"] for row in db.execute(f"PRAGMA table_info({table})")}
                if column not in names:
                    db.execute(f"ALTER TABLE {table} ADD COLUMN {column} {declared}")
        db.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
