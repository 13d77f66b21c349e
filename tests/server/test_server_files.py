"""Files: windows, previews, ranges, uploads that are whole or not there, changes told first."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from server_rig import TOKEN

from emr_nb.errors import PathDeniedError
from emr_nb.model import FileEntry, FilePath
from emr_nb.server.streams import download_name, ranged
from emr_nb.testing.fake_engine import MemoryFileSystem
from emr_nb.testing.fake_stores import DetailedFileSystem, GatedFileSystem, TrashFileSystem

HOSTILE = ("<img src=x onerror=alert(1)>", "a\nb", "rtl\u202egnp.exe", "x" * 255, "CON", "' OR 1")


@pytest.fixture
def store(rig):
    return stored(rig, MemoryFileSystem("hdfs"))


def stored(rig, store, **files: bytes):
    """Put a store under the cluster's HDFS."""
    rig.backend.cluster("j-1").stores[store.scheme] = store
    store.files.update({f"hdfs:///d/{name}": data for name, data in files.items()})
    return store


def opened(rig, path="/d") -> dict:
    """Open a folder and return it once it is whole."""
    made = rig.post("/clusters/j-1/listings", path=path).json
    until = time.monotonic() + 30
    while not made["done"] and time.monotonic() < until:
        made = rig.get(f"/listings/{made['listing']}").json
    assert made["done"]
    return made


def rows(rig, listing, **more) -> dict:
    return rig.get(f"/listings/{listing}/rows", **more).json


# -- listings -------------------------------------------------------------------------------


def test_pages_of_a_folder_are_led_to_by_cursors(rig, store):
    store.page_size = 2
    store.files.update({f"hdfs:///d/{n}": b"x" * n for n in range(5)})
    names, after, pages = [], "", 0
    while after is not None:
        found = rig.get("/clusters/j-1/files", path="/d", after=after).json
        names += [(e["name"], e["size"], e["path"]) for e in found["entries"]]
        after, pages = found["after"], pages + 1
    assert names == [(str(n), n, f"hdfs:///d/{n}") for n in range(5)]
    assert pages == 3


def test_an_open_folder_gives_windows_sorted_and_filtered(rig, store):
    store.files.update({f"hdfs:///d/f{n:03}": b"x" * (n * 7 % 100) for n in range(100)})
    store.files["hdfs:///d/sub/x"] = b""
    made = opened(rig)
    assert (made["total"], made["folders"], made["files"]) == (101, 1, 100)
    assert [p["name"] for p in made["parts"]] == ["hdfs://", "d"]
    size = [c["key"] for c in made["columns"]].index("size")
    found = rows(rig, made["listing"], start=0, count=3, sort=size, descending="true")
    assert (found["total"], found["kinds"][0]) == (101, "directory")  # folders stand first
    assert [row[1] for row in found["rows"]][1:] == ["99 B", "98 B"]
    found = rows(rig, made["listing"], filter="f01 size>50")
    assert all(row[0].startswith("f01") for row in found["rows"])
    assert 0 < found["total"] < 10
    reply = rig.get(f"/listings/{made['listing']}/rows", filter="size>lots")
    assert (reply.status, reply.kind) == (400, "UsageError")


def test_a_window_has_at_most_500_rows(rig, store):
    store.files["hdfs:///d/x"] = b""
    made = opened(rig)
    assert rig.get(f"/listings/{made['listing']}/rows", count=501).status == 400


def test_a_growing_folder_is_told_live(rig):
    store = stored(rig, GatedFileSystem("hdfs", page_size=2), a=b"", b=b"", c=b"", e=b"")
    page = rig.live("listings")
    made = rig.post("/clusters/j-1/listings", path="/d").json
    assert (made["done"], made["total"]) == (False, 2)
    store.pages.set()
    told = page.until("listings", lambda body: body["done"])
    assert (told["listing"], told["total"]) == (made["listing"], 4)
    page.close()


def test_a_folder_that_is_denied_says_so_with_its_advice(rig):
    stored(rig, GatedFileSystem("hdfs", denied={"/d"}), a=b"")
    reply = rig.post("/clusters/j-1/listings", path="/d")
    assert (reply.status, reply.kind) == (403, "PathDeniedError")
    assert reply.json["advice"] == "Ask hadoop for r-x on the folder."
    assert len(rig.state.listings) == 0


def test_closed_and_old_folders_are_gone(rig, store):
    store.files["hdfs:///d/a"] = b""
    first = opened(rig)["listing"]
    for _ in range(70):
        opened(rig)
    assert len(rig.state.listings) == 64
    assert rig.get(f"/listings/{first}").status == 410
    last = opened(rig)["listing"]
    assert rig.ask("DELETE", f"/emr-nb/listings/{last}").status == 200
    assert rig.get(f"/listings/{last}").kind == "NotKeptError"


# -- names and paths ------------------------------------------------------------------------


def test_hostile_names_are_shown_plainly_and_go_round(rig, store):
    for name in HOSTILE:
        store.files[f"hdfs:///d/{name}"] = name.encode()
    made = opened(rig)
    found = rows(rig, made["listing"])
    assert found["total"] == len(HOSTILE)
    assert all(row[0].isprintable() for row in found["rows"])
    for number in found["entries"]:
        given = {"listing": made["listing"], "entry": number}
        detail = rig.get("/clusters/j-1/files/detail", **given).json["entry"]
        reply = rig.get("/clusters/j-1/files/content", **given)
        assert FilePath.parse(detail["path"]).name.encode() == reply.content
        disposition = reply.headers["content-disposition"]
        assert disposition.startswith("attachment; filename*=UTF-8''")
        assert not set(disposition.partition("''")[2]) & set("\"'<>;/\\\n ")


def test_a_name_that_is_not_utf8_has_no_path_but_is_reached(rig, store):
    store.files["hdfs:///d/bad\udcff"] = b"bytes"
    made = opened(rig)
    found = rows(rig, made["listing"])
    given = {"listing": made["listing"], "entry": found["entries"][0]}
    assert rig.get("/clusters/j-1/files/detail", **given).json["entry"]["path"] is None
    assert rig.get("/clusters/j-1/files/content", **given).content == b"bytes"
    assert "bad\\udcff" in rig.get("/clusters/j-1/files/code", **given).json["text"]


@pytest.mark.parametrize(
    "path",
    ["s3://evil.example#/x", "s3://user@host/x", "s3://169.254.169.254:80/x", "s3://a?b/c",
     "ftp://host/x", "http://169.254.169.254/latest", "gopher://x/", "memory:///x"],
)  # fmt: skip
def test_no_path_leads_to_another_host(rig, store, path):
    for route in ("", "/detail", "/preview", "/content", "/code"):
        reply = rig.get(f"/clusters/j-1/files{route}", path=path)
        assert reply.status in (400, 403), (route, reply.content)


def test_this_machine_is_shown_below_the_server_s_folder_alone(rig, store, tmp_path):
    (rig.root / "sub").mkdir(exist_ok=True)
    (rig.root / "sub" / "a.txt").write_text("mine")
    (rig.root / ".hidden").write_text("secret")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "s.txt").write_text("secret")
    link = rig.root / "link"
    link.unlink(missing_ok=True)
    link.symlink_to(outside)
    assert rig.get("/clusters/j-1/files/content", path=f"file://{rig.root}/sub/a.txt").content == (
        b"mine"
    )
    for path in (outside / "s.txt", "/etc/passwd", link / "s.txt", rig.root / ".." / "x",
                 rig.root / ".hidden", f"{rig.root}/sub/../../../etc/passwd"):  # fmt: skip
        for route in ("", "/detail", "/preview", "/content"):
            reply = rig.get(f"/clusters/j-1/files{route}", path=f"file://{path}")
            assert (reply.status, reply.kind) == (403, "PathDeniedError"), (route, path)
    reply = rig.ask("PUT", f"/emr-nb/clusters/j-1/files/content?folder=file://{link}&name=n")
    assert reply.status == 403
    assert not (outside / "n").exists()


# -- one entry --------------------------------------------------------------------------------


def test_detail_tells_all_that_the_store_tells(rig):
    stored(rig, DetailedFileSystem("hdfs", sealed={"/d/sealed"}), a=b"x", sealed=b"x")
    found = rig.get("/clusters/j-1/files/detail", path="/d/a").json
    assert (found["encryption"], found["readable"]) == ("SSE-KMS", True)
    assert {"label": "Version", "text": "v7"} in found["facts"]
    found = rig.get("/clusters/j-1/files/detail", path="/d/sealed").json
    assert (found["readable"], found["reason"]) == (False, "Its key is not known here.")


def test_preview_shows_a_table_s_rows(rig, store, tmp_path):
    table = pa.table(
        {"n": [1, None], "s": ["<b>", "\ud83d".encode("utf-16", "surrogatepass").hex()]}
    )
    pq.write_table(table, tmp_path / "t.parquet")
    store.files["hdfs:///d/t.parquet"] = (tmp_path / "t.parquet").read_bytes()
    found = rig.get("/clusters/j-1/files/preview", path="/d/t.parquet").json
    assert [c["name"] for c in found["columns"]] == ["n", "s"]
    assert found["rows"][0] == ["1", "<b>"]
    assert found["rows"][1][0] is None


def test_preview_of_what_is_no_table_is_text(rig, store):
    store.files["hdfs:///d/a.txt"] = b"one\ntwo\x1b[31m\n"
    found = rig.get("/clusters/j-1/files/preview", path="/d/a.txt").json
    assert found["text"].splitlines()[:2] == ["one", "two\\x1b[31m"]


def test_a_damaged_file_is_told(rig, store):
    store.files["hdfs:///d/t.parquet"] = b"PAR1 nonsense PAR1"
    reply = rig.get("/clusters/j-1/files/preview", path="/d/t.parquet")
    assert reply.status in (200, 422)
    assert reply.status == 422 or reply.json["notes"]


@pytest.mark.parametrize(("kind", "first"), [("spark", "%%spark"), ("hive", "%%hive"),
                                             ("pandas", "import pandas")])  # fmt: skip
def test_code_reads_an_entry(rig, store, kind, first):
    store.files["hdfs:///d/a.csv"] = b"x,y\n1,2\n"
    found = rig.get("/clusters/j-1/files/code", path="/d/a.csv", kind=kind).json["text"]
    assert found.startswith(first)


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


def test_a_row_of_another_cluster_s_folder_is_refused(rig, store):
    store.files["hdfs:///d/a"] = b""
    made = opened(rig)
    reply = rig.get("/clusters/j-2/files/content", listing=made["listing"], entry=0)
    assert reply.status == 400
    given = {"kind": "delete", "entries": [{"listing": made["listing"], "entry": 99}]}
    assert rig.post("/clusters/j-1/plans", **given).status == 410
    assert json.loads(rig.get("/jobs").content)["jobs"] == []


def test_the_folder_of_the_server_is_not_removed(rig, store):
    reply = planned(rig, "delete", f"file://{rig.root}")
    assert reply.status == 400
    assert Path(rig.root).is_dir()
