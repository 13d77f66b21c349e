"""Delimited texts, JSON, lines, pictures and bytes, compressed or not."""

import bz2
import gzip
import json
import lzma
import struct
import zlib

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from preview_rig import CountingStore, look, refused

from emr_nb.errors import FileFormatError


def wrote(path, data):
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


CSV = 'id,name,"said, so"\n1,Ada,"a ""b"" c"\n2,,"two\nlines"\n'


def test_csv_columns_are_text_and_it_is_said(tmp_path):
    found = look(wrote(tmp_path / "a.csv", CSV))
    assert found.format == "CSV"
    assert found.schema == pa.schema([(n, pa.string()) for n in ("id", "name", "said, so")])
    assert found.rows.to_pylist() == [
        {"id": "1", "name": "Ada", "said, so": 'a "b" c'},
        {"id": "2", "name": "", "said, so": "two\nlines"},
    ]
    assert found.total_rows == 2
    assert any("Columns are text" in n and "comma" in n for n in found.notes)
    assert any("--header no" in n for n in found.notes)


@pytest.mark.parametrize(
    ("name", "data", "delimiter", "names"),
    [
        ("a.tsv", "x\ty\n1\t2\n", "tab", ["x", "y"]),
        ("a.csv", "x;y\n1,5;2\n2,5;3\n", "semicolon", ["x", "y"]),
        ("a.csv", "1,2\n3,4\n", "comma", ["c1", "c2"]),
        ("a.csv", "x,x\n1,2\n", "comma", ["c1", "c2"]),
        ("a.csv", "one\ntwo\n3\n", "comma", ["one"]),
        ("000000_0", "1\x01a\x012\n2\x01\\N\x013\n3\x01c\x015\n", "^A", ["c1", "c2", "c3"]),
        ("part-00000", "id|v\n1|2\n3|4\n5|6\n", "pipe", ["id", "v"]),
        ("a.psv", "id|v\n1|2\n", "pipe", ["id", "v"]),
    ],
)
def test_delimiter_and_header_are_found(tmp_path, name, data, delimiter, names):
    found = look(wrote(tmp_path / name, data))
    assert found.schema.names == names
    assert any(f"delimiter: {delimiter}" in n for n in found.notes)


def test_delimiter_and_header_can_be_told(tmp_path):
    path = wrote(tmp_path / "a.txt", "1:2\n3:4\n")
    assert look(path, delimiter=":", header=True).rows.to_pylist() == [{"1": "3", "2": "4"}]
    assert look(path, delimiter=":", header=False).rows.num_rows == 2
    assert look(path).schema.names == ["line"]


def test_ragged_records_and_double_names(tmp_path):
    found = look(wrote(tmp_path / "a.csv", "a,a,<b>\n1,2,3\n1\n1,2,3,4\n"), header=True)
    assert found.rows.column_names == ["a", "a", "<b>", "c4"]
    assert [c.to_pylist() for c in found.rows.columns][3] == [None, None, "4"]
    assert any("2 of these records" in n for n in found.notes)


def test_a_large_csv_is_read_as_far_as_needed(tmp_path):
    path = wrote(tmp_path / "a.csv", "n,t\n" + "".join(f"{n},text {n}\n" for n in range(300_000)))
    store = CountingStore()
    found = look(path, fs=store)
    assert found.rows.column("n").to_pylist() == [str(n) for n in range(20)]
    assert found.total_rows is None
    assert store.bytes < 100_000


def test_json_lines_have_the_types_of_their_values(tmp_path):
    lines = [
        {"i": 1, "f": 1.5, "b": True, "s": "x", "l": [1, None], "d": {"a": "y"}, "m": 1},
        {"i": None, "f": 2, "b": False, "s": "2024-01-01", "l": [], "d": {"c": 2}, "m": "t"},
        {"i": 2, "big": 2**70},
    ]
    found = look(wrote(tmp_path / "a.json", "\n".join(map(json.dumps, lines))))
    assert found.format == "JSON lines"
    assert found.total_rows == 3
    types = dict(zip(found.schema.names, found.schema.types, strict=True))
    assert types["i"] == pa.int64()
    assert types["f"] == pa.float64()
    assert types["s"] == pa.string()  # no time is guessed
    assert types["l"] == pa.list_(pa.int64())
    assert types["d"] == pa.struct({"a": pa.string(), "c": pa.int64()})
    assert found.rows.column("m").to_pylist() == ["1", '"t"', None]
    assert found.rows.column("big").to_pylist() == [None, None, str(2**70)]
    assert any("'m' holds values of several kinds" in n for n in found.notes)


def test_json_that_is_no_object_is_counted(tmp_path):
    found = look(wrote(tmp_path / "a.jsonl", '{"a": 1}\n' * 6 + "oops\n" + '{"a": 2}\n'))
    assert found.rows.num_rows == 7
    assert any("Line 7 is no JSON object; 1 such" in n for n in found.notes)


def test_a_json_array_and_a_deep_one(tmp_path):
    found = look(wrote(tmp_path / "a.json", '[{"a": 1}, {"a": 2}]'))
    assert (found.format, found.total_rows) == ("JSON array", 2)
    deep = '{"a":' + "[" * 100_000
    assert look(wrote(tmp_path / "deep.json", deep)).format == "text"


def test_logs_and_texts_are_lines(tmp_path):
    found = look(wrote(tmp_path / "a.log", "12:00, INFO, x\n12:01, INFO, y\n12:02, WARN, z\n"))
    assert (found.format, found.schema.names, found.total_rows) == ("text", ["line"], 3)
    found = look(wrote(tmp_path / "latin.txt", "caf\xe9\n".encode("latin-1")))
    assert found.rows.to_pylist() == [{"line": "caf\\xe9"}]
    assert any("not UTF-8" in n for n in found.notes)
    found = look(wrote(tmp_path / "wide.txt", "\ufeffä\nb\n".encode("utf-16-le")))
    assert found.rows.column("line").to_pylist() == ["ä", "b"]


def hadoop_snappy(data: bytes) -> bytes:
    packed = pa.Codec("snappy").compress(data, asbytes=True)
    return struct.pack(">II", len(data), len(packed)) + packed


def snappy_frames(data: bytes) -> bytes:
    piece = b"\0\0\0\0" + pa.Codec("snappy").compress(data, asbytes=True)
    return b"\xff\6\0\0sNaPpY\0" + len(piece).to_bytes(3, "little") + piece


@pytest.mark.parametrize(
    ("ending", "codec", "pack"),
    [
        ("gz", "gzip", gzip.compress),
        ("bz2", "bzip2", bz2.compress),
        ("xz", "xz", lzma.compress),
        ("deflate", "zlib", zlib.compress),
        ("zst", "zstd", lambda d: pa.Codec("zstd").compress(d, asbytes=True)),
        ("lz4", "lz4", lambda d: pa.Codec("lz4").compress(d, asbytes=True)),
        ("snappy", "hadoop snappy", hadoop_snappy),
        ("sz", "snappy", snappy_frames),
    ],
)
def test_compressed_texts(tmp_path, ending, codec, pack):
    data = ("id,t\n" + "".join(f"{n},text {n}\n" for n in range(1000))).encode()
    path = wrote(tmp_path / f"a.csv.{ending}", pack(data))
    found = look(path)
    assert (found.format, found.compression) == ("CSV", codec)
    assert found.rows.to_pylist()[19] == {"id": "19", "t": "text 19"}
    assert found.total_rows == 1000
    whole = path.read_bytes()
    wrote(path, whole[: len(whole) // 2])
    try:
        assert look(path).total_rows is None
    except FileFormatError:  # one block holds all, and it is cut
        assert codec in ("bzip2", "xz")


def test_joined_gzip_members(tmp_path):
    data = gzip.compress(b"n\n1\n") + gzip.compress(b"2\n")
    found = look(wrote(tmp_path / "a.csv.gz", data), header=True)
    assert found.rows.column("n").to_pylist() == ["1", "2"]


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_a_bomb_is_inflated_as_far_as_lines_are_wanted(tmp_path, pack):
    path = wrote(tmp_path / "a.txt.gz", pack(b"0" * 30_000_000))
    found = look(path)
    assert found.rows.nbytes <= 2 * 2**20
    assert found.total_rows is None


def test_a_format_with_a_footer_within_gzip(tmp_path):
    pq.write_table(pa.table({"a": [1, 2]}), tmp_path / "x")
    path = wrote(tmp_path / "a.parquet.gz", gzip.compress((tmp_path / "x").read_bytes()))
    found = look(path)
    assert found.rows.to_pylist() == [{"a": 1}, {"a": 2}]
    assert "gzip as a whole" in found.compression
    wrote(path, gzip.compress((tmp_path / "x").read_bytes() + b"\0" * 20_000_000))
    assert "inflated here" in refused(path)


def test_a_name_that_lies(tmp_path):
    pq.write_table(pa.table({"a": [1]}), tmp_path / "a.csv")
    found = look(tmp_path / "a.csv")
    assert found.format == "Parquet"
    assert "The name says CSV, the bytes are Parquet." in found.notes
    found = look(wrote(tmp_path / "b.parquet", "just a text\n"))
    assert found.format == "text"
    assert "The name says Parquet, the bytes are text." in found.notes


def test_bytes_show_as_a_hex_dump(tmp_path):
    found = look(wrote(tmp_path / "a.bin", bytes(range(256)) * 10), rows=2)
    assert found.format == "binary"
    assert found.rows.to_pylist() == [
        {"offset": 0, "hex": bytes(range(16)).hex(" "), "text": "." * 16},
        {"offset": 16, "hex": bytes(range(16, 32)).hex(" "), "text": "." * 16},
    ]
    assert look(wrote(tmp_path / "a.seq", b"SEQ\6\0\1")).format == "Hadoop SequenceFile"


def test_an_empty_file(tmp_path):
    found = look(wrote(tmp_path / "a.parquet", b""))
    assert (found.format, found.total_rows, found.read) == ("empty file", 0, 0)


def png(width: int, height: int) -> bytes:
    def part(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"\0" * 100)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", pixels) + part(b"IEND", b"")


def test_pictures(tmp_path):
    found = look(wrote(tmp_path / "a.png", png(9, 7)))
    assert found.format == "PNG"
    assert (found.image.width, found.image.height, found.image.mime) == (9, 7, "image/png")
    assert found.image.data == png(9, 7)
    found = look(wrote(tmp_path / "b.png", png(100_000, 100_000)))
    assert found.image.data is None
    assert any("pixels" in n for n in found.notes)
    jpeg = b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x0b\x08\x00\x07\x00\x09\x01\x00\x00\x00"
    found = look(wrote(tmp_path / "a.jpg", jpeg))
    assert (found.image.width, found.image.height) == (9, 7)
    assert "ends before its size" in refused(wrote(tmp_path / "c.png", png(9, 7)[:18]))
