"""A local cluster that dies, is started and stopped from the panel, and two that are attached."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator

import pytest
from lab_rig import Lab
from playwright.sync_api import Locator, expect

from emr_nb.errors import ClusterNotFoundError
from emr_nb.local.lifecycle import LocalClusters
from emr_nb.local.starting import start_saying

LONG = 90_000  # ms: daemons start, a kernel starts
NAME = "brief"
APPS = ("hdfs", "aws")  # what starts in seconds
pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]


class Panel:
    """The clusters' section, and what stands in the notebooks' toolbars."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.page = lab.page
        self.section = lab.page.locator("#emr-nb-section-clusters")
        self.chip = lab.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .emrnb-ChipButton")
        self.jobs: list[str] = []

    def row(self, name: str) -> Locator:
        return self.section.locator(".emrnb-Cluster").filter(
            has=self.page.locator(".emrnb-EntryName").get_by_text(name, exact=True)
        )

    def act(self, name: str, deed: str) -> None:
        self.row(name).get_by_role("button", name=deed).click()

    def attach(self, name: str) -> None:
        self.act(name, "Attach")
        expect(self.row(name).locator(".emrnb-Attached")).to_be_visible(timeout=LONG)

    def front(self, path: str) -> None:
        """Bring an open notebook to the front."""
        self.page.evaluate(
            "path => window.jupyterapp.shell.activateById([...window.jupyterapp.shell"
            ".widgets('main')].find(w => w.context?.path === path).id)",
            path,
        )


@pytest.fixture(scope="module")
def brief(local_cluster) -> Iterator[LocalClusters]:
    """A cluster of HDFS alone, beside the run's, whose keeper was killed."""
    clusters = LocalClusters(local_cluster.settings)
    state = start_saying(clusters, NAME, print, APPS)
    os.kill(state.keeper.pid, signal.SIGKILL)
    yield clusters
    with contextlib.suppress(ClusterNotFoundError):
        clusters.stop(NAME)


@pytest.fixture(scope="module")
def panel(brief: LocalClusters, lab: Lab) -> Iterator[Panel]:
    lab.write("other.ipynb", ["1 + 1"])
    lab.open(lab.write("brief.ipynb", ["1 + 1", "%emr ls /"]))
    made = Panel(lab)
    lab.command("emr-nb:show-clusters")
    yield made
    made.front("brief.ipynb")
    lab.end_kernel()


def test_a_cluster_that_died_says_so_and_is_started_with_progress(panel: Panel) -> None:
    row, page = panel.row(NAME), panel.page
    expect(row.locator(".emrnb-EntrySub")).to_contain_text("stopped", timeout=LONG)
    page.evaluate(
        "() => { window.said = new Set(); new MutationObserver(() => { for (const node of"
        " document.querySelectorAll('.emrnb-ClusterJob')) window.said.add(node.textContent +"
        " '|' + (node.closest('.emrnb-Cluster').querySelector('.emrnb-BarDone')?.style.width"
        " ?? '')); }).observe(document.querySelector('#emr-nb-section-clusters'),"
        " { subtree: true, childList: true, characterData: true, attributes: true }); }"
    )
    panel.act(NAME, "Start")
    expect(row.get_by_role("button", name="Attach")).to_be_visible(timeout=LONG)
    said = page.evaluate("() => [...window.said]")
    assert any("NameNode" in line and "ready" in line for line in said), said
    assert len({line.rpartition("|")[2] for line in said}) >= 2, said  # the bar went on


def test_two_notebooks_are_attached_to_two_clusters(panel: Panel, local_cluster) -> None:
    other = local_cluster.state.name
    panel.attach(NAME)
    expect(panel.chip).to_contain_text(f"{NAME} · no session", timeout=LONG)
    panel.page.evaluate(
        "path => window.jupyterapp.commands.execute('docmanager:open', { path })", "other.ipynb"
    )
    expect(panel.row(NAME).locator(".emrnb-Attached")).to_have_count(0, timeout=LONG)
    expect(panel.row(other).get_by_role("button", name="Attach")).to_be_enabled(timeout=LONG)
    panel.attach(other)
    expect(panel.chip).to_contain_text(f"{other} · ", timeout=LONG)
    for path, name in (("brief.ipynb", NAME), ("other.ipynb", other), ("brief.ipynb", NAME)):
        panel.front(path)
        expect(panel.chip).to_contain_text(f"{name} · ")
        expect(panel.row(name).locator(".emrnb-Attached")).to_be_visible()
        expect(panel.row(name).locator(".emrnb-ClusterMain")).to_have_attribute(
            "aria-expanded", "true"
        )
        expect(panel.section.locator(".emrnb-Attached")).to_have_count(1)


def test_a_cluster_that_ends_while_it_is_attached_is_told(panel: Panel, local_cluster) -> None:
    lab = panel.lab
    panel.front("brief.ipynb")
    panel.section.get_by_role("button", name=f"Stop the local cluster {NAME}").click()
    dialog = panel.page.locator(".jp-Dialog")
    expect(dialog).to_contain_text("Its HDFS, its S3 and its sessions go with it.")
    dialog.locator("button.jp-mod-accept").click()
    expect(panel.row(NAME)).to_have_count(0, timeout=LONG)
    sessions = panel.page.locator("#emr-nb-section-sessions")
    expect(sessions.get_by_role("alert")).to_contain_text("It may have ended", timeout=LONG)
    cell = lab.cell("%emr ls /")
    lab.start_cell(cell)
    expect(lab.cell_output(cell)).to_contain_text("Error", timeout=LONG)
    expect(panel.row(local_cluster.state.name)).to_be_visible()
    panel.front("other.ipynb")
    expect(panel.chip).to_contain_text(f"{local_cluster.state.name} · ")
    expect(sessions.get_by_role("alert")).to_have_count(0, timeout=LONG)
