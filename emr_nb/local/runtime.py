"""The Java runtimes of the parts, made quicker to start."""

from __future__ import annotations

import contextlib
import subprocess
from pathlib import Path

_DUMP_SECONDS = 120


def share_classes(home: Path) -> None:
    """Have a runtime write the archive of its own classes, which its package comes without.

    Each of its JVMs then maps them instead of parsing them. Where that fails they start as
    they would without.
    """
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        subprocess.run(
            [str(home / "bin" / "java"), "-Xshare:dump"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_DUMP_SECONDS,
            check=False,
        )
