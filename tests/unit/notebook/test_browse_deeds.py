"""What the file browser does with entries: code for cells, downloads, changes told first."""

from __future__ import annotations

import ast

from browse_rig import PageSide, memory
from hypothesis import given
from hypothesis import strategies as st

from emr_nb.browsing import snippets
from emr_nb.browsing.formats import Told
from emr_nb.errors import FileError
from emr_nb.model import FileEntry, FilePath
from emr_nb.notebook.browser.fetching import free_path
from emr_nb.testing.fake_engine import MemoryFileSystem
from emr_nb.testing.fake_stores import GatedFileSystem, TrashFileSystem

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
