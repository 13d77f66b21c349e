"""Files sent whole or in ranges, uploads whole or not there, changes that are told first."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest
from server_rig import TOKEN, stored

from emr_nb.errors import PathDeniedError
from emr_nb.model import FileEntry, FilePath
from emr_nb.server.streams import download_name, ranged
from emr_nb.testing.fake_engine import MemoryFileSystem
from emr_nb.testing.fake_stores import TrashFileSystem

# -- downloads --------------------------------------------------------------------------------

DATA = bytes(range(256)) * 4000


@pytest.mark.parametrize(
    ("header", "expected"),
    [("", (0, 10)), ("bytes=0-", (0, 10)), ("bytes=2-4", (2, 5)), ("bytes=8-99", (8, 10)),
     ("bytes=-3", (7, 10)), ("bytes=-99", (0, 10)), ("bytes=10-", None), ("bytes=-0", None),
     ("bytes=4-2", (0, 10)), ("bytes=0-1,3-4", (0, 10)), ("lines=1-2", (0, 10)),
     ("bytes=-", (0, 10))],
)  # fmt: skip
def test_ranges_are_read_as_rfc_9110_says(header, expected):
    assert ranged(header, 10) == expected


def test_a_download_is_the_file_and_a_range_its_part(rig, store):
    store.files["hdfs:///d/big"] = DATA
    reply = rig.get("/clusters/j-1/files/content", path="/d/big")
    assert (reply.status, reply.content) == (200, DATA)
    assert reply.headers["content-length"] == str(len(DATA))
    assert reply.headers["content-type"] == "application/octet-stream"
    path = "/emr-nb/clusters/j-1/files/content?path=/d/big"
    reply = rig.ask("GET", path, headers={"Range": "bytes=1000-1999"})
    assert (reply.status, reply.content) == (206, DATA[1000:2000])
    assert reply.headers["content-range"] == f"bytes 1000-1999/{len(DATA)}"
    reply = rig.ask("GET", path, headers={"Range": f"bytes={len(DATA)}-"})
    assert (reply.status, reply.kind) == (416, "RangeNotSatisfiable")
    assert reply.headers["content-range"] == f"bytes */{len(DATA)}"


def test_an_empty_file_and_a_folder(rig, store):
    store.files["hdfs:///d/empty"] = b""
    assert rig.get("/clusters/j-1/files/content", path="/d/empty").content == b""
    reply = rig.get("/clusters/j-1/files/content", path="/d")
    assert (reply.status, reply.kind) == (409, "PathIsDirectoryError")
    reply = rig.get("/clusters/j-1/files/content", path="/d/none")
    assert (reply.status, reply.kind) == (404, "PathNotFoundError")


class Breaking(MemoryFileSystem):
    """Fails at the first byte, or after the first megabyte."""

    after = 0

    def read(self, path, start=0, length=None):
        if self.after:
            yield b"x" * self.after
        raise PathDeniedError("The DataNode refused", where=str(path), advice="Ask again.")


def test_a_download_that_cannot_begin_is_an_error(rig):
    stored(rig, Breaking("hdfs"), a=b"x" * 10)
    reply = rig.get("/clusters/j-1/files/content", path="/d/a")
    assert (reply.status, reply.kind) == (403, "PathDeniedError")


def test_a_download_that_breaks_off_is_not_taken_for_a_whole_file(rig):
    import httpx2

    broken = stored(rig, Breaking("hdfs"), a=b"x" * 2_000_000)
    broken.after = 1_000_000
    with pytest.raises(httpx2.TransportError):
        rig.get("/clusters/j-1/files/content", path="/d/a")


def test_names_for_downloads_name_nothing_but_a_file():
    for name in ("../../x", "a/../..", "..", ".", "a\x00b", "bad\udcff", "a\\b"):
        made = download_name(FileEntry(FilePath("s3", "b", name), "file"))
        assert made not in ("", ".", "..")
        assert not set(made) & set("/\\\0")
        made.encode()


# -- uploads --------------------------------------------------------------------------------


def put(rig, query: str, data) -> object:
    return rig.ask("PUT", f"/emr-nb/clusters/j-1/files/content?{query}", content=data)


def test_an_upload_is_written_whole(rig, store):
    reply = put(rig, "folder=/d&name=a.bin", DATA)
    assert (reply.status, reply.json["size"]) == (201, len(DATA))
    assert store.files["hdfs:///d/a.bin"] == DATA
    reply = put(rig, "folder=/d&name=c.bin", iter([b"ab", b"", b"cd"]))  # without a length
    assert store.files["hdfs:///d/c.bin"] == b"abcd"
    assert put(rig, "folder=/d&name=e", b"").json["size"] == 0


def test_an_upload_replaces_nothing_unasked(rig, store):
    store.files["hdfs:///d/a"] = b"old"
    reply = put(rig, "folder=/d&name=a", b"new")
    assert (reply.status, reply.kind) == (409, "PathExistsError")
    assert store.files["hdfs:///d/a"] == b"old"
    assert put(rig, "folder=/d&name=a&overwrite=true", b"new").status == 201
    assert store.files["hdfs:///d/a"] == b"new"


@pytest.mark.parametrize("name", ["..%2Fx", "a%2Fb", "..", ".", "a%00b", ""])
def test_an_upload_s_name_is_no_path(rig, store, name):
    assert put(rig, f"folder=/d&name={name}", b"x").status == 400
    assert store.files == {}


def test_an_upload_that_breaks_off_leaves_nothing(rig, store):
    store.files["hdfs:///d/seen"] = b""
    raw = socket.create_connection(("127.0.0.1", rig.port))
    head = (
        "PUT /emr-nb/clusters/j-1/files/content?folder=/d&name=half HTTP/1.1\r\n"
        f"Host: localhost\r\nAuthorization: token {TOKEN}\r\nContent-Length: 100000\r\n\r\n"
    )
    raw.sendall(head.encode() + b"x" * 50_000)
    time.sleep(0.2)
    raw.close()
    until = time.monotonic() + 30
    while rig.state.calls._inside and time.monotonic() < until:
        time.sleep(0.01)
    assert rig.state.calls._inside == 0
    assert list(store.files) == ["hdfs:///d/seen"]


def test_an_upload_above_the_cap_is_refused(rig, store):
    rig.state.upload_bytes = 1000
    reply = put(rig, "folder=/d&name=a", b"x" * 1001)
    assert (reply.status, reply.kind) == (413, "TooLarge")
    assert store.files == {}


# -- changes ----------------------------------------------------------------------------------


def planned(rig, kind, *paths, **more):
    return rig.post("/clusters/j-1/plans", kind=kind, entries=[{"path": p} for p in paths], **more)


def test_a_removal_is_told_first_and_done_once(rig, store):
    store.files.update({"hdfs:///d/a": b"x" * 2048, "hdfs:///d/b": b""})
    plan = planned(rig, "delete", "/d/a", "/d/b").json
    assert (plan["title"], plan["danger"]) == ("Delete 2 entries?", True)
    assert plan["lines"][:2] == ["This cannot be undone.", "hdfs:///d/a (2.0 KiB)"]
    assert len(store.files) == 2
    job = rig.wait(rig.post(f"/plans/{plan['plan']}").json["job"])
    assert (job["state"], job["text"]) == ("done", "Deleted 2 entries")
    assert store.files == {}
    assert rig.post(f"/plans/{plan['plan']}").status == 410


def test_a_rename_and_a_new_folder(rig, store):
    store.files["hdfs:///d/a"] = b"x"
    plan = planned(rig, "rename", "/d/a", name="b").json
    rig.wait(rig.post(f"/plans/{plan['plan']}").json["job"])
    assert list(store.files) == ["hdfs:///d/b"]
    plan = planned(rig, "mkdir", "/d", name="sub").json
    assert plan["lines"] == ["new: hdfs:///d/sub"]
    assert rig.wait(rig.post(f"/plans/{plan['plan']}").json["job"])["text"] == "Made sub"


@pytest.mark.parametrize(
    ("kind", "path", "name", "status"),
    [("rename", "/d/a", "b/c", 400), ("rename", "/d/a", "..", 400), ("rename", "/d/a", "a", 400),
     ("rename", "/d/a", "b", 409), ("mkdir", "/d/a", "x", 409), ("delete", "/", "", 400),
     ("delete", "/d/none", "", 404), ("mkdir", "/d", "", 400)],
)  # fmt: skip
def test_what_cannot_be_is_refused_when_it_is_planned(rig, store, kind, path, name, status):
    store.files.update({"hdfs:///d/a": b"", "hdfs:///d/b": b""})
    assert planned(rig, kind, path, name=name).status == status
    assert len(store.files) == 2


def test_a_trash_that_is_not_there_is_asked_about_again(rig):
    store = stored(rig, TrashFileSystem("hdfs", has_trash=False), a=b"x")
    plan = planned(rig, "delete", "/d/a").json
    assert plan["button"] == "Move to trash"
    job = rig.wait(rig.post(f"/plans/{plan['plan']}").json["job"])
    assert "hdfs:///d/a" in store.files
    again = rig.get(f"/plans/{job['plan']}").json
    assert (again["title"], again["danger"]) == ("Delete for good?", True)
    rig.wait(rig.post(f"/plans/{again['plan']}").json["job"])
    assert store.files == {}


def test_the_folder_of_the_server_is_not_removed(rig, store):
    reply = planned(rig, "delete", f"file://{rig.root}")
    assert reply.status == 400
    assert Path(rig.root).is_dir()
