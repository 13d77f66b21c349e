"""What HDFS can do beyond a file system's protocol, on real daemons, by WebHDFS and by HttpFS."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hdfs_rig import HdfsRig, calm, hdfs_rig, until  # noqa: F401 -- fixtures

from emr_nb.errors import (
    DiskFullError,
    FileError,
    PathDeniedError,
    PathIsDirectoryError,
    PathNotDirectoryError,
    PathNotFoundError,
    UsageError,
)
from emr_nb.files import abilities
from emr_nb.files.webhdfs import WebHdfs
from emr_nb.files.webhdfs_health import Healthy
from emr_nb.model import FilePath
from emr_nb.testing.filesystems import content, names

pytestmark = pytest.mark.usefixtures("calm")


@pytest.fixture
def root(hdfs_rig: HdfsRig) -> FilePath:  # noqa: F811
    return hdfs_rig.folder()


@pytest.fixture(params=["webhdfs", "httpfs"])
def fs(request: pytest.FixtureRequest, hdfs_rig: HdfsRig) -> WebHdfs:  # noqa: F811
    return hdfs_rig.store("anna", getattr(hdfs_rig, request.param))


def test_it_keeps_the_protocols(fs):
    assert fs.identity(FilePath("hdfs", "", "/")) == "anna"
    for protocol in (
        *(abilities.Walks, abilities.Summed, abilities.Details, abilities.Permissions),
        *(abilities.Replicated, abilities.Trash, abilities.Checksums, abilities.Touches),
        *(abilities.Snapshots, Healthy),
    ):
        assert isinstance(fs, protocol)


def test_a_walk_has_all_below_folders_first(fs, root):
    fs.write(root.child("a").child("b").child("deep"), [b"1"])
    fs.write(root.child("z"), [b"22"])
    for number in range(30):
        fs.mkdir(root.child(f"d{number}").child("e"))
    found = [str(entry.path)[len(str(root)) :] for entry in fs.walk(root)]
    assert len(found) == len(set(found)) == 64
    assert {"/z", "/a/b/deep", "/d29/e"} <= set(found)
    assert found.index("/a") < found.index("/a/b") < found.index("/a/b/deep")
    assert [entry.size for entry in fs.walk(root.child("z"))] == [2]
    with pytest.raises(PathNotFoundError):
        list(fs.walk(root.child("nothing")))


def test_sums_and_quotas(fs, root, hdfs_rig):  # noqa: F811
    fs.write(root.child("a").child("one"), [b"x" * 1000])
    fs.write(root.child("two"), [b"y" * 24])
    told = fs.summary(root)
    assert (told.files, told.directories, told.bytes, told.space) == (2, 2, 1024, 1024)
    assert (told.name_quota, told.space_quota) == (None, None)
    hdfs_rig.ask(root, "SETQUOTA", namespacequota="6", storagespacequota=str(1 << 30))
    told = fs.summary(root)
    assert (told.name_quota, told.space_quota) == (6, 1 << 30)


def test_a_quota_of_names_that_is_used_up_is_told(fs, root, hdfs_rig):  # noqa: F811
    fs.write(root.child("one"), [b"x"])
    hdfs_rig.ask(root, "SETQUOTA", namespacequota="2", storagespacequota="-1")
    with pytest.raises(DiskFullError, match="quota of names"):
        fs.write(root.child("two"), [b"x"])
    with pytest.raises(DiskFullError, match="quota of names"):
        fs.mkdir(root.child("three"))
    assert names(fs, root) == {"one"}


def test_a_space_quota_that_is_used_up_is_told(fs, root, hdfs_rig):  # noqa: F811
    hdfs_rig.ask(root, "SETQUOTA", namespacequota="-1", storagespacequota=str(1 << 20))
    with pytest.raises(DiskFullError, match="space quota"):
        fs.write(root.child("big"), (b"x" * 100_000 for _ in range(40)))
    assert names(fs, root) == set()


def test_permissions_are_set_and_tell_who_may_not(fs, root, hdfs_rig):  # noqa: F811
    path = root.child("file")
    fs.write(path, [b"x"])
    fs.chmod(path, "640")
    assert fs.info(path).permissions == "640"
    with pytest.raises(UsageError, match="octal"):
        fs.chmod(path, "u+x")
    with pytest.raises(PathDeniedError, match="super"):
        fs.chown(path, owner="bert")
    fs.chmod(root, "700")
    other = hdfs_rig.store("bert")
    with pytest.raises(PathDeniedError, match=r"'bert' may not enter .*anna:\S+ drwx------"):
        content(other, path)
    hdfs_rig.ask(path, "SETOWNER", owner="bert", group="staff")
    entry = fs.info(path)
    assert (entry.owner, entry.group) == ("bert", "staff")


def test_replicas(fs, root):
    path = root.child("file")
    fs.write(path, [b"x" * 100])
    fs.setrep(path, 2)
    assert fs.info(path).replication == 2
    until(lambda: "under-replicated" not in dict(fs.detail(path).facts).get("blocks", ""))
    with pytest.raises(PathIsDirectoryError):
        fs.setrep(root, 2)
    with pytest.raises(UsageError):
        fs.setrep(path, 0)


def test_details(fs, root, hdfs_rig):  # noqa: F811
    path = root.child("file")
    fs.write(path, [b"x" * 100])
    acl = {"aclspec": "user:carl:r--,group:staff:r-x"}
    hdfs_rig.ask(path, "MODIFYACLENTRIES", **acl)
    found = fs.detail(path)
    facts = dict(found.facts)
    assert found.readable
    assert facts["owner"].startswith("anna:")
    assert "user:carl:r--" in facts["access list"]
    assert facts["replication"] == "1"
    assert facts["block size"] == "134,217,728 bytes"
    assert facts["blocks"] == "1"
    assert facts["on DataNodes"].startswith("localhost:")
    assert facts["storage policy"] == "HOT (DISK, inherited)"
    folder = dict(fs.detail(root).facts)
    assert "blocks" not in folder
    with pytest.raises(PathNotFoundError):
        fs.detail(root.child("nothing"))


def test_a_checksum_comes_without_the_bytes(fs, root):
    for name, text in (("a", b"same"), ("b", b"same"), ("c", b"other")):
        fs.write(root.child(name), [text])
    a, b, c = (fs.checksum(root.child(name)) for name in "abc")
    assert a == b != c
    assert a.algorithm == "MD5-of-0MD5-of-512CRC32C"
    assert len(a.value) == 32
    with pytest.raises(PathIsDirectoryError):
        fs.checksum(root)


def test_touch_makes_or_dates(fs, root):
    path = root.child("flag")
    assert fs.touch(path).size == 0
    fs.write(path, [b"kept"], overwrite=True)
    old = fs.info(path).modified
    assert old is not None
    assert fs.touch(path).modified >= old
    assert content(fs, path) == b"kept"
    assert datetime.now(UTC) - fs.info(path).modified < timedelta(minutes=5)


def test_the_trash_has_what_was_removed_under_its_path(fs, root):
    path = root.child("table").child("part")
    for number in range(3):
        fs.write(path, [b"%d" % number])
        lies = fs.trash(path)
        assert lies is not None
        assert lies.key.startswith(f"/user/anna/.Trash/Current{path.key}")
        assert content(fs, lies) == b"%d" % number
    assert names(fs, root.child("table")) == set()
    assert len(names(fs, FilePath("hdfs", "", f"/user/anna/.Trash/Current{root.key}/table"))) == 3
    assert fs.trash(lies) is None  # it lies there already
    # a folder of a name that a file has in the trash
    fs.rm(root.child("table"), recursive=True)
    fs.write(root.child("x"), [b"file"])
    fs.trash(root.child("x"))
    fs.write(root.child("x").child("below"), [b"in a folder"])
    lies = fs.trash(root.child("x").child("below"))
    assert lies is not None
    assert content(fs, lies) == b"in a folder"


def test_what_contains_the_trash_is_not_moved_into_it(fs, hdfs_rig):  # noqa: F811
    anna = FilePath("hdfs", "", "/user/anna")
    fs.write(anna.child("x"), [b""], overwrite=True)
    fs.trash(anna.child("x"))
    for path in (anna, FilePath("hdfs", "", "/user"), FilePath("hdfs", "", "/")):
        with pytest.raises(FileError, match="contains the trash"):
            fs.trash(path)
    with pytest.raises(PathNotFoundError):
        fs.trash(anna.child("nothing"))


def test_who_has_no_home_has_no_trash(hdfs_rig):  # noqa: F811
    carl = hdfs_rig.store("carl")
    path = hdfs_rig.folder("carl").child("file")
    carl.write(path, [b"x"])
    with pytest.raises(PathDeniedError, match=r"(?s)/user/carl.*--skip-trash") as told:
        carl.trash(path)
    assert "'carl' may not write in /user:" in told.value.what
    assert content(carl, path) == b"x"


def test_snapshots_are_listed_read_and_compared(fs, root, hdfs_rig):  # noqa: F811
    fs.write(root.child("a"), [b"old"])
    fs.write(root.child("gone"), [b"still"])
    assert list(fs.snapshots(root)) == []
    hdfs_rig.ask(root, "ALLOWSNAPSHOT")
    hdfs_rig.ask(root, "CREATESNAPSHOT", snapshotname="one")
    fs.write(root.child("new"), [b"x"])
    fs.rm(root.child("gone"))
    fs.mv(root.child("a"), root.child("b"))
    hdfs_rig.ask(root, "CREATESNAPSHOT", snapshotname="two")
    fs.write(root.child("later"), [b"x"])
    found = list(fs.snapshots(root))
    assert [entry.name for entry in found] == ["one", "two"]
    assert content(fs, found[0].path.child("gone")) == b"still"
    assert names(fs, found[0].path) == {"a", "gone"}
    first = set(fs.changes(root, "one", "two"))
    assert {("create", "new"), ("delete", "gone"), ("rename", "a -> b")} <= first
    if fs._nodes.by_gateway:
        with pytest.raises(FileError, match="two snapshots"):
            fs.changes(root, "one")
    else:
        assert ("create", "later") in set(fs.changes(root, "one"))
    assert dict(fs.detail(root).facts)["snapshots"]
    with pytest.raises(FileError, match="none-such"):
        fs.changes(root, "none-such", "one")


def test_a_file_where_a_folder_is_meant_and_the_other_way(fs, root):
    path = root.child("file")
    fs.write(path, [b"x"])
    for act in (fs.info, fs.ls, lambda p: content(fs, p), fs.mkdir, lambda p: fs.write(p, [b""])):
        with pytest.raises(PathNotDirectoryError, match="file"):
            act(path.child("below"))
    with pytest.raises(PathNotDirectoryError):
        fs.mkdir(path)
    with pytest.raises(PathIsDirectoryError):
        content(fs, root)
    with pytest.raises(PathIsDirectoryError):
        fs.write(root, [b"x"])
    with pytest.raises(PathIsDirectoryError, match="-r"):
        fs.rm(root)


def test_health(hdfs_rig):  # noqa: F811
    told = hdfs_rig.store("anna").health()
    assert (told.live_nodes, told.dead_nodes, told.missing, told.safe_mode) == (2, 0, 0, "")
    assert told.capacity >= told.remaining > 0
    assert told.files
    by_gateway = hdfs_rig.store("anna", hdfs_rig.httpfs).health()
    assert by_gateway.capacity == told.capacity
    assert by_gateway.safe_mode is None
