"""A file in memory that a writer fills and a reader empties, so that its bytes can stream."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any


class Sink(io.RawIOBase):
    """A file that hands over what was written to it."""

    def __init__(self) -> None:
        super().__init__()
        self._chunks: list[bytes] = []
        self._at = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        chunk = bytes(data)
        self._chunks.append(chunk)
        self._at += len(chunk)
        return len(chunk)

    def tell(self) -> int:
        return self._at

    def drain(self) -> Iterator[bytes]:
        chunks, self._chunks = self._chunks, []
        yield from chunks
