"""`--interact` in a real JupyterLab: a widget for each {{name}}, and a cell that they run."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from lab_rig import Lab
from playwright.sync_api import Locator, expect

pytestmark = [pytest.mark.timeout(300)]
THIRD_PARTY = Path(__file__).parents[1] / "thirdparty" / "duckdb_engine"
# DuckDB beside a Spark that nothing asks: no daemon is needed to see a cell's widgets
SETUP = f"""import sys
from pathlib import Path
from types import SimpleNamespace
sys.path.insert(0, {str(THIRD_PARTY)!r})
from emr_nb.journal import Journal
from emr_nb.notebook.extension import Extension
from emr_nb.notebook.backend import Backend
from emr_nb.notebook.state import Notebook
from emr_nb.testing.fake_engine import FakeCluster, FakeEngine
from emr_nb_duckdb.database import Database
from emr_nb_duckdb.engine import DuckEngine

journal = Journal(Path("journal.sqlite").absolute())
cluster = FakeCluster(FakeEngine(journal=journal))
context = SimpleNamespace(journal=journal, cluster=SimpleNamespace(id="j-FAKE"))
cluster.engines["duckdb"] = DuckEngine(context, Database())
backend = Backend(lambda *_, **__: cluster, lambda *_, **__: [])
Extension(get_ipython(), Notebook(get_ipython(), backend=lambda: backend)).install()
get_ipython().run_line_magic("emr", "attach fake")
print("ready")"""
VARIABLES = """import datetime as dt
carrier = "O'Hare"
least = 5
late = True
since = dt.date(2013, 1, 2)
days = ["Mon", "Tue", "Wed"]"""
CELL = """%%duckdb --interact
select carrier, day, delay, since from (values
  ('O''Hare', 'Mon', 11, date '2013-01-02'), ('O''Hare', 'Tue', 7, date '2013-01-03'),
  ('O''Hare', 'Wed', 2, date '2013-01-04'), ('; -- Ü', 'Mon', 40, date '2013-01-05')
) flights (carrier, day, delay, since)
where carrier = {{carrier}} and delay >= {{least}} and {{late}}
  and since >= {{since}} and day in ({{days}})
order by delay desc"""
PROFILE = """%%duckdb --profile
select range as id, range * 1.5 as fare, 'd' || range % 3 as day from range(1000)"""
EXPLAIN = """%%emr explain --engine duckdb
select day, count(*) from (select range % 7 as day from range(9)) group by day"""
CELLS = (SETUP, VARIABLES, CELL, PROFILE, EXPLAIN)


@pytest.fixture(scope="module")
def interact(lab: Lab) -> Iterator[Lab]:
    """The notebook above, its widgets shown."""
    lab.open(lab.write("interact.ipynb", CELLS))
    lab.start_cell(0)
    expect(lab.cell_output(0)).to_contain_text("ready", timeout=60_000)
    lab.start_cell(1)
    lab.start_cell(2)
    expect(lab.cell_output(2).get_by_role("button", name="Run")).to_be_visible(timeout=60_000)
    yield lab
    lab.end_kernel()


def widgets(lab: Lab) -> Locator:
    """Return the output of the cell; what runs below its widgets has an area of its own."""
    return lab.cell_output(2).first


def press(lab: Lab) -> Locator:
    output = widgets(lab)
    output.get_by_role("button", name="Run").click()
    return output


def test_each_name_has_a_widget_of_its_kind(interact: Lab) -> None:
    output = widgets(interact)
    for name in ("carrier", "least", "late", "since", "days"):
        expect(output.get_by_text(name, exact=True).first).to_be_visible()
    assert output.locator("input[type=text]").first.input_value() == "O'Hare"
    assert output.locator("input[type=number]").input_value() == "5"
    assert output.locator("input[type=checkbox]").is_checked()
    assert output.locator("input[type=date]").input_value() == "2013-01-02"
    expect(output.locator("select option")).to_have_text(["Mon", "Tue", "Wed"])
    expect(output).not_to_contain_text("✓")  # nothing has run


def test_run_runs_it_and_runs_it_again_with_other_values(interact: Lab) -> None:
    output = press(interact)
    expect(output).to_contain_text(re.compile("✓ 2 rows"), timeout=60_000)
    expect(output).to_contain_text("Tue")
    interact.screenshot("interact-light", show=output)
    interact.theme("dark")
    interact.screenshot("interact-dark", show=output)
    interact.theme("light")
    output.locator("input[type=text]").first.fill("; -- Ü")
    output = press(interact)
    expect(output).to_contain_text(re.compile("✓ 1 row "), timeout=60_000)
    expect(output).to_contain_text("40")
    expect(output).not_to_contain_text("2 rows")  # the earlier output made room
    output.locator("select").select_option(["Tue"])
    output = press(interact)
    expect(output).to_contain_text("✓ 0 rows", timeout=60_000)


def test_what_cannot_run_says_so_below_the_widgets(interact: Lab) -> None:
    output = widgets(interact)
    output.locator("select").select_option([])
    output = press(interact)
    expect(output).to_contain_text("{{days}}", timeout=60_000)
    expect(output.get_by_role("button", name="Run")).to_be_visible()
    output.locator("select").select_option(["Mon", "Tue", "Wed"])
    expect(press(interact)).to_contain_text("✓ 1 row ", timeout=60_000)


def test_a_profile_and_a_plan_on_the_page(interact: Lab) -> None:
    interact.start_cell(3)
    profile = interact.cell_output(3)
    expect(profile).to_contain_text("Of 1,000 rows; distinct values are estimated.", timeout=60_000)
    expect(profile).to_contain_text("1498.5")
    interact.screenshot("profile-light", show=profile)
    interact.start_cell(4)
    plan = interact.cell_output(4)
    expect(plan.locator("summary").first).to_be_visible(timeout=60_000)
    folded = plan.locator("details", has_text="as the engine printed it").last
    assert folded.get_attribute("open") is None
    interact.screenshot("plan-light", show=plan)
