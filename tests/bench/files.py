"""Ten million rows to a local Parquet file, beside pyarrow reading the same rows' Parquet parts."""

from __future__ import annotations

import io
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

import emr_nb
from emr_nb.cluster import AttachedCluster
from tests.bench.cases import MIXED
from tests.bench.sides import Ours

ROWS = 10_000_000


def measure(livy: str, runs: int) -> dict[str, list[dict[str, Any]]]:
    """Run both by turns after one discarded round.

    Ours is the cell's whole time and, apart from it, what is left of it when Livy's statement
    has ended: fetching the parts, joining them and writing the file. Memory is how far the
    notebook's peak rose above what it held before.
    """
    found: dict[str, list[dict[str, Any]]] = {"to": [], "pyarrow": []}
    side = Ours(livy, "local", {})
    try:
        with tempfile.TemporaryDirectory() as folder, emr_nb.attach("local") as cluster:
            written = parts(cluster)
            for number in range(runs + 1):
                ours, plain = to_local(side, Path(folder)), read(cluster, written)
                if number:
                    found["to"].append(ours)
                    found["pyarrow"].append(plain)
                print(f"  --to: {number + 1} of {runs + 1}", file=sys.stderr, flush=True)
    finally:
        side.close()
    return found


def to_local(side: Ours, folder: Path) -> dict[str, Any]:
    """Write the rows by a cell."""
    target = folder / "rows.parquet"
    query = f"select {', '.join(MIXED)} from range(0, {ROWS}, 1, 8)"
    answer = side.must(f"%%spark -l sql --to file://{target} --overwrite\n{query}")
    assert pq.read_metadata(target).num_rows == ROWS
    return {**answer, "rest": answer["seconds"] - answer["driver"]}


def parts(cluster: AttachedCluster) -> str:
    """Let Spark write the same rows as a cell's `--to` does; returns where."""
    path = f"/tmp/bench-{uuid.uuid4().hex}"
    cluster.run(
        f"spark.range(0, {ROWS}, 1, 8).selectExpr(*{MIXED!r}).write"
        f".option('compression', 'zstd').parquet({path!r})"
    )
    return path


def read(cluster: AttachedCluster, path: str) -> dict[str, Any]:
    """Read the parts with pyarrow, one after the other; nothing is written."""
    began = time.perf_counter()
    rows = 0
    for entry in cluster.files.ls(path):
        if entry.name.startswith("part-"):
            rows += pq.read_table(io.BytesIO(cluster.files.read(str(entry.path)))).num_rows
    assert rows == ROWS
    return {"seconds": time.perf_counter() - began}
