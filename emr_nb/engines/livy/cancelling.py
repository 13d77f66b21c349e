"""Stop a statement, and say truthfully what was achieved.

Livy cancels Spark's jobs only. Python code on the driver is interrupted by our watcher in
the session, which waits for a file of the statement's name; Scala code cannot be stopped.
Livy's own session interrupt is never used: it ends the session.
"""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from emr_nb.engines.livy.client import LivyClient
from emr_nb.engines.livy.wire import StatementView
from emr_nb.errors import EmrError, SessionLostError, TransportError
from emr_nb.files.base import FileSystem
from emr_nb.model import CancelOutcome, FilePath
from emr_nb.transport.base import Deadline, Retry

_LOOK = 0.03
_STALE = timedelta(hours=6)


@dataclass
class CancelFiles:
    """The folder where a file of a statement's tag asks for its end; None where no store is."""

    store: FileSystem | None
    folder: FilePath | None
    _made: bool = False

    def path(self, tag: str) -> str | None:
        """Return where the watcher of this statement looks; None when nothing is reachable."""
        if self.store is None or self.folder is None:
            return None
        return str(self.folder.child(f"{tag}.cancel"))

    def ask(self, tag: str) -> None:
        """Write the file; quiet when that fails, since Livy's cancel is on its way too."""
        if self.store is None or self.folder is None:
            return
        with contextlib.suppress(EmrError):
            if not self._made:
                self.store.mkdir(self.folder)
                self._made = True
            self.store.write(self.folder.child(f"{tag}.cancel"), [b""], overwrite=True)

    def clear(self, tag: str) -> None:
        """Remove the file of a statement that has ended, and stale ones."""
        if self.store is None or self.folder is None or not self._made:
            return
        with contextlib.suppress(EmrError):
            self.store.rm(self.folder.child(f"{tag}.cancel"))
        with contextlib.suppress(EmrError):
            limit = datetime.now(UTC) - _STALE
            for entry in self.store.ls(self.folder).items:
                if entry.name.endswith(".cancel") and entry.modified and entry.modified < limit:
                    self.store.rm(entry.path)


def cancel_statement(
    client: LivyClient,
    files: CancelFiles,
    session: int,
    statement: int,
    tag: str,
    seconds: float,
) -> CancelOutcome:
    """Ask by both ways at once and look until it ended or `seconds` have passed.

    Raises SessionLostError.
    """
    deadline = Deadline.after(seconds)
    begin = _look(client, session, statement, deadline)
    if begin is not None and begin.ended and begin.surely_stopped:
        return CancelOutcome.ALREADY_ENDED
    asking = threading.Thread(target=files.ask, args=(tag,), daemon=True)
    asking.start()
    with contextlib.suppress(TransportError):
        client.cancel(session, statement, deadline)
    view = begin
    while deadline.remaining > 0:
        view = _look(client, session, statement, deadline) or view
        if view and view.ended and (view.surely_stopped or _idle(client, session, deadline)):
            threading.Thread(target=_clear_after, args=(asking, files, tag), daemon=True).start()
            return _outcome(view)
        time.sleep(min(_LOOK, deadline.remaining))
    return CancelOutcome.STILL_RUNNING


def _clear_after(asking: threading.Thread, files: CancelFiles, tag: str) -> None:
    asking.join(10.0)
    files.clear(tag)


def _outcome(view: StatementView) -> CancelOutcome:
    """Tell a statement that we stopped from one that ended by itself meanwhile."""
    if view.cancelled:
        return CancelOutcome.STOPPED
    output = view.output or {}
    interrupted = output.get("status") == "error" and _interrupted(output)
    return CancelOutcome.STOPPED if interrupted else CancelOutcome.ALREADY_ENDED


def _interrupted(output: object) -> bool:
    text = str(output)
    return "KeyboardInterrupt" in text or "cancelled part of cancelled job group" in text


def _idle(client: LivyClient, session: int, deadline: Deadline) -> bool:
    """Tell whether nothing runs in the session: `cancelled` without an output proves nothing."""
    try:
        return client.session(session, deadline).state == "idle"
    except TransportError:
        return False


def _look(
    client: LivyClient, session: int, statement: int, deadline: Deadline
) -> StatementView | None:
    try:
        return client.statement(
            session,
            statement,
            deadline=Deadline.after(min(1.0, deadline.remaining)),
            retry=Retry.NEVER,
        )
    except SessionLostError:
        raise
    except TransportError:
        return None
