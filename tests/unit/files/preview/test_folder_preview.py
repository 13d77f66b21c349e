"""Folders of parts, and tables of Delta, Iceberg and Hudi."""

import json
import shutil
from datetime import date
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from preview_rig import CountingStore, look, refused, unpacked
from pyarrow import orc

from emr_nb.errors import FileFormatError


def part(folder, name, table):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path)
    return path


def numbers(first, last):
    return pa.table(
        {"n": pa.array(range(first, last), pa.int64()), "t": [f"t{n}" for n in range(first, last)]}
    )


def test_parts_are_one_table(tmp_path):
    for n in range(3):
        part(tmp_path, f"part-0000{n}.parquet", numbers(n * 10, n * 10 + 10))
    (tmp_path / "_SUCCESS").touch()
    (tmp_path / ".part-00000.parquet.crc").write_bytes(b"crc")
    (tmp_path / "x_$folder$").touch()
    part(tmp_path, "_temporary/0/part-9.parquet", numbers(0, 1))
    found = look(tmp_path, rows=15)
    assert found.format == "folder of Parquet"
    assert (found.files, found.total_rows) == (3, 30)
    assert found.rows.column("n").to_pylist() == list(range(15))
    assert [g.name for g in found.groups] == [f"part-0000{n}.parquet" for n in range(3)]
    assert [g.rows for g in found.groups] == [10, 10, 10]
    assert not found.differences
    assert any("_SUCCESS" in n and "_temporary" in n for n in found.notes)


def test_differences_are_named(tmp_path):
    part(tmp_path, "a.parquet", numbers(0, 10))
    part(tmp_path, "b.parquet", pa.table({"n": pa.array([1], pa.int32()), "new": [True]}))
    orc.write_table(numbers(0, 1), tmp_path / "c.orc")
    (tmp_path / "d.parquet").write_bytes(b"PAR1\0\1\2")
    (tmp_path / "e.parquet").touch()
    found = look(tmp_path)
    assert [str(d) for d in found.differences] == [
        "b.parquet: column 'n' is int32, not int64",
        "b.parquet: has no column 't' (string)",
        "b.parquet: has a column 'new' (bool) of its own",
        "c.orc: the file is ORC, not Parquet",
    ]
    assert found.schema.names == ["n", "t", "new"]
    assert found.rows.to_pylist()[0] == {"n": 0, "t": "t0", "new": None}
    assert found.rows.num_rows == 10
    assert any(n.startswith("The first rows end before b.parquet") for n in found.notes)
    assert any(n.startswith("d.parquet: ") for n in found.notes)
    assert "Empty files: e.parquet." in found.notes
    assert found.total_rows is None


def test_partitions_come_from_names_as_text(tmp_path):
    part(tmp_path, "day=2024-01-01/hour=0%3A1/a.parquet", numbers(0, 2))
    part(tmp_path, "day=__HIVE_DEFAULT_PARTITION__/hour=2/a.parquet", numbers(2, 4))
    part(tmp_path, "_k=1/hidden-not.parquet", numbers(0, 1))
    shutil.rmtree(tmp_path / "_k=1")
    found = look(tmp_path)
    assert found.partitions == ("day", "hour")
    assert found.schema.field("day").type == pa.string()
    assert {(r["n"], r["day"], r["hour"]) for r in found.rows.to_pylist()} == {
        (0, "2024-01-01", "0:1"), (1, "2024-01-01", "0:1"), (2, None, "2"), (3, None, "2"),
    }  # fmt: skip


def test_many_parts_are_sampled_and_it_is_said(tmp_path):
    for n in range(40):
        part(tmp_path, f"part-{n:05}.parquet", numbers(n, n + 1))
    store = CountingStore()
    found = look(tmp_path, fs=store)
    assert found.total_rows is None
    assert found.files == len(found.groups) == 40
    assert any("Schemas of 16 of 40 parts" in n for n in found.notes)
    assert found.read == store.bytes
    assert found.rows.column("n").to_pylist()[:5] == [0, 1, 2, 3, 4]


def test_folders_with_nothing_to_see(tmp_path):
    assert look(tmp_path).format == "empty folder"
    (tmp_path / "a.parquet").write_bytes(b"PAR1\0\1\2")
    assert "None of its parts can be read; a.parquet" in refused(tmp_path)


def test_delta_replays_its_log(tmp_path):
    found = look(unpacked("delta", tmp_path), rows=100)
    assert found.format.startswith("Delta table")
    assert found.schema.names == ["id", "name", "price", "day", "extra"]
    rows = {r["id"]: r for r in found.rows.to_pylist()}
    assert sorted(rows) == [n for n in range(24) if n != 3]  # one was deleted
    assert rows[21] == {
        "id": 21, "name": "n21", "price": Decimal("5.25"), "day": date(2024, 1, 2), "extra": 1.5,
    }  # fmt: skip
    assert rows[0]["extra"] is None
    assert found.total_rows == 23
    assert found.partitions == ("day",)
    assert [(s.id, s.operation, s.current) for s in found.snapshots] == [
        ("3", "WRITE", True), ("2", "DELETE", False), ("1", "WRITE", False), ("0", "WRITE", False),
    ]  # fmt: skip


def test_delta_begins_at_a_checkpoint(tmp_path):
    table = unpacked("delta_checkpoint", tmp_path)
    log = table / "_delta_log"
    for version in (0, 1):  # as log retention leaves it
        (log / f"{version:020}.json").unlink()
    found = look(table, rows=100)
    assert (found.total_rows, found.files) == (50, 5)
    assert sorted(found.rows.column("id").to_pylist()) == [*range(40), *range(100, 110)]
    assert [s.id for s in found.snapshots] == ["4", "3", "2"]
    (log / f"{3:020}.checkpoint.parquet").unlink()
    assert "lacks version 0" in refused(table)


def test_delta_with_a_large_checkpoint_leaves_its_statistics_out(tmp_path):
    table = unpacked("delta_checkpoint", tmp_path)
    place = table / "_delta_log" / f"{3:020}.checkpoint.parquet"
    rows = pq.read_table(place).select(["add", "metaData", "protocol"]).to_pylist()
    for row in rows:
        if row["add"]:
            row["add"] = {**row["add"], "stats": "x" * 5_000_000}
    pq.write_table(pa.Table.from_pylist(rows), place, use_dictionary=False)
    found = look(table, rows=100)
    assert sorted(found.rows.column("id").to_pylist()) == [*range(40), *range(100, 110)]
    assert found.total_rows is None
    assert any("statistics in it were not read" in n for n in found.notes)


def test_delta_says_what_is_wrong_with_its_log(tmp_path):
    table = unpacked("delta", tmp_path)
    commit = table / "_delta_log" / f"{1:020}.json"
    commit.write_text("{not json")
    with pytest.raises(FileFormatError, match="no JSON") as caught:
        look(table)
    assert str(commit) in str(caught.value)
    commit.unlink()
    assert "lacks version 1" in refused(table)


def test_iceberg_shows_its_current_snapshot(tmp_path):
    """The table lies elsewhere than where it was written, and a column was renamed."""
    found = look(unpacked("iceberg", tmp_path), rows=100)
    assert found.format == "Iceberg table, format 2"
    assert found.schema.names == ["id", "label", "price", "day", "note"]
    rows = {r["id"]: r for r in found.rows.to_pylist()}
    assert sorted(rows) == [n for n in range(24) if n != 3]
    assert rows[1] == {
        "id": 1, "label": "n1", "price": Decimal("0.25"), "day": date(2024, 1, 2), "note": None,
    }  # fmt: skip
    assert rows[20]["note"] == "hey"
    assert (found.total_rows, found.partitions) == (23, ("day",))
    assert [s.operation for s in found.snapshots] == ["overwrite", "append", "append", "append"]
    assert [s.current for s in found.snapshots] == [True, False, False, False]
    assert found.snapshots[0].summary["total-records"] == "23"
    assert any("a catalog may name another" in n for n in found.notes)


def test_iceberg_says_what_is_missing(tmp_path):
    table = unpacked("iceberg", tmp_path)
    newest = max((table / "metadata").glob("*.metadata.json"))
    told = json.loads(newest.read_text())
    for manifests in (table / "metadata").glob("snap-*.avro"):
        manifests.unlink()
    assert "is missing, which its metadata name" in refused(table)
    told["current-snapshot-id"] = 7
    newest.write_text(json.dumps(told))
    with pytest.raises(FileFormatError, match="current snapshot 7 is not among its snapshots"):
        look(table)
    told.update({"current-snapshot-id": -1, "snapshots": []})
    newest.write_text(json.dumps(told))
    assert look(table).total_rows == 0


def hudi(root):
    """Write a table as Hudi lays it out: two commits, one of them rewrote a group; one pending."""
    meta = root / ".hoodie"
    meta.mkdir(parents=True)
    (meta / "hoodie.properties").write_text(
        "#Properties\nhoodie.table.name=t\nhoodie.table.type=COPY_ON_WRITE\n"
        "hoodie.table.version=6\nhoodie.table.partition.fields=day\n"
    )
    for instant in ("20240101000000000", "20240102000000000"):
        for state in (".requested", ".inflight", ""):
            name = f"{instant}.commit{state}" if state != ".inflight" else f"{instant}.inflight"
            (meta / name).write_text("{}")
    (meta / "20240103000000000.commit.requested").write_text("")
    for group, instant, first in (
        ("g1-0", "20240101000000000", 0),
        ("g1-0", "20240102000000000", 100),
        ("g2-0", "20240101000000000", 200),
        ("g3-0", "20240103000000000", 300),
    ):
        name = f"day=1/{group}_0-1-2_{instant}.parquet"
        part(root, name, numbers(first, first + 3))
    return root


def test_hudi_shows_the_newest_files_of_completed_commits(tmp_path):
    found = look(hudi(tmp_path / "t"))
    assert found.format == "Hudi table, copy on write, version 6"
    assert sorted(found.rows.column("n").to_pylist()) == [100, 101, 102, 200, 201, 202]
    assert [(s.id, s.operation, s.current) for s in found.snapshots] == [
        ("20240102000000000", "commit", True), ("20240101000000000", "commit", False),
    ]  # fmt: skip
    assert found.partitions == ("day",)
    assert any("1 writes have begun" in n for n in found.notes)


def test_texts_and_bytes_beside_a_table_are_no_parts_of_it(tmp_path):
    (tmp_path / "README.txt").write_text("Read me first.\nThen the rest.\n")
    (tmp_path / "a.csv").write_text("x,y\n1,2\n3,4\n")
    (tmp_path / "model.bin").write_bytes(bytes(range(256)) * 20)
    found = look(tmp_path)
    assert found.format == "folder of CSV"
    assert found.rows.to_pylist() == [{"x": "1", "y": "2"}, {"x": "3", "y": "4"}]
    assert not found.differences
    assert "Left out, as binary or text: README.txt, model.bin." in found.notes
    (tmp_path / "a.csv").unlink()
    found = look(tmp_path)
    assert found.rows.column("line").to_pylist() == ["Read me first.", "Then the rest."]
    assert "Left out, as binary: model.bin." in found.notes
