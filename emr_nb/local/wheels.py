"""Puts a package of PyPI into a folder of its own, never into the user's environment."""

from __future__ import annotations

import importlib.util
import re
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

from emr_nb.errors import DownloadError
from emr_nb.local.fetch import Progress
from emr_nb.local.processes import signal_groups

_PROGRESS = re.compile(r"Progress (\d+) of (\d+)")
_OLD_PIP = re.compile(r"invalid choice: '?raw'?")


def ensure_pip() -> None:
    """Give this Python a pip where its environment was made without one."""
    if importlib.util.find_spec("pip") is None:
        try:
            subprocess.run(
                [sys.executable, "-m", "ensurepip", "--upgrade"], check=True, capture_output=True
            )
        except (OSError, subprocess.CalledProcessError) as error:
            raise DownloadError(
                "This Python has no pip and cannot make one",
                where=sys.executable,
                advice="Install pip into this environment and run it again.",
            ) from error
        importlib.invalidate_caches()


def install(
    requirements: list[str], target: Path, what: str, progress: Progress, stop: threading.Event
) -> None:
    """Install pinned requirements, without what they depend on, into the folder `target`.

    The folder gets its name only when it is whole. Raises DownloadError with pip's own words.
    """
    ensure_pip()
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=target.name + ".", dir=target.parent) as scratch:
        fresh = Path(scratch) / "tree"
        options = ["--no-deps", "--no-compile", "--target", str(fresh), *requirements]
        tail = _pip(["--progress-bar", "raw", *options], what, progress, stop)
        if tail and _OLD_PIP.search(tail):  # before pip 24.1 there is no raw progress
            tail = _pip(["--progress-bar", "off", *options], what, progress, stop)
        if tail is not None:
            raise DownloadError(
                f"pip could not install {' '.join(requirements)}:\n{tail}",
                where=str(target),
                advice="Check that pip reaches its index, and run it again.",
            )
        fresh.rename(target)


def _pip(arguments: list[str], what: str, progress: Progress, stop: threading.Event) -> str | None:
    """Run `pip install`; return None when it went well, else its last lines."""
    command = [sys.executable, "-m", "pip", "install", "--no-input", "--no-user", *arguments]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,  # a Ctrl-C comes to us, and we end pip
    )
    lines: list[str] = []
    watcher = threading.Thread(target=_end_when, args=(process, stop), daemon=True)
    watcher.start()
    try:
        for line in _lines(process):
            if match := _PROGRESS.match(line):
                progress(what, int(match[1]), int(match[2]))
            elif line.strip():
                lines.append(line.rstrip())
        failed = process.wait() != 0
    finally:
        if process.poll() is None:
            signal_groups([process.pid], signal.SIGTERM)
            process.wait(10)
    return "\n".join(lines[-15:]) if failed else None


def _end_when(process: subprocess.Popen[str], stop: threading.Event) -> None:
    """End pip, which may be building in a process of its own, when it is not wanted any more."""
    while process.poll() is None:
        if stop.wait(0.2):
            signal_groups([process.pid], signal.SIGTERM)
            return


def _lines(process: subprocess.Popen[str]) -> Iterator[str]:
    assert process.stdout is not None
    with process.stdout as stream:
        yield from stream
