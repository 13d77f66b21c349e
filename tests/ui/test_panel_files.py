"""Finding files in the panel of a real JupyterLab: paths, keys, filters, previews, odd names."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from files_rig import ODD, Files
from lab_rig import WIDE, Lab
from playwright.sync_api import expect

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]

MANY = 20_000
WIDTHS = {"narrow": 240, "wide": 560}
EVERY_LOOK = pytest.mark.parametrize(
    ("theme", "size"), [(theme, size) for theme in ("light", "dark") for size in WIDTHS]
)


@pytest.fixture(scope="module")
def many(lab: Lab) -> Path:
    """A folder of many empty files beside the notebook."""
    made = lab.root / "many"
    made.mkdir()
    for n in range(MANY):
        (made / f"f{n:06d}.txt").touch()
    return made


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


def test_many_entries_stay_light(many: Path, files: Files) -> None:
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
