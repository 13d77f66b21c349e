"""Stop an operation by a connection of its own, and say truthfully what was achieved."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from dataclasses import dataclass, field

from emr_nb.engines.hive.client import HiveClient
from emr_nb.engines.hive.service import Handle, Look, State
from emr_nb.engines.hive.watching import ask_once
from emr_nb.engines.waits import interruptible
from emr_nb.errors import TransportError
from emr_nb.model import CancelOutcome
from emr_nb.transport.base import Deadline

_CALL_SECONDS = 60.0  # HiveServer2 was seen to take 16 s; the caller does not wait for it
_LOOK = 0.03


def cancel_operation(
    client: HiveClient, operation: Handle, seconds: float, *, local: bool
) -> CancelOutcome:
    """Ask for the end of an operation, and look until it ended or `seconds` have passed.

    With `local` its jobs run inside the server, which calls them cancelled and lets them go
    on: then only one that had not begun counts as stopped.
    """
    outcomes: queue.SimpleQueue[CancelOutcome] = queue.SimpleQueue()

    def run() -> None:
        outcomes.put(_cancel(client, operation, seconds, local=local))

    threading.Thread(target=run, name="emr_nb-hive-cancel", daemon=True).start()
    try:
        with interruptible():
            return outcomes.get(timeout=seconds)
    except queue.Empty:
        return CancelOutcome.STILL_RUNNING


def _cancel(client: HiveClient, operation: Handle, seconds: float, *, local: bool) -> CancelOutcome:
    deadline = Deadline.after(seconds)
    with contextlib.suppress(TransportError):
        before = _looked(client, operation, deadline)
        if before is not None and before.over:
            return CancelOutcome.ALREADY_ENDED
        # sent although nobody waits for it any more: who asked was told that it may run on
        call = Deadline.after(_CALL_SECONDS)
        with client.lent(call, fresh=True) as wire:
            client.call("CancelOperation", [operation.operation()], call, wire=wire)
        begun = before is None or before.state is State.RUNNING
        while deadline.remaining > 0:
            now = ask_once(client, operation, deadline)
            if now.over:
                return _outcome(now.state, local=local and begun)
            time.sleep(_LOOK)
    return CancelOutcome.STILL_RUNNING


def _looked(client: HiveClient, operation: Handle, deadline: Deadline) -> Look | None:
    """Look at an operation before its end is asked for; None where no answer came in time."""
    try:
        return ask_once(client, operation, deadline)
    except TransportError:
        return None


def _outcome(state: State, *, local: bool) -> CancelOutcome:
    if state in (State.FINISHED, State.ERROR):
        return CancelOutcome.ALREADY_ENDED
    return CancelOutcome.STILL_RUNNING if local else CancelOutcome.STOPPED


@dataclass
class Closing:
    """Lets the server forget a session's operations, beside whoever is done with them.

    An operation's end also removes the file that the session's commands (SET and its like)
    write to; so nothing is closed while `commands` is held.
    """

    client: HiveClient
    commands: threading.Lock = field(default_factory=threading.Lock)

    def close(self, operation: Handle) -> None:
        """Close an operation within a while: the server removes files for that."""

        def run() -> None:
            with self.commands:
                self.close_now(operation)

        threading.Thread(target=run, name="emr_nb-hive-close", daemon=True).start()

    def close_now(self, operation: Handle) -> None:
        """Close an operation of a command, by whoever holds `commands`."""
        with contextlib.suppress(TransportError):
            self.client.call("CloseOperation", [operation.operation()])
