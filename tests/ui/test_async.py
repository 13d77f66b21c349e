"""A cell beside the notebook in a real JupyterLab on the local cluster."""

import re
from collections.abc import Iterator

import pytest
from lab_rig import Lab
from playwright.sync_api import expect

pytestmark = [pytest.mark.cluster, pytest.mark.full, pytest.mark.timeout(900)]
SLOW = """%%spark --async -o delays
import time
from pyspark.sql import functions as F
print("reading flights")
for _ in range(40):
    time.sleep(0.2)
delays = spark.range(0, 6000).select(
    F.element_at(F.array(*map(F.lit, ["UA", "AA", "B6", "DL"])), (F.col("id") % 4 + 1).cast("int"))
    .alias("carrier"), (F.col("id") % 57).alias("delay")
).groupBy("carrier").agg(F.count("*").alias("flights"), F.avg("delay").alias("mean_delay"))"""
WAITING = """%%spark --async
len(delays.columns)"""
FAILING = """%%spark --async
total = 0
total += 1 / total"""
HERE = """import time
for n in range(6):
    print("here", n)
    time.sleep(0.5)"""
CELLS = (
    "%load_ext emr_nb\n%emr attach local",
    "%%spark\nspark.version",
    SLOW,
    WAITING,
    FAILING,
    HERE,
    "%emr jobs",
    "(await delays).sort_values('carrier')",
    "%emr jobs",
)


@pytest.fixture(scope="module")
def jobs(local_cluster, lab: Lab) -> Iterator[Lab]:
    """A notebook with the cells above, its session ready."""
    lab.open(lab.write("async.ipynb", CELLS))
    lab.start_cell(0)
    expect(lab.cell_output(0)).to_contain_text("who I am")
    lab.start_cell(1)
    expect(lab.cell_output(1)).to_contain_text("3.5", timeout=240_000)
    yield lab
    lab.end_kernel()


def test_outputs_land_in_their_own_cells_while_others_run(jobs: Lab):
    for index in range(2, 7):
        jobs.start_cell(index)
    expect(jobs.cell_output(6)).to_contain_text("queued behind 1", timeout=60_000)
    expect(jobs.cell_output(6)).to_contain_text("queued behind 2")
    expect(jobs.cell_output(3)).to_contain_text(re.compile("job [0-9a-f]{8} · queued behind 1"))
    expect(jobs.cell_output(2)).to_contain_text(re.compile("◌ job [0-9a-f]{8} · running"))
    for theme in ("light", "dark"):
        jobs.theme(theme)
        jobs.screenshot(f"async-running-{theme}", show=jobs.cell_output(5))
    jobs.theme("light")
    jobs.start_cell(7)
    expect(jobs.cell_output(7)).to_contain_text("mean_delay", timeout=300_000)
    expect(jobs.cell_output(2)).to_contain_text("reading flights")
    expect(jobs.cell_output(2)).to_contain_text("4 rows · in delays.result()")
    expect(jobs.cell_output(2).get_by_role("grid")).to_have_count(1)
    expect(jobs.cell_output(3)).to_contain_text(re.compile(r"✓ job [0-9a-f]{8} · "))
    expect(jobs.cell_output(4)).to_contain_text("ZeroDivisionError")
    expect(jobs.cell_output(4)).to_contain_text("→ 3 │ total += 1 / total")
    texts = [output["name"] for output in jobs.notebook().cells[5]["outputs"]]
    assert set(texts) == {"stdout"}


def test_the_list_of_jobs_and_what_the_file_keeps(jobs: Lab):
    jobs.start_cell(8)
    listed = jobs.cell_output(8)
    expect(listed).to_contain_text("failed")
    expect(listed).to_contain_text("done")
    for theme in ("light", "dark"):
        jobs.theme(theme)
        jobs.screenshot(f"async-ended-{theme}", show=jobs.cell_output(4))
        jobs.screenshot(f"async-jobs-{theme}", show=jobs.cell_output(8))
    jobs.theme("light")
    saved = jobs.save()
    kinds = [[output["output_type"] for output in cell["outputs"]] for cell in saved.cells[2:5]]
    assert kinds[0] == ["display_data", "stream", "display_data"]
    assert kinds[1][0] == "display_data"
    assert kinds[2] == ["display_data", "error"]
    assert not any("◌" in str(cell["outputs"]) for cell in saved.cells[2:5])
