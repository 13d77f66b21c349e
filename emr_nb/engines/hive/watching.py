"""Look at one operation until it has ended, through whatever the server does meanwhile."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from emr_nb.engines.hive import service
from emr_nb.engines.hive.client import HiveClient
from emr_nb.engines.hive.progress import progress_of
from emr_nb.engines.hive.service import Handle, Look
from emr_nb.engines.hive.thrift import texts
from emr_nb.errors import AuthenticationError, TransportError
from emr_nb.model import Event, Log
from emr_nb.transport.base import Deadline

_PAUSES = (0.1, 0.2, 0.5, 1.0, 2.0)
_EVENT_SECONDS = 0.1
_LOG_ROWS = 1000
_KEPT_LINES = 400


@dataclass
class Watch:
    """The looks at one operation; `look` is the last, `log` the lines of the server's log."""

    client: HiveClient
    operation: Handle
    began: float  # monotonic
    progress: bool = True  # whether the server knows of it (V9)
    look: Look | None = None
    log: deque[str] = field(default_factory=lambda: deque(maxlen=_KEPT_LINES))
    schema: tuple[str, ...] = ()  # the log's entry that tells the result's types
    _anew: bool = True  # whether to read the log from its first line
    _seen: int = 0
    _no_log: bool = False
    _away: float | None = None
    _failures: int = 0
    _noticed: bool = False
    _told: float = 0.0

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self.began

    def events(self) -> Iterator[Event]:
        """Yield progress and log lines until the operation has ended or is forgotten.

        Raises TransportError when the server stays away for two minutes.
        """
        ended = self._over
        while not ended:
            try:
                if not self._over:  # else only the rest of the log is missing
                    self.look = self._ask()
                lines = self._log_lines()
            except TransportError as error:
                yield from self._bear(error)
                continue
            ended = self._over
            if self._noticed:
                yield Log(("HiveServer2 answers again.",))
            self._away, self._failures, self._noticed = None, 0, False
            if lines:
                yield Log(tuple(lines))
            if self.look and not ended and time.monotonic() - self._told > _EVENT_SECONDS:
                self._told = time.monotonic()
                yield progress_of(self.look, self.elapsed)

    # -- inside ---------------------------------------------------------------------------

    @property
    def _over(self) -> bool:
        return self.look is not None and self.look.over

    def _ask(self) -> Look:
        reply = self.client.call(
            "GetOperationStatus",
            service.look(self.operation, progress=self.progress),
            Deadline.after(self.client.patience.look),
        )
        return Look.read(reply.body, reply.data)

    def _log_lines(self) -> list[str]:
        """Return the new lines of the operation's log; none where the server keeps none."""
        if self._no_log or (self.look is not None and self.look.status.failed):
            return []
        first, self._anew = self._anew, True  # also when the reply is lost: then all comes again
        reply = self.client.call(
            "FetchResults",
            service.fetch(self.operation, _LOG_ROWS, first=first, kind=service.LOG),
            Deadline.after(self.client.patience.look),
        )
        self._anew = False
        if reply.status.failed:
            self._no_log = True
            return []
        columns = (reply.body.get(3) or {}).get(3) or ()
        lines = texts(columns[0].get(7, {}).get(1), reply.data) if columns else []
        known, self._seen = (
            (self._seen, max(self._seen, len(lines)))
            if first
            else (
                0,
                self._seen + len(lines),
            )
        )
        lines = lines[known:]
        self.log.extend(lines)
        told = "\n".join(lines)
        if "Returning Hive schema: " in told:
            self.schema = tuple(lines)
        return [line for line in lines if line.strip()]

    def _bear(self, error: TransportError) -> Iterator[Event]:
        """Bear a failed look: the statement has not failed. Raises past the budget."""
        now = time.monotonic()
        if isinstance(error, AuthenticationError):
            raise error
        self._away = self._away or now
        away = now - self._away
        if away > self.client.patience.away:
            raise error
        if away > self.client.patience.notice and not self._noticed:
            self._noticed = True
            yield Log((f"HiveServer2 has not answered for {away:.0f} s; still trying.",))
        time.sleep(_PAUSES[min(self._failures, len(_PAUSES) - 1)])
        self._failures += 1


def ask_once(client: HiveClient, operation: Handle, deadline: Deadline) -> Look:
    """Look at an operation by a connection of its own; raises TransportError."""
    with client.lent(deadline, fresh=True) as wire:
        fields = service.look(operation, progress=False)
        reply = client.call("GetOperationStatus", fields, deadline, wire=wire)
    return Look.read(reply.body, reply.data)
