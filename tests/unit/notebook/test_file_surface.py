"""What somebody who knows `hdfs dfs` and `aws s3` meets: words, totals, and what is said of both."""

from __future__ import annotations

import pytest

from emr_nb.files.modes import letters_of
from emr_nb.model import FileEntry, FilePath, Page
from emr_nb.notebook.answers import Records
from emr_nb.testing.fake_engine import MemoryFileSystem
from emr_nb.testing.fake_stores import TrashFileSystem

DATA = {
    "hdfs:///data/2013/a.csv": b"x,y\n1,2\n3,4\n",
    "hdfs:///data/2013/b.csv": b"z\n" * 50,
    "hdfs:///data/2014/c.csv": b"1",
    "s3://b/k/a.csv": b"1",
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


class Buckets(MemoryFileSystem):
    """Lists its buckets as S3 does."""

    def ls(self, path, after=None):
        if path.authority:
            return super().ls(path, after)
        return Page([FileEntry(FilePath("s3", name, ""), "directory") for name in ("logs", "raw")])


def test_buckets_have_their_names(there, value):
    there.cluster.stores["s3"] = Buckets("s3", {})
    text = repr(value("%emr ls s3://"))
    assert [line.split()[-1] for line in text.splitlines()[1:3]] == ["logs/", "raw/"]
    assert "├── logs/" in repr(value("%emr tree -L 1 s3://"))
    assert "s3://logs/" in repr(value("%emr ls -d s3://logs s3://raw"))


@pytest.mark.parametrize(
    ("octal", "letters"),
    [("1777", "rwxrwxrwt"), ("1776", "rwxrwxrwT"), ("755", "rwxr-xr-x"), ("6750", "rwsr-s---"),
     ("0", "---------"), ("40", "---r-----"), ("", ""), ("rw", "")],
)  # fmt: skip
def test_permissions_show_as_ls_has_them(octal, letters):
    assert letters_of(octal) == letters


class Told(TrashFileSystem):
    """Says beforehand whether it has a trash, as HDFS does."""

    def keeps_removed(self, path):
        return self.has_trash and not path.key.startswith("/.Trash")


@pytest.mark.parametrize("has_trash", [True, False])
def test_rm_says_whether_what_is_gone_can_be_had_back(there, value, fails, has_trash):
    files = there.cluster.stores["hdfs"].files
    there.cluster.stores["hdfs"] = Told("hdfs", files, has_trash=has_trash)
    where, other = ("to the trash", "for good") if has_trash else ("for good", "to the trash")
    said = fails("%emr rm -r /data/2013")
    assert where in said
    assert other not in said
    assert value("%emr rm -r --dry-run /data/2013").notice == f"2 files would be removed, {where}"
    assert value("%emr rm /data/2014/c.csv").notice == f"1 file removed, {where}"
    assert value("%emr rm -r --yes /data/2013").notice == f"2 files removed, {where}"
    assert value("%emr rm --skip-trash s3://b/k/a.csv").notice == "1 file removed, for good"


def test_rm_that_was_told_to_be_for_good_is_not_asked_twice(there, value, monkeypatch):
    files = there.cluster.stores["hdfs"].files
    there.cluster.stores["hdfs"] = Told("hdfs", files, has_trash=False)
    asked = []
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda question: asked.append(question) or "y")
    gone = value("%emr rm -r /data/2013")
    assert isinstance(gone, Records)
    assert len(asked) == 1
    assert "for good" in asked[0]


def test_paths_are_spelled_alike_in_every_command(there, value, fails, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a b.csv").write_text("x,y\n1,2\n")
    assert value('%emr preview "./a b.csv"').rows.num_rows == 1
    assert value("%emr preview /data/2013/a*.csv").rows.num_rows == 2
    said = fails("%emr preview /data/2013/*.csv")
    assert "stands for several" in said
    assert "hdfs:///data/2013/a.csv, hdfs:///data/2013/b.csv" in said
    assert "Nothing matches" in fails("%emr browse /nix*")
    assert f"{tmp_path}" in str(value("%emr browse ./"))
    assert "keeps no snapshots" in fails("%emr snapshots ./")


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("%hdfs dfs -test -e /data", "c.files.exists"),
        ("%hdfs dfs -rmdir /data", "%emr rm -r"),
        ("%hdfs dfs -getfacl /data", "%emr stat"),
        ("%hdfs fsck /", "%emr df"),
        ("%hdfs dfsadmin -report", "%emr df"),
        ("%fs -moveFromLocal x /y", "%emr mv ./x"),
    ],
)
def test_words_of_a_terminal_that_are_not_here_name_what_is(fails, line, word):
    said = fails(line)
    assert word in said
    assert "Did you mean" not in said


@pytest.mark.parametrize("line", ["%emr ls -C /data", "%emr tail -f /data", "%emr count -v /data"])
def test_one_letter_is_not_guessed_from_another(fails, line):
    said = fails(line)
    assert "Did you mean" not in said
    assert "Usage: " in said


def test_a_letter_of_another_case_is(fails):
    assert "Did you mean -h?" in fails("%emr ls -H /data")


def test_help_is_help_however_it_is_asked_for(value):
    assert value("%hdfs dfs -ls -help") == value("%emr help ls")
