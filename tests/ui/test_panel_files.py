"""The panel's Files section in a real JupyterLab, over the local cluster's HDFS and S3."""

from __future__ import annotations

import io
import os
import re
import secrets
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from lab_rig import WIDE, Lab
from playwright.sync_api import Locator, expect

import emr_nb

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]

MANY = 20_000
ODD = (
    '<img src=x onerror="window.pwned=1">',
    "\u202efdp.exe",
    "100%25 + a&b",
    "été 漢字 😀",
    "q'uote\"s",
    "x" * 200,
)
WIDTHS = {"narrow": 240, "wide": 560}
EVERY_LOOK = pytest.mark.parametrize(
    ("theme", "size"), [(theme, size) for theme in ("light", "dark") for size in WIDTHS]
)


def picture() -> bytes:
    """Return a PNG of 2 × 1 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        sums = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", sums)

    head = struct.pack(">IIBBBBB", 2, 1, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"\0\xff\0\0\0\0\xff")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


class Files:
    """What a user does in the Files section."""

    def __init__(self, lab: Lab, root: str, bucket: str) -> None:
        self.lab = lab
        self.page = lab.page
        self.root = root
        self.bucket = bucket
        self.section = lab.page.locator("#emr-nb-section-files")
        self.tree = lab.page.locator(".emrnb-Tree")
        self.list = self.tree.get_by_role("tree")

    def row(self, name: str) -> Locator:
        named = self.page.locator(".emrnb-TreeName").get_by_text(name, exact=True)
        return self.list.locator(".emrnb-TreeRow").filter(has=named)

    def names(self) -> list[str]:
        return self.list.locator(".emrnb-TreeName").all_text_contents()

    def go(self, path: str) -> None:
        """Type a path and go to it."""
        box = self.tree.get_by_label("Path to go to")
        box.fill(path)
        box.press("Enter")

    def home(self) -> None:
        """Open the tests' folder."""
        self.go(self.root)
        expect(self.row("notes.txt")).to_be_visible()
        expect(self.list).to_be_focused()

    def menu(self, name: str, *labels: str) -> None:
        """Choose from a row's menu, by way of a submenu where two are named."""
        self.row(name).click(button="right")
        for label in labels:
            item = self.page.locator(".lm-Menu-item").filter(
                has=self.page.locator(".lm-Menu-itemLabel", has_text=re.compile(f"^{label}"))
            )
            item.last.click()

    def accept(self, *words: str) -> None:
        """Read a dialog, and agree to it."""
        dialog = self.page.locator(".jp-Dialog")
        for word in words:
            expect(dialog).to_contain_text(word)
        dialog.locator("button.jp-mod-accept").click()

    def width(self, pixels: int) -> None:
        """Make the left panel so wide."""
        self.page.evaluate(
            "pixels => { const shell = window.jupyterapp.shell;"
            " const all = shell.node.querySelector('#jp-main-split-panel').clientWidth;"
            " shell._hsplitPanel.setRelativeSizes([pixels, all - pixels, 0]); }",
            pixels,
        )
        self.page.wait_for_timeout(200)


@pytest.fixture(scope="module")
def stored(local_cluster) -> Iterator[tuple[str, str]]:
    """A folder on HDFS and one in S3, with files of many kinds; gone afterwards."""
    name = f"tree-{secrets.token_hex(4)}"
    root, bucket = f"/tmp/{name}", f"s3://{local_cluster.bucket}/s3-{name}"
    flights = pa.table({"carrier": ["UA", "AA", None, "B6"], "delay": [11, -4, 25, 0]})
    parquet = io.BytesIO()
    pq.write_table(flights, parquet)
    files = {f"month=2013-0{n}/part-00000.parquet": parquet.getvalue() for n in (1, 2, 3)} | {
        "carriers.csv": b"code,name\nUA,United\nAA,American\n" * 40,
        "notes.txt": "Delays are in minutes – not in hours.\n".encode() * 9,
        "model.bin": bytes(range(256)) * 12,
        "flights.parquet": parquet.getvalue(),
        "dot.png": picture(),
    }
    with emr_nb.attach(local_cluster.target, settings=local_cluster.settings) as cluster:
        for path, data in files.items():
            cluster.files.write(f"{root}/{path}", [data])
        for odd in ODD:
            cluster.files.write(f"{root}/odd/{odd}", [b"inert"])
        for path in ("a.csv", "sub/b.csv", "c d%2.json"):
            cluster.files.write(f"{bucket}/{path}", [b"[1]"])
        cluster.filesystem(cluster.path("/")).mkdir(cluster.path(f"{root}/nothing"))
        yield root, bucket
        for path in (root, bucket):
            where = cluster.path(path)
            cluster.filesystem(where).rm(where, recursive=True)


@pytest.fixture(scope="module")
def files(stored, local_cluster, lab: Lab) -> Iterator[Files]:
    """The panel beside a notebook, the local cluster chosen."""
    many = lab.root / "many"
    many.mkdir()
    for n in range(MANY):
        (many / f"f{n:06d}.txt").touch()
    lab.open(lab.write("tree.ipynb", ["", "x = 1"]))
    made = Files(lab, *stored)
    lab.page.evaluate("window.jupyterapp.shell.activateById('emr-nb-panel')")
    lab.fold("Files", folded=False)
    expect(made.section).to_be_visible(timeout=60_000)
    lab.unfold_only("Files")  # all of the height is the tree's
    made.width(360)
    choice = made.section.get_by_label("Choose a cluster to see its files")
    choice.select_option(local_cluster.state.cluster_id)
    expect(made.row("HDFS")).to_be_visible()
    yield made
    lab.end_kernel()
    lab.command("application:toggle-left-area")


def test_the_stores_are_there_and_open_lazily(files: Files) -> None:
    expect(files.list.get_by_role("treeitem")).to_have_count(3)
    assert files.names() == ["HDFS", "S3", "This machine"]
    files.row("S3").click()
    files.page.keyboard.press("ArrowRight")
    bucket = files.bucket.split("/")[2]
    expect(files.row(bucket)).to_be_visible()
    expect(files.row("S3")).to_have_attribute("aria-expanded", "true")
    expect(files.row(bucket)).to_have_attribute("aria-level", "2")
    files.page.keyboard.press("ArrowLeft")
    expect(files.row(bucket)).to_have_count(0)


def test_a_typed_path_is_gone_to(files: Files) -> None:
    files.home()
    shown = files.names()
    at = shown.index(files.root.rpartition("/")[2])
    inside = ["month=2013-01", "month=2013-02", "month=2013-03", "nothing", "odd",
              "carriers.csv", "dot.png", "flights.parquet", "model.bin", "notes.txt"]  # fmt: skip
    assert shown[at + 1 : at + 11] == inside
    files.go(f"{files.bucket}/sub/b.csv")
    expect(files.row("b.csv")).to_have_class(re.compile("emrnb-mod-cursor"))
    files.go("/no/such/folder")
    alert = files.tree.get_by_role("alert")
    expect(alert).to_contain_text("Nothing is there")
    expect(alert).to_contain_text("/no/such/folder")
    files.home()
    expect(alert).to_have_count(0)


def test_keys_move_in_the_tree(files: Files) -> None:
    files.home()
    press = files.page.keyboard.press
    press("ArrowRight")
    press("ArrowRight")
    expect(files.row("month=2013-01")).to_have_attribute("aria-expanded", "true")
    expect(files.row("part-00000.parquet")).to_be_visible()
    press("ArrowDown")
    press("ArrowLeft")
    press("ArrowLeft")
    expect(files.row("month=2013-01")).to_have_attribute("aria-expanded", "false")
    expect(files.row("part-00000.parquet")).to_have_count(0)
    press("Shift+F10")
    expect(files.page.locator(".emrnb-TreeMenu")).to_be_visible()
    press("Escape")
    expect(files.list).to_be_focused()
    files.row("odd").hover()
    files.row("odd").get_by_role("button", name="More actions for odd").click()
    expect(files.page.locator(".emrnb-TreeMenu")).to_contain_text("Copy Path")
    press("Escape")
    cells = len(files.lab.notebook().cells)
    for key in ("d", "d", "b", "x"):
        press(key)
    assert len(files.lab.notebook().cells) == cells
    files.row("nothing").dblclick()
    expect(files.row("This folder is empty")).to_be_visible()
    files.row("nothing").locator(".emrnb-TreeTwisty").click()
    expect(files.row("This folder is empty")).to_have_count(0)


def test_a_folder_is_filtered(files: Files) -> None:
    files.home()
    box = files.tree.get_by_role("searchbox")
    expect(box).to_have_attribute("placeholder", f"Filter in {files.root.rpartition('/')[2]}")
    box.fill("flights")
    expect(files.row("carriers.csv")).to_have_count(0)
    expect(files.row("flights.parquet")).to_be_visible()
    box.fill("no such thing")
    expect(files.row("Nothing here matches the filter")).to_be_visible()
    box.fill("size>much")
    expect(files.tree.get_by_role("alert")).to_contain_text("'much' is no size")
    box.press("Escape")
    expect(files.row("carriers.csv")).to_be_visible()
    expect(files.tree.get_by_role("alert")).to_have_count(0)


def test_previews_open_in_the_main_area(files: Files) -> None:
    files.home()
    shown = files.page.locator(".emrnb-PreviewTab:visible")
    files.row("flights.parquet").dblclick()
    expect(shown.get_by_role("grid")).to_contain_text("carrier")
    expect(shown.get_by_role("grid")).to_contain_text("B6")
    files.row("notes.txt").click()
    files.page.keyboard.press("Space")
    expect(shown).to_contain_text("Delays are in minutes – not in hours.")
    files.menu("dot.png", "Preview")
    expect(shown.locator("img")).to_have_attribute("src", re.compile("^data:image/png;base64,"))
    files.menu("model.bin", "Preview")
    expect(shown).to_contain_text("00000000")
    tabs = files.page.locator("#jp-main-dock-panel .lm-TabBar-tab")
    count = tabs.count()
    files.row("notes.txt").dblclick()
    expect(shown).to_contain_text("Delays are in minutes")
    assert tabs.count() == count  # the same tab again
    for name in ("flights.parquet", "notes.txt", "dot.png", "model.bin"):
        tabs.filter(has_text=name).locator(".lm-TabBar-tabCloseIcon").click()
    expect(files.page.locator(".emrnb-PreviewTab")).to_have_count(0)


def sources(lab: Lab) -> list[str]:
    return [cell.source for cell in lab.notebook().cells]


def test_code_is_inserted_and_paths_copied(files: Files) -> None:
    files.home()
    files.menu("flights.parquet", "Insert as Code", "Spark")
    expect(files.tree.get_by_role("status")).to_have_text("Inserted a cell")
    path = f"hdfs://{files.root}/flights.parquet"
    assert sources(files.lab)[0].startswith(f'%%spark\ndf = spark.read.parquet("{path}")')
    files.menu("flights.parquet", "Copy Path")
    expect(files.tree.get_by_role("status")).to_contain_text("Copied")
    assert files.page.evaluate("navigator.clipboard.readText()") == path
    files.page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.content.widgets[0]"
        ".model.sharedModel.setSource('')"
    )


def drag(files: Files, name: str, cell: int) -> None:
    """Drag an entry into a cell, as slowly as a hand does."""
    mouse = files.page.mouse
    files.row(name).locator(".emrnb-TreeName").hover()
    at = files.row(name).bounding_box()
    mouse.down()
    try:
        with files.page.expect_response(re.compile("kind=pandas"), timeout=20_000):
            mouse.move(at["x"] + 90, at["y"] + 40, steps=5)
        files.page.wait_for_timeout(200)
        editor = files.page.locator(".jp-Notebook .jp-Cell .cm-content").nth(cell)
        box = editor.bounding_box()
        mouse.move(box["x"] + 40, box["y"] + box["height"] / 2, steps=6)
    finally:
        mouse.up()


def test_a_dragged_entry_becomes_code_of_the_cell(files: Files) -> None:
    files.home()
    drag(files, "carriers.csv", 0)
    expect(files.page.locator(".jp-Notebook .jp-Cell").first).to_contain_text("%%spark")
    assert f'"hdfs://{files.root}/carriers.csv"' in sources(files.lab)[0]
    drag(files, "flights.parquet", 1)
    expect(files.page.locator(".jp-Notebook .jp-Cell").nth(1)).to_contain_text("read_parquet")
    assert "%%" not in sources(files.lab)[1]  # a cell without a magic stays Python


def test_several_are_selected_copied_dragged_and_removed(files: Files) -> None:
    files.home()
    name = files.root.rpartition("/")[2]
    files.go(f"{files.root}/odd")
    expect(files.row("100%25 + a&b")).to_be_visible()
    files.home()
    picked = files.list.locator("[aria-selected=true] .emrnb-TreeName")
    files.row("carriers.csv").click()
    files.row("flights.parquet").click(modifiers=["Shift"])
    expect(picked).to_have_text(["carriers.csv", "dot.png", "flights.parquet"])
    files.row("dot.png").click(modifiers=["ControlOrMeta"])
    expect(picked).to_have_text(["carriers.csv", "flights.parquet"])
    files.page.keyboard.press("ControlOrMeta+c")
    expect(files.tree.get_by_role("status")).to_have_text("Copied 2 paths")
    paths = [f"hdfs://{files.root}/{one}" for one in ("carriers.csv", "flights.parquet")]
    assert files.page.evaluate("navigator.clipboard.readText()") == "\n".join(paths)
    drag(files, "carriers.csv", 1)
    expect(files.page.locator(".jp-Notebook .jp-Cell").nth(1)).to_contain_text("df2 =")
    code = sources(files.lab)[1]
    assert code.count("import pandas as pd") == code.count("%emr use") >= 1
    assert all(f'"{path}"' in code for path in paths)
    files.row("carriers.csv").click(button="right")
    menu = files.page.locator(".emrnb-TreeMenu")
    expect(menu).to_contain_text("Copy 2 Paths")
    expect(menu.locator(".lm-mod-disabled", has_text="Rename")).to_be_visible()
    started: list[str] = []
    files.page.on("download", lambda download: started.append(download.suggested_filename))
    menu.locator(".lm-Menu-item", has_text="Download 2 Files").click()
    while len(started) < 2:
        files.page.wait_for_timeout(100)
    assert sorted(started) == ["carriers.csv", "flights.parquet"]
    files.page.keyboard.press("Escape")
    expect(picked).to_have_count(1)
    for made in ("gone 1", "gone 2"):
        files.menu(name, "New Folder")
        files.page.locator(".jp-Dialog input").fill(made)
        files.page.keyboard.press("Enter")
        files.accept("Make a folder?", made)
        expect(files.row(made)).to_be_visible()
    files.row("gone 1").click()
    files.page.keyboard.press("Shift+ArrowDown")
    expect(picked).to_have_text(["gone 1", "gone 2"])
    files.page.keyboard.press("Delete")
    files.accept("gone 1", "gone 2")
    while files.row("gone 1").count():  # where there is no trash it asks once more
        files.page.wait_for_timeout(200)
        if files.page.locator(".jp-Dialog").count():
            files.accept("Delete for good?", "gone 1", "gone 2")
    expect(files.row("gone 2")).to_have_count(0)


def test_changes_are_told_first(files: Files) -> None:
    files.home()
    name = files.root.rpartition("/")[2]
    files.menu(name, "New Folder")
    files.page.locator(".jp-Dialog input").fill("made here")
    files.page.keyboard.press("Enter")
    files.accept("Make a folder?", f"hdfs://{files.root}/made here")
    expect(files.row("made here")).to_be_visible()
    files.row("made here").click()
    files.page.keyboard.press("F2")
    field = files.page.locator(".jp-Dialog input")
    expect(field).to_have_value("made here")
    field.fill("renamed")
    files.page.keyboard.press("Enter")
    files.accept("Rename?", f"to: hdfs://{files.root}/renamed")
    expect(files.row("renamed")).to_be_visible()
    expect(files.row("made here")).to_have_count(0)
    files.row("renamed").click()
    files.page.keyboard.press("Delete")
    dialog = files.page.locator(".jp-Dialog")
    expect(dialog).to_contain_text("Delete renamed?")
    dialog.locator("button.jp-mod-reject").click()
    expect(files.row("renamed")).to_be_visible()
    files.menu("renamed", "Delete")
    files.accept("Delete renamed?")
    while files.row("renamed").count():  # where there is no trash it asks once more
        files.page.wait_for_timeout(200)
        if dialog.count():
            files.accept("Delete for good?")
    files.menu(name, "New Folder")
    files.page.locator(".jp-Dialog input").fill("odd")
    files.page.keyboard.press("Enter")
    expect(files.tree.get_by_role("alert")).to_contain_text("Something is there already")
    files.tree.get_by_label("Dismiss").click()


def test_files_are_uploaded_and_downloaded(files: Files, tmp_path: Path) -> None:
    files.home()
    sent = tmp_path / "sent.bin"
    sent.write_bytes(bytes(range(256)) * 9_000)
    with files.page.expect_file_chooser() as chooser:
        files.page.get_by_role("button", name="Upload files to the selected folder").click()
    chooser.value.set_files(sent)
    expect(files.row("sent.bin")).to_be_visible()
    with files.page.expect_download() as download:
        files.menu("sent.bin", "Download")
    assert download.value.suggested_filename == "sent.bin"
    assert Path(download.value.path()).read_bytes() == sent.read_bytes()
    drop(files, files.row("nothing"), "sent.bin", "fresh")
    expect(files.row("sent.bin")).to_have_count(2)
    drop(files, files.row("nothing"), "sent.bin", "newer")
    files.accept("Replace sent.bin?")
    expect(files.tree.get_by_role("status")).to_contain_text("Uploaded sent.bin")
    expect(files.row("sent.bin").first).to_contain_text("5 B")
    drop(files, files.row("S3"), "sent.bin", "x")
    expect(files.tree.get_by_role("alert")).to_contain_text("Choose a folder or a bucket")
    files.tree.get_by_label("Dismiss").click()


def drop(files: Files, target: Locator, name: str, text: str) -> None:
    """Drop a file of the desktop onto a row."""
    data = files.page.evaluate_handle(
        "([name, text]) => { const data = new DataTransfer();"
        " data.items.add(new File([text], name)); return data; }",
        [name, text],
    )
    for kind in ("dragenter", "dragover", "drop"):
        target.dispatch_event(kind, {"dataTransfer": data})


def test_odd_names_are_inert_and_can_be_read(files: Files) -> None:
    files.go(f"{files.root}/odd")
    expect(files.row("\\u202efdp.exe")).to_be_visible()
    shown = files.names()
    for name in (ODD[0], ODD[2], ODD[3], ODD[4], ODD[5]):
        assert name in shown
    for name in (ODD[0], "\\u202efdp.exe", ODD[2]):
        files.row(name).dblclick()
        tab = files.page.locator(".emrnb-PreviewTab:visible")
        expect(tab).to_contain_text("inert")
        expect(files.page.locator(".lm-TabBar-tab.lm-mod-current", has_text=name)).to_be_visible()
        files.lab.command("application:close")
    files.menu(ODD[0], "Rename")
    expect(files.page.locator(".jp-Dialog")).to_contain_text(ODD[0])
    files.page.keyboard.press("Escape")
    odd = files.lab.root / "odd"
    odd.mkdir()
    for local in (b"line\nbreak", b"not \xff utf-8", ODD[0].replace("/", "").encode()):
        Path(os.fsdecode(os.fsencode(odd) + b"/" + local)).write_text("inert too")
    files.go(f"file://{odd}")
    for name in ("line\\nbreak", "not \\udcff utf-8"):
        files.row(name).dblclick()
        expect(files.page.locator(".emrnb-PreviewTab:visible")).to_contain_text("inert too")
        files.lab.command("application:close")
    files.menu("not \\udcff utf-8", "Copy Path")
    expect(files.tree.get_by_role("alert")).to_contain_text("not UTF-8")
    files.tree.get_by_label("Dismiss").click()
    assert files.page.locator(".emrnb-Panel img, .jp-Dialog img").count() == 0
    assert files.page.evaluate("window.pwned") is None


def test_many_entries_stay_light(files: Files) -> None:
    many = files.lab.root / "many"
    files.go(f"file://{many}")
    folder = files.row("many")
    expect(folder).to_contain_text(re.compile(f"{MANY:,}(?! …)"), timeout=60_000)
    files.list.evaluate("node => { node.scrollTop = node.scrollHeight; }")
    last = files.row(f"f{MANY - 1:06d}.txt")
    expect(last).to_be_visible()
    assert files.list.locator(".emrnb-Item").count() <= 150
    last.click()
    files.page.keyboard.press("PageUp")
    files.page.keyboard.press("ArrowLeft")
    expect(folder).to_have_class(re.compile("emrnb-mod-cursor"))
    box = files.tree.get_by_role("searchbox")
    box.fill("019999")
    expect(folder).to_contain_text("1 match")
    box.press("Escape")
    expect(folder).to_contain_text(f"{MANY:,}")
    files.go(f"file://{many}/f010000.txt")
    expect(files.row("f010000.txt")).to_have_class(re.compile("emrnb-mod-cursor"))
    assert files.list.locator(".emrnb-Item").count() <= 150
    files.go(f"file://{many}")
    expect(folder).to_have_class(re.compile("emrnb-mod-cursor"))
    expect(files.list).to_be_focused()
    files.page.keyboard.press("ArrowLeft")
    expect(files.row("f000000.txt")).to_have_count(0)


def test_what_changed_elsewhere_is_seen_by_refresh(files: Files) -> None:
    here = files.lab.root / "here"
    (here / "deep").mkdir(parents=True)
    (here / "old.txt").touch()
    files.go(f"file://{here}/deep")
    expect(files.row("old.txt")).to_be_visible()
    (here / "deep" / "new.txt").touch()
    (here / "old.txt").rename(here / "a-first")
    (here / "a-dir").mkdir()
    files.row("here").click()
    files.page.keyboard.press("F5")
    expect(files.row("new.txt")).to_be_visible()
    expect(files.row("old.txt")).to_have_count(0)
    shown = files.names()
    at = shown.index("here")
    assert shown[at + 1 : at + 5] == ["a-dir", "deep", "new.txt", "a-first"]
    for path in (here / "deep" / "new.txt", here / "deep", here / "a-dir", here / "a-first"):
        path.unlink() if path.is_file() else path.rmdir()
    here.rmdir()
    files.row("here").click()
    files.page.keyboard.press("F5")
    expect(files.tree.get_by_role("alert")).to_contain_text("Nothing is there")
    expect(files.list.get_by_text("Try again")).to_be_visible()
    files.row("This machine").click()
    files.page.keyboard.press("F5")
    expect(files.row("here")).to_have_count(0)


def test_a_reload_opens_what_was_open(files: Files) -> None:
    here = files.lab.root / "a-first" / "inner"
    here.mkdir(parents=True)
    (here / "kept.txt").touch()
    files.go(f"file://{here}")
    expect(files.row("kept.txt")).to_be_visible()
    for store in ("HDFS", "S3"):  # so that all that matters is at the top of the list
        files.list.evaluate("node => { node.scrollTop = 0; }")
        if files.row(store).get_attribute("aria-expanded") == "true":
            files.row(store).locator(".emrnb-TreeTwisty").click()
        expect(files.row(store)).to_have_attribute("aria-expanded", "false")
    files.page.wait_for_timeout(1500)  # JupyterLab saves its workspace a second later
    files.page.reload()
    files.page.wait_for_function("() => window.jupyterapp?.shell.currentWidget?.context?.path")
    expect(files.row("kept.txt")).to_be_visible(timeout=60_000)
    expect(files.row("HDFS")).to_have_attribute("aria-expanded", "false")


@EVERY_LOOK
def test_pictures(files: Files, theme: str, size: str) -> None:
    files.lab.theme(theme)
    files.width(WIDTHS[size])
    files.page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
    files.home()
    files.row("carriers.csv").click()
    assert files.tree.evaluate("node => node.scrollWidth <= node.clientWidth")
    files.lab.screenshot(f"panel-files-{theme}-{size}")
    files.width(360)
    assert files.lab.strangers == []
