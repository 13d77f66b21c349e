"""Bring a result that the engine wrote to a private folder: parts in parallel, rows in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from emr_nb.engines.waits import interruptible
from emr_nb.errors import FileError, PathNotFoundError, ResultError
from emr_nb.files.base import FileSystem
from emr_nb.model import FilePath
from emr_nb.results.assemble import in_schema, schema_of, stream_schema
from emr_nb.results.object_file import ObjectFile

if TYPE_CHECKING:
    import pyarrow as pa

_THREADS = 8
_BLOCK = 8 << 20  # a longer part comes in ranges, several at a time
_REST = 1 << 20  # a part's last block has at least so much, unless it is all of it
_AHEAD = 10  # blocks on their way or waiting for an earlier one
_LOOK = 0.2


@dataclass(frozen=True)
class Spooled:
    """A result as it lies on the cluster: `header` and `schema` came with the answer.

    `parts` are names and bytes in the order of the rows. They hold Arrow, whose bytes are what
    it takes in memory here, or are Parquet files (`is_parquet`).
    """

    store: FileSystem
    folder: FilePath
    header: Mapping[str, Any]
    schema: bytes

    @property
    def parts(self) -> Sequence[tuple[str, int]]:
        return [(str(name), int(size)) for name, size in self.header["parts"]]

    @property
    def is_parquet(self) -> bool:
        """Whether the parts are whole Parquet files, to be joined and not to be loaded."""
        return bool(self.header.get("parquet"))

    @property
    def size(self) -> int:
        return sum(size for _, size in self.parts)

    @property
    def limit(self) -> int | None:
        """How many rows were asked for; None: all."""
        found: int | None = self.header.get("limit")
        return found

    @property
    def arrow_schema(self) -> pa.Schema:
        """The schema of the tables, in the engine's own types and names."""
        return schema_of(self.header)

    def tables(self) -> Iterator[tuple[int, pa.Table]]:
        """Yield tables in order with the bytes read for each; raises ResultError, never ends early.

        A table is what became whole by one block, so that a part may have any size.
        """
        import pyarrow as pa

        arrived, wanted = stream_schema(self.schema), self.arrow_schema
        file = ObjectFile()
        for block, last in self.blocks():
            try:
                batches = [
                    pa.ipc.read_record_batch(pa.py_buffer(item), arrived)
                    for item in file.feed(block)
                ]
            except pa.ArrowException as error:
                raise ResultError(
                    f"A part of the result cannot be read: {error}",
                    where=str(self.folder),
                    advice="Run the cell again; nothing of this result was used.",
                ) from error
            yield len(block), in_schema(batches, arrived, wanted)
            if last:
                file.end()
                file = ObjectFile()

    def blocks(self) -> Iterator[tuple[bytes, bool]]:
        """Yield blocks in order, and whether each is its part's last; those ahead are coming."""
        pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="emr_nb-spool")
        waiting: deque[tuple[Future[bytes], bool]] = deque()
        coming = self._ranges()
        try:
            while True:
                for name, at, length, last in islice(coming, _AHEAD - len(waiting)):
                    waiting.append((pool.submit(self.read, name, at, length), last))
                if not waiting:
                    return
                block, last = waiting.popleft()
                yield _outcome(block), last
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _ranges(self) -> Iterator[tuple[str, int, int, bool]]:
        for name, size in self.parts:
            at = 0
            while size - at > _BLOCK + _REST:
                yield name, at, _BLOCK, False
                at += _BLOCK
            yield name, at, size - at, True

    def read(self, name: str, start: int, length: int) -> bytes:
        """Return a range of a part; raises ResultError where not all of it comes."""
        try:
            data = b"".join(self.store.read(self.folder.child(name), start, length))
        except PathNotFoundError as error:
            raise ResultError(
                f"A part of the result is gone: {name}",
                where=str(self.folder),
                advice="Somebody removed it while it was read; run the cell again.",
            ) from error
        except FileError as error:
            raise ResultError(
                f"A part of the result cannot be fetched: {error.what}",
                where=str(self.folder),
                advice="Run the cell again, or write it to a place of yours with --to.",
            ) from error
        if len(data) != length:
            raise ResultError(
                f"{name} has {len(data):,} of {length:,} bytes from {start:,} on",
                where=str(self.folder),
                advice="Run the cell again; nothing of this result was used.",
            )
        return data


def _outcome(block: Future[bytes]) -> bytes:
    """Wait for a block so that an interrupt is heard."""
    while True:
        try:
            with interruptible():
                return block.result(_LOOK)
        except TimeoutError:
            if block.done():
                raise
