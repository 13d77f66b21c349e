"""Bring a result that the engine wrote to a private folder: parts in parallel, rows in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from emr_nb.engines.waits import interruptible
from emr_nb.errors import FileError, PathNotFoundError, ResultError
from emr_nb.files.base import FileSystem
from emr_nb.model import FilePath
from emr_nb.results.assemble import in_schema, schema_of, stream_schema
from emr_nb.results.object_file import byte_strings

if TYPE_CHECKING:
    import pyarrow as pa

_THREADS = 8
_BLOCK = 16 << 20  # a longer part comes in ranges, several at a time
_AHEAD = 128 << 20  # bytes on their way or waiting for an earlier part
_LOOK = 0.2


@dataclass(frozen=True)
class Spooled:
    """A result as it lies on the cluster: `header` and `schema` came with the answer.

    `parts` are names and bytes in the order of the rows. The bytes are those of Arrow: what
    it takes in memory here.
    """

    store: FileSystem
    folder: FilePath
    header: Mapping[str, Any]
    schema: bytes

    @property
    def parts(self) -> Sequence[tuple[str, int]]:
        return [(str(name), int(size)) for name, size in self.header["parts"]]

    @property
    def size(self) -> int:
        return sum(size for _, size in self.parts)

    @property
    def arrow_schema(self) -> pa.Schema:
        """The schema of the tables, in the engine's own types and names."""
        return schema_of(self.header)

    def tables(self) -> Iterator[tuple[int, pa.Table]]:
        """Yield each part's bytes and its table, in order; raises ResultError, never ends early.

        Parts ahead are fetched meanwhile, within an eighth of a GiB.
        """
        import pyarrow as pa

        arrived, wanted = stream_schema(self.schema), self.arrow_schema
        for size, data in self._fetched():
            try:
                batches = [
                    pa.ipc.read_record_batch(pa.py_buffer(item), arrived)
                    for item in byte_strings(memoryview(data))
                ]
            except pa.ArrowException as error:
                raise ResultError(
                    f"A part of the result cannot be read: {error}",
                    where=str(self.folder),
                    advice="Run the cell again; nothing of this result was used.",
                ) from error
            yield size, in_schema(batches, arrived, wanted)

    # -- inside ---------------------------------------------------------------------------

    def _fetched(self) -> Iterator[tuple[int, bytes]]:
        pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="emr_nb-spool")
        waiting: deque[tuple[int, list[Future[bytes]]]] = deque()
        coming, ahead = iter(self.parts), 0
        following = next(coming, None)
        try:
            while waiting or following:
                while following and (not waiting or ahead + following[1] <= _AHEAD):
                    name, size = following
                    waiting.append((size, self._begin(pool, name, size)))
                    ahead += size
                    following = next(coming, None)
                size, blocks = waiting.popleft()
                yield size, b"".join([_outcome(block) for block in blocks])
                ahead -= size
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _begin(self, pool: ThreadPoolExecutor, name: str, size: int) -> list[Future[bytes]]:
        starts = range(0, size, _BLOCK)
        return [pool.submit(self._read, name, at, min(_BLOCK, size - at)) for at in starts]

    def _read(self, name: str, start: int, length: int) -> bytes:
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
