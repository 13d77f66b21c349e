"""Stop a statement when the kernel is interrupted, and tell truthfully what came of it."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from emr_nb.engines.waits import interruptible
from emr_nb.model import CancelOutcome, StatementReference

if TYPE_CHECKING:
    from emr_nb.engines.base import Engine, Statement

CANCEL_SECONDS = 1.5  # the kernel is free again within two seconds of an interrupt


class Cancel:
    """A cancel on a thread of its own, so that a cluster that does not answer holds nobody."""

    def __init__(
        self, engine: Engine, statement: Statement | None, reference: StatementReference
    ) -> None:
        self._engine = engine
        self._statement = statement
        self._reference = reference
        self._outcome: CancelOutcome | None = None
        self._error: Exception | None = None
        self._absent = False
        self._done = threading.Event()
        threading.Thread(target=self._run, name="emr_nb-cancel", daemon=True).start()

    def _run(self) -> None:
        try:
            # interrupted while submitting: the statement, if it was accepted, has our tag
            statement = self._statement or self._engine.recover(self._reference)
            if statement is None:
                self._absent = True
            else:
                self._outcome = statement.cancel()
        except Exception as error:  # noqa: BLE001 - told to the user by `told`
            self._error = error
        finally:
            self._done.set()

    def wait(self, limit: float, again: threading.Event) -> None:
        """Wait for the outcome, for so many seconds or until the user has no more patience."""
        until = time.monotonic() + limit
        with interruptible():
            while not self._done.wait(0.05) and time.monotonic() < until and not again.is_set():
                pass

    def told(self) -> tuple[str, str]:
        """Return what happened and what to do next."""
        tag = self._reference.tag[:8]
        if not self._done.is_set():
            return (
                "Interrupted; the cluster has not confirmed yet that the statement stopped",
                f"%emr history shows its state, %emr cancel {tag} asks again.",
            )
        if self._absent:
            return _ABSENT
        if self._error is not None:
            text = str(self._error).partition("\n")[0]
            return (
                f"Interrupted, but the statement could not be cancelled: {text}",
                f"It may still run: %emr cancel {tag} asks again, %emr stop ends the session.",
            )
        outcome = self._outcome or CancelOutcome.STILL_RUNNING
        if outcome is CancelOutcome.STILL_RUNNING and self._reference.engine != "spark":
            return _ASKED
        return _OUTCOMES[outcome]


_ABSENT = (
    "Interrupted before the statement reached the cluster: it has not run",
    "Should it still arrive, it is cancelled.",
)
_ASKED = (
    "Interrupted: the engine was asked to stop the statement, which still runs",
    "%emr history shows its state; it ends by itself, or with the session: %emr stop.",
)
_OUTCOMES: dict[CancelOutcome, tuple[str, str]] = {
    CancelOutcome.STOPPED: ("Interrupted: the statement was stopped, the session is kept", ""),
    CancelOutcome.STILL_RUNNING: (
        "Interrupted: Spark jobs are cancelled, but the code itself still runs on the driver",
        "It ends by itself, or with the session: %emr restart.",
    ),
    CancelOutcome.ALREADY_ENDED: (
        "Interrupted: the statement had ended already; its result was not brought here",
        "Run the cell again for its result.",
    ),
}
