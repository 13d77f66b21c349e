"""A kernel that is killed while Hive or Trino work: the same cell in the next takes the answer."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sql_notebook_rig import HiveRig, hive, kernel, rows_in, sql  # noqa: F401 -- fixtures

TABLE = f"recovered_{os.getpid()}"
SLOW = "select count(*) as n from tpch.sf1.lineitem where comment < 'zz'"
CELLS = {
    "hive": (
        f"%%hive -o df\nselect 1;\nselect count(reflect('java.lang.Thread', 'sleep', bigint(9000)))"
        f" as n from {TABLE}"
    ),
    "trino": f"%%trino -o df --catalog tpch --schema tiny\n{SLOW}",
    "trino insert": f"%%trino -q\ninsert into hive.default.{TABLE} {SLOW}",
}


@pytest.fixture(scope="module", autouse=True)
def table(sql: HiveRig) -> Iterator[None]:  # noqa: F811
    with sql.session() as session:
        for text in (f"drop table if exists {TABLE}", f"create table {TABLE} (a bigint)",
                     f"insert into {TABLE} values (1)"):  # fmt: skip
            rows_in(session, text)
        yield
        rows_in(session, f"drop table {TABLE}")


@pytest.mark.parametrize("name", CELLS)
def test_the_next_kernel_goes_on_with_the_cell(
    sql: HiveRig,  # noqa: F811
    tmp_path: Path,
    name: str,
) -> None:
    notebook = str(tmp_path / "left.ipynb")
    cell = CELLS[name]
    with kernel(sql, notebook) as first:
        first.run(f"%%{name.partition(' ')[0]} -q\nselect 1")
        first.send(cell)
        time.sleep(4)  # it is sent, and runs
        first.kill()
    with kernel(sql, notebook) as second:
        assert "is still running" in second.attached or "has ended" in second.attached
        answer = second.run(cell)
        assert answer["success"], answer["text"]
        assert "recovered" in answer["text"]
        if "-o df" in cell:
            assert "1 (1, 1)" in second.run("print(1, df.shape)")["text"]
    if name == "trino insert":
        with sql.session() as session:
            assert rows_in(session, f"select count(*) from {TABLE}") == [(2,)]  # it ran once
