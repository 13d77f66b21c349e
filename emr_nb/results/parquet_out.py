"""A frame as the bytes of one Parquet file, made piece by piece while they are sent.

One row group is in memory at a time. One file, so that Spark keeps the order of the rows;
its row groups are what Spark's tasks share.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from emr_nb.errors import UsageError
from emr_nb.results.outgoing import Outgoing
from emr_nb.results.sink import Sink

if TYPE_CHECKING:
    import pyarrow as pa

GROUP_ROWS = 128 * 1024
GROUP_BYTES = 32 * 1024 * 1024
# Spark takes a file's dates and times to be in the proleptic Gregorian calendar, as Arrow's
# are, when a Spark since 3.0 wrote it; only from 3.2 on can a reader say so by an option
_CALENDAR = {"org.apache.spark.version": "3.5.0"}


class ParquetOut:
    """The chunks of the file; `rows` and `bytes` count what has gone out so far."""

    def __init__(self, frame: Outgoing) -> None:
        self._frame = frame
        self.rows = 0
        self.bytes = 0

    def __iter__(self) -> Iterator[bytes]:
        import pyarrow as pa
        import pyarrow.parquet as pq

        columns = [(at, self._frame.columns[at].way.parquet) for at in self._frame.written]
        schema = pa.schema([(f"c{at}", kind) for at, kind in columns])
        sink = Sink()
        writer = pq.ParquetWriter(
            sink, schema, compression="snappy", version="2.6", store_schema=False
        )
        writer.add_key_value_metadata(_CALENDAR)
        try:
            for group in self._groups(schema):
                writer.write_table(group, row_group_size=max(1, group.num_rows))
                self.rows += group.num_rows
                yield from self._counted(sink)
        finally:
            writer.close()
        yield from self._counted(sink)
        self._check()

    def _check(self) -> None:
        told = self._frame.source.rows
        if told is not None and told != self.rows:
            raise UsageError(
                f"{self._frame.name} gave {self.rows:,} of {told:,} rows",
                advice="Nothing was made of it. Was it changed while it was sent?",
            )

    def _counted(self, sink: Sink) -> Iterator[bytes]:
        for chunk in sink.drain():
            self.bytes += len(chunk)
            yield chunk

    def _groups(self, schema: pa.Schema) -> Iterator[pa.Table]:
        """Yield converted rows in tables of bounded size, small batches together."""
        import pyarrow as pa

        held: list[Any] = []
        rows = size = 0
        for batch in self._slices():
            made = pa.RecordBatch.from_arrays(self._frame.converted(batch), schema=schema)
            held.append(made)
            rows, size = rows + made.num_rows, size + made.nbytes
            if rows >= GROUP_ROWS or size >= GROUP_BYTES:
                yield pa.Table.from_batches(held, schema)
                held, rows, size = [], 0, 0
        if held:
            yield pa.Table.from_batches(held, schema)

    def _slices(self) -> Iterator[pa.RecordBatch]:
        """Yield the batches, large ones cut without a copy."""
        for batch in self._frame.source.batches():
            each = max(1, batch.nbytes // max(1, batch.num_rows))
            most = max(1, min(GROUP_ROWS, GROUP_BYTES // each))
            for start in range(0, batch.num_rows, most):
                yield batch.slice(start, most)
