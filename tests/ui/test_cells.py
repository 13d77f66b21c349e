"""Cells, errors and Tab in a real JupyterLab on the local cluster."""

import re
from collections.abc import Iterator

import pytest
from lab_rig import Lab
from playwright.sync_api import expect

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]
SLOW = """%%spark
import time
def slow(row):
    time.sleep(0.02)
    return row[0] % 7, 1
pairs = spark.range(0, 400, 1, 4).rdd.map(slow)
pairs.reduceByKey(lambda a, b: a + b).sortByKey().collect()"""
NESTED = """%%spark
def mean(numbers):
    return sum(numbers) / len(numbers)

def report(numbers):
    print(f"{len(numbers)} numbers")
    return round(mean(numbers), 2)

report([])"""
WORKER = """%%spark
from pyspark.sql.functions import udf

@udf("double")
def rate(delay):
    return 60 / delay

spark.range(10).select(rate("id"))"""
SQL = """%%spark -l sql
select carrier,
       avg(dep_dealy) as delay
from values ('UA', 1), ('AA', 2) as t(carrier, dep_delay)
group by carrier"""
SCALA = """%%scala
val limit: Int = "ten"
limit"""
ON_THE_WAY = """%%spark
few = spark.range(3)
display(few)
print("and then")
few.selectExpr("id * 2 as twice")"""
TABS = "pass"
CELLS = ("%load_ext emr_nb\n%emr attach local", SLOW, NESTED, WORKER, SQL, SCALA, ON_THE_WAY, TABS)


@pytest.fixture(scope="module")
def cells(local_cluster, lab: Lab) -> Iterator[Lab]:
    """A notebook with the cells above, its session ready."""
    lab.open(lab.write("cells.ipynb", CELLS))
    lab.start_cell(0)
    expect(lab.cell_output(0)).to_contain_text("who I am", timeout=60_000)
    yield lab
    lab.end_kernel()


def test_the_progress_line_while_a_job_runs_and_at_its_end(cells: Lab):
    cells.start_cell(1)
    output = cells.cell_output(1)
    expect(output).to_contain_text(re.compile(r"stage \d+: \w+ \d/4 tasks"), timeout=180_000)
    cells.screenshot("cells-progress-light", show=output)
    expect(output).to_contain_text(re.compile("✓.*2 jobs|✓.*3 jobs"), timeout=60_000)
    expect(output).to_contain_text(re.compile(r"\d stages · session \d+ started in"))
    cells.theme("dark")
    cells.screenshot("cells-progress-dark", show=output)
    cells.theme("light")


@pytest.mark.parametrize(
    ("index", "name", "said", "line"),
    [
        (2, "nested", "ZeroDivisionError: division by zero", "→ 3 │     return sum(numbers)"),
        (3, "worker", "ZeroDivisionError: division by zero", "→ 6 │     return 60 / delay"),
        (4, "sql", "UNRESOLVED_COLUMN", "→ 3 │        avg(dep_dealy) as delay"),
        pytest.param(  # a session's first Scala takes long; test_failures has how it is told
            *(5, "scala", "CompileError: type mismatch", '→ 2 │ val limit: Int = "ten"'),
            marks=pytest.mark.full,
        ),
    ],
)
def test_an_error_is_short_and_points_at_its_line(cells: Lab, index, name, said, line):
    cells.start_cell(index)
    output = cells.cell_output(index)
    expect(output).to_contain_text(said, timeout=240_000)
    expect(output).to_contain_text(line)
    text = output.inner_text()
    assert len(text.splitlines()) < 20, text
    assert "py4j" not in text
    cells.screenshot(f"cells-error-{name}", show=output)


def test_tables_shown_on_the_way_are_grids(cells: Lab):
    cells.start_cell(6)
    output = cells.cell_output(6)
    expect(output.get_by_role("grid")).to_have_count(2, timeout=120_000)
    expect(output).to_contain_text("and then")
    cells.screenshot("cells-on-the-way", show=output)


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        ("%emr at", "attach"),
        ("%emr attach lo", "local"),
        ("%emr ls /us", "/user/"),
        ("%emr ls --rec", "--recursive"),
        ("%%spark --ch", "--chart"),
        ("%%spark --chart b", "bar"),
        ("%%spark\nsorted(pai", "pairs"),
        ("%%spark -o pai", "pairs"),
    ],
)
def test_tab_completes(cells: Lab, text: str, offered: str):
    """One completion goes in at once, several are offered; what came late, at the next Tab."""
    cells.type_in_cell(7, text)
    found = False
    for _ in range(20):
        cells.page.keyboard.press("Tab")
        cells.page.wait_for_timeout(1500)
        found = cells.page.evaluate(
            "([index, word]) => window.jupyterapp.shell.currentWidget.content.widgets[index]"
            ".model.sharedModel.source.includes(word) || [...document.querySelectorAll("
            "'.jp-Completer-item')].some(node => node.innerText.includes(word))",
            [7, offered],
        )
        if found:
            break
    assert found
    if cells.page.locator(".jp-Completer:not(.lm-mod-hidden)").count():
        cells.screenshot("cells-completion")
    cells.page.keyboard.press("Escape")
