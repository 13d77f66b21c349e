"""Processes of the SQL bench: a client each, and the servers that replay."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

HERE = Path(__file__).parent


class Worker:
    """A client in a process of its own, connected to a server; `name` is one of CLIENTS."""

    def __init__(self, python: Path | str, name: str, port: int, **options: Any) -> None:
        self.name = name
        ours = Path(python) == Path(sys.executable)
        self._process = subprocess.Popen(
            [str(python), str(HERE / "sql_worker.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None if os.environ.get("BENCH_NOISE") else subprocess.DEVNULL,
            text=True,
            env={**os.environ, "PYTHONPATH": str(HERE.parents[1]) if ours else ""},
            cwd=tempfile.gettempdir(),
        )
        self.ask("connect", client=name, port=port, **options)

    def ask(self, do: str, **asked: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": do, **asked}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(
                f"the worker of {self.name} ended at {do!r}; BENCH_NOISE=1 shows why"
            )
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextmanager
def replaying(kind: str, folder: Path) -> Iterator[int]:
    """Serve a recording of `hive` or `http` pages; yields the port."""
    command = [sys.executable, str(HERE / "sql_replay.py"), kind, str(folder)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        yield int(server.stdout.readline())
    finally:
        server.terminate()
        server.wait(30)
        assert server.stdout is not None
        server.stdout.close()
