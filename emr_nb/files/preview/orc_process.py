"""The process that reads ORC rows: what takes it down is an error here, and no more than that."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from emr_nb.files.preview.damage import DamageError

if TYPE_CHECKING:
    import pyarrow as pa

_CHILD = Path(__file__).with_name("orc_child.py")
_SECONDS = 60.0  # of one read; bytes that are slow to come are waited for by the source's deadline
_FAILED = (2**64 - 1).to_bytes(8, "big")
Fetch = Callable[[int, int], bytes]  # an offset and a size


class OrcProcess:
    """Reads rows of one file of `size` bytes, whose bytes `fetch` gives."""

    def __init__(self, size: int, fetch: Fetch) -> None:
        self._fetch = fetch
        self._process: subprocess.Popen[bytes] = subprocess.Popen(
            # -P: the script's folder has modules that are called like Python's own
            [sys.executable, "-P", str(_CHILD), str(size)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # an interrupt of the kernel is not for it
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        self._process.wait()

    def read(self, columns: list[str] | None) -> pa.Table:
        """Return the columns' rows; raises DamageError, and what reading the bytes raised."""
        import pyarrow as pa

        timer = threading.Timer(_SECONDS, self._process.kill)
        timer.daemon = True
        timer.start()
        try:
            kind, data = self._answered(json.dumps(columns).encode() + b"\n")
        except (BrokenPipeError, EOFError) as error:
            raise DamageError("the reader of ORC did not survive it") from error
        finally:
            timer.cancel()
        if kind == b"e":
            raise DamageError(f"its rows cannot be read ({data.decode('utf-8', 'replace')})")
        with pa.ipc.open_stream(pa.py_buffer(data)) as reader:
            table: pa.Table = reader.read_all()
        return table

    def _answered(self, asked: bytes) -> tuple[bytes, bytes]:
        """Serve the process's reads until it answers."""
        failure: Exception | None = None
        self._send(asked)
        while True:
            kind = self._take(1)
            if kind != b"r":
                data = self._take(int.from_bytes(self._take(8), "big"))
                if kind == b"e" and failure is not None:
                    raise failure
                return kind, data
            at, size = (int.from_bytes(self._take(8), "big") for _ in range(2))
            try:
                piece = self._fetch(at, size)
            except Exception as error:  # noqa: BLE001 -- raised once the process has answered
                failure = error
                self._send(_FAILED)
                continue
            self._send(len(piece).to_bytes(8, "big") + piece)

    def _send(self, data: bytes) -> None:
        pipe: Any = self._process.stdin
        pipe.write(data)
        pipe.flush()

    def _take(self, size: int) -> bytes:
        pipe: Any = self._process.stdout
        data: bytes = pipe.read(size)
        if len(data) < size:
            raise EOFError
        return data
