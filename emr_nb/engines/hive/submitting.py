"""Send a statement once, and never again: HiveServer2 can tell nobody whether it came."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from emr_nb.engines.hive import service
from emr_nb.engines.hive.client import HiveClient, Reply
from emr_nb.engines.hive.service import Handle
from emr_nb.engines.hive.wire import never_sent
from emr_nb.engines.waits import interruptible
from emr_nb.errors import EmrError, StatementOutcomeUnknownError, TransportError
from emr_nb.transport.base import Deadline

_SHOWN = 80


@dataclass(frozen=True)
class Submitter:
    """Sends the statements of one session."""

    client: HiveClient
    session: Handle

    @property
    def seconds(self) -> float:
        return self.client.patience.submit

    def send(self, text: str, overlay: Mapping[str, str], tag: str) -> Reply:
        """Send a statement and return the reply; an interrupt cancels what may come of it.

        Raises StatementOutcomeUnknownError where the reply was lost, TransportError where
        nothing was sent.
        """
        arrived = threading.Event()
        # kept until it has been used: an interrupt may come between a wait and what it gave
        replies: list[Reply | BaseException] = []
        fields = service.execute(self.session, text, overlay)
        sent = datetime.now().astimezone()

        def run() -> None:
            try:
                deadline = Deadline.after(self.seconds)
                replies.append(self.client.call("ExecuteStatement", fields, deadline))
            except BaseException as error:  # noqa: BLE001 - told to whoever waits
                replies.append(error)
            finally:
                arrived.set()

        threading.Thread(target=run, name="emr_nb-hive-submit", daemon=True).start()
        try:
            with interruptible():
                arrived.wait()
            found = replies[0]
        except KeyboardInterrupt:
            self._cancel_late(arrived, replies)
            raise
        if isinstance(found, Reply):
            return found
        if isinstance(found, TransportError) and not never_sent(found):
            raise self._unknown(text, tag, sent, found) from found
        raise found

    def _cancel_late(self, arrived: threading.Event, replies: list[Reply | BaseException]) -> None:
        """Cancel the statement as soon as its reply tells what it is called."""

        def run() -> None:
            arrived.wait(self.seconds)
            with contextlib.suppress(EmrError):
                found = replies[0] if replies else None
                if isinstance(found, Reply) and found.body.get(2):
                    operation = Handle.read(found.body[2])
                    self.client.call("CancelOperation", [operation.operation()])
                    self.client.call("CloseOperation", [operation.operation()])

        threading.Thread(target=run, name="emr_nb-hive-cancel", daemon=True).start()

    def _unknown(
        self, text: str, tag: str, sent: datetime, error: TransportError
    ) -> StatementOutcomeUnknownError:
        code = text.partition("\n")[2].strip()
        shown = code if len(code) <= _SHOWN else f"{code[:_SHOWN]}…"
        return StatementOutcomeUnknownError(
            f"Nobody can tell whether this statement ran: {' '.join(shown.split())}\n"
            f"It was sent at {sent:%Y-%m-%d %H:%M:%S %Z}, and its reply was lost ({error.what})",
            where=self.client.where,
            advice=f"It is not sent again. See what it was to change (count the table's rows), "
            f"or look for `emr_nb {tag}` in HiveServer2's log, on its web page or among YARN's "
            "job names: if it came, it begins with that.",
        )
