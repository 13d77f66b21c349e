"""The commands on files: what they answer, ask, refuse, and how paths are written and completed."""

from __future__ import annotations

import json
import os
import sys

import pytest

from emr_nb.notebook.answers import Facts, Records
from emr_nb.testing.fake_engine import MemoryFileSystem

DATA = {
    "hdfs:///data/2013/a.csv": b"x,y\n1,2\n3,4\n",
    "hdfs:///data/2013/b.csv": b"z\n" * 5000,
    "hdfs:///data/2014/c.parquet": b"PAR1" * 100,
    "hdfs:///data/odd/st*r [1].txt": b"odd",
    "s3://b/k/2013/a.csv": b"1",
}


@pytest.fixture
def there(bench):
    for text, data in DATA.items():
        bench.cluster.stores[text.partition(":")[0]].files[text] = data
    return bench


@pytest.fixture
def value(there):
    def run(line):
        there.run(f"_v = {line}")
        return there.shell.user_ns["_v"]

    return run


@pytest.fixture
def fails(there):
    def run(line):
        return there.run(line, fails=True).out

    return run


@pytest.fixture
def answers(monkeypatch):
    """A user at a terminal who answers; returns what was asked."""
    asked: list[str] = []
    said: list[str] = []

    def reply(question):
        asked.append(question)
        return said.pop(0)

    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", reply)
    return asked, said


def names(rows):
    return [entry.name for entry in rows]


def test_ls_takes_several_paths_and_patterns(value):
    assert names(value("%emr ls /data/2013 s3://b/k/2013/")) == ["a.csv", "b.csv", "a.csv"]
    assert names(value("%emr ls /data/{2013,2014}/*.{csv,parquet}")) == [
        "a.csv", "b.csv", "c.parquet",
    ]  # fmt: skip
    assert names(value("%emr ls /data/20*")) == ["a.csv", "b.csv", "c.parquet"]
    assert names(value("%emr ls -d /data/20*")) == ["2013", "2014"]
    assert names(value("%emr ls -S /data/2013")) == ["b.csv", "a.csv"]
    assert names(value("%emr ls -r /data/2013")) == ["b.csv", "a.csv"]
    assert names(value("%emr ls /data/**/a.csv")) == ["a.csv"]


def test_letters_of_patterns_are_reached_by_a_backslash(value, fails):
    assert names(value(r"%emr ls '/data/odd/st\*r \[1\].txt'")) == ["st*r [1].txt"]
    assert "Nothing matches" in fails("%emr ls /data/nix*")
    assert "\\" in fails("%emr ls /data/[x]")


def test_a_variable_is_part_of_a_path(there, value):
    there.shell.user_ns["year"] = 2013
    assert names(value("%emr ls /data/{year}")) == ["a.csv", "b.csv"]


def test_tree_reads_as_a_list_and_shows_as_a_drawing(value):
    tree = value("%emr tree /data")
    assert "c.parquet" in names(tree)
    text = repr(tree)
    assert "├── 2013/\n│   ├── a.csv" in text
    assert "└── b.csv" in text
    assert "<pre" in tree._repr_html_()
    assert "a.csv" not in repr(value("%emr tree /data -L 1"))


def test_find(value, fails):
    assert names(value("%emr find /data -name '*.csv' -size +100")) == ["b.csv"]
    assert names(value("%emr find /data -type d -maxdepth 1")) == ["2013", "2014", "odd"]
    assert names(value("%emr find /data -iname A.CSV -newer 2012-12-31")) == ["a.csv"]
    assert names(value("%emr find /data -newer 2014-01-01")) == []
    assert names(value("%emr find /data -newer /data/2013/a.csv")) == []
    assert "no size" in fails("%emr find /data -size many")
    assert "no type" in fails("%emr find /data -type x")


def test_du_and_count(value):
    rows = value("%emr du /data")
    assert {u.path.name: (u.files, u.bytes) for u in rows}["2013"] == (2, 10_012)
    (whole,) = value("%emr du -s /data")
    assert (whole.files, whole.bytes) == (4, 10_415)
    (counted,) = value("%emr count /data")
    assert (counted.files, counted.directories) == (4, 4)
    assert "10,415" in repr(value("%emr count /data"))
    assert list(value("%emr du /data").pandas()["files"]) == [2, 1, 1]


@pytest.mark.parametrize("line", ["ls", "ls -R", "find", "du", "du -s", "count", "stat", "tree"])
def test_json_is_an_object_a_line(value, line):
    told = [json.loads(text) for text in value(f"%emr {line} /data --json").splitlines()]
    assert told
    assert all(row["path"].startswith("hdfs:///data") for row in told)


def test_stat(value):
    facts = value("%emr stat /data/2013/a.csv")
    assert isinstance(facts, Facts)
    assert dict(facts)["size"] == "12 bytes"
    assert len(value("%emr stat /data/2013/*")) == 2


def test_cat_head_and_tail(there, value, fails):
    assert value("%emr cat /data/2013/a.csv s3://b/k/2013/a.csv") == "x,y\n1,2\n3,4\n1"
    text = value("%emr head -n 1 /data/2013/*.csv")
    assert text == "==> hdfs:///data/2013/a.csv <==\nx,y\n\n==> hdfs:///data/2013/b.csv <==\nz"
    assert value("%emr tail -n 2 /data/2013/a.csv") == "1,2\n3,4"
    assert value("%emr tail -n 4500 /data/2013/b.csv").count("z") == 4500
    assert value("%emr tail -c 4 /data/2013/a.csv") == "3,4\n"
    assert "/*" in fails("%emr cat /data")
    there.cluster.stores["hdfs"].files["hdfs:///big"] = b"x" * (65 * 2**20)
    assert "%emr head" in fails("%emr cat /big")


def test_a_long_text_is_shown_in_part_and_kept_whole(there):
    there.cluster.stores["hdfs"].files["hdfs:///long"] = b"x" * 400_000
    result = there.run("%emr cat /long")
    data, _ = there.shell.display_formatter.format(result.result)
    assert len(data["text/plain"]) < 300_000
    assert "more characters" in data["text/plain"]
    assert len(result.result) == 400_000


def test_put_and_get_of_trees(there, value, fails, tmp_path, monkeypatch):
    (tmp_path / "t" / "sub").mkdir(parents=True)
    (tmp_path / "t" / "a b.txt").write_text("1")
    (tmp_path / "t" / "sub" / "c.txt").write_text("22")
    monkeypatch.chdir(tmp_path)
    assert "-r" in fails("%emr put t /in/")
    rows = value("%emr put -r t /in/")
    assert isinstance(rows, Records)
    assert sum(e.size for e in rows) == 3
    assert there.cluster.stores["hdfs"].files["hdfs:///in/t/sub/c.txt"] == b"22"
    value("%emr put t/*.txt t/sub/c.txt s3://b/flat/")
    assert {k for k in there.cluster.stores["s3"].files if "flat" in k} == {
        "s3://b/flat/a b.txt", "s3://b/flat/c.txt",
    }  # fmt: skip
    value("%emr get -r /in/t back")
    assert (tmp_path / "back" / "sub" / "c.txt").read_text() == "22"
    assert "--continue" in fails("%emr get -r /in/t/* back")
    value("%emr get -r /in/t/* back --overwrite")
    whole = value("%emr get --merge /data/2013 all.csv")
    assert whole[0].size == 10_012
    assert (tmp_path / "all.csv").read_bytes().startswith(b"x,y\n1,2\n3,4\nz\n")


def test_a_dry_run_copies_nothing(there, value):
    before = dict(there.cluster.stores["s3"].files)
    rows = value("%emr cp -r /data s3://b/copy --dry-run")
    assert len(rows) == 4
    assert "nothing was copied" in repr(rows)
    assert there.cluster.stores["s3"].files == before


def test_keys_that_no_disk_can_hold_are_spelled_and_told(there, value, tmp_path):
    for key in ("a\tb", "../../x", "y" * 300):
        there.cluster.stores["s3"].files[f"s3://odd/p/{key}"] = b"1"
    rows = value(f"%emr get -r s3://odd/p {tmp_path}/down/")
    assert all(e.path.key.startswith(f"{tmp_path}/down/p/") for e in rows)
    assert "../" in rows.notice
    assert not (tmp_path.parent / "x").exists()


def test_cp_between_stores_and_sync(there, value, fails):
    value("%emr cp /data/2013/*.csv s3://b/new/")
    assert there.cluster.stores["s3"].files["s3://b/new/a.csv"] == DATA["hdfs:///data/2013/a.csv"]
    assert "already" in fails("%emr cp /data/2013/*.csv s3://b/new/")
    there.cluster.stores["s3"].files["s3://b/new/old.csv"] = b"old"
    there.cluster.stores["s3"].files["s3://b/new/a.csv"] = b"other"
    told = value("%emr sync /data/2013 s3://b/new --dry-run --delete")
    assert {(c.action, c.path.name) for c in told} == {("differs", "a.csv"), ("delete", "old.csv")}
    value("%emr sync /data/2013 s3://b/new")
    assert there.cluster.stores["s3"].files["s3://b/new/a.csv"] == b"other"  # nobody asked for it
    assert "--yes" in fails("%emr sync /data/2013 s3://b/new --delete")
    value("%emr sync /data/2013 s3://b/new --delete --overwrite --yes")
    assert "s3://b/new/old.csv" not in there.cluster.stores["s3"].files
    assert there.cluster.stores["s3"].files["s3://b/new/a.csv"] == DATA["hdfs:///data/2013/a.csv"]
    told = value("%emr sync /data s3://b/all --dry-run --exclude '*.csv' --include b.csv")
    assert {c.path.name for c in told} == {"b.csv", "c.parquet", "st*r [1].txt"}


def test_a_run_that_nobody_watches_is_not_asked(there, fails):
    for line in ("rm -r /data", "rm /data/2013/*", "mv /data /moved"):
        said = fails(f"%emr {line}")
        assert "--yes" in said
        assert "/data" in said
    assert {k: v for s in there.cluster.stores.values() for k, v in s.files.items()} == DATA


def test_who_is_asked_sees_what_will_be_done(there, value, answers):
    asked, said = answers
    said += ["n", "y", "yes"]
    assert value("%emr rm -r /data/2013") == "Nothing was removed"
    assert "remove hdfs:///data/2013 with 2 files, 9.8 KiB, for good" in asked[0]
    assert "hdfs:///data/2013/a.csv" in there.cluster.stores["hdfs"].files
    (gone,) = value("%emr rm -r /data/2013")
    assert gone.files == 2
    assert "hdfs:///data/2013/a.csv" not in there.cluster.stores["hdfs"].files
    value("%emr mv /data/2014 /data/odd /kept/")
    assert "hdfs:///kept/2014/c.parquet" in there.cluster.stores["hdfs"].files
    assert "move hdfs:///data/2014 (1 file, 400 B) to hdfs:///kept/2014" in asked[2]


def test_rm(there, value, fails):
    assert "-r" in fails("%emr rm /data/2013")
    assert "Nothing is there" in fails("%emr rm /data/nix")
    assert value("%emr rm -f /data/nix*") is not None
    assert len(value("%emr rm /data/2013/a.csv")) == 1
    assert len(value("%emr rm -r /data --dry-run")) == 1
    value("%emr rm -r -skipTrash /data --yes")
    assert not [k for k in there.cluster.stores["hdfs"].files if k.startswith("hdfs:///data")]


def test_what_a_store_lacks_is_said(fails):
    for line in ("chmod 644 s3://b/k/2013/a.csv", "chown a:b s3://b/k/2013/a.csv",
                 "setrep 3 s3://b/k/2013/a.csv", "checksum s3://b/k/2013/a.csv"):  # fmt: skip
        assert "S3 " in fails(f"%emr {line}")


def test_permissions_of_local_files(value, fails, tmp_path):
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "f").write_text("x")
    (tmp_path / "d").chmod(0o755)
    value(f"%emr chmod -R u=rwX,go-rwx file://{tmp_path}/d")
    assert oct((tmp_path / "d").stat().st_mode)[-3:] == "700"
    assert oct((tmp_path / "d" / "f").stat().st_mode)[-3:] == "600"
    assert "no permissions" in fails(f"%emr chmod rw file://{tmp_path}/d/f")
    assert "knows no user" in fails(f"%emr chown nobody-of-this-name file://{tmp_path}/d/f")
    value(f"%emr chown {os.getuid()} file://{tmp_path}/d/f")
    os.utime(tmp_path / "d" / "f", (1, 1))
    value(f"%emr touch file://{tmp_path}/d/f file://{tmp_path}/d/new")
    assert (tmp_path / "d" / "f").stat().st_mtime > 1
    assert (tmp_path / "d" / "new").read_bytes() == b""
    (told,) = value(f"%emr checksum file://{tmp_path}/d/new")
    assert (told.algorithm, told.value) == ("MD5", "d41d8cd98f00b204e9800998ecf8427e")


def test_distcp_says_what_there_is_not(fails):
    assert "control plane" in fails("%emr cp --distcp -r /data s3://b/copy")
    assert "HDFS and S3" in fails("%emr cp --distcp /data/2013/a.csv /data/z.csv")


def test_a_copy_that_takes_long_shows_its_rate_and_nothing_twice(there, value):
    out = there.run("_ = %emr cp -r /data s3://b/quick").out
    assert out == ""
    assert there.screen.shown == []  # over in no time: no line is left


class Interrupted(MemoryFileSystem):
    """A user interrupts in the middle of a read."""

    def read(self, path, start=0, length=None):
        yield b"x"
        raise KeyboardInterrupt


@pytest.mark.parametrize("line", ["cp /data/2013/a.csv s3://b/half", "get --merge /data/2013 m"])
def test_an_interrupt_is_told_once_and_leaves_nothing(there, line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    files = there.cluster.stores["hdfs"].files
    there.cluster.stores["hdfs"] = Interrupted("hdfs", files)
    there.run(f"%emr {line}", fails=True)
    assert there.screen.plain.count("interrupted") == 1
    assert "nothing stands under the final name" in there.screen.plain
    assert "s3://b/half" not in there.cluster.stores["s3"].files
    assert list(tmp_path.glob("m*")) == []


def test_the_line_of_a_long_copy_has_bytes_and_rate(there):
    from emr_nb.files.transfers import Copied
    from emr_nb.notebook.commands.copy_line import CopyLine

    now = [0.0]
    line = CopyLine(there.notebook, "cp big", clock=lambda: now[0])
    now[0] = 2.0
    line.told(Copied(files=1, files_total=3, bytes=20 * 2**20, bytes_total=80 * 2**20))
    assert "25% · cp big: 1 of 3 files, 20.0 MiB of 80.0 MiB, 10.0 MiB/s" in there.screen.plain


def test_completion_of_paths(there, tmp_path, monkeypatch):
    from emr_nb.notebook.completion import Completer

    completer = Completer(there.notebook, there.extension.emr)

    def complete(text):
        found = completer.complete(text, len(text))
        return [t for t, _ in found[1]]

    assert complete("%emr cp /data/2013/a") == ["/data/2013/a.csv"]
    assert complete("%emr cp /data/2013/a.csv s3://b/k") == ["s3://b/k/"]
    assert complete("%emr ls /data/odd/s") == [r'"/data/odd/st\*r \[1\].txt"']
    assert complete(r"%emr ls '/data/odd/st\*r ") == [r"'/data/odd/st\*r \[1\].txt'"]
    assert complete("%emr ls /data/2*/") == []
    (tmp_path / "file one.csv").write_text("")
    monkeypatch.chdir(tmp_path)
    assert complete("%emr put ./f") == ['"./file one.csv"']
    assert complete("%emr cp ./f") == ['"./file one.csv"']
    assert f"{tmp_path}/file one.csv" in complete(f"%emr put '{tmp_path}/")[0]


def test_listings_say_whose_eyes_saw_them(there, value):
    there.cluster.stores["hdfs"].identity = lambda _: "anna"
    assert value("%emr ls /data/2013").notice.endswith(" (read as anna)")
    assert repr(value("%emr tree /data")).rstrip().endswith("(read as anna)")
    assert "read as" not in value("%emr ls s3://b/k/2013").notice  # a store that does not know


# -- %hdfs and %fs ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "same"),
    [
        ("%hdfs ls /data", "%emr ls /data"),
        ("%hdfs dfs -ls -R /data", "%emr ls -R /data"),
        ("%fs -du -s /data", "%emr du -s /data"),
        ("%hdfs -lsr /data/2013", "%emr ls -R /data/2013"),
        ("%fs text /data/2013/a.csv", "%emr cat /data/2013/a.csv"),
        ("%hdfs -count '/data/odd/st?r *'", "%emr count '/data/odd/st?r *'"),
        ("%hdfs rm --help", "%emr rm --help"),
    ],
)
def test_the_words_of_a_terminal_do_the_same(value, line, same):
    assert repr(value(line)) == repr(value(same))


def test_files_are_all_that_these_magics_know(value, fails):
    assert "%hdfs setrep" in str(value("%hdfs"))
    assert str(value("%fs --help")).startswith("%fs ls")
    assert "Did you mean %hdfs stat?" in fails("%hdfs -stats /data")
    assert "no command 'attach'" in fails("%fs attach fake")
    assert "There is no option -q" in fails("%hdfs -ls -q /data")
