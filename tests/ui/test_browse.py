"""The file browser in a real JupyterLab on the local cluster: HDFS, S3, local disk, odd names."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

import pytest
from axe_rig import problems_in_themes
from lab_rig import EVERY_LOOK, SIZES, Lab
from playwright.sync_api import Locator, expect

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]

MANY = 20_000
ODD = (
    '<img src=x onerror="window.pwned=1">',
    "\u202efdp.exe",
    "line\nbreak",
    "100%25 + a&b",
    "été 漢字 😀",
    "q'uote\"s",
    "x" * 255,
)
SETUP = """
%load_ext emr_nb
import io, secrets, pathlib, tempfile, pyarrow as pa, pyarrow.parquet as pq
c = %emr attach {target}
root = f"/tmp/browse-{{secrets.token_hex(4)}}"
flights = pa.table({{"carrier": ["UA", "AA", None, "B6"], "delay": [11, -4, 25, 0]}})
made = io.BytesIO()
pq.write_table(flights, made)
hdfs = c.filesystem(c.path("/"))
for month in ("2013-01", "2013-02", "2013-03"):
    c.files.write(f"{{root}}/month={{month}}/part-00000.parquet", [made.getvalue()])
c.files.write(f"{{root}}/carriers.csv", [b"code,name\\nUA,United\\nAA,American\\n" * 40])
c.files.write(f"{{root}}/notes.txt", ["Delays are in minutes – not in hours.\\n".encode() * 9])
c.files.write(f"{{root}}/model.bin", [bytes(range(256)) * 12])
c.files.write(f"{{root}}/flights.parquet", [made.getvalue()])
c.files.write(f"{{root}}/big.dat", [bytes(1 << 20)] * 24)
for name in {odd!r}:
    try:
        c.files.write(f"{{root}}/odd/{{name}}", [b"inert"])
    except Exception as error:
        print("refused", repr(name), error)
bucket = f"s3://{bucket}/browse-{{secrets.token_hex(4)}}"
for name in ("a.csv", "sub/b.csv", "c d%2.json"):
    c.files.write(f"{{bucket}}/{{name}}", [b"[1]"])
many = pathlib.Path(tempfile.mkdtemp())
for n in range({many}):
    (many / f"f{{n:06d}}.txt").touch()
_ = [print("ROOT", root)]
"""
CELLS = ("%emr browse {root}", "%emr browse {bucket}", "%emr browse file://{many}")


@pytest.fixture(scope="module")
def page(local_cluster, lab: Lab) -> Iterator[Lab]:
    """A notebook with a browser on each store."""
    odd = [name for name in ODD if "\n" not in name]  # HDFS keeps it, its servers' headers do not
    setup = SETUP.format(
        target=local_cluster.target, odd=odd, bucket=local_cluster.bucket, many=MANY
    )
    lab.open(lab.write("browse.ipynb", [textwrap.dedent(setup).strip(), *CELLS]))
    lab.run_all()
    assert lab.errors() == []
    yield lab
    lab.end_kernel()


def opened(lab: Lab, index: int = 1) -> Locator:
    """Return a live browser, its list in its first folder."""
    output = lab.cell_output(index)
    output.locator(".emrnb-Files[data-state=live]").wait_for()
    return output


def row(output: Locator, name: str) -> Locator:
    return output.locator(".emrnb-Row").filter(
        has=output.page.locator(".emrnb-Cell[data-column='0']").get_by_text(name, exact=True)
    )


def names(output: Locator) -> list[str]:
    return output.locator(".emrnb-Cell[data-column='0']").all_text_contents()


def test_a_folder_is_listed_folders_first(page: Lab) -> None:
    output = opened(page)
    expect(row(output, "notes.txt")).to_be_visible()
    assert names(output)[:4] == ["month=2013-01", "month=2013-02", "month=2013-03", "odd"]
    assert output.locator(".emrnb-NameText").all_text_contents() == [
        *("Name", "Size", "Modified", "Owner", "Group", "Permissions", "Replicas", "Block size")
    ]
    assert "4 folders · 5 files" in output.locator(".emrnb-Summary").text_content()
    assert "-rw-r--r--" in row(output, "notes.txt").text_content()
    grid = output.get_by_role("grid")
    assert grid.get_attribute("aria-rowcount") == "10"


def test_it_sorts_and_filters(page: Lab) -> None:
    output = opened(page)
    size = output.locator(".emrnb-HeadCell[data-column='1']")
    size.click()
    expect(size).to_have_attribute("aria-sort", "ascending")
    expect(output.locator(".emrnb-Row[data-row='8']")).to_contain_text("big.dat")
    size.click()
    expect(output.locator(".emrnb-Row[data-row='4']")).to_contain_text("big.dat")
    size.click()
    box = output.get_by_role("searchbox")
    box.fill("size>1m")
    expect(output.locator(".emrnb-Summary")).to_contain_text("1 match")
    assert names(output) == ["big.dat"]
    box.fill("size>much")
    expect(output.get_by_role("alert")).to_contain_text("'much' is no size")
    box.press("Escape")
    expect(row(output, "notes.txt")).to_be_visible()


def test_keys_open_folders_and_lead_back(page: Lab) -> None:
    output = opened(page)
    before = len(page.notebook().cells)
    row(output, "month=2013-01").click()
    page.page.keyboard.press("Enter")
    expect(row(output, "part-00000.parquet")).to_be_visible()
    expect(output.locator("[aria-current=location]")).to_have_text("month=2013-01")
    page.page.keyboard.press("Backspace")
    expect(row(output, "carriers.csv")).to_be_visible()
    for key in ("d", "d", "b", "x"):  # the notebook's own keys must not reach it from here
        page.page.keyboard.press(key)
    assert len(page.notebook().cells) == before
    row(output, "month=2013-02").dblclick()
    expect(row(output, "part-00000.parquet")).to_be_visible()
    parts = output.locator(".emrnb-PathPart")
    parts.nth(parts.count() - 2).click()
    expect(row(output, "carriers.csv")).to_be_visible()


def test_a_typed_path_that_is_not_there_says_so_inside(page: Lab) -> None:
    output = opened(page)
    home = output.locator(".emrnb-PathPart").all_text_contents()
    output.get_by_label("Edit path").click()
    field = output.get_by_label("Path to open")
    field.fill("/no/such/folder")
    field.press("Enter")
    expect(output.get_by_role("alert")).to_contain_text("Nothing is there")
    output.get_by_label("Edit path").click()
    field.fill("/" + "/".join(home[1:]))
    field.press("Enter")
    expect(row(output, "carriers.csv")).to_be_visible()
    expect(output.get_by_role("alert")).to_have_count(0)


def test_previews_show_text_and_bytes(page: Lab) -> None:
    output = opened(page)
    pane = output.locator(".emrnb-Pane")
    row(output, "notes.txt").click()
    output.get_by_label("Preview", exact=True).first.click()
    expect(pane).to_contain_text("Delays are in minutes – not in hours.")
    row(output, "model.bin").click()  # while the pane is open it follows
    expect(pane).to_contain_text("00000000")
    expect(pane).to_contain_text("3,072 bytes")
    pane.get_by_label("Close preview").click()
    expect(pane).to_be_hidden()


def test_code_is_inserted_below(page: Lab) -> None:
    output = opened(page)
    before = [cell.source for cell in page.notebook().cells]
    row(output, "flights.parquet").click()
    output.get_by_label("Insert as code").first.click()
    output.get_by_role("menuitem", name="Spark").click()
    page.page.wait_for_function(
        "n => window.jupyterapp.shell.currentWidget.content.widgets.length > n", arg=len(before)
    )
    cells = [cell.source for cell in page.notebook().cells]
    assert cells[2].startswith('%%spark\ndf = spark.read.parquet("hdfs:///tmp/browse-')
    assert [cells[:2], cells[3:]] == [before[:2], before[2:]]
    page.command("notebook:undo-cell-action")
    page.page.wait_for_function(
        "n => window.jupyterapp.shell.currentWidget.content.widgets.length === n", arg=len(before)
    )


def test_a_download_comes_to_the_notebooks_folder(page: Lab) -> None:
    output = opened(page)
    row(output, "big.dat").click()
    output.get_by_label("Download", exact=True).click()
    expect(output.locator(".emrnb-Job")).to_contain_text("Downloaded big.dat: 24.0 MiB")
    got = page.root / "big.dat"
    assert got.stat().st_size == 24 << 20
    got.unlink()
    output.get_by_label("Dismiss").click()
    expect(output.locator(".emrnb-Job")).to_have_count(0)


def test_all_rows_of_a_long_list_are_meant_by_selecting_all(page: Lab) -> None:
    output = opened(page, 3)
    expect(output.locator(".emrnb-Summary")).to_contain_text(f"{MANY:,} files")
    row(output, "f000000.txt").click()
    page.page.keyboard.press("Control+a")
    output.get_by_label("Copy path").click()
    expect(output.locator(".emrnb-Status")).to_contain_text(f"Copied {MANY:,} paths")
    copied = page.page.evaluate("navigator.clipboard.readText()").split("\n")
    assert len(copied) == MANY
    output.get_by_label("Delete", exact=True).click()
    ask = output.locator(".emrnb-Ask")
    expect(ask).to_contain_text(f"Delete {MANY:,} entries?")
    expect(ask.get_by_text("This cannot be undone.")).to_be_in_viewport()
    ask.get_by_label("Cancel").click()


def test_changes_ask_first_and_say_what_they_will_do(page: Lab) -> None:
    output = opened(page)
    output.get_by_label("New folder").click()
    field = output.get_by_role("textbox", name="Name of the new folder")
    field.fill("made here")
    field.press("Enter")
    ask = output.locator(".emrnb-Ask")
    expect(ask).to_contain_text("/made here")
    ask.get_by_label("Make folder").click()
    expect(row(output, "made here")).to_be_visible()
    row(output, "made here").click()
    output.get_by_label("Delete", exact=True).click()
    expect(ask).to_contain_text("all below it: 0 files")
    ask.get_by_label("Cancel").click()
    expect(row(output, "made here")).to_be_visible()
    row(output, "made here").click()
    output.get_by_label("Delete", exact=True).click()
    while row(output, "made here").count():  # where there is no trash it asks once more
        ask.get_by_role("button").first.click()
        page.page.wait_for_timeout(500)
    expect(row(output, "made here")).to_have_count(0)


def test_odd_names_are_inert_and_can_be_read(page: Lab) -> None:
    output = opened(page)
    row(output, "odd").dblclick()
    expect(output.locator("[aria-current=location]")).to_have_text("odd")
    expect(row(output, "\\u202efdp.exe")).to_be_visible()
    shown = names(output)
    assert ODD[0] in shown
    assert ODD[3] in shown
    assert ODD[4] in shown
    for name in (ODD[0], "\\u202efdp.exe", ODD[3]):
        row(output, name).click()
        output.get_by_label("Preview", exact=True).first.click()
        expect(output.locator(".emrnb-TextHead")).to_have_text("inert")
        expect(output.locator(".emrnb-PaneTitle")).to_have_text(name)
    output.get_by_label("Copy path").click()
    expect(output.locator(".emrnb-Status")).to_contain_text("Copied")
    assert page.page.evaluate("navigator.clipboard.readText()").endswith(f"/odd/{ODD[3]}")
    output.get_by_label("Close preview").click()
    assert output.locator(".emrnb-Files img").count() == 0
    assert page.page.evaluate("window.pwned") is None
    page.page.keyboard.press("Backspace")
    expect(row(output, "carriers.csv")).to_be_visible()


def test_s3_shows_its_own_columns(page: Lab) -> None:
    output = opened(page, 2)
    expect(row(output, "a.csv")).to_be_visible()
    assert "Storage class" in output.locator(".emrnb-NameText").all_text_contents()
    assert names(output) == ["sub", "a.csv", "c d%2.json"]
    row(output, "sub").dblclick()
    expect(row(output, "b.csv")).to_be_visible()
    output.get_by_label("Up").click()
    expect(row(output, "a.csv")).to_be_visible()


def test_many_entries_stay_light(page: Lab) -> None:
    output = opened(page, 3)
    expect(output.locator(".emrnb-Summary")).to_contain_text(f"{MANY:,} files")
    grid = output.locator(".emrnb-Grid")
    grid.evaluate("node => { node.scrollTop = node.scrollHeight; }")
    expect(row(output, f"f{MANY - 1:06d}.txt")).to_be_visible()
    assert output.locator(".emrnb-Row").count() <= 150
    output.get_by_role("searchbox").fill("19999")
    expect(output.locator(".emrnb-Summary")).to_contain_text("1 match")
    assert names(output) == ["f019999.txt"]
    output.get_by_role("searchbox").press("Escape")


def test_axe_finds_nothing_serious(page: Lab) -> None:
    output = opened(page)
    output.get_by_text("carriers.csv").first.dblclick()
    output.locator(".emrnb-Pane").wait_for()
    assert problems_in_themes(page, ".emrnb-Files[data-state=live]") == {}
    output.get_by_label("Close preview").click()


@EVERY_LOOK
def test_pictures(page: Lab, theme: str, size: str) -> None:
    page.size(*SIZES[size])
    page.theme(theme)
    output = opened(page)
    expect(row(output, "carriers.csv")).to_be_visible()
    box = output.locator(".emrnb-Files").bounding_box()
    assert box["width"] <= SIZES[size][0]
    row(output, "carriers.csv").click()
    page.screenshot(f"files-list-{theme}-{size}", output)
    output.get_by_label("Preview", exact=True).first.click()
    expect(output.locator(".emrnb-Pane")).to_contain_text("United")
    page.screenshot(f"files-preview-{theme}-{size}", output)
    output.get_by_label("Close preview").click()
    output.get_by_label("Delete", exact=True).click()
    expect(output.locator(".emrnb-Ask")).to_contain_text("carriers.csv")
    page.screenshot(f"files-ask-{theme}-{size}", output)
    output.locator(".emrnb-Ask").get_by_label("Cancel").click()
    assert page.strangers == []


def test_the_saved_file_has_a_line_and_no_names(page: Lab) -> None:
    saved = page.save()
    data = saved.cells[1].outputs[0]["data"]
    assert data["text/plain"].startswith("Files of ")
    assert "carriers.csv" not in str(data)
    page.restart_kernel()
    output = page.cell_output(1)
    output.locator(".emrnb-Files[data-state=saved]").wait_for()
    expect(output.locator(".emrnb-Summary")).to_contain_text("Run the cell to browse them")
