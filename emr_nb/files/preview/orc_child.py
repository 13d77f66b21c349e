"""Reads ORC rows in a process of its own: a script that imports nothing of ours.

liborc, inside pyarrow, may take a process with it when a file is damaged. Each line of standard
input asks for columns, as JSON (null: all). What is written back are frames: `r`, an offset and
a size ask for bytes of the file, which come on standard input behind their length; `d` and a
length stand before the rows as an Arrow stream, `e` and a length before an error's text. Numbers
have eight bytes, the largest first.
"""

from __future__ import annotations

import io
import json
import os
import sys
from typing import Any, BinaryIO

_FAILED = 2**64 - 1  # the length that says that the bytes cannot be had


class Remote(io.RawIOBase):
    """The file, whose bytes the other process has."""

    def __init__(self, size: int, asks: BinaryIO, tells: BinaryIO) -> None:
        super().__init__()
        self._size, self._asks, self._tells, self._at = size, asks, tells, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        end = self._size if size is None or size < 0 else min(self._size, self._at + size)
        if end <= self._at:
            return b""
        self._asks.write(b"r" + self._at.to_bytes(8, "big") + (end - self._at).to_bytes(8, "big"))
        self._asks.flush()
        length = int.from_bytes(whole(self._tells, 8), "big")
        if length == _FAILED:
            raise OSError("the bytes cannot be read")
        data = whole(self._tells, length)
        self._at += length
        return data


def whole(pipe: BinaryIO, size: int) -> bytes:
    """Read so many bytes; ends the process where nobody sends any more."""
    data = pipe.read(size)
    if len(data) < size:
        os._exit(0)
    return data


def answer(file: Remote, columns: list[str] | None) -> tuple[bytes, bytes]:
    """Return a frame's kind and its bytes."""
    import pyarrow as pa
    from pyarrow import orc

    try:
        file.seek(0)
        table: Any = orc.ORCFile(file).read(columns=columns)
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        return b"d", sink.getvalue().to_pybytes()
    except Exception as error:  # noqa: BLE001 -- told to who asked
        return b"e", str(error).encode("utf-8", "replace")[:1000]


def main() -> None:
    """Answer lines until there are no more."""
    asks, tells = os.fdopen(os.dup(1), "wb"), sys.stdin.buffer
    os.dup2(2, 1)  # what a library prints is no frame
    file = Remote(int(sys.argv[1]), asks, tells)
    while line := tells.readline():
        kind, data = answer(file, json.loads(line))
        asks.write(kind + len(data).to_bytes(8, "big") + data)
        asks.flush()


if __name__ == "__main__":
    main()
