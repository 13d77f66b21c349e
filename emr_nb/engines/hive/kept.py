"""A result that waits on the server to be read piece by piece, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emr_nb.engines.hive.client import HiveClient
from emr_nb.engines.hive.fetching import Fetch
from emr_nb.engines.hive.results import batch_of, early_type, finish
from emr_nb.engines.hive.service import Handle
from emr_nb.engines.hive.types import ColumnFacts
from emr_nb.errors import ReplyLostError, ResultError

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass
class Kept:
    """The rows of one operation; `limit` is how many of them were asked for (None: all).

    `taken` counts those that were.
    """

    client: HiveClient
    operation: Handle
    columns: Sequence[ColumnFacts]
    limit: int | None
    where: str
    taken: int = 0

    @property
    def arrow_schema(self) -> pa.Schema:
        """The schema of every table."""
        import pyarrow as pa

        return pa.schema([pa.field(c.name, self._type(c)) for c in self.columns])

    def tables(self) -> Iterator[tuple[int, pa.Table]]:
        """Yield the rows in order, with the bytes read for each table; raises ResultError.

        What has been passed on cannot be read again, so a lost reply ends it.
        """
        try:
            for reply in Fetch(self.client, self.operation, self.limit).replies():
                if reply.status.failed:
                    raise ResultError(
                        f"The rows stopped coming: {reply.status.message}", where=self.where
                    )
                table = self._table(batch_of(reply.body.get(3) or {}, reply.data, self.columns))
                if table.num_rows:
                    self.taken += table.num_rows
                    yield len(reply.data), table
        except ReplyLostError as error:
            raise ResultError(
                f"The result did not come whole: {error.what}",
                where=self.where,
                advice="Run the cell again.",
            ) from error

    def _type(self, column: ColumnFacts) -> pa.DataType:
        import pyarrow as pa

        return finish(pa.chunked_array([], early_type(column.type)), column.type)[0].type

    def _table(self, arrays: Sequence[pa.Array]) -> pa.Table:
        import pyarrow as pa

        schema = self.arrow_schema
        if not arrays:
            return schema.empty_table()
        made = []
        for facts, array, field in zip(self.columns, arrays, schema, strict=True):
            column, _ = finish(pa.chunked_array([array]), facts.type)
            if column.type != field.type:
                raise ResultError(
                    f"Column {facts.name} has values that {field.type} does not hold",
                    where=self.where,
                    advice="Cast the column in the query, for example to string.",
                )
            made.append(column)
        return pa.Table.from_arrays(made, schema=schema)
