"""What an engine wrote beside a target comes into its place whole, or not at all."""

from contextlib import closing
from typing import Any

import pytest

from emr_nb.context import ClusterContext
from emr_nb.engines.target_folder import TargetFolder, hdfs_of
from emr_nb.errors import FileError, PathExistsError
from emr_nb.model import Cluster, Endpoint, FilePath, Service, WriteTarget
from emr_nb.settings import Settings
from emr_nb.testing.fake_engine import MemoryFileSystem
from emr_nb.transport.direct import DirectRoute


class Failing(MemoryFileSystem):
    """A store whose n-th move fails."""

    fails_at = 0

    def mv(self, source, target):
        self.fails_at -= 1
        if self.fails_at == 0:
            raise FileError("planted")
        super().mv(source, target)


PLACES = {"hdfs": FilePath("hdfs", "", "/data/out"), "s3": FilePath("s3", "b", "data/out")}


@pytest.fixture(params=PLACES)
def made(request):
    def make(*, overwrite=False):
        place = PLACES[request.param]
        store = Failing(request.param)
        folder = TargetFolder.make(store, WriteTarget(place, "parquet", overwrite), "ab12", ())
        return store, place, folder

    return make


def names(store):
    return sorted(name.rpartition("/data/")[2] for name in store.files)


def test_files_come_in_place_and_marks_do_not(made):
    store, place, folder = made()
    for name, data in {"1": b"x", "_SUCCESS": b"", ".staging/2": b"y", "0": b""}.items():
        store.write(FilePath(place.scheme, place.authority, f"{folder.files.key}/{name}"), [data])
    folder.put_in_place(lambda: [b"empty"])
    assert names(store) == ["out/1" if place.scheme == "hdfs" else "out/ab12-1"]


def test_folders_of_a_union_become_files(made):
    store, _, folder = made()
    for part in ("SUB_1/0", "SUB_2/0"):
        store.write(folder.files.child(part), [part.encode()])
    folder.put_in_place(list)
    assert sorted(store.files.values()) == [b"SUB_1/0", b"SUB_2/0"]
    assert all(name.count("/") == 1 for name in names(store))


def test_no_rows_are_one_file(made):
    store, _, folder = made()
    folder.put_in_place(lambda: [b"em", b"pty"])
    assert list(store.files.values()) == [b"empty"]


def test_what_is_there_is_refused_or_replaced(made):
    store, place, folder = made()
    store.write(place.child("old"), [b"old"])
    store.write(folder.files.child("new"), [b"new"])
    with pytest.raises(PathExistsError):
        folder.put_in_place(list)
    assert store.files[str(place.child("old"))] == b"old"
    replacing = TargetFolder(store, WriteTarget(place, "parquet", True), folder.home, "ab12")
    replacing.put_in_place(list)
    assert list(store.files.values()) == [b"new"]


@pytest.mark.parametrize("move", [1, 2])
def test_a_failure_leaves_what_was_there(made, move):
    store, place, folder = made(overwrite=True)
    store.write(place.child("old"), [b"old"])
    for name in ("a", "b"):
        store.write(folder.files.child(name), [name.encode()])
    store.fails_at = move
    with pytest.raises(FileError, match="planted"):
        folder.put_in_place(list)
    folder.remove()
    assert names(store) == ["out/old"]


@pytest.mark.parametrize(
    ("names", "there"), [((), False), (("livy",), False), (("webhdfs",), True), (("httpfs",), True)]
)
def test_either_way_to_hdfs_is_enough(names, there):
    absent: Any = None
    services = tuple(Service(name, (Endpoint(name, "localhost", 1),)) for name in names)
    with closing(DirectRoute()) as route:
        context = ClusterContext(
            Cluster("j-1", "c", "WAITING"), services, route, absent, absent, Settings(), "anna"
        )
        assert (hdfs_of(context) is not None) is there
