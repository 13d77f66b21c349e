"""What a tree of files asks: its roots, where a path lies, in which row an entry stands."""

from __future__ import annotations

import time

import pytest

from emr_nb.model import Service
from emr_nb.testing.fake_engine import MemoryFileSystem


@pytest.fixture
def store(rig):
    made = MemoryFileSystem("hdfs")
    rig.backend.cluster("j-1").stores["hdfs"] = made
    return made


def opened(rig, **named) -> dict:
    """Open a folder and return it once it is whole."""
    made = rig.post("/clusters/j-1/listings", **named).json
    until = time.monotonic() + 30
    while not made["done"] and time.monotonic() < until:
        made = rig.get(f"/listings/{made['listing']}").json
    assert made["done"]
    return made


def test_the_roots_are_the_cluster_s_stores_and_the_server_s_folder(rig, store):
    found = rig.get("/clusters/j-1/stores").json["stores"]
    assert found == [
        {"kind": "hdfs", "path": "hdfs:///"},
        {"kind": "s3", "path": "s3:///"},
        {"kind": "file", "path": f"file://{rig.root.resolve()}"},
    ]
    for root in found[:2]:
        assert rig.post("/clusters/j-1/listings", path=root["path"]).status == 200


def test_a_cluster_without_hdfs_has_no_such_root(rig):
    rig.backend.cluster("j-1").services = (Service("livy"), Service("s3"))
    kinds = [s["kind"] for s in rig.get("/clusters/j-1/stores").json["stores"]]
    assert kinds == ["s3", "file"]


def test_rows_tell_paths_by_which_entries_are_opened(rig, store):
    store.files.update(
        {"hdfs:///d/a<b>/x": b"", "hdfs:///d/rtl\u202etxt": b"", "hdfs:///d/\udcff/y": b""}
    )
    made = opened(rig, path="/d")
    found = rig.get(f"/listings/{made['listing']}/rows").json
    by_name = dict(zip([r[0] for r in found["rows"]], found["paths"], strict=True))
    assert by_name["a<b>"] == "hdfs:///d/a<b>"
    assert by_name["rtl\\u202etxt"] == "hdfs:///d/rtl\u202etxt"
    assert by_name["\\udcff"] is None
    assert opened(rig, path=by_name["a<b>"])["files"] == 1
    number = found["entries"][[r[0] for r in found["rows"]].index("\\udcff")]
    assert opened(rig, listing=made["listing"], entry=number)["files"] == 1


def test_an_entry_of_another_cluster_s_listing_is_not_opened(rig, store):
    store.files["hdfs:///d/a/x"] = b""
    made = opened(rig, path="/d")
    reply = rig.post("/clusters/j-2/listings", listing=made["listing"], entry=0)
    assert (reply.status, reply.kind) == (400, "UsageError")


def test_hidden_names_of_this_machine_are_not_listed(rig, store):
    folder = rig.root / "shown"
    folder.mkdir()
    for name in (".secret", "plain.txt"):
        (folder / name).touch()
    made = opened(rig, path=f"file://{folder}")
    rows = rig.get(f"/listings/{made['listing']}/rows").json["rows"]
    assert ([r[0] for r in rows], made["total"]) == (["plain.txt"], 1)


def test_a_path_is_found_in_its_row_whatever_the_order(rig, store):
    store.files.update({f"hdfs:///d/f{n:03}": b"x" * n for n in range(300)})
    store.files["hdfs:///d/sub/x"] = b""
    made = opened(rig, path="/d")["listing"]

    def row(path, **more):
        return rig.get(f"/listings/{made}/place", path=path, **more).json["row"]

    assert row("hdfs:///d/sub", sort=0) == 0
    assert row("/d/f000", sort=0) == 1
    assert row("hdfs:///d/f000", sort=0, descending="true") == 300
    assert row("hdfs:///d/f123", sort=0, filter="f12") == 3
    assert row("hdfs:///d/f200", sort=0, filter="f12") == -1
    assert row("hdfs:///d/none", sort=0) == -1
    found = rig.get(f"/listings/{made}/place", entry=5, sort=0).json
    assert found == {"entry": 5, "row": 6}
    assert rig.get(f"/listings/{made}/place", entry=999, sort=0).json["row"] == -1
    assert rig.get(f"/listings/{made}/place", path="/d/f000", filter="size>lots").status == 400


def test_where_a_typed_path_lies(rig, store):
    store.files["hdfs:///d/sub dir/x.csv"] = b"1"
    found = rig.get("/clusters/j-1/files/where", path="/d/sub dir/x.csv").json
    assert [p["path"] for p in found["parts"]] == [
        "hdfs:///", "hdfs:///d", "hdfs:///d/sub dir", "hdfs:///d/sub dir/x.csv",
    ]  # fmt: skip
    assert (found["entry"]["kind"], found["entry"]["size"]) == ("file", 1)
    assert rig.get("/clusters/j-1/files/where", path="/d/none").status == 404
    assert rig.get("/clusters/j-1/files/where", path="file:///etc/passwd").status == 403
    assert rig.get("/clusters/j-1/files/where", path="http://evil.example/x").status in (400, 403)
