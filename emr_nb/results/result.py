"""Result: an Arrow table with the engine's own schema and what was left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from emr_nb.model import Column, StatementReference

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


@dataclass(frozen=True)
class Result:
    """A query's result: all of it, or with `truncated` its first rows.

    `table` is an Arrow table whose types come from the engine's schema; `columns` keeps the
    engine's names (duplicates and empty ones included) and type texts in order.
    """

    table: pa.Table
    columns: tuple[Column, ...]
    truncated: bool = False
    reference: StatementReference | None = None
    notices: Sequence[str] = field(default_factory=tuple)

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def to_arrow(self) -> pa.Table:
        """Return the Arrow table."""
        return self.table

    def to_pandas(self) -> pd.DataFrame:
        """Return a DataFrame with lossless dtypes; see results.pandas for the table of types."""
        from emr_nb.results.pandas import to_pandas

        return to_pandas(self)

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self.table.__arrow_c_stream__(requested_schema)
