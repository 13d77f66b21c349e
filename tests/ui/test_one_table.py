"""The third example in a real JupyterLab: one table that Spark, Hive, Trino and Presto share."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lab_rig import EVERY_LOOK, Lab
from playwright.sync_api import expect

EXAMPLE = Path(__file__).parents[2] / "examples" / "one_table_three_engines.ipynb"
# tests/cluster/test_one_table does the same without a page
pytestmark = [pytest.mark.cluster, pytest.mark.full, pytest.mark.timeout(1200)]


@pytest.fixture(scope="module")
def one_table(sql_cluster: Any, lab: Lab) -> Iterator[Lab]:
    """The example, opened and run to its end."""
    source = EXAMPLE.read_text().replace("%emr attach local", f"%emr attach {sql_cluster.target}")
    source = source.replace("s3://emr-nb-local", f"s3://{sql_cluster.bucket}")
    (lab.root / EXAMPLE.name).write_text(source)
    lab.open(EXAMPLE.name)
    lab.run_all(timeout=900)
    assert lab.errors() == []
    yield lab
    lab.end_kernel()


@pytest.mark.parametrize("engine", ["spark", "hive", "trino", "presto"])
def test_each_engine_reads_what_all_have_written(one_table: Lab, engine: str):
    shown = one_table.cell_output(one_table.cell(f"-o by_{engine}"))
    expect(shown).to_contain_text(f"16 rows · in by_{engine}")
    expect(shown).to_contain_text("United Air Lines Inc.")
    expect(shown).to_contain_text("12.106")


def test_the_answers_are_one(one_table: Lab):
    compared = one_table.cell_output(one_table.cell("assert_frame_equal"))
    expect(compared).to_contain_text("decimal128(8, 3)[pyarrow]")
    expect(one_table.cell_output(one_table.cell("expected ="))).to_contain_text("pandas agrees")


def test_trino_tells_splits_and_hive_stages(one_table: Lab):
    expect(one_table.cell_output(one_table.cell("-o by_trino"))).to_contain_text("splits")
    expect(one_table.cell_output(one_table.cell("-o by_hive"))).to_contain_text("stages")


def test_presto_here_is_a_dialect_and_says_so(one_table: Lab):
    attached = one_table.cell_output(one_table.cell("%emr attach"))
    expect(attached).to_contain_text("Presto on Trino 476")


@EVERY_LOOK
def test_pictures(one_table: Lab, theme: str, size: str):
    cells = {
        "create external table nyc.raw": "tables",
        "-o by_hive": "hive",
        "-o by_trino": "trino",
        "%emr describe": "describe",
        "--chart": "chart",
        "%%emr explain": "explain",
    }
    one_table.pictures("sql", cells, theme, size)
    assert one_table.strangers == []
