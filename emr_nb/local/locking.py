"""A lock between processes, held as long as a file descriptor is open (POSIX `flock`)."""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from emr_nb.errors import LocalClusterError


@contextmanager
def file_lock(
    path: Path, seconds: float, doing: str, stop: threading.Event | None = None
) -> Iterator[None]:
    """Hold the lock file `path`; it frees itself when its holder dies.

    Raises LocalClusterError when another process still holds it after `seconds`, or when
    `stop` was set meanwhile.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        _wait(handle, path, seconds, doing, stop or threading.Event())
        yield
    finally:
        os.close(handle)


def _wait(handle: int, path: Path, seconds: float, doing: str, stop: threading.Event) -> None:
    give_up = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if stop.is_set() or time.monotonic() > give_up:
                raise LocalClusterError(
                    f"Another process has been {doing} for {seconds:.0f} s",
                    where=str(path),
                    advice="Wait for it, or end it and run this again.",
                ) from None
            stop.wait(0.1)
        else:
            return
