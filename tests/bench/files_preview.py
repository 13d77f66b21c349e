"""A preview of a Parquet file of 1 GiB in 200 row groups, beside pyarrow opening the same file."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

GROUPS, COLUMNS = 200, 8
PLACE = "/tmp/bench/large.parquet"
SIDES = ("emr_nb", "pyarrow")

Answers = dict[str, list[dict[str, Any]]]


def measure(url: str, mebibytes: int, runs: int) -> Answers:
    """Write the file into the HDFS of a NameNode's URL, and look at it from fresh processes."""
    write(url, mebibytes)
    found: Answers = {side: [] for side in SIDES}
    for number in range(runs + 1):
        for side in SIDES:
            answer = once(side, url)
            if number:
                found[side].append(answer)
        print(f"  preview: {number} of {runs}", file=sys.stderr, flush=True)
    assert len({run["rows"] for runs in found.values() for run in runs}) == 1
    return found


def once(side: str, url: str) -> dict[str, Any]:
    worker = Path(__file__).with_name("files_preview_worker.py")
    done = subprocess.run(
        [sys.executable, str(worker), side, url, PLACE],
        cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True,
    )  # fmt: skip
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def write(url: str, mebibytes: int) -> None:
    """Write columns of numbers that do not compress, a row group at a time."""
    import tempfile

    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    from emr_nb.files.copy import copy_file
    from emr_nb.files.local import LocalFileSystem
    from emr_nb.model import FilePath
    from tests.bench.files_hdfs_worker import ours

    rows = mebibytes * 2**20 // (8 * COLUMNS * GROUPS)
    chance = np.random.default_rng(1)
    schema = pa.schema([(f"c{n}", pa.float64()) for n in range(COLUMNS)])
    with tempfile.NamedTemporaryFile(suffix=".parquet") as file:
        with pq.ParquetWriter(file.name, schema, compression="none", use_dictionary=False) as made:
            for _ in range(GROUPS):
                columns = [pa.array(chance.random(rows)) for _ in range(COLUMNS)]
                made.write_table(pa.table(columns, schema=schema))
        here, there = FilePath("file", "", file.name), FilePath("hdfs", "", PLACE)
        copy_file(LocalFileSystem(), here, ours(url), there, overwrite=True)
