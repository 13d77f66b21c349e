"""The rows of one result: pages to batches, and what had to be said about its columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from emr_nb.engines.presto import flat
from emr_nb.engines.presto.columns import decode
from emr_nb.engines.presto.instants import Zones
from emr_nb.engines.presto.types import NANOSECONDS, Kind, arrow_type, parse
from emr_nb.errors import ResultError
from emr_nb.model import Column

if TYPE_CHECKING:
    import pyarrow as pa

_ZONED = "timestamp with time zone"


class Rows:
    """Decodes a result's rows; `columns` are those of the reply (`name`, `type`).

    Raises ResultError for a type or a value that cannot be brought back as it is.
    """

    def __init__(self, columns: Sequence[Mapping[str, Any]]) -> None:
        import pyarrow as pa

        self.columns = tuple(Column(str(c["name"]), str(c["type"])) for c in columns)
        self.kinds = [parse(column.engine_type) for column in self.columns]
        self._zones = [Zones() for _ in self.columns]
        self._flat = flat.flat(self.kinds)
        self.schema: pa.Schema = pa.schema(
            [
                pa.field(column.name, _typed(column, kind))
                for column, kind in zip(self.columns, self.kinds, strict=True)
            ]
        )

    def batches(self, body: bytes) -> Iterator[pa.RecordBatch]:
        """Yield a page's or a segment's rows, a JSON array of arrays."""
        import orjson
        import pyarrow as pa

        if self._flat and (read := flat.read(body, self.kinds)) is not None:
            arrays = [
                array if array.type == field.type else self._column(at, array.to_pylist())
                for at, (array, field) in enumerate(zip(read, self.schema, strict=True))
            ]
            yield pa.RecordBatch.from_arrays(arrays, schema=self.schema)
            return
        try:
            rows = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise ResultError(f"A part of the result is damaged: {error}") from error
        yield self.batch(rows)

    def batch(self, rows: Sequence[Sequence[Any]]) -> pa.RecordBatch:
        """Return rows as a batch of the schema."""
        import pyarrow as pa

        width = len(self.columns)
        if any(len(row) != width for row in rows):
            raise ResultError(f"A row does not have the {width} values of its columns")
        columns: Sequence[Sequence[Any]] = list(zip(*rows, strict=True)) or [()] * width
        arrays = [self._column(at, values) for at, values in enumerate(columns)]
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)

    def table(self, batches: Sequence[pa.RecordBatch]) -> pa.Table:
        """Return batches as a table; instants are in their column's zone where they have one."""
        import pyarrow as pa

        table = pa.Table.from_batches(batches, self.schema)
        for at, (kind, zones) in enumerate(zip(self.kinds, self._zones, strict=True)):
            if kind.name == _ZONED and not kind.is_text and len(zones.names) == 1:
                (zone,) = zones.names
                field = self.schema.field(at)
                there = field.with_type(pa.timestamp(field.type.unit, zone))
                table = table.set_column(at, there, table.column(at).cast(there.type))
        return table

    def notices(self) -> tuple[str, ...]:
        """Say what a reader of the table would not see."""
        return tuple(
            notice
            for column, kind, zones in zip(self.columns, self.kinds, self._zones, strict=True)
            for notice in _notices(column, kind, zones)
        )

    def _column(self, at: int, values: Sequence[Any]) -> pa.Array:
        try:
            return decode(self.kinds[at], values, self._zones[at])
        except ResultError as error:
            raise _of_column(error, self.columns[at]) from error


def _typed(column: Column, kind: Kind) -> pa.DataType:
    try:
        return arrow_type(kind)
    except ResultError as error:
        raise _of_column(error, column) from error


def _of_column(error: ResultError, column: Column) -> ResultError:
    return ResultError(f"Column {column.name!r}: {error.what}", advice=error.advice)


def _notices(column: Column, kind: Kind, zones: Zones) -> list[str]:
    told = []
    if _any(kind, lambda k: k.is_text and k.precision > NANOSECONDS and _is_time(k)):
        told.append(
            f"{column.name} is {column.engine_type}: Arrow ends at nanoseconds, so it is text "
            "with all its digits."
        )
    nested = kind.name != _ZONED
    if len(zones.names) > 1 or (nested and zones.names - {"UTC"}):
        names = sorted(zones.names)
        shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if names[5:] else "")
        told.append(
            f"{column.name} has instants of the zones {shown}: they are the same instants in UTC."
        )
    if zones.doubtful:
        told.append(
            f"{column.name} has {zones.doubtful:,} times of the hour that comes twice when clocks "
            "go back; the server does not say which, the first is taken. "
            "at_timezone(column, 'UTC') is exact."
        )
    return told


def _is_time(kind: Kind) -> bool:
    return kind.name in ("timestamp", "time", _ZONED)


def _any(kind: Kind, test: Any) -> bool:
    return test(kind) or any(_any(child, test) for _, child in kind.children)
