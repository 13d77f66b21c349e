"""The panel's clusters, the one cell that attaches, and the chip, on the real local cluster."""

from __future__ import annotations

from collections.abc import Iterator

import nbformat
import pytest
from lab_rig import EVERY_LOOK, SIZES, Lab
from playwright.sync_api import Locator, expect

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
        return self.section.locator(".emrnb-ClusterList > .emrnb-Cluster").filter(
            has=self.page.locator(".emrnb-ClusterName").get_by_text(self.name, exact=True)
        )

    def show(self) -> None:
        self.lab.command("emr-nb:show-clusters")
        expect(self.row.get_by_role("button", name="Attach")).to_be_visible(timeout=LONG)

    def attach(self) -> None:
        self.row.get_by_role("button", name="Attach").click()
        expect(self.row.locator(".emrnb-Attached")).to_be_visible(timeout=LONG)

    def sources(self) -> list[str]:
        """Return the code of all cells of the notebook in front."""
        return [cell.source for cell in self.lab.notebook().cells]


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
    expect(shown.row.locator(".emrnb-ClusterSub")).to_contain_text("on this machine", timeout=LONG)
    shown.row.locator(".emrnb-ClusterMain").click()
    facts = shown.row.locator(".emrnb-Facts")
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
    expect(page.locator(".jp-Dialog")).to_contain_text("needs a Python kernel", timeout=LONG)
    page.locator(".jp-Dialog-footer button").click()
    page.evaluate(tell, "python")


def test_a_new_notebook_begins_attached(shown: Panel, local_cluster) -> None:
    if shown.row.locator(".emrnb-Facts").count() == 0:
        shown.row.locator(".emrnb-ClusterMain").click()
    shown.lab.command("emr-nb:new-notebook")
    expect(shown.row.locator(".emrnb-Attached")).to_be_visible(timeout=LONG)
    made = nbformat.from_dict(
        shown.page.evaluate("() => window.jupyterapp.shell.currentWidget.context.model.toJSON()")
    )
    assert made.cells[0].source == f"%load_ext emr_nb\n%emr attach {local_cluster.target}"
    expect(shown.chip).to_contain_text(shown.name, timeout=LONG)


@EVERY_LOOK
def test_pictures(shown: Panel, theme: str, size: str) -> None:
    lab = shown.lab
    lab.size(*SIZES[size])
    lab.theme(theme)
    expect(shown.row.locator(".emrnb-Facts")).to_be_visible(timeout=LONG)
    lab.screenshot(f"panel-clusters-{theme}-{size}")
    assert lab.strangers == []
