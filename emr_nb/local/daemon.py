"""Starts one daemon and waits until it answers, without ever waiting for a dead one."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from emr_nb.errors import DaemonDiedError, DeadlineExceededError
from emr_nb.local.processes import MARKER

_LOOK_SECONDS = 0.1
_TAIL_LINES = 25
_TAIL_BYTES = 16384
_FOREIGN = frozenset(
    {
        *("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", "CLASSPATH", "JAVA_HOME"),
        *("HADOOP_HOME", "HADOOP_CLASSPATH", "HADOOP_CONF_DIR", "YARN_CONF_DIR"),
        "HADOOP_USER_NAME",
        *("SPARK_HOME", "SPARK_CONF_DIR", "SPARK_DIST_CLASSPATH", "SPARK_MASTER"),
        *("PYTHONPATH", "PYTHONSTARTUP", "PYSPARK_DRIVER_PYTHON", "LIVY_HOME", "LIVY_CONF_DIR"),
    }
)


@dataclass(frozen=True)
class DaemonSpec:
    """How to run one daemon; `ready` is asked until it says True, at most `seconds`."""

    name: str
    app: str
    command: tuple[str, ...]
    log: Path
    root: Path
    ready: Callable[[], bool]
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path | None = None
    seconds: float = 150.0


def clean_environment() -> dict[str, str]:
    """Return our environment without what would steer a JVM, Spark or Python of the cluster."""
    return {name: value for name, value in os.environ.items() if name not in _FOREIGN}


def start(spec: DaemonSpec) -> subprocess.Popen[bytes]:
    """Start the daemon in a session of its own, its output in its log; raises DaemonDiedError."""
    spec.log.parent.mkdir(parents=True, exist_ok=True)
    environment = clean_environment() | dict(spec.environment) | {MARKER: str(spec.root)}
    try:
        with spec.log.open("ab") as log:
            return subprocess.Popen(
                spec.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment,
                cwd=spec.folder or spec.root,
                start_new_session=True,
            )
    except OSError as error:
        raise DaemonDiedError(
            f"{spec.name} cannot be started: {error}",
            where=spec.command[0],
            advice="Remove this part from the cache; it is fetched again at the next start.",
        ) from error


def wait_ready(
    spec: DaemonSpec, process: subprocess.Popen[bytes], stop: threading.Event
) -> float | None:
    """Return the seconds until the daemon answered, or None when `stop` was set.

    Raises DaemonDiedError as soon as its process ends, DeadlineExceededError after
    `spec.seconds`.
    """
    began = time.monotonic()
    while not stop.is_set():
        if process.poll() is not None:
            raise died(spec, process.returncode)
        if spec.ready():
            return time.monotonic() - began
        if time.monotonic() - began > spec.seconds:
            raise DeadlineExceededError(
                f"{spec.name} did not answer within {spec.seconds:.0f} s:\n{tail(spec.log)}",
                where=str(spec.log),
                advice="See the whole log; a busy machine may need a second try.",
            )
        stop.wait(_LOOK_SECONDS)
    return None


def died(spec: DaemonSpec, code: int) -> DaemonDiedError:
    """Return the error that tells of a daemon's end with its last log lines."""
    how = f"exit code {code}" if code >= 0 else f"signal {-code}"
    return DaemonDiedError(
        f"{spec.name} ended by itself ({how}); its last log lines:\n{tail(spec.log)}",
        where=str(spec.log),
        advice="Start the cluster again with `emr-nb local start`.",
    )


def tail(log: Path, lines: int = _TAIL_LINES) -> str:
    """Return the last lines of a log file."""
    try:
        with log.open("rb") as source:
            source.seek(max(0, log.stat().st_size - _TAIL_BYTES))
            return b"\n".join(source.read().splitlines()[-lines:]).decode("utf-8", "replace")
    except OSError as error:
        return f"(no log: {error})"
