"""HiveServer2's calls by name: what goes out and what comes back.

Field numbers are those of TCLIService.thrift, the protocol's public definition, versions 1
to 10 (Hive 3). Handles travel between processes as text: `guid.secret` in hexadecimal.
"""

from __future__ import annotations

import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from emr_nb.engines.hive.thrift import (
    BOOL,
    I16,
    I32,
    I64,
    MAP,
    STRING,
    STRUCT,
    Field,
    text,
    texts,
)

NEWEST = 9  # HIVE_CLI_SERVICE_PROTOCOL_V10
COLUMNS_SINCE = 5  # V6: results come by column
PROGRESS_SINCE = 8  # V9: status has the progress of vertices

SUCCESS, SUCCESS_WITH_INFO, STILL_EXECUTING, ERROR, INVALID_HANDLE = range(5)
FETCH_NEXT, FETCH_FIRST = 0, 4
ROWS, LOG = 0, 1


class State(IntEnum):
    """TOperationState."""

    INITIALIZED = 0
    RUNNING = 1
    FINISHED = 2
    CANCELED = 3
    CLOSED = 4
    ERROR = 5
    UNKNOWN = 6
    PENDING = 7
    TIMEDOUT = 8

    @property
    def ended(self) -> bool:
        return self in (
            *(State.FINISHED, State.CANCELED, State.CLOSED),
            *(State.ERROR, State.TIMEDOUT),
        )


@dataclass(frozen=True, slots=True)
class Handle:
    """What the server calls a session or an operation by; the secret half is not for eyes."""

    guid: bytes
    secret: bytes
    kind: int = 0
    rows: bool = False

    @classmethod
    def read(cls, body: Mapping[int, Any]) -> Handle:
        """Read a TSessionHandle or TOperationHandle."""
        found = body[1]
        return cls(found[1], found[2], int(body.get(2) or 0), bool(body.get(3)))

    @classmethod
    def parse(cls, spelled: str) -> Handle | None:
        """Read the text of `spelled`; None for what is none."""
        parts = spelled.split(".")
        try:
            guid, secret = binascii.unhexlify(parts[0]), binascii.unhexlify(parts[1])
            if len(parts) == 2:
                return cls(guid, secret)
            return cls(guid, secret, int(parts[2]), parts[3] == "1")
        except (ValueError, IndexError):
            return None

    @property
    def session_id(self) -> str:
        return f"{self.guid.hex()}.{self.secret.hex()}"

    @property
    def spelled(self) -> str:
        """The handle of an operation as text."""
        return f"{self.session_id}.{self.kind}.{int(self.rows)}"

    @property
    def shown(self) -> str:
        """The part that people may see, as the server's own log has it."""
        return self.guid.hex()[:8]

    def session(self) -> Field:
        return (1, STRUCT, [(1, STRUCT, self._identifier())])

    def operation(self) -> Field:
        fields = [(1, STRUCT, self._identifier()), (2, I32, self.kind), (3, BOOL, self.rows)]
        return (1, STRUCT, fields)

    def _identifier(self) -> list[Field]:
        return [(1, STRING, self.guid), (2, STRING, self.secret)]


@dataclass(frozen=True, slots=True)
class Status:
    """TStatus: how the server answered a call."""

    code: int
    message: str = ""
    sql_state: str = ""
    error_code: int = 0
    info: tuple[str, ...] = ()

    @classmethod
    def read(cls, body: Mapping[int, Any], data: bytes) -> Status:
        info = tuple(texts(body.get(2), data))
        return cls(int(body[1]), text(body.get(5)), text(body.get(3)), int(body.get(4) or 0), info)

    @property
    def failed(self) -> bool:
        return self.code in (ERROR, INVALID_HANDLE)

    @property
    def forgotten(self) -> bool:
        """Whether the server does not know the handle that it was asked by."""
        return self.code == INVALID_HANDLE or (
            self.failed and "Invalid" in self.message and "Handle" in self.message
        )


@dataclass(frozen=True, slots=True)
class Vertices:
    """TProgressUpdateResp: a table of vertices, as Tez tells it."""

    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    fraction: float
    footer: str


@dataclass(frozen=True, slots=True)
class Look:
    """TGetOperationStatusResp: what has become of an operation."""

    status: Status
    state: State
    message: str = ""
    sql_state: str = ""
    error_code: int = 0
    tasks: str = ""
    has_rows: bool | None = None
    vertices: Vertices | None = None

    @property
    def over(self) -> bool:
        """Whether there is nothing more to wait for."""
        return self.status.failed or self.state.ended

    @classmethod
    def read(cls, body: Mapping[int, Any], data: bytes) -> Look:
        try:
            state = State(int(body.get(2, State.UNKNOWN)))
        except ValueError:
            state = State.UNKNOWN
        return cls(
            Status.read(body[1], data),
            state,
            text(body.get(5)),
            text(body.get(3)),
            int(body.get(4) or 0),
            text(body.get(6)),
            body.get(9),
            _vertices(body.get(10), data),
        )


def _vertices(body: Mapping[int, Any] | None, data: bytes) -> Vertices | None:
    if not body or not body.get(2):
        return None
    rows = tuple(tuple(texts(row, data)) for row in body[2])
    return Vertices(tuple(texts(body.get(1), data)), rows, body.get(3) or 0.0, text(body.get(5)))


# -- what goes out ------------------------------------------------------------------------


def open_session(user: str, secret: str, configuration: Mapping[str, str]) -> list[Field]:
    """Ask for a session; `configuration` may hold `set:hiveconf:KEY` and `use:database`."""
    return [
        (1, I32, NEWEST),
        (2, STRING, user),
        (3, STRING, secret),
        (4, MAP, dict(configuration)),
    ]


def execute(session: Handle, statement: str, overlay: Mapping[str, str]) -> list[Field]:
    """Run a statement in the background; `overlay` are settings of this statement alone."""
    return [session.session(), (2, STRING, statement), (3, MAP, dict(overlay)), (4, BOOL, True)]


def look(operation: Handle, *, progress: bool) -> list[Field]:
    """Ask what has become of an operation; the server holds the answer back for up to 5 s."""
    return [operation.operation(), (2, BOOL, progress)]


def fetch(operation: Handle, rows: int, *, first: bool = False, kind: int = ROWS) -> list[Field]:
    """Ask for the next rows, or from the `first` on again; of the result or of the LOG."""
    orientation = FETCH_FIRST if first else FETCH_NEXT
    return [operation.operation(), (2, I32, orientation), (3, I64, rows), (4, I16, kind)]


def table_types(session: Handle) -> list[Field]:
    """Ask for the kinds of tables: the cheapest call that tells whether a session lives.

    To GetInfo about a session that it does not know the server closes the connection.
    """
    return [session.session()]


def schemas(session: Handle) -> list[Field]:
    """List the databases."""
    return [session.session()]


def tables(session: Handle, schema: str, table: str) -> list[Field]:
    """List tables by patterns of names."""
    return [session.session(), (3, STRING, schema), (4, STRING, table)]


def columns(session: Handle, schema: str, table: str) -> list[Field]:
    """List columns by patterns of names."""
    return [session.session(), (3, STRING, schema), (4, STRING, table)]
