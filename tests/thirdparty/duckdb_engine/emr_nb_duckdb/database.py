"""The server's side: one database with its sessions, which several engines may share."""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import duckdb

from emr_nb.model import SessionInfo

if TYPE_CHECKING:
    from emr_nb_duckdb.statement import DuckStatement


@dataclass
class Seat:
    """One session: a connection, which runs one statement at a time."""

    info: SessionInfo
    connection: Any
    turn: threading.Lock = field(default_factory=threading.Lock)
    closed: bool = False


class Database:
    """A DuckDB database; every method may be called from any thread."""

    def __init__(self, path: str = ":memory:") -> None:
        self._root = duckdb.connect(path)
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._seats: dict[str, Seat] = {}
        self.statements: dict[str, DuckStatement] = {}
        self.executed: list[str] = []  # what really ran, for tests that count

    def seats(self) -> list[Seat]:
        with self._lock:
            return list(self._seats.values())

    def find(self, name: str) -> Seat | None:
        return next((seat for seat in self.seats() if seat.info.name == name), None)

    def begin(self, name: str) -> Seat:
        with self._lock:
            number = str(next(self._numbers))
            info = SessionInfo(number, name, "duckdb", "idle", language="sql")
            seat = self._seats[number] = Seat(info, self._root.cursor())
            return seat

    def end(self, seat: Seat) -> None:
        with self._lock:
            self._seats.pop(seat.info.id, None)
            gone, seat.closed = seat.closed, True
        if not gone:
            seat.connection.interrupt()

    def number(self) -> str:
        with self._lock:
            return str(next(self._numbers))

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Run a small query beside every session."""
        with self._root.cursor() as cursor:
            found: list[tuple[Any, ...]] = cursor.execute(sql, values).fetchall()
            return found

    def close(self) -> None:
        for seat in self.seats():
            self.end(seat)
            seat.connection.close()
        self._root.close()
