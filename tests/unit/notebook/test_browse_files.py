"""The kernel's side of the file browser: what it answers, when, and what it never does."""

from __future__ import annotations

import ast
import json
import os
import threading
import time
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emr_nb.browsing import snippets
from emr_nb.browsing.choosing import tests_of as filters_of
from emr_nb.browsing.columns import columns_of
from emr_nb.browsing.formats import Told
from emr_nb.browsing.places import above, name_in, parts_of, typed
from emr_nb.errors import FileError, UsageError
from emr_nb.model import FileEntry, FilePath
from emr_nb.notebook.browser.fetching import free_path
from emr_nb.notebook.browser.serving import MIME, TARGET
from emr_nb.notebook.browser.view import Pools, View
from emr_nb.testing.fake_engine import FakeCluster, MemoryFileSystem
from emr_nb.testing.fake_stores import DetailedFileSystem, GatedFileSystem, TrashFileSystem

HERE = FilePath("hdfs", "", "/d")


class PageSide:
    """A page: asks, and waits for answers."""

    def __init__(self, store: MemoryFileSystem, start: FilePath = HERE) -> None:
        self.cluster = FakeCluster()
        self.cluster.stores[start.scheme] = store
        self.got: list[dict] = []
        self.seq = 0
        self.view = View(self.cluster, start, Pools(), self._take)
        self.view.begin()

    def _take(self, message: dict) -> None:
        json.dumps(message, ensure_ascii=False).encode()  # what a kernel makes of it
        self.got.append(message)

    def ask(self, type_: str, **more: object) -> int:
        self.seq += 1
        last = next((m["listing"] for m in reversed(self.got) if m["type"] == "folder"), 0)
        self.view.receive({"listing": last, **more, "type": type_, "seq": self.seq})
        return self.seq

    def wait(self, type_: str, **having: object) -> dict:
        until = time.monotonic() + 30
        while time.monotonic() < until:
            for message in self.got[:]:
                if message["type"] == type_ and all(message.get(k) == v for k, v in having.items()):
                    return message
            time.sleep(0.005)
        raise AssertionError(f"no {type_} {having} in {self.got}")

    def rows(self, **more: object) -> dict:
        seq = self.ask("rows", **{"start": 0, "count": 100, **more})
        return self.wait("rows", seq=seq)

    def id(self, name: str) -> int:
        found = self.rows()
        return next(i for i, r in zip(found["ids"], found["rows"], strict=True) if r[0] == name)


def memory(*names: str, cls: type = MemoryFileSystem, data: bytes = b"x", **more: object):
    return cls("hdfs", {f"hdfs:///d/{name}": data for name in names}, **more)


def shown(found: dict) -> list[str]:
    return [row[0] for row in found["rows"]]


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


# -- code -----------------------------------------------------------------------------------


@given(st.text(st.characters(exclude_characters="/\0"), min_size=1))
def test_every_name_round_trips_through_code(name):
    path = FilePath("s3", "b", f"d/{name}")
    cell = snippets.spark(FileEntry(path, "file"), Told("parquet"))
    call = ast.parse(cell.partition("\n")[2]).body[0].value
    written = ast.literal_eval(call.args[0])
    assert FilePath.parse(_unglob(written)) == path
    cell.encode()  # surrogates are escapes


def _unglob(text: str) -> str:
    chars = iter(text)
    return "".join(next(chars) if char == "\\" else char for char in chars)


def test_spark_reads_what_names_tell():
    store = memory("x.csv.gz", "t/day=1/hour=2/part-0.orc", "lake/_delta_log/0.json", "odd/z")
    page = PageSide(store)
    page.wait("count", done=True)
    code = lambda name, kind: page.wait(  # noqa: E731
        "code", seq=page.ask("code", ids=[page.id(name)], kind=kind)
    )["text"]
    assert code("x.csv.gz", "spark").splitlines()[1] == (
        'df = spark.read.option("header", True).csv("hdfs:///d/x.csv.gz")'
    )
    assert code("lake", "spark").splitlines()[1].startswith('df = spark.read.format("delta")')
    table = code("t", "hive")
    assert "PARTITIONED BY (`day` STRING, `hour` STRING)" in table
    assert "STORED AS ORC\nLOCATION 'hdfs:///d/t'" in table
    assert "MSCK REPAIR TABLE `t`" in table
    told = page.wait("error", seq=page.ask("code", ids=[page.id("lake")], kind="pandas"))
    assert "Delta" in told["what"]
    told = page.wait("error", seq=page.ask("code", ids=[page.id("odd")], kind="hive"))
    assert told["advice"] == "Insert it as Spark."


def test_a_hive_location_is_a_folder_and_its_text_is_quoted():
    entry = FileEntry(FilePath("s3", "b", "it's\\here/a.parquet"), "file")
    columns = [snippets.HiveColumn("a`b", "INT")]
    cell = snippets.hive(entry, "s3://b/it's\\here/\u202e", Told("parquet"), columns)
    assert "  `a``b` INT" in cell
    assert "LOCATION 's3://b/it\\'s\\\\here/\\u202e'" in cell


def test_the_cell_for_pandas_runs(bench):
    files = bench.cluster.stores["hdfs"].files
    files["hdfs:///d/p/part-0.csv"] = files["hdfs:///d/p/part-1.csv"] = b"a,b\n1,2\n"
    files["hdfs:///d/p/_SUCCESS"] = b""
    info = bench.cluster.stores["hdfs"].info
    for name, rows in (("part-0.csv", 1), ("", 2)):
        path = FilePath("hdfs", "", f"/d/p/{name}".rstrip("/"))
        bench.run(snippets.pandas(info(path), Told("csv"), "fake"))
        assert len(bench.shell.user_ns["df"]) == rows


# -- downloads and changes ------------------------------------------------------------------


def test_a_download_tells_of_itself_and_takes_a_free_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.tar.gz").write_bytes(b"mine")
    page = PageSide(memory("a.tar.gz", data=b"theirs"))
    page.wait("count", done=True)
    page.ask("download", ids=[0])
    assert page.wait("job", state="done")["text"] == "a (2).tar.gz: 6 B"
    assert (tmp_path / "a.tar.gz").read_bytes() == b"mine"
    assert (tmp_path / "a (2).tar.gz").read_bytes() == b"theirs"
    assert free_path(tmp_path, ".bashrc") == tmp_path / ".bashrc"


def test_a_cancelled_download_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = memory("a.bin", cls=GatedFileSystem, data=b"x" * 1000)
    page = PageSide(store)
    page.wait("count", done=True)
    page.ask("download", ids=[0])
    job = page.wait("job", state="running")["job"]
    page.ask("cancel", number=job)
    store.reads.set()
    assert page.wait("job", state="cancelled")
    assert not list(tmp_path.iterdir())


def test_a_folder_comes_whole_and_never_leaves_its_place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page = PageSide(memory("t/x/a", "t/b"))
    page.wait("count", done=True)
    page.ask("download", ids=[0])
    assert page.wait("job", state="done")["text"] == "t: 2 files, 2 B"
    assert sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file()) == [
        *("t/b", "t/x/a")
    ]
    evil = MemoryFileSystem("s3", {"s3://b/e/../../evil": b"x"})
    page = PageSide(evil, FilePath("s3", "b", ""))
    page.wait("count", done=True)
    page.ask("download", ids=[0])
    assert "2 names changed" in page.wait("job", state="done")["text"]
    (came,) = [p for p in (tmp_path / "e").rglob("*") if p.is_file()]
    assert came.name == "evil"
    assert not (tmp_path.parent / "evil").exists()


def test_a_removal_is_told_first_and_done_once():
    store = memory("t/a", "t/b", "c", data=b"12345")
    page = PageSide(store)
    page.wait("count", done=True)
    plan = page.wait("plan", seq=page.ask("plan", kind="delete", ids=[page.id("t")]))
    assert plan["lines"][0] == "This cannot be undone."
    assert plan["lines"][1] == "hdfs:///d/t and all below it: 2 files, 10 B"
    assert plan["danger"]
    assert len(store.files) == 3
    page.wait("done", seq=page.ask("do", number=plan["plan"]))
    assert list(store.files) == ["hdfs:///d/c"]
    again = page.wait("error", seq=page.ask("do", number=plan["plan"]))
    assert "confirmed already" in again["what"]


def test_a_long_selection_is_all_of_it_though_the_page_has_a_few_rows():
    store = memory(*(f"f{n:04d}" for n in range(3000)), "dir/x", data=b"1")
    page = PageSide(store)
    page.wait("count", done=True)
    seen = page.rows()["ids"]
    every = {"ids": seen, "start": 0, "count": 3001}
    assert page.wait("path", seq=page.ask("path", **every))["text"].count("\n") == 3000
    plan = page.wait("plan", seq=page.ask("plan", kind="delete", **every))
    assert plan["title"] == "Delete 3,001 entries?"
    assert "and 2,993 others" in plan["lines"]
    last = {"start": 0, "count": 10, "text": "f29", "sort": {"column": 0, "descending": True}}
    text = page.wait("path", seq=page.ask("path", **last))["text"]
    assert text.split("\n")[0] == "hdfs:///d/f2999"
    other = {"ids": seen, "start": 1000, "count": 2001}  # not the rows that were looked at
    assert "changed" in page.wait("error", seq=page.ask("path", **other))["what"]
    assert "changed" in page.wait("error", seq=page.ask("path", start=0, count=9000))["what"]


class Failing(MemoryFileSystem):
    """Removes one file, and then no other."""

    def rm(self, path, *, recursive=False):
        if len(self.files) < 3:
            raise FileError("HDFS is in safe mode and takes no changes", where=str(path))
        super().rm(path, recursive=recursive)


def test_a_removal_that_breaks_off_says_how_far_it_came():
    page = PageSide(memory("a", "b", "c", cls=Failing))
    page.wait("count", done=True)
    plan = page.wait("plan", seq=page.ask("plan", kind="delete", ids=[0, 1, 2]))
    told = page.wait("error", seq=page.ask("do", number=plan["plan"]))
    assert told["what"].startswith("1 of 3 are deleted, then: HDFS is in safe mode")
    assert told["where"] == "hdfs:///d/b"


class WithoutTrash(TrashFileSystem):
    """Tells that it has no trash, as HDFS does."""

    def keeps_removed(self, path):
        return False


def test_a_trash_that_is_known_not_to_be_there_is_not_promised():
    page = PageSide(memory("a", cls=WithoutTrash, has_trash=False))
    page.wait("count", done=True)
    plan = page.wait("plan", seq=page.ask("plan", kind="delete", ids=[0]))
    assert (plan["button"], plan["danger"]) == ("Delete", True)
    page.wait("done", seq=page.ask("do", number=plan["plan"]))


def test_a_trash_that_is_not_there_is_asked_about_again():
    store = memory("a", "b", cls=TrashFileSystem)
    page = PageSide(store)
    page.wait("count", done=True)
    plan = page.wait("plan", seq=page.ask("plan", kind="delete", ids=[page.id("a")]))
    assert (plan["button"], plan["danger"]) == ("Move to trash", False)
    page.wait("done", seq=page.ask("do", number=plan["plan"]))
    assert "hdfs:///.Trash/d/a" in store.files
    store.has_trash = False
    plan = page.wait("plan", seq=page.ask("plan", kind="delete", ids=[page.id("b")]))
    second = page.wait("plan", seq=page.ask("do", number=plan["plan"]))
    assert second["danger"]
    assert "hdfs:///d/b" in store.files
    page.wait("done", seq=page.ask("do", number=second["plan"]))
    assert "hdfs:///d/b" not in store.files


def test_new_names_are_checked():
    store = memory("a", "b")
    page = PageSide(store)
    page.wait("count", done=True)
    made = ("mkdir", "x/y", "no name"), ("mkdir", "..", "no name")
    named = ("rename", "b", "there already"), ("rename", "a", "already")
    for kind, text, word in (*made, *named):
        seq = page.ask("plan", kind=kind, ids=[page.id("a")], text=text)
        assert word in page.wait("error", seq=seq)["what"]
    plan = page.wait("plan", seq=page.ask("plan", kind="rename", ids=[page.id("a")], text="c d"))
    page.wait("done", seq=page.ask("do", number=plan["plan"]))
    assert set(store.files) == {"hdfs:///d/c d", "hdfs:///d/b"}


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
