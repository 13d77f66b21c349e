"""The kernel's side of the file browser: what it answers, when, and what it never does."""

from __future__ import annotations

import os
import threading
import time
from types import SimpleNamespace

import pytest
from browse_rig import HERE, PageSide, memory, shown

from emr_nb.browsing.choosing import tests_of as filters_of
from emr_nb.browsing.columns import columns_of
from emr_nb.browsing.places import above, name_in, parts_of, typed
from emr_nb.errors import UsageError
from emr_nb.model import FileEntry, FilePath
from emr_nb.notebook.browser.serving import MIME, TARGET
from emr_nb.testing.fake_engine import FakeCluster, MemoryFileSystem
from emr_nb.testing.fake_stores import DetailedFileSystem, GatedFileSystem

# -- listings -------------------------------------------------------------------------------


def test_the_first_page_is_there_before_the_listing_is():
    store = memory(*(f"f{n:02d}" for n in range(25)), cls=GatedFileSystem, page_size=10)
    page = PageSide(store)
    assert page.wait("count", done=False)["total"] == 10
    assert shown(page.rows(count=2)) == ["f00", "f01"]
    store.pages.set()
    assert page.wait("count", done=True)["total"] == 25
    assert page.rows(start=24)["total"] == 25


def test_a_second_folder_supersedes_a_first_that_hangs():
    names = [*(f"f{n:02d}" for n in range(25)), "sub/a"]
    store = memory(*names, cls=GatedFileSystem, page_size=10)
    page = PageSide(store)
    page.wait("count", total=10)
    page.ask("list", kind="path", text="/d/sub")
    page.wait("count", listing=2, done=True)
    assert shown(page.rows()) == ["a"]
    before = len(store.asked)
    store.pages.set()
    page.rows()
    assert not [m for m in page.got if m["type"] == "count" and m["listing"] == 1 and m["done"]]
    assert len(store.asked) <= before + 1  # a page on its way comes, and no further is asked for


def test_a_store_that_hangs_keeps_no_question_waiting():
    store = memory("a.txt", cls=GatedFileSystem)
    page = PageSide(store)
    page.wait("count", done=True)
    waiting = page.ask("preview", ids=[0])
    assert shown(page.rows()) == ["a.txt"]
    assert not [m for m in page.got if m.get("seq") == waiting]
    store.reads.set()
    assert page.wait("preview", seq=waiting)["text"] == "x"


def test_folders_stand_first_in_every_order():
    page = PageSide(memory("b.txt", "Z/x", "a.txt", "c/y"))
    page.wait("count", done=True)
    assert shown(page.rows()) == ["Z", "c", "a.txt", "b.txt"]
    order = {"column": 0, "descending": True}
    assert shown(page.rows(sort=order)) == ["Z", "c", "b.txt", "a.txt"]
    order = {"column": 0, "descending": False}
    assert shown(page.rows(sort=order)) == ["c", "Z", "a.txt", "b.txt"]
    assert shown(page.rows(sort={"column": 99})) == ["Z", "c", "a.txt", "b.txt"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("b", {"big.dat", "b 1.txt"}),
        ("b txt", {"b 1.txt"}),
        ("size>1k", {"big.dat"}),
        ("size<=1k", {"b 1.txt", "day=1"}),
        ("size=3", {"b 1.txt"}),
        ("size!=3", {"big.dat", "day=1"}),
        ("modified>=2013-01-01 modified<2013-01-03", {"big.dat", "b 1.txt", "day=1"}),
        ("modified>2013-01-03", set()),
        ("owner=hadoop permissions:rw-", {"big.dat", "b 1.txt", "day=1"}),
        ("day=1", {"day=1"}),  # no column is called day, so it is a name's
    ],
)
def test_filters(text, expected):
    store = memory("day=1", data=b"")
    store.files |= {"hdfs:///d/big.dat": b"x" * 2000, "hdfs:///d/b 1.txt": b"abc"}
    page = PageSide(store)
    page.wait("count", done=True)
    assert set(shown(page.rows(text=text))) == expected


def test_a_filter_that_cannot_be_read_is_told():
    page = PageSide(memory("a"))
    page.wait("count", done=True)
    seq = page.ask("rows", count=5, text="size>much")
    assert "no size" in page.wait("error", seq=seq, about="rows")["what"]
    with pytest.raises(UsageError):
        filters_of("modified>soon", columns_of(HERE, details=False))


@pytest.mark.parametrize("text", ["/denied", "/nothing/here"])
def test_folders_that_cannot_be_listed_are_told_inside(text):
    store = memory("a", cls=GatedFileSystem, denied={"/denied"})
    page = PageSide(store)
    page.wait("count", done=True)
    seq = page.ask("list", kind="path", text=text)
    told = page.wait("error", seq=seq, about="list")
    assert text in told["where"]
    page.ask("list", kind="path", text="/d")
    assert page.wait("count", listing=3, done=True)["total"] == 1


def test_messages_that_nobody_sends_do_no_harm():
    page = PageSide(memory("a"))
    page.wait("count", done=True)
    odd = {"type": "rows", "listing": 1, "start": -4, "count": 10**9, "sort": [1]}
    for message in (odd, {}, {"type": "rows"}, {"type": 3},
                    {"type": "preview", "ids": ["x", -1, None]},
                    {"type": "list", "kind": "part", "number": 99}, {"type": "do", "number": 7},
                    {"type": "code", "seq": 900, "listing": 1, "ids": [99]}):  # fmt: skip
        page.view.receive(message)
    assert page.wait("error", about="code")["what"]
    page.wait("error", about="do")


# -- one entry ------------------------------------------------------------------------------


def test_previews_of_text_bytes_and_nothing():
    store = memory("t.txt", data=("Größe\n" * 30_000).encode())
    store.files["hdfs:///d/b.bin"] = bytes(range(256)) * 4
    store.files["hdfs:///d/empty"] = b""
    page = PageSide(store)
    page.wait("count", done=True)
    text = page.wait("preview", seq=page.ask("preview", ids=[page.id("t.txt")]))
    assert text["text"].splitlines()[0] == "Größe"
    assert "The first 100 lines of 234.4 KiB." in text["notes"]
    binary = page.wait("preview", seq=page.ask("preview", ids=[page.id("b.bin")]))
    assert binary["text"].startswith("00000000  00 01 02 03 04 05 06 07 08 09")
    assert ["Size", "1.0 KiB (1,024 bytes)"] in binary["facts"]
    empty = page.wait("preview", seq=page.ask("preview", ids=[page.id("empty")]))
    assert empty["text"] == ""


def test_details_come_once_for_the_rows_that_are_seen():
    start = FilePath("s3", "b", "")
    store = DetailedFileSystem("s3", {f"s3://b/k{n}": b"x" for n in range(50)}, sealed={"k3"})
    page = PageSide(store, start)
    page.wait("count", done=True)
    titles = [c["name"] for c in page.wait("folder")["columns"] if c["late"]]
    assert titles == ["Encryption", "Key", "Version"]
    wanted = ["k1", "k10"]  # as S3 orders names
    page.ask("detail", ids=[1, 2])
    assert page.wait("detail", texts={"1": ["SSE-KMS", "k-1", "v7"]})
    page.wait("detail", texts={"2": ["SSE-KMS", "k-1", "v7"]})
    assert sorted(store.looks) == wanted
    page.ask("detail", ids=[1])
    assert sorted(store.looks) == wanted
    sealed = page.wait("preview", seq=page.ask("preview", ids=[page.id("k3")]))
    assert sealed["notes"] == ["Its key is not known here."]
    assert sealed["text"] == ""


def test_a_name_that_is_no_text_is_shown_and_never_copied_wrong(tmp_path):
    os.close(os.open(os.fsencode(tmp_path) + b"/a\xff.txt", os.O_CREAT))
    page = PageSide(MemoryFileSystem("hdfs"), FilePath("file", "", str(tmp_path)))
    page.wait("count", done=True)
    assert shown(page.rows()) == ["a\\udcff.txt"]
    told = page.wait("error", seq=page.ask("path", ids=[0]))
    assert "not UTF-8" in told["what"]
    assert "\\udcff" in told["advice"]
    page.wait("preview", seq=page.ask("preview", ids=[0]))


def test_a_path_is_copied_as_it_is():
    page = PageSide(memory("a\nb%20\u202ec"))
    page.wait("count", done=True)
    assert shown(page.rows()) == ["a\\nb%20\\u202ec"]
    text = page.wait("path", seq=page.ask("path", ids=[0]))["text"]
    assert text == "hdfs:///d/a\nb%20\u202ec"


# -- paths ----------------------------------------------------------------------------------


def test_parts_of_a_path_lead_back_to_it():
    odd = FilePath("s3", "b", "/x//y/../z")
    parts = parts_of(odd)
    assert [name for name, _ in parts] == ["s3://", "b", "", "x", "", "y", "..", "z"]
    assert parts[-1][1] == odd
    assert above(odd).key == "/x//y/../"
    assert [name for name, _ in parts_of(FilePath("hdfs", "", "/"))] == ["hdfs://"]
    entry = FileEntry(FilePath("s3", "b", "d//"), "directory")
    assert name_in(FilePath("s3", "b", "d/"), entry) == ""


def test_typed_paths_begin_at_the_folder_shown():
    resolve = FakeCluster().path
    assert str(typed("sub/x", HERE, resolve)) == "hdfs:///d/sub/x"
    assert str(typed("../e", HERE, resolve)) == "hdfs:///e"
    assert str(typed("s3a://b/k", HERE, resolve)) == "s3://b/k"
    with pytest.raises(UsageError):
        typed("  ", HERE, resolve)


# -- the command ----------------------------------------------------------------------------


class Comm:
    """A comm of a page."""

    def __init__(self) -> None:
        self.sent: list[dict] = []
        self.ready = threading.Event()

    def send(self, data: dict) -> None:
        self.sent.append(data)
        if data["type"] == "count" and data["done"]:
            self.ready.set()

    def on_msg(self, callback) -> None:
        self.received = callback

    def on_close(self, callback) -> None:
        self.closed = callback


@pytest.fixture
def kernel(bench, monkeypatch):
    """A kernel with comms, as far as they are used."""
    targets: dict = {}
    manager = SimpleNamespace(targets=targets, register_target=targets.__setitem__)
    monkeypatch.setattr(bench.shell, "kernel", SimpleNamespace(comm_manager=manager), raising=False)
    return targets


def test_a_terminal_is_told_what_to_write(bench):
    bench.run("_v = %emr browse s3://b/x")
    assert "%emr ls s3://b/x" in bench.shell.user_ns["_v"]


def test_the_output_holds_a_line_and_the_comm_answers(bench, kernel):
    bench.cluster.stores["hdfs"].files["hdfs:///d/secret.txt"] = b""
    bench.run("%emr browse /d")
    (data,) = bench.screen.shown
    assert data["text/plain"].startswith("Files of fake from hdfs:///d")
    assert "secret" not in str(data)
    opened = {"content": {"data": {"version": 1, "browser": data[MIME]["browser"]}}}
    comm = Comm()
    kernel[TARGET](comm, opened)
    assert comm.ready.wait(30)
    assert [m["type"] for m in comm.sent[:2]] == ["ready", "folder"]
    stranger = Comm()
    kernel[TARGET](stranger, {"content": {"data": {"browser": "no"}}})
    assert stranger.sent == [{"type": "gone"}]
    bench.extension.remove()
    assert TARGET not in kernel


def test_a_detached_cluster_is_told_inside(bench, kernel):
    bench.run("%emr browse /d")
    key = bench.screen.shown[0][MIME]["browser"]
    bench.run("_ = %emr detach")
    comm = Comm()
    kernel[TARGET](comm, {"content": {"data": {"browser": key}}})
    until = time.monotonic() + 30
    while not [m for m in comm.sent if m["type"] == "error"] and time.monotonic() < until:
        time.sleep(0.005)
    (told,) = [m for m in comm.sent if m["type"] == "error"]
    assert "attach" in told["advice"]
