"""The catalog in the panel and SQL in cells: a real JupyterLab, the run's real Hive."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import Any

import pytest
from lab_rig import EVERY_LOOK, SIZES, Lab
from playwright.sync_api import Locator, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout
from tree_rig import row, unfold

import emr_nb
from emr_nb.model import SessionOptions

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]

SCHEMA = "ui_catalog"  # fixed: workers of one run must collect the same tests
MARKUP = '<img src=x onerror="pwned=1">'  # a column of Hive may have no dot in its name
SQL_CELL = (
    f"%%hive -d {SCHEMA}\n-- the late ones\nSELECT carrier, count(*) AS n\nFROM flights f\n"
    "WHERE f.delay > 15 AND carrier = 'UA'\nGROUP BY carrier"
)
PYTHON_CELL = "SELECT = 'not SQL'  # %%hive"
_CHOOSE = """async cluster => {
  const app = window.jupyterapp;
  const token = app.pluginRegistry._plugins.get('emr-nb:server').provides;
  (await app.resolveRequiredService(token)).chosen.choose(cluster);
}"""
# what a word in a cell looks like, and the theme's colour of keywords
_LOOK = """(cell, word) => {
  const of = node => { const s = getComputedStyle(node); return s.color + ' ' + s.fontWeight; };
  const spans = [...cell.querySelectorAll('.cm-line span')];
  const found = spans.find(span => span.textContent === word);
  return found ? of(found) : 'plain';
}"""


def ddl(attached: Any, *statements: str) -> None:
    session = attached.engine("hive").open(SessionOptions("emr_nb/tests/ui-catalog"))
    try:
        for sql in statements:
            session.run(sql).result()
    finally:
        session.close()


@pytest.fixture(scope="module")
def attached(sql_cluster: Any) -> Iterator[Any]:
    """A database with a partitioned table, a view, odd names, and a table that will be gone."""
    folder = f"/tmp/{SCHEMA}-{time.time_ns()}"
    with emr_nb.attach(sql_cluster.target, settings=sql_cluster.settings) as made:
        for month in ("2013-01", "2013-02"):
            rows = "".join(f"UA,{n - 20},{n * 97}\n" for n in range(60)).encode()
            made.files.write(f"{folder}/month={month}/a.csv", [rows])
        ddl(
            made,
            f"DROP DATABASE IF EXISTS {SCHEMA} CASCADE",
            f"CREATE DATABASE {SCHEMA}",
            f"CREATE EXTERNAL TABLE {SCHEMA}.flights (carrier STRING COMMENT 'two letters', "
            "delay INT, distance BIGINT) PARTITIONED BY (month STRING) "
            f"ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' LOCATION '{folder}'",
            f"MSCK REPAIR TABLE {SCHEMA}.flights",
            f"CREATE TABLE {SCHEMA}.carriers (code STRING, name STRING, "
            f"routes ARRAY<STRUCT<origin:STRING,dest:STRING>>, `{MARKUP}` INT)",
            f"CREATE VIEW {SCHEMA}.late AS SELECT carrier FROM {SCHEMA}.flights WHERE delay > 15",
            f"CREATE TABLE {SCHEMA}.soon_gone (a INT)",
        )
        yield made
        ddl(made, f"DROP DATABASE {SCHEMA} CASCADE")
        made.files.remove(folder, recursive=True, skip_trash=True)


@pytest.fixture(scope="module")
def page(attached: Any, sql_cluster: Any, lab: Lab) -> Iterator[Lab]:
    """A notebook that is attached, and the panel with the cluster's catalog."""
    cells = ["%load_ext emr_nb", f"%emr attach {sql_cluster.target}", SQL_CELL, PYTHON_CELL, ""]
    lab.open(lab.write("catalog.ipynb", cells))
    lab.run_all()
    lab.page.evaluate("window.jupyterapp.shell.activateById('emr-nb-panel')")
    lab.fold("Catalog", folded=False)
    yield lab
    lab.end_kernel()


@pytest.fixture
def tree(page: Lab, sql_cluster: Any) -> Locator:
    """The tree with the database unfolded and nothing searched."""
    cluster = {"id": sql_cluster.state.cluster_id, "name": sql_cluster.state.name}
    page.page.evaluate(_CHOOSE, cluster)
    shown = page.page.locator(".emrnb-Catalog")
    shown.get_by_role("searchbox").fill("")
    found = shown.locator(".emrnb-Rows")
    unfold(found, SCHEMA)
    return found


def choose(tree: Locator, name: str, deed: str) -> None:
    """Choose from a node's context menu."""
    row(tree, name).click(button="right")
    tree.page.get_by_role("menuitem", name=deed).click()


def notebook_in_front(page: Lab) -> None:
    page.page.evaluate(
        "() => window.jupyterapp.shell.activateById([...window.jupyterapp.shell.widgets('main')]"
        ".find(w => w.context?.path === 'catalog.ipynb').id)"
    )


def code_cell(page: Lab, index: int) -> Locator:
    return page.page.locator(f'.jp-Cell[data-windowed-list-index="{index}"]')


# -- the tree -------------------------------------------------------------------------------


def test_a_cluster_is_chosen_where_none_is(page: Lab, sql_cluster: Any) -> None:
    page.page.evaluate(_CHOOSE, None)
    chosen = page.page.locator(".emrnb-Catalog select")
    expect(chosen.locator(f"option[value={sql_cluster.state.cluster_id}]")).to_have_count(1)
    chosen.select_option(sql_cluster.state.cluster_id)
    row(page.page.locator(".emrnb-Catalog .emrnb-Rows"), SCHEMA).wait_for()
    expect(chosen).to_be_hidden()


def test_tables_unfold_to_columns_with_types_and_partitions(page: Lab, tree: Locator) -> None:
    unfold(tree, "flights")
    delay, month = row(tree, "delay"), row(tree, "month")
    expect(delay.locator(".emrnb-CatalogType")).to_have_text("int")
    expect(month.locator(".emrnb-CatalogKey")).to_have_text("partition")
    expect(delay.locator(".emrnb-CatalogKey")).to_have_count(0)
    expect(delay).to_have_attribute("aria-level", "4")
    assert "two letters" in (row(tree, "carrier").get_attribute("title") or "")
    expect(page.page.locator(".emrnb-CatalogFoot")).to_contain_text("As of")
    unfold(tree, "carriers")
    expect(row(tree, MARKUP)).to_be_visible()  # as text
    assert page.page.evaluate("window.pwned") is None
    row(tree, "carriers").locator(".emrnb-CatalogTwisty").click()
    expect(row(tree, MARKUP)).to_have_count(0)


def test_the_keyboard_walks_the_tree(tree: Locator) -> None:
    row(tree, "late").click()
    tree.press("ArrowLeft")  # from a folded node to its parent
    expect(row(tree, SCHEMA)).to_have_attribute("aria-selected", "true")
    tree.press("ArrowLeft")
    expect(row(tree, SCHEMA)).to_have_attribute("aria-expanded", "false")
    tree.press("ArrowRight")
    expect(row(tree, SCHEMA)).to_have_attribute("aria-expanded", "true")
    tree.press("Enter")
    expect(row(tree, SCHEMA)).to_have_attribute("aria-expanded", "false")


def test_what_is_gone_says_so_beside_what_is_there(page: Lab, tree: Locator, attached: Any) -> None:
    row(tree, "soon_gone").wait_for()
    ddl(attached, f"DROP TABLE {SCHEMA}.soon_gone")
    unfold(tree, "soon_gone")
    failed = tree.locator(".emrnb-mod-failed")
    failed.click()
    said = page.page.locator(".emrnb-CatalogFailed")
    expect(said).to_contain_text("soon_gone")
    expect(said.get_by_role("button", name="Try again")).to_be_visible()
    expect(row(tree, "flights")).to_be_visible()
    page.page.get_by_role("button", name="Refresh the catalog").click()
    expect(row(tree, "flights")).to_be_visible()
    expect(row(tree, "soon_gone")).to_have_count(0)


def test_a_search_finds_what_nobody_has_opened(page: Lab, tree: Locator, sql_cluster: Any) -> None:
    cluster = {"id": sql_cluster.state.cluster_id, "name": sql_cluster.state.name}
    page.page.evaluate(_CHOOSE, None)
    page.page.evaluate(_CHOOSE, cluster)
    search = page.page.locator(".emrnb-Catalog").get_by_role("searchbox")
    search.fill(f"{SCHEMA}.fli")
    hit = row(tree, "flights")
    expect(hit).to_contain_text(SCHEMA)
    expect(page.page.locator(".emrnb-CatalogFoot")).to_contain_text("1 found")
    search.press("ArrowDown")
    tree.press("Enter")
    expect(search).to_have_value("")
    expect(row(tree, "flights")).to_have_attribute("aria-selected", "true")
    expect(row(tree, "flights")).to_have_attribute("aria-level", "3")


# -- what is done with a table ----------------------------------------------------------------


def test_fifty_rows_are_shown_in_a_tab(page: Lab, tree: Locator) -> None:
    choose(tree, "flights", "Preview 50 Rows")
    shown = page.page.locator(".emrnb-Preview")
    expect(shown.locator(".emrnb-Summary")).to_have_text("50 rows × 4 columns")
    expect(shown).to_contain_text("there are more")
    expect(shown.locator(".emrnb-Cell[data-column='0']").first).to_have_text("UA")
    choose(tree, "flights", "Show Partitions")
    listed = page.page.locator(".emrnb-Preview").filter(has_text="Partitions of")
    expect(listed.locator(".emrnb-Cell[data-column='0']").last).to_have_text("2013-02")
    notebook_in_front(page)


def test_a_select_is_put_into_the_notebook_and_runs(page: Lab, tree: Locator) -> None:
    notebook_in_front(page)
    choose(tree, "flights", "Insert SELECT")
    wanted = f"%%hive\nSELECT *\nFROM {SCHEMA}.flights\nLIMIT 100"
    page.page.wait_for_function(
        "text => window.jupyterapp.shell.currentWidget.content.activeCell"
        ".model.sharedModel.getSource() === text",
        arg=wanted,
    )
    page.command("notebook:run-cell")
    index = page.cell("LIMIT 100")
    expect(page.cell_output(index).locator(".emrnb-Summary")).to_contain_text("100 rows")
    page.command("notebook:delete-cell")


def test_names_are_copied_and_dragged_into_cells(page: Lab, tree: Locator) -> None:
    notebook_in_front(page)
    unfold(tree, "carriers")
    choose(tree, MARKUP, "Copy Name")
    expect(page.page.locator(".emrnb-CatalogFoot")).to_contain_text("Copied")
    assert page.page.evaluate("navigator.clipboard.readText()") == f"`{MARKUP}`"
    target = code_cell(page, 3).locator(".cm-content")
    row(tree, "late").drag_to(target)
    page.page.wait_for_function(
        "text => window.jupyterapp.shell.currentWidget.content.widgets[3]"
        ".model.sharedModel.getSource().includes(text)",
        arg=f"{SCHEMA}.late",
    )
    page.page.evaluate(
        "text => window.jupyterapp.shell.currentWidget.content.widgets[3]"
        ".model.sharedModel.setSource(text)",
        PYTHON_CELL,
    )


def completed(page: Lab, wanted: set[str]) -> list[str]:
    """Return what Tab offers once all that is wanted is there.

    A Tab waits for the catalog no longer than JupyterLab does: on a busy machine the next one,
    for which it has been asked by then, has the names.
    """
    items = page.page.locator(".jp-Completer-item .jp-Completer-match")
    until = time.monotonic() + 60
    while True:
        page.page.keyboard.press("Tab")
        with contextlib.suppress(PlaywrightTimeout):
            items.first.wait_for(timeout=5_000)
        labels = items.all_inner_texts()
        if wanted <= set(labels):
            return labels
        assert time.monotonic() < until, labels
        if labels:
            page.page.keyboard.press("Escape")
            items.first.wait_for(state="hidden")
            page.page.evaluate("window.jupyterapp.commands.execute('notebook:enter-edit-mode')")


# -- SQL in cells -----------------------------------------------------------------------------


def test_sql_is_highlighted_below_its_magic_alone(page: Lab) -> None:
    notebook_in_front(page)
    sql, python = code_cell(page, 2), code_cell(page, 3)
    page.page.wait_for_function(
        "() => [...document.querySelectorAll('.cm-line span')]"
        ".some(span => span.textContent === 'GROUP')"
    )
    keyword = sql.evaluate(_LOOK, "GROUP")
    assert sql.evaluate(_LOOK, "SELECT") == keyword != "plain"
    assert sql.evaluate(_LOOK, "-- the late ones") not in (keyword, "plain")
    assert sql.evaluate(_LOOK, "'UA'") not in (keyword, "plain")
    assert python.evaluate(_LOOK, "SELECT") != keyword
    page.type_in_cell(3, "%%trino\nSELECT 1")
    page.page.wait_for_function(
        "() => [...document.querySelectorAll('[data-windowed-list-index=\"3\"] .cm-line span')]"
        ".some(span => span.textContent === 'SELECT')"
    )
    assert python.evaluate(_LOOK, "SELECT") == keyword
    page.page.keyboard.press("Control+Home")
    page.page.keyboard.type("import os  # ")
    page.page.wait_for_function(
        "() => [...document.querySelectorAll('[data-windowed-list-index=\"3\"] .cm-line span')]"
        ".some(span => span.textContent === 'import')"
    )
    assert python.evaluate(_LOOK, "import") == keyword
    assert python.evaluate(_LOOK, "SELECT") != keyword


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        (f"%%hive\nSELECT f. FROM {SCHEMA}.flights AS f", {"carrier", "delay", "month"}),
        (f"%%spark -l sql\nSELECT * FROM {SCHEMA}.", {"flights", "carriers", "late"}),
        (f"%%hive -d {SCHEMA}\nSELECT * FROM fli", {"flights"}),
        ("%%hive\nDISTR", {"DISTRIBUTE"}),
    ],
)
def test_names_are_completed_once_each(
    page: Lab, tree: Locator, typed: str, wanted: set[str]
) -> None:
    notebook_in_front(page)
    page.type_in_cell(3, typed)
    if " AS f" in typed:
        for _ in range(len(f" FROM {SCHEMA}.flights AS f")):
            page.page.keyboard.press("ArrowLeft")
    if len(wanted) == 1:  # the only one is put in at once
        (only,) = wanted
        page.page.keyboard.press("Tab")
        page.page.wait_for_function(
            "text => window.jupyterapp.shell.currentWidget.content.widgets[3].model.sharedModel"
            ".getSource().includes(text)"
            " || document.querySelector('.jp-Completer-item')?.textContent.includes(text)",
            arg=only,
        )
    else:
        labels = completed(page, wanted)
        assert len(labels) == len(set(labels))
    page.page.keyboard.press("Escape")


def test_names_are_completed_while_the_kernel_is_busy(page: Lab, tree: Locator) -> None:
    notebook_in_front(page)
    last = len(page.notebook().cells)
    page.page.evaluate(
        "index => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = index; }",
        last - 1,
    )
    page.command("notebook:insert-cell-below")
    page.type_in_cell(last, "import time; time.sleep(600)")
    page.start_cell(last)
    kernel = "window.jupyterapp.shell.currentWidget.sessionContext.session.kernel"
    page.page.wait_for_function(f"() => {kernel}.status === 'busy'")
    # another cluster in the panel: the notebook's cells still run on its own
    page.page.evaluate(_CHOOSE, {"id": "j-OTHER", "name": "other"})
    page.type_in_cell(3, f"%%hive\nSELECT * FROM {SCHEMA}.")
    completed(page, {"flights", "late"})
    assert page.page.evaluate(f"() => {kernel}.status") == "busy"
    page.page.keyboard.press("Escape")
    page.page.evaluate(f"() => {kernel}.interrupt()")
    page.page.wait_for_function(f"() => {kernel}.status === 'idle'")
    page.type_in_cell(last, " ")


@EVERY_LOOK
def test_pictures(page: Lab, tree: Locator, theme: str, size: str) -> None:
    notebook_in_front(page)
    page.theme(theme)
    page.size(*SIZES[size])
    page.page.evaluate(
        "async text => { const notebook = window.jupyterapp.shell.currentWidget.content;"
        " notebook.widgets[3].model.sharedModel.setSource(text); notebook.activeCellIndex = 2;"
        " await notebook.scrollToItem(2, 'start'); }",
        f"%%spark -l sql\nSELECT name, routes[0].origin\nFROM {SCHEMA}.carriers\nLIMIT {{{{n}}}}",
    )
    unfold(tree, "carriers")
    unfold(tree, "flights").click()
    kept = page.screenshot(f"panel-catalog-{theme}-{size}")
    assert kept.stat().st_size > 5_000
    if size == "wide":
        choose(tree, "flights", "Preview 50 Rows")
        shown = page.page.locator(".emrnb-Preview").filter(has_text="there are more")
        expect(shown.locator(".emrnb-Summary")).to_be_visible()
        page.screenshot(f"panel-catalog-rows-{theme}-{size}")
