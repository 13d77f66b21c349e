"""Files: listings in windows, names that are hostile, what one entry is, and what is denied."""

from __future__ import annotations

import json
import time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from server_rig import stored

from emr_nb.model import FilePath
from emr_nb.testing.fake_stores import DetailedFileSystem, GatedFileSystem

HOSTILE = ("<img src=x onerror=alert(1)>", "a\nb", "rtl\u202egnp.exe", "x" * 255, "CON", "' OR 1")


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


def test_a_row_of_another_cluster_s_folder_is_refused(rig, store):
    store.files["hdfs:///d/a"] = b""
    made = opened(rig)
    reply = rig.get("/clusters/j-2/files/content", listing=made["listing"], entry=0)
    assert reply.status == 400
    given = {"kind": "delete", "entries": [{"listing": made["listing"], "entry": 99}]}
    assert rig.post("/clusters/j-1/plans", **given).status == 410
    assert json.loads(rig.get("/jobs").content)["jobs"] == []
