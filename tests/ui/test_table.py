"""The result table in a real JupyterLab: live, saved, hostile, in both themes."""

from __future__ import annotations

import textwrap

import pytest
from lab_rig import EVERY_LOOK, SIZES, Lab

ROWS = 100_000
SETUP = """
import datetime as dt, secrets
import pyarrow as pa
from IPython.display import display
from emr_nb.model import Column
from emr_nb.notebook import grid
from emr_nb.results import table
from emr_nb.results.result import Result

store = grid.ResultStore()
grid.serve(get_ipython().kernel, store)

def show(data, types, names=None, **more):
    columns = tuple(Column(n, t) for n, t in zip(names or data.column_names, types))
    result = Result(data, columns, **more)
    key = secrets.token_hex(16)
    store.keep(key, result)
    display(table.bundle(table.view(result, saved_rows=20, result_id=key)), raw=True)
"""
FLIGHTS = f"""
n = {ROWS}
carriers = ["UA", "AA", "B6", "DL", "EV", None]
start = dt.datetime(2013, 1, 1, 5, 15)
flights = pa.table({{
    "flight": pa.array(range(1, n + 1), pa.int64()),
    "carrier": [carriers[i % 6] for i in range(n)],
    "tailnum": [f"N{{(i * 7919) % 99991:05d}}" for i in range(n)],
    "origin": [("EWR", "LGA", "JFK")[i % 3] for i in range(n)],
    "dest": [("IAH", "MIA", "BQN", "ATL", "ORD")[i % 5] for i in range(n)],
    "dep_delay": pa.array([None if i % 11 == 0 else (i * 37) % 301 / 2 - 20 for i in range(n)]),
    "distance": pa.array([(i * 131) % 4983 for i in range(n)], pa.int32()),
    "scheduled": [start + dt.timedelta(minutes=i) for i in range(n)],
}})
types = ["bigint", "string", "string", "string", "string", "double", "int", "timestamp"]
show(flights, types)
"""
HOSTILE = r"""
evil = '<img src=x onerror="window.pwned=1"><script>window.pwned=2</script>'
names = [evil, "", "", "a\nb", "\u202egnp.exe"]
columns = [[evil, '"><svg onload=window.pwned=3>', "javascript:window.pwned=4"],
           ["tab\there", "line\nbreak", ""], ["null", None, " padded "],
           ["x" * 5000, "ünïcödé 🛫", "'"], ["<b>bold</b>", "&amp;", "</div>"]]
data = pa.Table.from_arrays([pa.array(c) for c in columns], [f"c{i}" for i in range(5)])
show(data, ["<u>string</u>"] * 5, names, notices=("<script>window.pwned=5</script>",))
"""
CUT = """
notices = ("The query has a limit of 1,000 rows.",)
show(flights.slice(0, 1000), types, truncated=True, notices=notices)
"""
WIDE_TABLE = """
wide = pa.table({f"column_{i}": pa.array(range(i, i + 50)) for i in range(2000)})
show(wide, ["bigint"] * 2000)
"""
CHART = """
display({"application/vnd.vegalite.v5+json": {
    "$schema": "https://vega.github.io/schema/vega-lite/v5.json", "width": 420, "height": 180,
    "data": {"values": [{"carrier": c, "delay": d} for c, d in
        [("UA", 12.1), ("AA", 8.6), ("B6", 13.0), ("DL", 9.3), ("EV", 19.9)]]},
    "mark": "bar", "encoding": {"x": {"field": "carrier", "type": "nominal"},
        "y": {"field": "delay", "type": "quantitative"}}}, "text/plain": "chart"}, raw=True)
"""
GRID = ".emrnb-Table[data-state=live]"


@pytest.fixture(scope="module")
def opened(lab: Lab) -> Lab:
    cells = (SETUP, FLIGHTS, HOSTILE, CUT, WIDE_TABLE, CHART)
    lab.open(lab.write("table.ipynb", (textwrap.dedent(cell).strip() for cell in cells)))
    lab.run_all()
    assert lab.errors() == []
    return lab


def column(output, index: int, rows: int = 8) -> list[str]:
    """Return the first drawn texts of a column, in the order of rows."""
    cells = output.locator(f'.emrnb-Cell[data-column="{index}"]')
    return cells.all_text_contents()[:rows]


def test_the_live_grid_shows_types_rows_and_nulls(opened: Lab) -> None:
    output = opened.cell_output(1)
    output.locator(GRID).wait_for()
    assert output.locator(".emrnb-NameText").all_text_contents()[:3] == [
        "flight",
        "carrier",
        "tailnum",
    ]
    assert output.locator(".emrnb-Type").all_text_contents()[:3] == ["bigint", "string", "string"]
    assert output.locator(".emrnb-Summary").text_content() == "100,000 rows × 8 columns"
    assert column(output, 1, 6) == ["UA", "AA", "B6", "DL", "EV", "null"]
    assert output.locator(".emrnb-Cell.emrnb-mod-null").count() > 0
    grid = output.get_by_role("grid")
    assert grid.get_attribute("aria-rowcount") == str(ROWS + 1)


def test_it_scrolls_to_the_last_of_100_000_rows_with_few_of_them_in_the_page(opened: Lab) -> None:
    output = opened.cell_output(1)
    grid = output.locator(".emrnb-Grid")
    grid.evaluate("node => { node.scrollTop = node.scrollHeight; }")
    output.locator('.emrnb-Cell[data-column="0"]', has_text=str(ROWS)).wait_for()
    assert output.locator(".emrnb-Row").count() <= 120
    last = output.locator(f'.emrnb-Row[data-row="{ROWS - 1}"]')
    box, frame = last.bounding_box(), grid.bounding_box()
    assert box["y"] + box["height"] <= frame["y"] + frame["height"] + 1
    assert last.locator(".emrnb-RowNumber").text_content() == str(ROWS)
    grid.evaluate("node => { node.scrollTop = 0; }")
    output.locator('.emrnb-Row[data-row="0"]').wait_for()


def test_a_click_sorts_by_value_in_the_kernel(opened: Lab) -> None:
    output = opened.cell_output(1)
    head = output.locator('.emrnb-HeadCell[data-column="5"]')
    head.click()
    opened.page.wait_for_function("() => document.querySelector('[aria-sort=ascending]')")
    output.locator('.emrnb-Row[data-row="0"]', has_text="-20").wait_for()
    assert column(output, 5, 1) == ["-20.0"]
    head.click()
    output.locator('.emrnb-Row[data-row="0"]', has_text="130").wait_for()
    assert output.locator('[aria-sort="descending"]').count() == 1
    head.click()
    output.locator('.emrnb-Row[data-row="0"] [data-column="0"]', has_text="1").wait_for()
    assert output.locator('[aria-sort="none"]').count() == 8


def test_the_filter_counts_what_matches(opened: Lab) -> None:
    output = opened.cell_output(1)
    box = output.get_by_role("searchbox")
    box.fill("n00042")
    output.locator(".emrnb-Summary", has_text="match").wait_for()
    rows = output.locator(".emrnb-Row").count()
    assert 1 <= rows <= 5
    assert set(column(output, 2)) == {"N00042"}
    box.press("Escape")
    output.locator(".emrnb-Summary", has_not_text="match").wait_for()
    output.locator(".emrnb-Row").nth(15).wait_for()  # they are asked of the kernel


def test_keys_move_select_and_copy(opened: Lab) -> None:
    output = opened.cell_output(1)
    output.locator('.emrnb-Row[data-row="0"] [data-column="1"]').click()
    before = len(opened.notebook().cells)
    opened.page.keyboard.press("Shift+ArrowDown")
    opened.page.keyboard.press("Shift+ArrowRight")
    assert output.locator('[aria-selected="true"]').count() == 4
    opened.page.keyboard.press("Control+c")
    output.locator(".emrnb-Status", has_text="Copied 2 rows").wait_for()
    copied = opened.page.evaluate("navigator.clipboard.readText()")
    assert copied == "UA\tN00000\nAA\tN07919"
    opened.page.keyboard.press("Control+End")
    output.locator('.emrnb-Cell[data-column="0"]', has_text=str(ROWS)).wait_for()
    opened.page.keyboard.press("Control+Home")
    for key in ("d", "d", "b", "x"):  # the notebook's own keys must not reach it from here
        opened.page.keyboard.press(key)
    assert len(opened.notebook().cells) == before


def test_copying_too_much_is_refused_and_said(opened: Lab) -> None:
    output = opened.cell_output(1)
    output.locator('.emrnb-Row[data-row="0"] [data-column="1"]').click()
    opened.page.keyboard.press("Control+a")
    opened.page.keyboard.press("Control+c")
    output.locator(".emrnb-Status", has_text="800,000 cells are too many").wait_for()


def test_a_dragged_column_gets_wider(opened: Lab) -> None:
    output = opened.cell_output(1)
    cell = output.locator('.emrnb-HeadCell[data-column="2"]')
    before = cell.bounding_box()["width"]
    handle = cell.locator(".emrnb-Handle").bounding_box()
    opened.page.mouse.move(handle["x"] + 3, handle["y"] + 10)
    opened.page.mouse.down()
    opened.page.mouse.move(handle["x"] + 63, handle["y"] + 10, steps=4)
    opened.page.mouse.up()
    assert cell.bounding_box()["width"] == pytest.approx(before + 60, abs=2)


def test_markup_in_values_names_and_notices_is_inert(opened: Lab) -> None:
    output = opened.cell_output(2)
    output.locator(GRID).wait_for()
    assert output.locator(".emrnb-Table :is(img, script, svg, b, u)").count() == 0
    assert column(output, 0, 1) == [
        '<img src=x onerror="window.pwned=1"><script>window.pwned=2</script>'
    ]
    assert "<script>" in output.locator(".emrnb-Notices").text_content()
    assert column(output, 1, 3) == ["tab⇥here", "line↵break", ""]
    texts = output.locator('.emrnb-Row .emrnb-Cell[data-column="2"]')
    assert ["emrnb-mod-null" in (c.get_attribute("class") or "") for c in texts.all()] == [
        False,
        True,
        False,
    ]
    opened.page.wait_for_timeout(300)
    assert opened.page.evaluate("window.pwned") is None


def test_a_cut_result_says_so(opened: Lab) -> None:
    output = opened.cell_output(3)
    output.locator(GRID).wait_for()
    text = output.locator(".emrnb-Summary").text_content()
    assert text == "More than 1,000 rows × 8 columns · first 1,000 shown"
    assert "limit of 1,000 rows" in output.locator(".emrnb-Notices").text_content()


def test_two_thousand_columns_stay_light(opened: Lab) -> None:
    output = opened.cell_output(4)
    output.locator(GRID).wait_for()
    assert output.locator(".emrnb-HeadCell").count() < 60
    output.locator(".emrnb-Grid").evaluate("node => { node.scrollLeft = node.scrollWidth; }")
    output.locator(".emrnb-HeadCell", has_text="column_1999").wait_for()
    assert output.locator(".emrnb-Cell").count() < 1500


def test_vega_lite_draws_offline(opened: Lab) -> None:
    output = opened.cell_output(5)
    output.locator(".vega-embed :is(svg, canvas)").first.wait_for()
    assert opened.strangers == []


@EVERY_LOOK
def test_screenshots(opened: Lab, theme: str, size: str) -> None:
    opened.size(*SIZES[size])
    opened.theme(theme)
    output = opened.cell_output(1)
    output.locator(".emrnb-Grid").evaluate("node => node.scrollTo(0, 0)")
    output.locator('.emrnb-Row[data-row="0"] [data-column="1"]').click()
    for key in ("Shift+ArrowDown", "Shift+ArrowDown", "Shift+ArrowRight"):
        opened.page.keyboard.press(key)
    output.locator(".emrnb-Grid").evaluate("node => node.scrollTo(0, 0)")
    grid = output.locator(".emrnb-Table").bounding_box()
    assert grid["width"] <= SIZES[size][0]
    opened.screenshot(f"table-{theme}-{size}", output)


def test_reopened_without_a_kernel_the_saved_rows_are_there(opened: Lab) -> None:
    saved = opened.save()
    mime = "application/vnd.emr-nb.table.v1+json"
    assert len(saved.cells[1].outputs[0]["data"][mime]["rows"]) == 20
    assert "text/html" in saved.cells[1].outputs[0]["data"]
    opened.restart_server(kernels=False, trust=False)  # test_quickstart has the trusted one, too
    opened.open("table.ipynb", kernel=False)
    assert opened.trusted() is False
    output = opened.cell_output(1)
    output.locator(".emrnb-Table[data-state=saved]").wait_for()
    assert column(output, 1, 3) == ["UA", "AA", "B6"]
    assert output.locator(".emrnb-Summary").text_content() == (
        "100,000 rows × 8 columns · first 20 saved"
    )
    assert "Run the cell again" in output.locator(".emrnb-Notices").text_content()
    assert output.get_by_role("searchbox").count() == 0
    opened.screenshot("table-saved-untrusted", output)
    assert opened.cell_output(5).locator(".vega-embed").count() == 1
    assert opened.strangers == []


def test_an_untrusted_output_never_talks_to_the_kernel(lab: Lab) -> None:
    lab.restart_server(trust=False)
    sent: list[str] = []
    lab.page.on(
        "websocket",
        lambda socket: socket.on("framesent", lambda frame: sent.append(str(frame))),
    )
    lab.open("table.ipynb")
    lab.cell_output(1).locator(".emrnb-Table[data-state=saved]").wait_for()
    lab.page.wait_for_timeout(1000)
    assert sent, "the page has talked to its kernel at all"
    assert not [frame for frame in sent if "emr_nb.table" in frame]


def test_after_a_kernel_restart_the_table_is_the_saved_one(lab: Lab) -> None:
    lab.run_all()
    output = lab.cell_output(1)
    output.locator(GRID).wait_for()
    lab.restart_kernel()
    output.locator(".emrnb-Table[data-state=saved]").wait_for()
    assert column(output, 1, 3) == ["UA", "AA", "B6"]
