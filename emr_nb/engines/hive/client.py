"""Calls to one HiveServer2 over connections that are lent to one thread at a time."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from emr_nb.engines.hive.pace import Patience
from emr_nb.engines.hive.service import Status
from emr_nb.engines.hive.thrift import Field, Reader, message
from emr_nb.engines.hive.wire import HttpWire, Login, SocketWire, Wire
from emr_nb.model import Service
from emr_nb.transport.base import Deadline, Route

_IDLE_MOST = 4


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply's struct, and the bytes that its long lists lie in."""

    body: dict[int, Any]
    data: bytes = field(repr=False)

    @property
    def status(self) -> Status:
        return Status.read(self.body[1], self.data)


class HiveClient:
    """A client of one HiveServer2; may be used from several threads."""

    def __init__(
        self,
        route: Route,
        service: Service,
        login: Login,
        timeout: float,
        patience: Patience | None = None,
    ) -> None:
        self.endpoint = service.endpoints[0]
        self.login = login
        self.timeout = timeout
        self.patience = patience or Patience()
        self._route = route
        self._secure = service.properties.get("tls") == "true"
        self._lock = threading.Lock()
        self._idle: list[Wire] = []
        self._numbers = itertools.count(1)
        self._closed = False

    @property
    def where(self) -> str:
        return f"{self.endpoint.service} at {self.endpoint.host}:{self.endpoint.port}"

    def call(
        self,
        name: str,
        fields: Sequence[Field],
        deadline: Deadline | None = None,
        *,
        wire: Wire | None = None,
    ) -> Reply:
        """Make one call, never a second time; `wire` is a connection that the caller holds.

        Raises TransportError; a status that tells of a failure is for the caller to judge.
        """
        deadline = deadline or Deadline.after(self.timeout)
        if wire is None:
            with self.lent(deadline) as lent:
                return self._call(name, fields, deadline, lent)
        return self._call(name, fields, deadline, wire)

    @contextmanager
    def lent(self, deadline: Deadline | None = None, *, fresh: bool = False) -> Iterator[Wire]:
        """Lend a connection; a `fresh` one waits for nobody. One that failed is closed."""
        wire = self._take(deadline or Deadline.after(self.timeout), fresh=fresh)
        try:
            yield wire
        except BaseException:
            wire.close()
            raise
        self._give_back(wire)

    def close(self) -> None:
        """Close every idle connection; those lent are closed as they come back."""
        with self._lock:
            idle, self._idle, self._closed = self._idle, [], True
        for wire in idle:
            wire.close()

    # -- inside ---------------------------------------------------------------------------

    def _call(self, name: str, fields: Sequence[Field], deadline: Deadline, wire: Wire) -> Reply:
        number = next(self._numbers) & 0x7FFFFFFF
        first, pull = wire.exchange(message(name, number, fields), deadline)
        reader = Reader(first, pull)
        return Reply(reader.reply(name, number), reader.data)

    def _take(self, deadline: Deadline, *, fresh: bool) -> Wire:
        while not fresh:
            with self._lock:
                wire = self._idle.pop() if self._idle else None
            if wire is None:
                break
            if wire.usable:
                return wire
            wire.close()
        if self.endpoint.scheme in ("http", "https"):
            return HttpWire(self._route, self.endpoint, self.login)
        return SocketWire(self._route, self.endpoint, self.login, deadline, secure=self._secure)

    def _give_back(self, wire: Wire) -> None:
        with self._lock:
            if not self._closed and len(self._idle) < _IDLE_MOST and wire.usable:
                self._idle.append(wire)
                return
        wire.close()
