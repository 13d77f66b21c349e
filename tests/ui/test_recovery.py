"""A kernel that dies in the middle of a cell, in a real JupyterLab: nothing is lost or doubled."""

import os
import signal
from collections.abc import Iterator

import pytest
from lab_rig import Lab
from playwright.sync_api import expect

pytestmark = [pytest.mark.cluster, pytest.mark.full, pytest.mark.timeout(900)]
SLOW = """%%spark -o squares
import time
runs = globals().get("runs", 0) + 1
print("run", runs)
for _ in range(60):
    time.sleep(0.2)
squares = spark.range(5).selectExpr("id", "id * id as square")"""
CELLS = (
    "import os\nos.getpid()",
    "%load_ext emr_nb\n%emr attach local",
    "%%spark\nkept = 41",
    SLOW,
    "%%spark\nkept + runs",
    "squares",
)


@pytest.fixture(scope="module")
def killed(local_cluster, lab: Lab) -> Iterator[Lab]:
    """A notebook whose kernel was killed while its fourth cell ran."""
    lab.open(lab.write("recovery.ipynb", CELLS))
    for index in range(3):
        lab.start_cell(index)
    expect(lab.cell_output(2)).to_contain_text("✓", timeout=240_000)
    pid = int(lab.notebook().cells[0].outputs[0]["data"]["text/plain"])
    lab.start_cell(3)
    expect(lab.cell_output(3)).to_contain_text("running", timeout=60_000)
    os.kill(pid, signal.SIGKILL)
    yield lab
    lab.end_kernel()


def test_the_next_kernel_says_what_still_runs(killed: Lab):
    dialog = killed.page.locator(".jp-Dialog")  # JupyterLab tells that the kernel died
    dialog.locator("button.jp-mod-accept").click(timeout=60_000)
    killed.page.wait_for_function(
        "() => window.jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status"
        " === 'idle'",
        timeout=60_000,
    )
    killed.start_cell(1)
    attached = killed.cell_output(1)
    expect(attached).to_contain_text("run that cell again unchanged", timeout=60_000)
    for theme in ("light", "dark"):
        killed.theme(theme)
        killed.screenshot(f"recovery-notice-{theme}", show=attached)
    killed.theme("light")


def test_its_cell_takes_the_output_and_it_ran_once(killed: Lab):
    killed.start_cell(3)
    output = killed.cell_output(3)
    expect(output).to_contain_text("recovered", timeout=60_000)
    expect(output).to_contain_text("5 rows", timeout=60_000)
    expect(output).to_contain_text("in squares")
    for theme in ("light", "dark"):
        killed.theme(theme)
        killed.screenshot(f"recovery-adopted-{theme}", show=output)
    killed.theme("light")
    for index, word in ((4, "42"), (5, "16")):
        killed.start_cell(index)
        expect(killed.cell_output(index)).to_contain_text(word, timeout=60_000)
