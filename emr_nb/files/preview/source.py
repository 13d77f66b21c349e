"""One file as its previewer sees it: ranged reads, counted, bounded, and each byte only once."""

from __future__ import annotations

import io
import threading
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from emr_nb.files.preview.damage import BudgetSpentError, DamageError
from emr_nb.model import FilePath

AT_ONCE = 8
SMALL = 64 * 1024  # a file of this size is read by one request
_GAP = 8 * 1024  # of bytes that are read with their neighbours rather than asked for apart


class Reads(Protocol):
    """What is needed of a store."""

    def read(
        self, path: FilePath, start: int = 0, length: int | None = None
    ) -> Iterator[bytes]: ...


class Source:
    """The bytes of one file; `read` never returns less than was asked within the file.

    `count` is the bytes that came from the store. Raises BudgetSpentError before a read that
    would exceed `budget`.
    """

    def __init__(self, fs: Reads, path: FilePath, size: int, budget: int) -> None:
        self.path, self.size, self.budget = path, size, budget
        self.count = 0
        self.step = 16 * 1024  # the least that one request reads
        self._fs = fs
        self._starts: list[int] = []
        self._blocks: list[bytes] = []
        self._lock = threading.Lock()

    def read(self, start: int, length: int) -> bytes:
        """Return a range, cut at the end of the file."""
        if start < 0 or length < 0:
            raise DamageError(f"it points to byte {start:,}")
        at, end = start, min(start + length, self.size)
        pieces: list[bytes] = []
        while at < end:
            piece = self._known(at, end)
            if not piece:
                self._fetch(at, self._stretch(at, end))
                continue
            pieces.append(piece)
            at += len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def exactly(self, start: int, length: int, what: str) -> bytes:
        """Return a range that has to lie within the file; `what` names it in the error."""
        if start < 0 or length < 0 or start + length > self.size:
            raise DamageError(
                f"{what} should lie at bytes {start:,} to {start + length:,}, "
                f"and the file has {self.size:,}"
            )
        return self.read(start, length)

    def tail(self, length: int) -> bytes:
        """Return the last bytes."""
        return self.read(max(0, self.size - length), length)

    def prefetch(self, ranges: Iterable[tuple[int, int]]) -> None:
        """Read ranges (start, length) that will be needed, neighbours by one request."""
        joined: list[tuple[int, int]] = []
        for start, length in sorted(ranges):
            end = min(start + length, self.size)
            if joined and start <= joined[-1][1] + _GAP:
                joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
            elif 0 <= start < end:
                joined.append((start, end))
        joined = [gap for pair in joined for gap in self._gaps(*pair)]
        room, kept = self.budget - self.count, []
        for start, end in joined:
            room -= end - start
            if room < 0:
                break  # what is needed of the rest is asked for, or refused, where it is needed
            kept.append((start, end))
        if len(kept) > 1:
            with ThreadPoolExecutor(AT_ONCE, "emr_nb-preview") as pool:
                list(pool.map(lambda pair: self._fetch(*pair), kept))
        elif kept:
            self._fetch(*kept[0])

    def file(self) -> RangedFile:
        """Return a seekable file object over this."""
        return RangedFile(self)

    # -- inside ---------------------------------------------------------------------------

    def _stretch(self, start: int, end: int) -> int:
        """Return where a read should end: a little further than asked, up to what is held."""
        far = min(max(end, start + self.step), self.size)
        if self.size <= SMALL:
            far = self.size
        with self._lock:
            at = bisect_right(self._starts, start)
            held = self._starts[at] if at < len(self._starts) else self.size
        far, end = min(far, held), min(end, held)
        return far if self.count + far - start <= self.budget else end

    def _known(self, start: int, end: int) -> bytes:
        """Return what is held from a byte on, up to another."""
        with self._lock:
            at = bisect_right(self._starts, start) - 1
            if at < 0:
                return b""
            base, block = self._starts[at], self._blocks[at]
        return block[start - base : end - base]

    def _gaps(self, start: int, end: int) -> list[tuple[int, int]]:
        """Return those parts of a range that are not held."""
        found, at = [], start
        with self._lock:
            for base, block in zip(self._starts, self._blocks, strict=True):
                if base >= end:
                    break
                if at < base:
                    found.append((at, base))
                at = max(at, base + len(block))
        if at < end:
            found.append((at, end))
        return found

    def _fetch(self, start: int, end: int) -> None:
        """Read a range of which nothing is held."""
        with self._lock:
            if self.count + end - start > self.budget:
                raise BudgetSpentError(
                    f"a preview reads up to {self.budget:,} bytes of a file, and "
                    f"{end - start:,} more would be needed"
                )
            self.count += end - start
        data = b"".join(self._fs.read(self.path, start, end - start))
        if len(data) != end - start:
            raise DamageError("it changed while it was read")
        with self._lock:
            at = bisect_right(self._starts, start)
            self._starts.insert(at, start)
            self._blocks.insert(at, data)


class RangedFile(io.RawIOBase):
    """A seekable, read-only file over a Source, as pyarrow takes it."""

    def __init__(self, source: Source) -> None:
        super().__init__()
        self._source = source
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._source.size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        wanted = self._source.size if size is None or size < 0 else size
        data = self._source.read(self._at, wanted)
        self._at += len(data)
        return data
