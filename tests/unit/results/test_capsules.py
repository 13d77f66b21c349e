"""A Result gives its columns to other libraries by Arrow's PyCapsules, without a copy."""

from __future__ import annotations

import duckdb
import polars as pl
import pyarrow as pa
import pytest

from emr_nb.results.result import Result


@pytest.fixture(scope="module")
def result() -> Result:
    table = pa.table({"id": pa.array(range(1000), pa.int64()), "x": [n / 4 for n in range(1000)]})
    return Result(table, ())


def where(table: pa.Table) -> list[int]:
    """The addresses of the values of a table's columns."""
    return [c.chunk(0).buffers()[1].address for c in table.columns]


def test_pyarrow_takes_it_where_it_lies(result: Result) -> None:
    assert where(pa.table(result)) == where(result.table)
    assert pa.RecordBatchReader.from_stream(result).read_all().equals(result.table)


def test_polars_takes_it_where_it_lies(result: Result) -> None:
    frame = pl.DataFrame(result)
    assert where(frame.to_arrow()) == where(result.table)
    assert frame.select(pl.col("x").sum()).item() == sum(n / 4 for n in range(1000))


def test_duckdb_queries_it_by_its_name(result: Result) -> None:
    flights = result
    assert flights is result  # duckdb finds the variable by its name in the query
    assert duckdb.sql("select count(*), max(id) from flights").fetchall() == [(1000, 999)]
