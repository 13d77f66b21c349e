"""Avro previews: recorded files of fastavro's, and what no file should hold."""

import json
import zlib
from datetime import UTC, date, datetime, time
from decimal import Decimal

import pyarrow as pa
import pytest
from preview_rig import RECORDED, look, refused


@pytest.mark.parametrize("codec", ["null", "deflate", "bzip2", "xz"])
def test_every_type(codec):
    found = look(RECORDED / f"{codec}.avro")
    assert found.format == "Avro"
    assert found.compression == ("" if codec == "null" else codec)
    assert found.total_rows == 60 == sum(g.rows for g in found.groups)
    assert len(found.groups) > 1
    assert found.rows.num_rows == 20
    types = {f.name: f.type for f in found.schema}
    assert types["dec"] == pa.decimal128(20, 3)
    assert types["ts"] == pa.timestamp("us", "UTC")
    assert types["lts"] == pa.timestamp("ms")
    assert types["m"] == pa.map_(pa.string(), pa.int64())
    assert types["i"] == pa.int32()
    assert found.schema.field("i").nullable is False
    row = found.rows.to_pylist()[2]
    assert row == {
        "i": -3, "l": None, "f": 1.0, "d": 2 / 3, "b": True, "s": "tëxt 2", "by": b"\2\2\2",
        "e": "C", "fx": b"abcd", "arr": [0, None], "m": [("k0", 0), ("k1", 1)],
        "r": {"x": 2, "y": ["q", "q"]}, "r2": {"x": 1, "y": ["z"]}, "dec": Decimal("-0.125"),
        "day": date(2020, 1, 3), "tm": time(1, 2, 3, 2),
        "ts": datetime(2020, 1, 1, 0, 0, 2, tzinfo=UTC),
        "lts": datetime.fromisoformat("2021-01-01T00:00:02"),
        "u": {"member0": None, "member1": "u2"}, "n": None,
    }  # fmt: skip
    assert any("union" in note for note in found.notes)


def test_no_records_and_what_is_no_record():
    assert look(RECORDED / "empty.avro").total_rows == 0
    assert look(RECORDED / "longs.avro").rows.to_pylist() == [{"value": n} for n in (1, 2, 3)]


def long(number: int) -> bytes:
    value, out = (number << 1) ^ (number >> 63), b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def text(data: bytes) -> bytes:
    return long(len(data)) + data


def container(path, schema, block: bytes, count: int, codec: str = "null"):
    """Write a container file of one block."""
    meta = {b"avro.schema": json.dumps(schema).encode(), b"avro.codec": codec.encode()}
    pairs = b"".join(text(k) + text(v) for k, v in meta.items())
    head = b"Obj\1" + long(2) + pairs + long(0) + b"S" * 16
    path.write_bytes(head + long(count) + text(block) + b"S" * 16)
    return path


@pytest.mark.parametrize("codec", ["snappy", "zstandard"])
def test_codecs_of_other_writers(tmp_path, codec):
    data = b"".join(text(f"row {n}".encode()) for n in range(5000))
    packed = pa.Codec({"zstandard": "zstd"}.get(codec, codec)).compress(data, asbytes=True)
    block = packed + zlib.crc32(data).to_bytes(4) if codec == "snappy" else packed
    path = container(tmp_path / "a.avro", "string", block, 5000, codec)
    found = look(path)
    assert found.rows.column("value").to_pylist() == [f"row {n}" for n in range(20)]
    assert found.total_rows == 5000


def test_a_list_of_absurdly_many_nulls_is_not_made(tmp_path):
    schema = {"type": "array", "items": "null"}
    path = container(tmp_path / "a.avro", schema, long(2**40) + long(0), 1)
    found = look(path)
    assert found.rows.num_rows == 0
    assert any("more than" in note for note in found.notes)


def test_a_bomb_is_inflated_as_far_as_rows_are_wanted(tmp_path):
    data = text(b"first") + text(b"x" * 40_000_000)
    packer = zlib.compressobj(9, wbits=-15)
    block = packer.compress(data) + packer.flush()
    path = container(tmp_path / "a.avro", "string", block, 2, "deflate")
    found = look(path)
    assert found.rows.to_pylist() == [{"value": "first"}]
    assert any("more than" in note for note in found.notes)


@pytest.mark.parametrize(
    ("schema", "block", "says"),
    [
        ("int", long(2**40), "an int is"),
        ({"type": "enum", "name": "E", "symbols": ["A"]}, long(5), "1 symbols"),
        (["null", "int"], long(9), "of number 9"),
        ("string", long(-5), "negative length"),
        ("string", long(50) + b"x", "middle of a record"),
        (
            {"type": "record", "name": "R", "fields": [{"name": "r", "type": "R"}]},
            b"",
            "holds itself",
        ),
        ({"type": "fixed", "name": "F", "size": 2**40}, b"", "fixed type"),
        ("nonsense", b"", "not in it"),
    ],
)
def test_damage_says_what_is_wrong(tmp_path, schema, block, says):
    assert says in refused(container(tmp_path / "a.avro", schema, block, 1))


def test_a_cut_file_and_a_wrong_marker(tmp_path):
    data = (RECORDED / "null.avro").read_bytes()
    path = tmp_path / "a.avro"
    path.write_bytes(data[:300])
    assert "middle of its header" in refused(path)
    path.write_bytes(data[:1500])
    assert "block" in refused(path)
    path.write_bytes(container(path, "string", text(b"a"), 1).read_bytes()[:-16] + b"T" * 16)
    assert "does not end where it says" in refused(path)
