"""Ten million rows of Trino to a local Parquet file, by the cell that users write."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from tests.bench.sides import Side

# a table of 1,000,000 rows, read so many times
QUERY = "select m.* from hive.bench_sql.mixed m cross join unnest(sequence(1, {})) t(n)"
LOADED = 1_000_000


class Cells(Side):
    """A notebook's shell that is attached to the local cluster."""

    name = "emr_nb"

    def __init__(self) -> None:
        super().__init__(sys.executable, "", {})
        self.must("%load_ext emr_nb")
        self.must("%emr attach local")


def measure(rows: int) -> dict[str, Any]:
    """Return the cell's seconds and how far the shell's peak rose above what it held before."""
    print(f"  {rows:,} rows --to a file", file=sys.stderr, flush=True)
    query = QUERY.format(max(rows // LOADED, 1)) + f" limit {rows}"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.parquet"
        cells = Cells()
        try:
            cells.must("%%trino -q -o warm\nselect 1")
            answer = cells.must(f"%%trino -q --to file://{path}\n{query}")
        finally:
            cells.close()
        assert pq.read_metadata(path).num_rows == rows
    return {"seconds": answer["seconds"], "rss_grown": answer["rss_grown"], "rows": rows}
