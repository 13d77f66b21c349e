"""A result as it comes, batch by batch: typed, counted, and held to its limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from emr_nb.engines.hive.columns import read_column, rows_of
from emr_nb.engines.hive.nested import typed_nested
from emr_nb.engines.hive.texts import LATE, typed
from emr_nb.engines.hive.types import ColumnFacts, HiveType, arrow_type
from emr_nb.errors import ResultError
from emr_nb.model import Column, StatementReference
from emr_nb.results.budget import too_large
from emr_nb.results.plan import TransferPlan
from emr_nb.results.result import Result

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass
class Gathering:
    """The batches of one result, which may begin anew; its rows come in order."""

    columns: Sequence[ColumnFacts]
    plan: TransferPlan | None
    where: str
    rows: int = 0
    size: int = 0
    _chunks: list[list[pa.Array]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.restart()

    @property
    def limit(self) -> int | None:
        """The most rows to bring; None: all there are."""
        return self.plan.limit if self.plan else None

    def restart(self) -> None:
        """Forget what has come: the server begins again with the first row."""
        self.rows = self.size = 0
        self._chunks = [[] for _ in self.columns]

    def add(self, body: Mapping[int, Any], data: bytes) -> int:
        """Take one TRowSet and return its rows; raises ResultError, ResultTooLargeError."""
        arrays = batch_of(body, data, self.columns)
        if not arrays or not len(arrays[0]):
            return 0
        for chunks, array in zip(self._chunks, arrays, strict=True):
            chunks.append(array)
            self.size += array.nbytes
        self.rows += len(arrays[0])
        budget = self.plan.budget if self.plan else 0
        if 0 < budget < self.size:
            raise too_large(self.size, budget, self.where, more=True)
        return len(arrays[0])

    def result(self, reference: StatementReference) -> Result:
        """Return the whole result; raises ResultError for values that are not of their type."""
        import pyarrow as pa

        made, notices = [], []
        for at, facts in enumerate(self.columns):
            chunks, self._chunks[at] = self._chunks[at], []
            column = pa.chunked_array(chunks, chunks[0].type if chunks else early_type(facts.type))
            finished, notice = finish(column, facts.type)
            made.append(finished)
            if notice:
                notices.append(f"Column {facts.name} {notice}.")
        fields = [pa.field(f.name, c.type) for f, c in zip(self.columns, made, strict=True)]
        table = pa.Table.from_arrays(made, schema=pa.schema(fields))
        limit = self.limit
        truncated = limit is not None and (self.rows > limit or limit == 0)
        if limit == 0:
            notices.append("Schema only: no row was asked for (-n 0).")
        return Result(
            table.slice(0, limit) if truncated else table,
            model_columns(self.columns),
            truncated,
            reference,
            tuple(notices),
        )


def batch_of(
    body: Mapping[int, Any], data: bytes, columns: Sequence[ColumnFacts]
) -> list[pa.Array]:
    """Return the columns of one TRowSet, those typed whose type depends on no other batch."""
    found = body.get(3) or ()
    if body.get(4):
        raise ResultError(
            "HiveServer2 packs its results in tasks, which is not read here",
            advice="SET hive.server2.thrift.resultset.serialize.in.tasks=false; run it again.",
        )
    if not found and not body.get(2):
        return []
    if len(found) != len(columns):
        raise ResultError(
            f"The result is incomplete or damaged: {len(found)} of {len(columns)} columns came",
            advice="Run the cell again; nothing of this result was used.",
        )
    if len({rows_of(column) for column in found}) > 1:
        raise ResultError(
            "The result is incomplete or damaged: its columns differ in length",
            advice="Run the cell again; nothing of this result was used.",
        )
    pairs = zip(columns, found, strict=True)
    return [_early(read_column(column, data), facts.type) for facts, column in pairs]


def _early(array: pa.Array, kind: HiveType) -> pa.Array:
    import pyarrow as pa

    if kind.nested or kind.name in LATE:
        return array
    column, _ = typed(pa.chunked_array([array]), kind)
    return column.chunk(0) if column.num_chunks else pa.array([], column.type)


def early_type(kind: HiveType) -> pa.DataType:
    """Return the type of a column's batches before its last step."""
    import pyarrow as pa

    return pa.string() if kind.nested or kind.name in LATE else arrow_type(kind)


def finish(column: pa.ChunkedArray, kind: HiveType) -> tuple[pa.ChunkedArray, str]:
    """Take a column's last step; return it with a notice where it stays text."""
    if kind.nested:
        return typed_nested(column, kind)
    return typed(column, kind) if kind.name in LATE else (column, "")


def model_columns(columns: Sequence[ColumnFacts]) -> tuple[Column, ...]:
    """Return the columns as the model has them, with Hive's words for their types."""
    return tuple(Column(c.name, c.type.spelled or c.type.name) for c in columns)
