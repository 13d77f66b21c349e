"""What runs on without its kernel is taken over from the panel, in another notebook."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import pytest
from lab_rig import Lab
from playwright.sync_api import expect

LONG = 120_000  # ms: a Spark session starts
pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]
CODE = """%%spark
import os, time
while not os.path.exists("{gate}"):
    time.sleep(0.1)
spark.range(3).selectExpr("id", "id * 11 as orphaned")"""


def test_what_a_dead_kernel_left_is_taken_over_by_another_notebook(
    local_cluster, lab: Lab, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    attach = f"%load_ext emr_nb\n%emr attach {local_cluster.target}"
    lab.open(lab.write("left.ipynb", [attach, "import os\nos.getpid()", CODE.format(gate=gate)]))
    try:
        for index in (0, 1):
            lab.start_cell(index)
        expect(lab.cell_output(1)).to_contain_text(re.compile(r"\d+"), timeout=LONG)
        kernel = int(lab.notebook().cells[1].outputs[0]["data"]["text/plain"])
        lab.start_cell(2)
        expect(lab.cell_output(2)).to_contain_text("running", timeout=LONG)
        lab.open(lab.write("takes.ipynb", [attach]))
        os.kill(kernel, signal.SIGKILL)
        lab.start_cell(0)
        lab.command("emr-nb:show-clusters")
        lab.unfold_only("Sessions")
        section = lab.page.locator("#emr-nb-section-sessions")
        section.get_by_role("button", name="Take the result over here").click(timeout=LONG)
        cell = lab.page.locator(".jp-CodeCell").last
        expect(cell).to_contain_text("%emr result", timeout=LONG)
        gate.touch()
        expect(cell.locator(".emrnb-Table")).to_contain_text("22", timeout=LONG)
    finally:
        gate.touch()
        lab.end_kernel()
