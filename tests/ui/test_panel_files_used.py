"""Using files in the panel of a real JupyterLab: code, drags, changes, uploads, downloads."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from files_rig import Files
from lab_rig import Lab
from playwright.sync_api import Locator, expect

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]


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
