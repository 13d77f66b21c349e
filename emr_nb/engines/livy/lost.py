"""What to say of a session that was lost, as far as its log lines tell why."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from emr_nb.engines.livy.wire import SessionView
from emr_nb.errors import SessionLostError, TransportError
from emr_nb.transport.base import Deadline

if TYPE_CHECKING:
    from emr_nb.engines.livy.client import LivyClient

_LOG_TAIL = 30

_SIGNS: tuple[tuple[str, str], ...] = (
    (r"OutOfMemoryError", "the driver ran out of memory (raise driverMemory)"),
    (
        r"beyond (physical|virtual) memory|[Ee]xit (code|status)(:| is)? ?137|for exceeding memory",
        "YARN killed its container for using too much memory (raise driverMemory)",
    ),
    (
        r"[Ee]xit (code|status)(:| is)? ?143|SIGTERM|RECEIVED SIGNAL TERM",
        "its driver was told to end",
    ),
    (r"Application killed by user|was killed by user|KILLED", "its YARN application was killed"),
    (r"[Nn]ode.*(LOST|lost|unhealthy)|LOST node", "the node of its driver was lost"),
    (r"ClassNotFoundException|NoClassDefFoundError", "a class of its driver was not found"),
    (r"[Ii]nactive for more than", "its idle limit passed"),
    (r"Queue.*(full|exceed)|exceeds? maximum|Invalid resource request", "YARN has no room for it"),
    (r"Interpreter died|exited unexpectedly|process .* (exited|died)", "its interpreter ended"),
)


def why_lost(lines: Sequence[str]) -> str:
    """Return the cause that the log names, in a few words; empty where it names none."""
    for pattern, reason in _SIGNS:
        if any(re.search(pattern, line) for line in lines):
            return reason
    return ""


def tail_of_log(client: LivyClient, view: SessionView) -> list[str]:
    """Return the last log lines, from the view where the log itself is not to be had."""
    try:
        lines = client.log(view.id, 200, Deadline.after(5.0))
    except (TransportError, SessionLostError):
        lines = view.log
    return [line.rstrip() for line in lines if line.strip(" \n:") not in _EMPTY][-_LOG_TAIL:]


_EMPTY = ("", "stdout", "stderr", "YARN Diagnostics")


def lost(client: LivyClient, session: SessionView) -> SessionLostError:
    """Return the error for a session that has ended, with the reason that its log names."""
    lines = tail_of_log(client, session)
    reason = why_lost(lines)
    log = "\nThe session's last log lines:\n" + "\n".join(f"  {line}" for line in lines)
    return SessionLostError(
        f"Session {session.id} is {session.state}{reason and ': ' + reason}; "
        "its variables are gone",
        where=client.where,
        advice="`%emr restart --rerun` runs its cells again in order, `%emr restart` starts clean."
        + (log if lines else ""),
    )
