"""The panel's clusters, the one cell that attaches, and the chip, on the real local cluster."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import pytest
from lab_rig import EVERY_LOOK, SIZES, Lab
from playwright.sync_api import Locator, Page, expect

LONG = 60_000  # ms: a kernel starts, a cell runs
pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]


class Panel:
    """What a user does in the section of clusters."""

    def __init__(self, lab: Lab, name: str) -> None:
        self.lab = lab
        self.page = lab.page
        self.name = name
        self.section = lab.page.locator("#emr-nb-section-clusters")
        self.chip = lab.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .emrnb-ChipButton")

    @property
    def row(self) -> Locator:
        return self.section.locator(".emrnb-ClusterList .emrnb-Cluster").filter(
            has=self.page.locator(".emrnb-EntryName").get_by_text(self.name, exact=True)
        )

    @property
    def facts(self) -> Locator:
        return self.section.locator(".emrnb-Facts")

    def show(self) -> None:
        self.lab.command("emr-nb:show-clusters")
        expect(self.row.get_by_role("button", name="Attach")).to_be_visible(timeout=LONG)

    def attach(self) -> None:
        self.row.get_by_role("button", name="Attach").click()
        expect(self.row.locator(".emrnb-Attached")).to_be_visible(timeout=LONG)

    def sources(self) -> list[str]:
        """Return the code of all cells of the notebook in front."""
        return [cell.source for cell in self.lab.notebook().cells]


def until(page: Page, test: Callable[[], bool]) -> None:
    """Wait for what no page shows; its requests, which pass this thread, go on meanwhile."""
    end = time.monotonic() + LONG / 1000
    while not test():
        assert time.monotonic() < end
        page.wait_for_timeout(100)


def opened(lab: Lab, local_cluster, *cells: str) -> Panel:
    lab.open(lab.write("clusters.ipynb", list(cells)))
    made = Panel(lab, local_cluster.state.name)
    made.show()
    return made


@pytest.fixture(scope="module")
def shown(local_cluster, lab: Lab) -> Iterator[Panel]:
    """A notebook that was never attached, and the panel beside it."""
    yield opened(lab, local_cluster, "1 + 1", "# mine")
    lab.end_kernel()


def test_a_cluster_tells_its_facts(shown: Panel, local_cluster) -> None:
    expect(shown.row.locator(".emrnb-Dot")).to_have_class("emrnb-Dot emrnb-mod-good")
    expect(shown.row.locator(".emrnb-EntrySub")).to_contain_text("on this machine", timeout=LONG)
    shown.row.locator(".emrnb-ClusterMain").click()
    facts = shown.facts
    expect(facts).to_contain_text(local_cluster.state.cluster_id, timeout=LONG)
    expect(facts).to_contain_text("Spark", timeout=LONG)
    assert shown.row.locator(".emrnb-ClusterMain").get_attribute("aria-expanded") == "true"


def test_the_search_leaves_what_matches(shown: Panel) -> None:
    box = shown.section.get_by_role("searchbox")
    box.fill("no such cluster")
    expect(shown.section).to_contain_text("No cluster matches.", timeout=LONG)
    box.fill(shown.name.upper())
    expect(shown.row).to_be_visible(timeout=LONG)
    box.fill("")


def test_a_silent_notebook_has_no_chip(shown: Panel) -> None:
    expect(shown.chip).to_be_hidden()


def test_a_kernel_that_has_not_loaded_us_is_asked_quietly(shown: Panel) -> None:
    page, lab = shown.page, shown.lab
    page.evaluate(
        "() => { window.sent = []; const { kernel } ="
        " window.jupyterapp.shell.currentWidget.sessionContext.session;"
        " window.answered = 0; kernel.anyMessage.connect((_, { msg, direction }) => {"
        " if (direction === 'send') window.sent.push(msg.header.msg_type);"
        " if (msg.header.msg_type === 'comm_info_reply') window.answered++; }); }"
    )
    lab.start_cell(lab.cell("1 + 1"))
    page.wait_for_function("() => window.answered > 0", timeout=LONG)
    page.wait_for_timeout(1500)  # whatever that would set off
    assert page.evaluate("() => window.sent") == ["execute_request", "comm_info_request"]


def test_attach_writes_one_cell_and_runs_it(shown: Panel, local_cluster) -> None:
    shown.attach()
    target = local_cluster.target
    assert shown.sources() == [f"%load_ext emr_nb\n%emr attach {target}", "1 + 1", "# mine"]
    expect(shown.chip).to_contain_text(f"{shown.name} · no session", timeout=LONG)
    assert shown.lab.errors() == []


def test_attach_again_rewrites_the_cell(shown: Panel, local_cluster) -> None:
    lab = shown.lab
    lab.page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.content.widgets[0].model.sharedModel"
        ".setSource('# begin\\n%load_ext emr_nb\\nc = %emr attach j-OLD --fresh --name old')"
    )
    lab.restart_kernel()
    expect(shown.row.get_by_role("button", name="Attach")).to_be_visible(timeout=LONG)
    expect(shown.chip).to_have_text(f"Reattach {shown.name}", timeout=LONG)
    shown.attach()
    written = f"# begin\n%load_ext emr_nb\nc = %emr attach {local_cluster.target} --fresh"
    assert shown.sources() == [written, "1 + 1", "# mine"]


def test_a_line_among_others_is_rewritten_where_it_stands(shown: Panel, local_cluster) -> None:
    lab = shown.lab
    before = shown.sources()
    text = 'import os\nnote = """\n%emr attach in-a-text\n"""\n%emr attach j-OLD\nx = 7'
    lab.page.evaluate(
        "text => { const { widgets } = window.jupyterapp.shell.currentWidget.content;"
        " widgets[0].model.sharedModel.setSource('%load_ext emr_nb');"
        " widgets[1].model.sharedModel.setSource(text); }",
        text,
    )
    lab.restart_kernel()
    expect(shown.chip).to_have_text(f"Reattach {shown.name}", timeout=LONG)
    lab.start_cell(0)
    shown.attach()
    written = text.replace("j-OLD", local_cluster.target)
    assert shown.sources() == ["%load_ext emr_nb", written, "# mine"]
    assert lab.errors() == []
    lab.page.evaluate(
        "cells => cells.slice(0, 2).forEach((text, i) => window.jupyterapp.shell.currentWidget"
        ".content.widgets[i].model.sharedModel.setSource(text))",
        before,
    )


def test_a_redraw_leaves_the_focus_and_the_press(shown: Panel) -> None:
    page, main = shown.page, shown.row.locator(".emrnb-ClusterMain")
    main.focus()
    main.evaluate("node => { node.mine = true; }")
    sub = shown.row.locator(".emrnb-EntrySub")
    before = sub.text_content()
    page.get_by_role("button", name="Ask for the clusters anew").click()
    main.focus()
    expect(sub).not_to_have_text(before or "", timeout=LONG)  # its uptime went on
    assert main.evaluate("node => node.mine && document.activeElement === node")


def test_attach_is_silent_where_the_settings_say_so(shown: Panel, local_cluster) -> None:
    lab, page = shown.lab, shown.page
    before = shown.sources()
    page.evaluate("() => { window.tab = window.jupyterapp.shell.currentWidget.id; }")
    lab.command("settingeditor:open", query="EMR")
    silent = page.locator('[id$="emr-nb:settings_silentAttach"]')
    silent.check()
    page.locator('[id$="emr-nb:settings_savedRows"]').fill("7")
    kept = Path(local_cluster.settings.data_home) / "settings.json"
    try:
        until(page, lambda: kept.exists() and json.loads(kept.read_text()) == {"saved_rows": 7})
        page.evaluate("() => window.jupyterapp.shell.activateById(window.tab)")
        lab.restart_kernel()
        shown.attach()
        assert shown.sources() == before
        expect(shown.chip).to_contain_text(f"{shown.name} · ", timeout=LONG)
        lab.type_in_cell(
            1,
            "get_ipython().run_line_magic('config', 'EmrNb') or "
            "print(__import__('emr_nb.settings').settings.EmrNb().frozen())",
        )
        lab.start_cell(1)
        expect(lab.cell_output(1)).to_contain_text("saved_rows=7", timeout=LONG)
    finally:
        page.evaluate("() => window.jupyterapp.shell.activateById(window.tab)")
        kept.unlink(missing_ok=True)
        page.evaluate(
            "async () => { await window.jupyterapp.serviceManager.settings.save("
            "'emr-nb:settings', '{}'); }"
        )


def test_the_chip_offers_to_reattach_after_a_restart(shown: Panel) -> None:
    before = shown.sources()
    shown.lab.restart_kernel()
    shown.chip.get_by_text(f"Reattach {shown.name}").click()
    expect(shown.row.locator(".emrnb-Attached")).to_be_visible(timeout=LONG)
    expect(shown.chip).to_contain_text(f"{shown.name} · ", timeout=LONG)
    assert shown.sources() == before


def test_the_chips_menu_detaches(shown: Panel) -> None:
    shown.chip.click()
    shown.page.locator(".lm-Menu-item", has_text="Detach").click()
    expect(shown.chip).to_have_text(f"Reattach {shown.name}", timeout=LONG)
    assert shown.sources()[-1] == "%emr detach"


def test_a_notebook_of_another_language_says_why_not(shown: Panel) -> None:
    page = shown.page
    tell = (
        "name => window.jupyterapp.shell.currentWidget.content.model"
        ".setMetadata('language_info', { name })"
    )
    page.evaluate(tell, "scala")
    shown.row.get_by_role("button", name="Attach").click()
    alert = shown.section.get_by_role("alert").filter(has_text="needs a Python kernel")
    expect(alert).to_be_visible(timeout=LONG)
    alert.get_by_role("button", name="Dismiss").click()
    expect(alert).to_have_count(0)
    page.evaluate(tell, "python")


def test_a_new_notebook_begins_attached(shown: Panel, local_cluster) -> None:
    page = shown.page
    if shown.facts.count() == 0:
        shown.row.locator(".emrnb-ClusterMain").click()
    shown.lab.command("launcher:create")
    page.locator(".jp-LauncherCard", has_text="EMR notebook").click()
    expect(shown.row.locator(".emrnb-Attached")).to_be_visible(timeout=LONG)
    made = nbformat.from_dict(
        page.evaluate("() => window.jupyterapp.shell.currentWidget.context.model.toJSON()")
    )
    assert made.cells[0].source == f"%load_ext emr_nb\n%emr attach {local_cluster.target}"
    expect(shown.chip).to_contain_text(shown.name, timeout=LONG)


def test_the_palette_and_the_file_menu_have_our_commands(shown: Panel) -> None:
    page = shown.page
    shown.lab.command("apputils:activate-command-palette")
    page.locator(".lm-CommandPalette-input").fill("EMR")
    items = page.locator(".lm-CommandPalette-item")
    for label in ("Show Clusters", "New EMR Notebook", "Restart Spark Session", "Detach"):
        expect(items.filter(has_text=label)).to_be_visible()
    page.keyboard.press("Escape")
    page.locator(".lm-MenuBar-item", has_text="File").click()
    page.locator(".lm-Menu-item", has_text=re.compile("^New$")).hover()
    expect(page.locator(".lm-Menu-item", has_text="EMR notebook")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")


@EVERY_LOOK
def test_pictures(shown: Panel, theme: str, size: str) -> None:
    lab = shown.lab
    lab.size(*SIZES[size])
    lab.theme(theme)
    lab.unfold_only("Clusters")
    shown.section.evaluate("node => { node.scrollTop = 0; }")
    expect(shown.facts).to_be_visible(timeout=LONG)
    lab.screenshot(f"panel-clusters-{theme}-{size}")
    assert lab.strangers == []
