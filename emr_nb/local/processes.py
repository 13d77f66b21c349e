"""Finds and ends the processes of a local cluster, also those that a daemon started itself."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Collection
from pathlib import Path

MARKER = "EMR_NB_LOCAL_CLUSTER"  # every process of a cluster has it in its environment

_TERM_SECONDS = 6.0
_KILL_SECONDS = 5.0


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
        if entry in environment and int(folder.name) != os.getpid() and _lives(folder):
            found.append(int(folder.name))
    return found


def _lives(folder: Path) -> bool:
    try:
        return (folder / "stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def end_all(root: Path, groups: Collection[int] = ()) -> list[int]:
    """End every process of the cluster in `root`: TERM, wait, KILL; return what is left."""
    for number, seconds in ((signal.SIGTERM, _TERM_SECONDS), (signal.SIGKILL, _KILL_SECONDS)):
        give_up = time.monotonic() + seconds
        _signal_groups(groups, number)
        sent: set[int] = set()
        while pids := marked(root):
            for pid in set(pids) - sent:  # also those that came after the first look
                _signal(pid, number)
            sent.update(pids)
            if time.monotonic() > give_up:
                break
            time.sleep(0.05)
        else:
            return []
    return marked(root)


def _signal_groups(groups: Collection[int], number: int) -> None:
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
