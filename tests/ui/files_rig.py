"""The panel's Files section over the local cluster's HDFS and S3, and what a user does there."""

from __future__ import annotations

import io
import re
import secrets
import struct
import zlib
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from lab_rig import Lab
from playwright.sync_api import Locator, expect

import emr_nb

ODD = (
    '<img src=x onerror="window.pwned=1">',
    "\u202efdp.exe",
    "100%25 + a&b",
    "été 漢字 😀",
    "q'uote\"s",
    "x" * 200,
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
