"""hdfs-native beside WebHDFS: when it is asked, and what becomes of a read when it fails.

The process and all between is real; the library in it is the shipped stand-in.
"""

from __future__ import annotations

import os
import time
from dataclasses import replace
from datetime import timedelta
from inspect import signature

import pytest
from bulk_rig import DATA, store

from emr_nb.errors import PathDeniedError
from emr_nb.files.hdfs_worker import Worker
from emr_nb.files.pace import Sizes
from emr_nb.files.webhdfs import WebHdfs
from emr_nb.model import FileEntry
from emr_nb.testing import fake_hdfs_native
from emr_nb.testing.fake_hdfs_native import BREAKS_AT
from emr_nb.testing.fs_faults import interrupted_after
from emr_nb.testing.fs_helpers import content


def test_bytes_come_by_it_as_the_attached_user(rig):
    path = rig.path("plain")
    assert content(rig.fs, path) == DATA
    assert content(rig.fs, path, 1_000_000, 70_000) == DATA[1_000_000:1_070_000]
    assert rig.offsets == []  # none came by WebHDFS
    (client,) = rig.clients  # one process served both
    assert client["user"] == "anna"
    assert client["secrets"] == []
    assert os.environ["HADOOP_USER_NAME"] == "somebody"
    assert client["config"]["dfs.client.use.datanode.hostname"] == "false"
    (address,) = [v for k, v in client["config"].items() if k.startswith("dfs.namenode.rpc")]
    assert address.startswith("localhost:")


@pytest.mark.parametrize("name", ["breaks", "ends", "panics", "hangs"])
def test_what_breaks_goes_on_by_webhdfs_at_the_same_byte(rig, name):
    rig.fs._bulk._workers._seconds = 2 if name == "hangs" else 20
    assert content(rig.fs, rig.path(name)) == DATA
    (at,) = rig.offsets
    assert BREAKS_AT <= at < len(DATA)
    assert rig.fs._bulk._failures == 1
    assert content(rig.fs, rig.path("plain")) == DATA  # a failure is no end
    assert len(rig.offsets) == 1
    assert rig.fs._bulk._failures == 0


def test_a_process_that_is_killed_costs_no_byte(rig):
    reader = rig.fs.read(rig.path("hangs"))
    got = [next(reader)]
    os.kill(rig.clients[0]["pid"], 9)
    got += reader
    assert b"".join(got) == DATA
    assert len(rig.offsets) == 1


def test_after_three_failures_it_is_not_asked_any_more(rig):
    for _ in range(5):
        assert content(rig.fs, rig.path("breaks")) == DATA
    assert len(rig.clients) == 3
    assert rig.fs._bulk.given_up
    assert content(rig.fs, rig.path("plain")) == DATA
    assert len(rig.offsets) == 6


def test_a_no_of_hdfs_is_told_by_webhdfs_and_is_no_failure(rig):
    for _ in range(4):
        with pytest.raises(PathDeniedError):
            content(rig.fs, rig.path("denied"))
    assert not rig.fs._bulk.given_up
    assert len(rig.clients) == 1


def test_a_file_that_was_replaced_meanwhile_is_not_read_as_another(rig):
    path = rig.path("replaced")
    entry = rig.fs.info(path)
    for changed in (
        replace(entry, size=entry.size - 1),
        replace(entry, modified=entry.modified + timedelta(milliseconds=1)),
    ):
        assert by_it(rig.fs, changed, 0, 100) == b""
    assert by_it(rig.fs, entry, 0, 100) == DATA[:100]


@pytest.mark.parametrize("extra", [{"encBit": True}, {"ecBit": True, "ecPolicy": "XOR-2-1-1024k"}])
def test_it_gets_no_files_that_it_cannot_read(rig, namenode, extra):
    namenode.extra = extra
    assert content(rig.fs, rig.path("plain")) == DATA
    assert rig.clients == []


def test_it_is_not_asked_for_little(rig):
    rig.fs._bulk._worth = len(DATA) + 1
    assert content(rig.fs, rig.path("plain")) == DATA
    assert rig.clients == []


def test_leaving_early_ends_the_process(rig):
    reader = rig.fs.read(rig.path("hangs"))
    next(reader)
    pid = rig.clients[0]["pid"]
    reader.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert rig.fs._bulk._failures == 0


def test_an_interrupt_ends_the_wait_and_the_process(rig):
    path = rig.path("hangs")
    with pytest.raises(KeyboardInterrupt), interrupted_after(0.5):
        content(rig.fs, path)
    for client in rig.clients:
        ended(client["pid"])
    assert rig.offsets == []
    assert rig.fs._bulk._failures == 0


def test_an_idle_process_ends(rig):
    rig.fs._bulk._workers._idle = 0.05
    content(rig.fs, rig.path("plain"))
    ended(rig.clients[0]["pid"])


@pytest.mark.parametrize("name", ["plain", "hangs"])
def test_a_process_ends_when_nobody_is_left_to_ask_it(rig, name):
    """As after the kernel's own end, which leaves it no time to end others."""
    entry = rig.fs.info(rig.path(name))
    way = rig.fs._bulk._reach.way(entry, 0, entry.size)
    worker = Worker(way, 20)
    assert worker.ask(entry, 0, entry.size)
    assert worker.take(1) == DATA[:1]
    worker._line.close()
    assert worker._process.wait(30) is not None
    worker.end()


def test_streams_that_break_together_are_one_failure(rig):
    rig.fs._bulk.pace.sizes = Sizes(streams=4, segment=400_000, worth=1, look=1, trial=1)
    rig.fs._bulk.pace.settle(4)
    assert content(rig.fs, rig.path("breaks")) == DATA
    assert rig.fs._bulk._failures == 1


def test_an_interrupt_of_the_kernel_s_group_is_not_for_the_process(rig):
    reader = rig.fs.read(rig.path("plain"))
    next(reader)
    assert os.getpgid(rig.clients[0]["pid"]) != os.getpgid(0)
    assert len(b"".join(reader)) > 0


def test_a_process_ends_with_the_store(rig, open_port):
    with store(rig.server.port, open_port) as fs:
        content(fs, rig.path("plain"))
    del fs
    ended(rig.clients[0]["pid"])


def by_it(fs: WebHdfs, entry: FileEntry, start: int, end: int) -> bytes:
    """Return what comes without WebHDFS's help."""
    reading = fs._bulk.reading(lambda _, __: iter(()), entry, end - start)
    assert reading is not None
    return b"".join(reading.fast(start, end))


def ended(pid: int) -> None:
    """Wait for the end of a process, which is reaped too."""
    give_up = time.monotonic() + 30
    while True:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        assert time.monotonic() < give_up
        time.sleep(0.01)


def test_the_stand_in_has_the_library_s_own_names():
    library = pytest.importorskip("hdfs_native", reason="needs emr-nb[fast-hdfs]")
    for name in ("Client", "FileReader"):
        theirs, ours = getattr(library, name), getattr(fake_hdfs_native, name)
        for known in [known for known in vars(ours) if not known.startswith("_")]:
            real, made = getattr(theirs, known), getattr(ours, known)
            if callable(made):
                assert [*signature(real).parameters] == [*signature(made).parameters]
    assert {"length", "modification_time"} <= set(dir(library.FileStatus))
