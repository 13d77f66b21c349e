"""Cells get what they showed while no page was there, on the real local cluster.

The code on the cluster waits for files that a test makes, so that it ends when the test says.
"""

from __future__ import annotations

import os
import re
import secrets
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from lab_rig import EVERY_LOOK, SIZES, Lab
from playwright.sync_api import Locator, expect

LONG = 120_000  # ms: a Spark session starts
pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]
ATTACH = "%load_ext emr_nb\n%emr attach {target}"
GATED = """%%spark
import os, time  # {name}
runs = globals().get("runs", {{}})
runs["{name}"] = runs.get("{name}", 0) + 1
while not os.path.exists("{gate}"):
    time.sleep(0.1)
print("{name} ran", runs["{name}"], "time")
spark.range(3).selectExpr("id", "id * 11 as {name}")"""
NAMES = ("reloaded", "edited", "killed", "restarted", "orphaned")
NOTEBOOK = f"night-{secrets.token_hex(2)}.ipynb"  # another run of the tests may have left its own
FIRST = 2  # the cells before: the attach, and one that tells the kernel's process


class Work:
    """A notebook whose cells end when their gates open."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self.lab = lab
        self.folder = folder
        self.kernel = 0  # its process

    def gate(self, name: str) -> Path:
        return self.folder / f"gate-{name}"

    def open(self, name: str) -> None:
        self.gate(name).touch()

    def output(self, name: str) -> Locator:
        return self.lab.cell_output(FIRST + NAMES.index(name))

    def begin(self, name: str) -> None:
        """Start a cell, and wait until its code runs on the cluster."""
        self.lab.start_cell(FIRST + NAMES.index(name))
        expect(self.output(name)).to_contain_text("running", timeout=LONG)

    def prompt(self, name: str) -> Locator:
        index = FIRST + NAMES.index(name)
        return self.lab.page.locator(
            f'.jp-Cell[data-windowed-list-index="{index}"] .jp-InputPrompt'
        )

    def expect_recovered(self, name: str) -> None:
        """See the table once, marked, of the only run."""
        output = self.output(name)
        expect(output.locator(".emrnb-Recovered")).to_contain_text("Recovered", timeout=LONG)
        expect(output.locator(".emrnb-Recovered")).to_have_count(1)
        expect(output).to_contain_text(f"{name} ran 1 time")
        expect(output.locator(".emrnb-Table")).to_have_count(1)
        expect(output.locator(".emrnb-Table")).to_contain_text("22")

    @property
    def sessions(self) -> Locator:
        return self.lab.page.locator("#emr-nb-section-sessions")

    def show_sessions(self) -> None:
        self.lab.command("emr-nb:show-clusters")
        self.lab.unfold_only("Sessions")

    def attach(self) -> None:
        for index in (0, 1):
            self.lab.start_cell(index)
        expect(self.lab.cell_output(1)).to_contain_text(re.compile(r"\d+"), timeout=LONG)
        expect(self.lab.page.locator(".emrnb-ChipButton")).to_contain_text("·", timeout=LONG)
        assert self.lab.errors() == []
        self.kernel = int(self.lab.notebook().cells[1].outputs[0]["data"]["text/plain"])


@pytest.fixture(scope="module")
def work(local_cluster, lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Work]:
    """An attached notebook; every gate opens at the end, so that no session waits for ever."""
    made = Work(lab, tmp_path_factory.mktemp("gates"))
    cells = [
        ATTACH.format(target=local_cluster.target),
        "import os\nos.getpid()",
        *(GATED.format(name=name, gate=made.gate(name)) for name in NAMES),
    ]
    lab.open(lab.write(NOTEBOOK, cells))
    made.attach()
    yield made
    for name in NAMES:
        made.open(name)
    lab.end_kernel()


def test_a_cell_that_runs_while_its_page_is_closed_is_filled_and_only_once(work: Work) -> None:
    work.begin("reloaded")
    work.lab.reopen()
    expect(work.prompt("reloaded")).to_contain_text("[*]", timeout=LONG)
    expect(work.output("reloaded").locator(".emrnb-Recovered")).to_have_count(0)
    work.open("reloaded")
    work.expect_recovered("reloaded")
    expect(work.prompt("reloaded")).not_to_contain_text("[*]")
    saved = work.lab.save().cells[FIRST].outputs
    assert ["Recovered" in str(o) for o in saved] == [True, *[False] * (len(saved) - 1)]
    work.lab.reopen()
    work.expect_recovered("reloaded")
    assert str(work.lab.notebook().cells[FIRST].outputs) == str(saved)


def test_what_a_page_saw_itself_is_not_recovered(work: Work) -> None:
    index = FIRST + NAMES.index("reloaded")
    work.lab.start_cell(index)
    expect(work.output("reloaded")).to_contain_text("reloaded ran 2 time", timeout=LONG)
    expect(work.output("reloaded").locator(".emrnb-Table")).to_have_count(1, timeout=LONG)
    work.lab.save()
    work.lab.reopen()
    expect(work.output("reloaded")).to_contain_text("reloaded ran 2 time")
    expect(work.output("reloaded").locator(".emrnb-Recovered")).to_have_count(0)


def test_a_cell_that_was_edited_meanwhile_gets_a_notice(work: Work) -> None:
    work.begin("edited")
    work.lab.reopen()
    expect(work.prompt("edited")).to_contain_text("[*]", timeout=LONG)
    work.lab.type_in_cell(FIRST + NAMES.index("edited"), "%%spark\n1 + 1")
    work.open("edited")
    work.expect_recovered("edited")
    expect(work.output("edited").locator(".emrnb-Recovered")).to_contain_text("edited since")


@EVERY_LOOK
def test_pictures(work: Work, theme: str, size: str) -> None:
    work.lab.size(*SIZES[size])
    work.lab.theme(theme)
    shown = work.output("edited")
    work.lab.screenshot(f"panel-recovered-{theme}-{size}", show=shown)
    assert work.lab.strangers == []


def test_a_killed_kernels_table_is_drawn_from_the_cluster(work: Work) -> None:
    work.begin("killed")
    os.kill(work.kernel, signal.SIGKILL)
    accept = work.lab.page.locator(".jp-Dialog button.jp-mod-accept")
    accept.click(timeout=LONG)  # JupyterLab tells that the kernel died
    work.open("killed")
    work.expect_recovered("killed")


def test_a_server_that_was_killed_in_the_middle_loses_nothing(work: Work) -> None:
    work.attach()
    work.begin("restarted")
    work.lab.save()
    work.lab.page.close()
    work.lab.server.kill()  # with it its kernel, which ends no session
    work.lab.server.start()
    work.open("restarted")
    work.lab.reopen()
    work.expect_recovered("restarted")


def test_a_session_without_a_kernel_is_kept_for_as_long_as_one_says(
    work: Work, local_cluster
) -> None:
    work.show_sessions()
    choice = work.sessions.get_by_label("Sessions on which cluster?")
    choice.select_option(local_cluster.state.cluster_id)
    mine = work.sessions.locator(".emrnb-Session", has_text=NOTEBOOK)
    expect(mine).to_contain_text("its kernel is gone", timeout=LONG)
    mine.get_by_role("button", name="Keep session").click()
    expect(mine).to_contain_text(re.compile("Kept for (2 h|1 h 59)"), timeout=LONG)
    expect(mine).to_contain_text("no cost")
    mine.get_by_role("button", name="for longer").click()
    expect(mine).to_contain_text(re.compile("Kept for (4 h|3 h 59)"), timeout=LONG)
    for theme in ("light", "dark"):
        work.lab.theme(theme)
        work.lab.screenshot(f"panel-kept-{theme}")
    mine.get_by_role("button", name="no longer").click()
    expect(mine).to_contain_text("Ends by the idle limit", timeout=LONG)
    mine.get_by_role("button", name="Stop session").click()
    work.lab.page.locator(".jp-Dialog").get_by_role("button", name="Stop").click()
    expect(mine).to_have_count(0, timeout=LONG)


def test_what_a_dead_kernel_left_is_taken_over_by_another_notebook(
    work: Work, local_cluster
) -> None:
    work.attach()
    work.begin("orphaned")
    attach = ATTACH.format(target=local_cluster.target)
    work.lab.open(work.lab.write("takes.ipynb", [attach]))
    work.show_sessions()
    work.lab.start_cell(0)
    left = work.sessions.locator(".emrnb-Statement").filter(has_text="orphaned")
    expect(left.get_by_role("button", name="Cancel statement")).to_be_visible(timeout=LONG)
    os.kill(work.kernel, signal.SIGKILL)
    left.get_by_role("button", name="Take the result over").click(timeout=LONG)
    cell = work.lab.page.locator(".jp-CodeCell").last
    expect(cell).to_contain_text("%emr result", timeout=LONG)
    work.open("orphaned")
    expect(cell.locator(".emrnb-Table")).to_contain_text("22", timeout=LONG)
    expect(cell).to_contain_text("orphaned ran 1 time")
