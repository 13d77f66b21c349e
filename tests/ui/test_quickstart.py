"""The example in a real JupyterLab on the local cluster: run, saved, reopened without a kernel."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from lab_rig import EVERY_LOOK, Lab
from playwright.sync_api import expect

EXAMPLE = Path(__file__).parents[2] / "examples" / "quickstart.ipynb"
pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def quickstart(local_cluster, lab: Lab) -> Iterator[Lab]:
    """The example, opened and run to its end."""
    shutil.copy(EXAMPLE, lab.root / EXAMPLE.name)
    lab.open(EXAMPLE.name)
    lab.run_all(timeout=600)
    assert lab.errors() == []
    lab.save()
    yield lab
    lab.end_kernel()


def test_attach_says_four_lines(quickstart: Lab):
    output = quickstart.cell_output(quickstart.cell("%emr attach"))
    for word in ("cluster", "engines", "who I am", "session"):
        expect(output).to_contain_text(word)


def test_the_grid_is_live(quickstart: Lab):
    output = quickstart.cell_output(quickstart.cell("spark.read.parquet"))
    expect(output.get_by_role("grid")).to_be_visible()
    expect(output).to_contain_text("first 1,000 rows")
    output.get_by_role("columnheader").filter(has_text="dep_delay").click()
    expect(output.get_by_role("columnheader").filter(has_text="dep_delay")).to_have_attribute(
        "aria-sort", "ascending"
    )


def test_the_progress_line_ends_as_a_summary(quickstart: Lab):
    output = quickstart.cell_output(quickstart.cell("-o delays"))
    expect(output).to_contain_text("16 rows")
    expect(output).to_contain_text("in delays")


def test_the_charts_are_drawn(quickstart: Lab):
    output = quickstart.cell_output(quickstart.cell("--chart bar"))
    expect(output.locator("canvas, svg").first).to_be_visible()
    expect(quickstart.cell_output(quickstart.cell("plt.show")).locator("img")).to_be_visible()


def test_nothing_was_asked_of_strangers(quickstart: Lab):
    assert quickstart.strangers == []


@EVERY_LOOK
def test_pictures(quickstart: Lab, theme: str, size: str):
    cells = {
        "%emr attach": "attach",
        "spark.read.parquet": "table",
        "--chart bar": "chart",
    }
    quickstart.pictures("quickstart", cells, theme, size)


@pytest.mark.parametrize("trust", [True, False], ids=["trusted", "untrusted"])
def test_reopened_without_a_kernel(quickstart: Lab, trust: bool):
    quickstart.restart_server(kernels=False, trust=trust)
    quickstart.open(EXAMPLE.name, kernel=False)
    assert quickstart.trusted() is trust
    table = quickstart.cell_output(quickstart.cell("-o delays"))
    expect(table).to_contain_text("20.216")
    expect(table).to_contain_text("16 rows")
    chart = quickstart.cell_output(quickstart.cell("--chart bar"))
    expect(chart.locator("canvas, svg, img").first).to_be_visible()
    quickstart.screenshot(f"quickstart-saved-{'trusted' if trust else 'untrusted'}", show=chart)
