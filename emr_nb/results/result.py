"""Result: an Arrow table with the engine's own schema and what was left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from emr_nb.model import Column, StatementReference

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


# The MIME type under which an Output's data holds a Result itself, not JSON: a table that
# remote code displayed on the way. The notebook draws it as it draws the cell's own.
RESULT_MIME = "application/x-emr-nb-result"


@dataclass(frozen=True)
class Result:
    """A query's result: all of it, or with `truncated` its first rows.

    `table` is an Arrow table whose types come from the engine's schema; `columns` keeps the
    engine's names (duplicates and empty ones included) and type texts in order. A plain
    value brought by `-o` has `is_value`, `value` and an empty table.
    """

    table: pa.Table
    columns: tuple[Column, ...]
    truncated: bool = False
    reference: StatementReference | None = None
    notices: Sequence[str] = field(default_factory=tuple)
    is_value: bool = False
    value: Any = None

    @classmethod
    def of_value(cls, value: Any, reference: StatementReference | None = None) -> Result:
        """Return what `-o` brings of a remote variable that is no table: the plain value."""
        import pyarrow as pa

        return cls(pa.table({}), (), reference=reference, is_value=True, value=value)

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def to_arrow(self) -> pa.Table:
        """Return the Arrow table."""
        return self.table

    @property
    def schema(self) -> pa.Schema:
        return self.table.schema

    @property
    def batches(self) -> Sequence[pa.RecordBatch]:
        return list(self.table.to_batches())

    def head(self, rows: int = 20) -> pa.Table:
        """Return the first rows, without copying."""
        return self.table.slice(0, rows)

    def to_pandas(self, decimal: str = "exact") -> pd.DataFrame:
        """Return a DataFrame with lossless dtypes; see results.pandas for the table of types.

        `decimal="float"` gives float64 for decimals: it loses digits, and can be plotted.
        """
        from emr_nb.results.pandas import to_pandas

        return to_pandas(self, decimal=decimal).frame

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self.table.__arrow_c_stream__(requested_schema)
