"""HDFS's checksum of a file, computed beside its upload: an MD5 of the CRC-32Cs of its pieces.

No library that we have knows CRC-32C. NumPy takes it for many pieces at once, two bytes a
step, in a thread of its own beside the sending.
"""

from __future__ import annotations

import hashlib
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_POLYNOMIAL = 0x82F63B78  # Castagnoli's, bits reversed
_PIECE = 512  # bytes that one CRC is of, HDFS's `dfs.bytes-per-checksum`
_BUFFER = 32  # bytes
_BATCH = 8192 * _PIECE


class BlockChecksum:
    """HDFS's `MD5-of-…MD5-of-512CRC32C` of the bytes that are given to it, in hex."""

    def __init__(self, block_size: int) -> None:
        self._block_size = block_size
        self._held = bytearray()
        self._block = hashlib.md5(usedforsecurity=False)
        self._in_block = 0
        self._blocks = bytearray()  # their MD5s
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="emr_nb-crc")
        self._taking: Future[None] | None = None

    @property
    def usable(self) -> bool:
        """Whether blocks are whole numbers of pieces; HDFS demands it."""
        return self._block_size > 0 and self._block_size % _PIECE == 0

    def update(self, data: bytes) -> None:
        """Take the next bytes."""
        self._held += data
        if len(self._held) >= _BATCH:
            if self._taking is not None:
                self._taking.result()
            whole = len(self._held) // _PIECE * _PIECE
            self._taking = self._pool.submit(self._take, bytes(self._held[:whole]))
            del self._held[:whole]

    def hexdigest(self) -> str:
        """Return the checksum of all; nothing can be added afterwards."""
        if self._taking is not None:
            self._taking.result()
        self._take(bytes(self._held))
        self.close()
        if self._in_block:
            self._end_block()
        # HDFS digests the whole of a buffer that grows by doubling, and not what is in it alone
        room = _BUFFER
        while room < len(self._blocks):
            room *= 2
        padded = bytes(self._blocks).ljust(room, b"\0")
        return hashlib.md5(padded, usedforsecurity=False).hexdigest()

    def close(self) -> None:
        """End the thread; what was not taken is forgotten."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._held.clear()

    def _take(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            part = view[: self._block_size - self._in_block]
            view = view[len(part) :]
            self._block.update(crcs(part))
            self._in_block += len(part)
            if self._in_block == self._block_size:
                self._end_block()

    def _end_block(self) -> None:
        self._blocks += self._block.digest()
        self._block = hashlib.md5(usedforsecurity=False)
        self._in_block = 0


def crcs(data: bytes | memoryview) -> bytes:
    """Return the CRC-32C of every 512 bytes, and of what is left, big-endian."""
    import numpy as np

    raw = np.frombuffer(data, dtype=np.uint8)
    whole = len(raw) // _PIECE
    found = b""
    if whole:
        pieces = raw[: whole * _PIECE].view("<u2").reshape(whole, _PIECE // 2)
        found = _many(np.ascontiguousarray(pieces.T)).astype(">u4").tobytes()
    rest = raw[whole * _PIECE :].tobytes()
    return found + (_one(rest).to_bytes(4, "big") if rest else b"")


def _many(columns: NDArray[np.uint16]) -> NDArray[np.uint32]:
    import numpy as np

    table = _table16()
    count = columns.shape[1]
    crc = np.full(count, 0xFFFFFFFF, dtype=np.uint32)
    low, told = np.empty(count, dtype=np.intp), np.empty(count, dtype=np.uint32)
    for words in columns:
        np.bitwise_xor(crc & 0xFFFF, words, out=low, casting="unsafe")
        np.take(table, low, out=told, mode="wrap")  # without a look at each index
        crc >>= 16
        crc ^= told
    return ~crc


def _one(data: bytes) -> int:
    table = _table8()
    crc = 0xFFFFFFFF
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


@cache
def _table8() -> tuple[int, ...]:
    made = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = (crc >> 1) ^ (_POLYNOMIAL if crc & 1 else 0)
        made.append(crc)
    return tuple(made)


@cache
def _table16() -> NDArray[np.uint32]:
    """Return what two bytes make of an empty CRC, for each pair."""
    import numpy as np

    table = np.array(_table8(), dtype=np.uint32)
    first = table[np.arange(65536, dtype=np.uint32) & 0xFF]
    second = np.arange(65536, dtype=np.uint32) >> 8
    made: NDArray[np.uint32] = (first >> 8) ^ table[(first ^ second) & 0xFF]
    return made
