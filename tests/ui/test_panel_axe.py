"""axe finds nothing serious in what we draw: the panel's sections, chip, tables, tabs, dialogs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_rig import problems_in_themes
from lab_rig import Browser
from payload_backend import MAIN
from payload_cells import cells
from payload_rig import Planted, payload_lab
from tree_rig import row, unfold

pytestmark = [pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def page(
    browser: Browser, labextension: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Planted]:
    """The panel full of everything, in front of a notebook with a chip and a table."""
    with payload_lab(browser, tmp_path_factory.mktemp("axe"), labextension) as made:
        made.lab.open(made.lab.write("axe.ipynb", cells()))
        made.lab.size(1280, 1000)
        made.lab.unfold_only("Clusters")
        made.lab.command("emr-nb:show-clusters")
        made.lab.start_cell(0)
        made.lab.start_cell(1)
        made.lab.cell_output(1).locator(".emrnb-Table").wait_for()
        yield made


def checked(page: Planted, *selectors: str) -> None:
    """Look at parts of the page in both themes."""
    assert problems_in_themes(page.lab, *selectors) == {}


def test_clusters_with_one_unfolded(page: Planted) -> None:
    page.choose('j-0<img src=x onerror="window.pwned=1">')
    page.page.locator(".emrnb-Facts").wait_for()
    checked(page, ".emrnb-Panel")


@pytest.mark.parametrize("title", ["Sessions", "History", "Files", "Catalog"])
def test_a_section(page: Planted, title: str) -> None:
    page.choose(MAIN)
    page.lab.unfold_only(title)
    section = page.section(title)
    if title == "Sessions":
        section.locator(".emrnb-Statement").first.wait_for()
    elif title == "History":
        section.locator(".emrnb-HistoryRow").first.click()
        section.locator(".emrnb-HistoryText").wait_for()
    elif title == "Files":
        section.get_by_label("Path to go to").fill("hdfs:///looks")
        section.get_by_label("Path to go to").press("Enter")
        row(section, "cells.csv").wait_for()
    else:
        unfold(section, "Hive metastore")
        unfold(section, "air")
    checked(page, f"#emr-nb-section-{title.lower()}")


def test_a_notebooks_chip_and_table(page: Planted) -> None:
    page.page.locator(".emrnb-ChipText").wait_for()
    checked(page, ".emrnb-Chip", ".jp-OutputArea .emrnb-Table")


def test_tabs_and_dialogs(page: Planted) -> None:
    page.lab.unfold_only("Files")
    section = page.section("Files")
    row(section, "cells.csv").dblclick()
    page.page.locator(".emrnb-PreviewTab:visible .emrnb-Grid").wait_for()
    checked(page, ".emrnb-PreviewTab")
    page.lab.command("application:close")
    row(section, "cells.csv").click()
    page.page.keyboard.press("Delete")
    page.page.locator(".jp-Dialog .emrnb-PlanLines").wait_for()
    checked(page, ".jp-Dialog .emrnb-PlanLines")
    page.page.keyboard.press("Escape")
    page.page.locator(".jp-Dialog").wait_for(state="detached")
