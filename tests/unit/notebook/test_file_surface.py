"""What somebody who knows `hdfs dfs` and `aws s3` meets: words, totals, and what is told."""

from __future__ import annotations

import threading

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


def test_sync_removes_folders_that_it_emptied_and_says_what_it_left(there, value):
    hdfs = there.cluster.stores["hdfs"].files
    hdfs["hdfs:///to/2013/a.csv"] = DATA["hdfs:///data/2013/a.csv"]
    hdfs["hdfs:///to/gone/deep/x.csv"] = b"x"
    hdfs["hdfs:///to/gone/keep.log"] = b"x"
    line = "%emr sync /data /to --delete --exclude *.log"
    told = value(f"{line} --dry-run")
    deleted = {str(c.path) for c in told if c.action == "delete"}
    assert deleted == {"hdfs:///to/gone/deep/x.csv", "hdfs:///to/gone/deep"}
    assert told.notice.startswith("2 to copy, 2 to delete\nnothing was done")
    assert "1 path left out by --exclude" in told.notice
    told = value(f"{line} --yes")
    assert told.notice.startswith("2 copied, 2 deleted")
    assert sorted(k for k in hdfs if "/to/gone" in k) == ["hdfs:///to/gone/keep.log"]
    told = value("%emr sync /data /to --delete --yes")
    assert "hdfs:///to/gone" in {str(c.path) for c in told}
    assert not [k for k in hdfs if "/to/gone" in k]


def test_merge_names_what_it_leaves_out(there, value, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    there.cluster.stores["hdfs"].files["hdfs:///data/2013/_SUCCESS"] = b""
    there.cluster.stores["hdfs"].files["hdfs:///data/2013/sub/c.csv"] = b"c"
    told = value("%emr get --merge /data/2013 all.csv")
    assert "2 files as one" in told.notice
    assert "hdfs:///data/2013/_SUCCESS" in told.notice
    assert "hdfs:///data/2013/sub/" in told.notice


def test_what_made_only_a_folder_says_so(there, value, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    assert "1 folder made" in repr(value("%emr cp -r ./empty ./other"))
    assert (tmp_path / "other").is_dir()
    assert repr(value("%emr du ./empty")) == "./empty is empty"


def test_find_takes_days_and_says_what_a_time_is(there, value, fails):
    assert len(value("%emr find /data -name *.csv -mtime +30")) == 3
    assert len(value("%emr find /data -mtime -30 -type f")) == 0
    assert "number of days" in fails("%emr find /data -mtime many")
    assert "-mtime -1" in fails("%emr find /data -newer yesterday")


def test_head_takes_a_terminals_count(value, fails):
    assert value("%emr head -2 /data/2013/a.csv") == "x,y\n1,2"
    assert value("%emr tail -1 /data/2013/a.csv") == "3,4"
    assert "PATH missing" in fails("%emr head -2")


class Slow(MemoryFileSystem):
    """Lists when it is told to."""

    def ls(self, path, after=None):
        assert self.gate.wait(30)
        return super().ls(path, after)


@pytest.mark.parametrize("line", ["du -s /data", "cp -r /data s3://b/new", "rm -r --yes /data",
                                  "sync /data s3://b/new"])  # fmt: skip
def test_what_lists_for_long_is_seen_to(there, line):
    store = there.cluster.stores["hdfs"] = Slow("hdfs", there.cluster.stores["hdfs"].files)
    store.gate = threading.Event()
    show = there.screen.show

    def shown(data, metadata=None, display_id=None):
        store.gate.set()  # only what is seen lets it go on
        show(data, metadata, display_id)

    there.screen.show = shown
    there.run(f"_ = %emr {line}")
    assert store.gate.is_set()
    assert "✓" in there.screen.plain


def test_a_count_in_a_terminal_is_told_now_and_then(there):
    from emr_nb.notebook.progress_line import ProgressLine

    now = [0.0]
    there.screen.updates = False
    line = ProgressLine(there.screen, lambda: now[0])
    for step in range(1000):
        now[0] += 0.01
        line.tally(f"removing: {step}")
    assert 2 <= there.screen.text.count("removing") <= 4
