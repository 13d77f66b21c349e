"""Finds and ends the processes of a local cluster, also those that a daemon started itself."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Collection
from pathlib import Path

from emr_nb.journal import process_started

MARKER = "EMR_NB_LOCAL_CLUSTER"  # every process of a cluster has it in its environment

_TERM_SECONDS = 6.0
_KILL_SECONDS = 5.0


def alive(pid: int, started: float) -> bool:
    """Whether the process with this pid and start time runs, and is no zombie."""
    fields = _stat(pid)
    return bool(fields) and fields[0] not in "ZX" and float(fields[19]) == started


def _stat(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat from the state on; none when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def marked(root: Path) -> list[int]:
    """Return the live processes of the cluster in `root`, this process left out.

    Spark drivers and Python workers inherit the marker, whatever group or parent they have
    by now. Empty on a system without /proc.
    """
    entry = f"{MARKER}={root}".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment = (folder / "environ").read_bytes().split(b"\0")
        except OSError:  # gone, or somebody else's
            continue
        pid = int(folder.name)
        if entry in environment and pid != os.getpid() and (_stat(pid) or "Z")[0] not in "ZX":
            found.append(pid)
    return found


def end_all(root: Path, groups: Collection[int] = ()) -> list[int]:
    """End every process of the cluster in `root`: TERM, wait, KILL; return what is left."""
    known = {pid: started for pid in groups if (started := process_started(pid))}
    for number, seconds in ((signal.SIGTERM, _TERM_SECONDS), (signal.SIGKILL, _KILL_SECONDS)):
        give_up = time.monotonic() + seconds
        signal_groups(groups, number)
        sent: set[int] = set()
        while pids := _left(root, known):
            for pid in set(pids) - sent:  # also those that came after the first look
                _signal(pid, number)
            sent.update(pids)
            if time.monotonic() > give_up:
                break
            time.sleep(0.05)
        else:
            return []
    return _left(root, known)


def _left(root: Path, known: dict[int, float]) -> list[int]:
    """Return who is still there of those known before and those found now, who join them.

    A process that is ending loses its environment first and its ports and files later.
    """
    known.update((pid, started) for pid in marked(root) if (started := process_started(pid)))
    return [pid for pid, started in known.items() if alive(pid, started)]


def signal_groups(groups: Collection[int], number: int) -> None:
    """Send a signal to process groups; one that is gone is left out."""
    for group in groups:
        try:
            os.killpg(group, number)
        except (ProcessLookupError, PermissionError):
            continue


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return


def rss(pids: Collection[int]) -> int:
    """Return the resident bytes of these processes together."""
    page = os.sysconf("SC_PAGE_SIZE")
    total = 0
    for pid in pids:
        try:
            total += int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * page
        except OSError:
            continue
    return total
