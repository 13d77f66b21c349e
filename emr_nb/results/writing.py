"""Write tables to one file of Parquet, CSV or Arrow, as a stream of bytes in little memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from emr_nb.errors import ResultError
from emr_nb.results.sink import Sink

if TYPE_CHECKING:
    import pyarrow as pa


_GROUP = 32 << 20  # bytes written at once: a row group of Parquet, a batch of Arrow
_BUFFER = 4 << 20  # each call into Python waits for the threads that fetch


def encoded(tables: Iterable[pa.Table], schema: pa.Schema, form: str) -> Iterator[bytes]:
    """Yield the bytes of one file with these tables; raises ResultError for a type it lacks.

    `form` is `parquet` (zstd), `csv` (a header, strings quoted, null is nothing) or `arrow`
    (the IPC file format).
    """
    import pyarrow as pa

    sink = Sink()
    try:
        with _writer(_buffered(sink), schema, form) as writer:
            for table in _grouped(tables):
                writer.write_table(table)
                yield from sink.drain()
    except (pa.ArrowException, TypeError) as error:
        raise ResultError(
            f"The result cannot be written as {form}: {error}",
            advice="Cast that column in the query, or choose another --format.",
        ) from error
    yield from sink.drain()


def _buffered(sink: Sink) -> pa.NativeFile:
    import pyarrow as pa

    return pa.BufferedOutputStream(pa.PythonFile(sink, mode="w"), _BUFFER)


def _grouped(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """Yield small tables together, so that a file has few groups of rows."""
    import pyarrow as pa

    held: list[pa.Table] = []
    size = 0
    for table in tables:
        held.append(table)
        size += table.nbytes
        if size >= _GROUP:
            yield pa.concat_tables(held)
            held, size = [], 0
    if held:
        yield pa.concat_tables(held)


@contextmanager
def _writer(sink: pa.NativeFile, schema: pa.Schema, form: str) -> Iterator[Any]:
    import pyarrow as pa

    if form == "parquet":
        from pyarrow import parquet

        # making dictionaries takes twice the time of all the rest, and zstd gives what they save
        made: Any = parquet.ParquetWriter(
            sink, schema, compression="zstd", compression_level=1, use_dictionary=False
        )
    elif form == "csv":
        from pyarrow import csv

        made = csv.CSVWriter(sink, schema)
    else:
        made = pa.ipc.new_file(sink, schema)
    with sink, made:
        yield made
