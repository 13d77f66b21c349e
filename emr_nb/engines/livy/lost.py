"""What to say of a session that was lost, as far as YARN and its log lines tell why."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emr_nb.engines.livy.wire import SessionView
from emr_nb.engines.yarn import cause_of, diagnostics_of
from emr_nb.errors import SessionLostError, TransportError
from emr_nb.transport.base import Deadline

if TYPE_CHECKING:
    from emr_nb.engines.livy.client import LivyClient

RESTART = "`%emr restart --rerun` runs its cells again in order, `%emr restart` starts clean."
_LOG_MOST = 1000
_LOG_TAIL = 30
_STDOUT_TAIL = 5

_SIGNS: tuple[tuple[str, str], ...] = (
    (r"OutOfMemoryError", "the driver ran out of memory (raise driverMemory)"),
    (
        (
            r"(?i:beyond (the )?'?(physical|virtual)'? memory|for exceeding memory)"
            r"|[Ee]xit (code|status)(:| is)? ?137"
        ),
        "YARN killed its container for using too much memory (raise driverMemory)",
    ),
    (
        r"[Ee]xit (code|status)(:| is)? ?143|SIGTERM|RECEIVED SIGNAL TERM",
        "its driver was told to end",
    ),
    (r"Application killed by user|was killed by user|KILLED", "its YARN application was killed"),
    (r"[Nn]ode.*(LOST|lost|unhealthy)|LOST node", "the node of its driver was lost"),
    (r"ClassNotFoundException|NoClassDefFoundError", "a class of its driver was not found"),
    (r"[Ii]nactive for more than|idle.{0,30}time.?out", "its idle limit passed"),
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
    """Return the last log lines, from the view where the log itself is not to be had.

    What the driver wrote to stdout comes before all of stderr: the JVM tells there, and
    nowhere else, that it has run out of memory.
    """
    try:
        lines = client.log(view.id, _LOG_MOST, Deadline.after(5.0))
    except (TransportError, SessionLostError):
        lines = view.log
    names = [line.strip(" \n:") for line in lines]
    cut = names.index("stderr") if "stderr" in names else 0
    told = [[line.rstrip() for line in part if line.strip(" \n:") not in _EMPTY]
            for part in (lines[:cut], lines[cut:])]  # fmt: skip
    return told[0][-_STDOUT_TAIL:] + told[1][-_LOG_TAIL:]


_EMPTY = ("", "stdout", "stderr", "YARN Diagnostics")


def lost(client: LivyClient, session: SessionView) -> SessionLostError:
    """Return the error for a session that has ended, with the reason that its log names."""
    reason, details = explained(client, session)
    return SessionLostError(
        f"Session {session.id} is {session.state}{reason and ': ' + reason}; "
        "its variables are gone",
        where=client.where,
        advice=RESTART + (f"\n{details}" if details else ""),
    )


def explained(client: LivyClient, session: SessionView) -> tuple[str, str]:
    """Return why a session ended, in a few words, and what YARN and its log say of it.

    YARN is believed first: a driver that it killed has no time to log why.
    """
    app = None
    if client.yarn and session.app_id and session.gone:
        app = client.yarn.settled(session.app_id)
    if app and app.ended and app.diagnostics:
        # the log is that of the submit on Livy's machine, whole in `%emr logs`
        return cause_of(app), diagnostics_of(app)
    lines = tail_of_log(client, session)
    log = "\n".join(["The session's last log lines:", *(f"  {line}" for line in lines)])
    return (cause_of(app) if app else "") or why_lost(lines), log if lines else ""


@dataclass(frozen=True, slots=True)
class Past:
    """What we know of a session that its server has forgotten; times are in seconds.

    `ours` tells that the journal still has it: whoever of us ends a session removes it there.
    """

    id: int
    name: str
    idle: float
    limit: float
    ours: bool


def forgotten(client: LivyClient, past: Past) -> SessionLostError:
    """Return the error for a session that Livy knows no more, with the causes that are left.

    Livy keeps no word of what it has ended; what remains is deduced, and nothing is guessed.
    """
    views: list[SessionView] | None = None
    with contextlib.suppress(TransportError, SessionLostError):
        views = list(client.sessions()[0])
    return SessionLostError(
        f"Livy does not know session {past.id} any more: {_causes(past, views)}; "
        "its variables are gone",
        where=client.where,
        advice=RESTART,
        forgotten=True,
    )


def _causes(past: Past, views: Sequence[SessionView] | None) -> str:
    numbers = {view.id: view.name for view in views or ()}
    if not past.ours and past.name not in numbers.values():
        return "it was ended by you, by `%emr stop` or another notebook"
    if numbers.get(past.id, past.name) != past.name:
        return "Livy was restarted and forgot it (its number belongs to another session now)"
    left: list[str] = []
    if past.idle >= past.limit:
        left.append(f"it was idle for {_span(past.idle)} and its limit is {_span(past.limit)}")
    else:
        used, limit = _span(past.idle), _span(past.limit)
        left.append(f"somebody ended it (it was used {used} ago, and its idle limit is {limit})")
    if views is None or not any(number > past.id for number in numbers):
        left.append("Livy was restarted and forgot it")
    return ", or ".join(left)


def _span(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 3600 else f"{seconds / 3600:.3g} h"
