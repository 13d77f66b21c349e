"""The second example in a real JupyterLab: data both ways, results of any size, files written."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from lab_rig import EVERY_LOOK, Lab
from playwright.sync_api import expect

EXAMPLE = Path(__file__).parents[2] / "examples" / "working_day.ipynb"
pytestmark = [pytest.mark.cluster, pytest.mark.full, pytest.mark.timeout(1200)]


@pytest.fixture(scope="module")
def day(local_cluster, lab: Lab) -> Iterator[Lab]:
    """The example, opened and run to its end."""
    shutil.copy(EXAMPLE, lab.root / EXAMPLE.name)
    lab.open(EXAMPLE.name)
    lab.run_all(timeout=900)
    assert lab.errors() == []
    yield lab
    lab.end_kernel()


def test_a_push_says_what_went_where(day: Lab):
    output = day.cell_output(day.cell("%emr push flights"))
    expect(output).to_contain_text("336,776 rows")
    expect(output).to_contain_text("flights")


def test_all_rows_of_a_large_result_arrive(day: Lab):
    expect(day.cell_output(day.cell("-o everything"))).to_contain_text("336,776 rows")
    expect(day.cell_output(day.cell("assert len(everything)"))).to_contain_text("336,776 rows")


def test_files_written_are_told_and_listed(day: Lab):
    written = day.cell_output(day.cell("--to /tmp"))
    expect(written).to_contain_text("/tmp/working_day/by_day")
    expect(written).to_contain_text("not encrypted")
    expect(day.cell_output(day.cell("%emr ls"))).to_contain_text(".parquet")


def test_a_job_beside_the_notebook_is_listed(day: Lab):
    listed = day.cell_output(day.cell("%emr jobs"))
    expect(listed).to_contain_text(re.compile(r"[0-9a-f]{8}\s*\[\d+\].*(starting|running|done)"))
    expect(listed).to_contain_text("import time")


@EVERY_LOOK
def test_pictures(day: Lab, theme: str, size: str):
    cells = {
        "%emr push flights": "push",
        "-o everything": "spool",
        "--to /tmp": "to",
        "%emr sessions": "sessions",
    }
    day.pictures("day", cells, theme, size)
    assert day.strangers == []
