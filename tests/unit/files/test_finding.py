"""find's tests, modes of chmod, and sums by whatever a store can do."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from emr_nb.errors import UsageError
from emr_nb.files.abilities import Checksums, Permissions, Summed, Touches, Walks
from emr_nb.files.finding import Wanted, find, moment_of
from emr_nb.files.local import LocalFileSystem
from emr_nb.files.modes import new_mode
from emr_nb.files.walking import summary, walk
from emr_nb.model import FileEntry, FilePath
from emr_nb.testing.fake_engine import MemoryFileSystem


@pytest.mark.parametrize(
    ("wanted", "now", "made"),
    [
        ("644", "755", "644"),
        ("1777", "", "1777"),
        ("u+x", "644", "744"),
        ("go-rwx", "755", "700"),
        ("a=r", "777", "444"),
        ("+w", "444", "666"),
        ("u=rw,go=", "777", "600"),
        ("+t", "777", "1777"),
        ("u+s", "755", "4755"),
        ("g-s", "2755", "755"),
    ],
)
def test_modes(wanted, now, made):
    assert new_mode(wanted, now, directory=False) == made


def test_a_large_x_is_for_folders_and_what_runs_already():
    assert new_mode("a+X", "644", directory=True) == "755"
    assert new_mode("a+X", "644", directory=False) == "644"
    assert new_mode("a+X", "744", directory=False) == "755"


@pytest.mark.parametrize("bad", ["", "8", "99", "u~x", "rw", "u+x,", "77777"])
def test_no_modes(bad):
    with pytest.raises(UsageError, match="no permissions"):
        new_mode(bad, "644", directory=False)


@pytest.mark.parametrize(
    ("size", "passes"),
    [("10", True), ("+9", True), ("+10", False), ("-11", True), ("-1k", True), ("+1K", False)],
)
def test_sizes(size, passes):
    entry = FileEntry(FilePath("hdfs", "", "/x"), "file", size=10)
    assert all(test(entry) for test in Wanted(size=size).tests()) is passes


def test_moments():
    assert moment_of("2024-01-31T12:00:00+00:00") == datetime(2024, 1, 31, 12, tzinfo=UTC)
    assert moment_of("2024-01-31") is not None
    assert moment_of("/data/file") is None


def test_the_local_disk_can_do_more(tmp_path):
    fs = LocalFileSystem()
    for ability in (Walks, Summed, Permissions, Touches, Checksums):
        assert isinstance(fs, ability)
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "f").write_bytes(b"12345")
    (tmp_path / "a" / "loop").symlink_to(tmp_path)
    root = FilePath("file", "", str(tmp_path))
    assert [(e.name, e.kind) for e in walk(fs, root)] == [
        ("a", "directory"), ("b", "directory"), ("loop", "symlink"), ("f", "file"),
    ]  # fmt: skip
    told = summary(fs, root)
    assert (told.directories, told.bytes >= 5) == (3, True)
    assert [e.name for e in find(fs, root, Wanted(kind="l"))] == ["loop"]
    assert [e.name for e in find(fs, root, Wanted(depth=1))] == ["a"]


def test_a_store_that_can_do_nothing_more_is_walked():
    fs = MemoryFileSystem("hdfs")
    fs.files = {"hdfs:///d/a/1": b"12", "hdfs:///d/2": b"3"}
    told = summary(fs, FilePath("hdfs", "", "/d"))
    assert (told.files, told.directories, told.bytes, told.space) == (2, 2, 3, None)


class KeysOnly(MemoryFileSystem):
    """Walks as S3 does: keys, and no folders between."""

    def walk(self, path):
        for name in sorted(self.files):
            if name.startswith(str(path)):
                yield self.info(FilePath.parse(name))


def test_folders_that_keys_imply_are_told_once():
    fs = KeysOnly("s3")
    fs.files = {f"s3://b/p/{k}": b"" for k in ("a/b/1", "a/b/2", "a/c/3", "x")}
    found = [(e.path.key, e.kind) for e in walk(fs, FilePath("s3", "b", "p/"))]
    assert [key for key, kind in found if kind == "directory"] == ["p/a/", "p/a/b/", "p/a/c/"]
    assert [key for key, kind in found if kind == "file"] == [
        "p/a/b/1", "p/a/b/2", "p/a/c/3", "p/x",
    ]  # fmt: skip
