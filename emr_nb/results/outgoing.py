"""A local frame on its way to the cluster: columns typed by Arrow, rows in bounded pieces."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from emr_nb.errors import UsageError
from emr_nb.results.outgoing_types import UnsendableError, Way, way_of

if TYPE_CHECKING:
    import pyarrow as pa

Batches = Callable[[], "Iterator[pa.RecordBatch]"]


@dataclass(frozen=True)
class Source:
    """Rows of one schema; `rows` is None where only reading them tells how many there are."""

    schema: pa.Schema
    rows: int | None
    batches: Batches
    notices: tuple[str, ...] = ()


@dataclass(frozen=True)
class OutColumn:
    """One column: its true name, its local type as text, and its way."""

    name: str
    local: str
    way: Way


@dataclass(frozen=True)
class Outgoing:
    """A frame that can be sent: every type has a way; values are checked as they are read."""

    name: str
    columns: tuple[OutColumn, ...]
    source: Source
    notices: tuple[str, ...] = field(default=())

    @property
    def written(self) -> list[int]:
        """The positions of the columns that are in the file; nulls without a type are not."""
        return [at for at, column in enumerate(self.columns) if column.way.parquet is not None]

    def described(self) -> list[dict[str, Any]]:
        """Return what the session needs to read the columns: see `remote/receive.py`."""
        return [
            {
                "name": column.name,
                "read": column.way.read if column.way.parquet is not None else None,
                "sql": column.way.expression(f"c{at}"),
                "type": column.way.final if column.way.final != column.way.read else None,
            }
            for at, column in enumerate(self.columns)
        ]

    def converted(self, batch: pa.RecordBatch) -> list[pa.Array]:
        """Return the arrays to write of a batch; raises UsageError naming the column."""
        import pyarrow as pa

        arrays = []
        for at in self.written:
            column = self.columns[at]
            try:
                arrays.append(column.way.convert(batch.column(at)))
            except (pa.ArrowException, UnsendableError) as error:
                raise UsageError(
                    f"{self.name}: column {column.name!r} ({column.local}) cannot be sent "
                    f"exactly: {error}",
                    advice="Nothing is there now. Round or cast the column, then push it again.",
                ) from error
        return arrays


def is_frame(value: Any) -> bool:
    """Tell whether a value is a table of some kind; nothing is imported to find out."""
    return hasattr(value, "__arrow_c_stream__") or _is_pandas(value)


def outgoing(value: Any, name: str, way: Callable[[Any], Way] = way_of) -> Outgoing:
    """Return a frame to send; `name` is what errors call it. Raises UsageError.

    `way` tells how a type travels to the engine that it is for.
    """
    if _is_pandas(value):
        from emr_nb.results.outgoing_pandas import pandas_source

        source = pandas_source(value, name)
    else:
        source = _stream_source(value, name)
    columns = []
    for found in source.schema:
        try:
            columns.append(OutColumn(found.name, str(found.type), way(found.type)))
        except UnsendableError as error:
            raise UsageError(
                f"{name}: column {found.name!r} ({found.type}) cannot be sent: {error}",
                advice="Nothing was sent.",
            ) from error
    return Outgoing(name, tuple(columns), source, source.notices)


def _is_pandas(value: Any) -> bool:
    return any(
        base.__name__ == "DataFrame" and base.__module__.split(".")[0] == "pandas"
        for base in type(value).__mro__
    )


def _stream_source(value: Any, name: str) -> Source:
    import pyarrow as pa

    try:
        reader = pa.RecordBatchReader.from_stream(value)
    except Exception as error:  # whatever library it is
        raise UsageError(
            f"{name} is a {type(value).__name__} that gives no table as Arrow: {error}",
            advice="Make a frame of it: of a Series or an array with one column.",
        ) from error
    first = [reader]  # a stream can be read once; most values give another one

    def batches() -> Iterator[pa.RecordBatch]:
        stream = first.pop() if first else pa.RecordBatchReader.from_stream(value)
        yield from stream

    rows = getattr(value, "num_rows", None)
    if rows is None and hasattr(value, "__len__"):
        rows = len(value)
    return Source(reader.schema, rows if isinstance(rows, int) else None, batches)
