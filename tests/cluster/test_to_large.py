"""Ten million rows of Trino and of Hive to a local file, through a notebook that stays small."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from sql_notebook_rig import HiveRig, Kernel, hive, kernel, sql  # noqa: F401 -- fixtures

ROWS = 10_000_000
MOST_KB = 400 * 1000
COLUMNS = "orderkey, partkey, quantity, extendedprice, shipdate, comment"
TABLE = f"lines_{os.getpid()}"


def written(book: Kernel, cell: str, path: Path, rows: int) -> int:
    """Run a cell that writes so many rows; return how far the kernel's memory rose, in KB."""
    before = book.run("1")["peak"]
    answer = book.run(cell)
    assert answer["success"], answer["text"]
    made = pq.ParquetFile(path)
    assert made.metadata.num_rows == rows
    assert made.schema_arrow.names == COLUMNS.split(", ")
    assert [p.name for p in path.parent.iterdir()] == [path.name]  # nothing is left beside it
    return int(answer["peak"]) - int(before)


@pytest.mark.parametrize(
    "rows", [20_000, pytest.param(ROWS, marks=[pytest.mark.full, pytest.mark.timeout(3600)])]
)
def test_a_large_result_is_written_in_bounded_memory(
    sql: HiveRig,  # noqa: F811
    tmp_path: Path,
    rows: int,
) -> None:
    schema = "sf10" if rows == ROWS else "tiny"
    with kernel(sql, str(tmp_path / "large.ipynb")) as book:
        assert book.run("%%trino -q\nselect 1")["success"]
        assert book.run("%%hive -q\nselect 1")["success"]
        out = tmp_path / "out"
        out.mkdir()
        path = out / "trino.parquet"
        query = f"select {COLUMNS} from tpch.{schema}.lineitem limit {rows}"
        assert written(book, f"%%trino --to file://{path}\n{query}", path, rows) < MOST_KB
        path.unlink()
        made = book.run(f"%%trino -q\ncreate table hive.default.{TABLE} as {query}")
        assert made["success"], made["text"]
        try:
            path = out / "hive.parquet"
            cell = f"%%hive --to file://{path}\nselect {COLUMNS} from {TABLE}"
            assert written(book, cell, path, rows) < MOST_KB
        finally:
            book.run(f"%%hive -q\ndrop table {TABLE}")


def test_a_limit_and_a_failure_on_the_way(sql: HiveRig, tmp_path: Path) -> None:  # noqa: F811
    path = tmp_path / "out.parquet"
    with kernel(sql, str(tmp_path / "limit.ipynb")) as book:
        answer = book.run(f"%%trino --to file://{path} -n 1234\nselect * from tpch.tiny.lineitem")
        assert answer["success"], answer["text"]
        assert pq.ParquetFile(path).metadata.num_rows == 1234
        cell = "select 1 / (orderkey - 60000) from tpch.tiny.orders"  # the last of many rows
        answer = book.run(f"%%trino --to file://{path} --overwrite\n{cell}")
        assert not answer["success"]
        assert "DIVISION_BY_ZERO" in answer["text"]
        assert pq.ParquetFile(path).metadata.num_rows == 1234  # as it was
