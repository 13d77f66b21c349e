"""Whether a journal has sessions to be kept, asked by a server that has just started."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path


def anything_kept(path: Path) -> bool:
    """Tell whether any session is to be kept; the file is neither made nor changed."""
    if not path.exists():
        return False
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as db:
            found = db.execute("SELECT 1 FROM sessions WHERE kept > ? LIMIT 1", (time.time(),))
            return found.fetchone() is not None
    except sqlite3.Error:
        return False  # of an older format, which keeps nothing
