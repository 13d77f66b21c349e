"""Parquet previews against what pyarrow reads, whatever the file was written with."""

import struct

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from preview_rig import CountingStore, agrees, every_type, look, refused

TABLE = every_type(1500)


@pytest.mark.parametrize("codec", ["none", "snappy", "gzip", "zstd", "lz4", "brotli"])
@pytest.mark.parametrize("pages", ["1.0", "2.0"])
@pytest.mark.parametrize(("dictionary", "page"), [(True, 2**20), (False, 2**20), (True, 200)])
def test_first_rows_are_those_that_pyarrow_reads(tmp_path, codec, pages, dictionary, page):
    path = tmp_path / "a.parquet"
    pq.write_table(
        TABLE, path, compression=codec, data_page_version=pages, use_dictionary=dictionary,
        data_page_size=page, write_batch_size=64,
    )  # fmt: skip
    found = look(path)
    agrees(found, TABLE)
    assert found.total_rows == 1500
    assert found.format == "Parquet"
    assert found.compression == {"none": "", "lz4": "lz4_raw"}.get(codec, codec)
    assert not found.notes


def test_rows_come_from_several_row_groups(tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(TABLE.slice(0, 50), path, row_group_size=7)
    found = look(path)
    agrees(found, TABLE)
    assert [g.rows for g in found.groups] == [7] * 7 + [1]
    assert len(look(path, rows=0).rows) == 0
    assert look(path, rows=1000).whole


@pytest.mark.parametrize(
    ("column", "encoding"),
    [
        ("i64", "DELTA_BINARY_PACKED"),
        ("d", "BYTE_STREAM_SPLIT"),
        ("s", "DELTA_LENGTH_BYTE_ARRAY"),
        ("s", "DELTA_BYTE_ARRAY"),
        ("fixed", "BYTE_STREAM_SPLIT"),
        ("b", "RLE"),
    ],
)
@pytest.mark.parametrize("pages", ["1.0", "2.0"])
def test_other_encodings(tmp_path, column, encoding, pages):
    path = tmp_path / "a.parquet"
    table = TABLE.select([column])
    pq.write_table(
        table, path, use_dictionary=False, column_encoding=encoding, data_page_version=pages
    )
    agrees(look(path), table)


def test_statistics_are_those_that_pyarrow_tells(tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(TABLE, path, row_group_size=500)
    found = look(path)
    meta = pq.read_metadata(path)
    for group in found.groups:
        whole = meta.row_group(group.number)
        assert group.rows == whole.num_rows
        assert group.uncompressed == whole.total_byte_size
        assert len(group.columns) == whole.num_columns
        for at, told in enumerate(group.columns):
            chunk = whole.column(at)
            assert told.name == chunk.path_in_schema
            if chunk.statistics is None:
                continue
            assert told.nulls == chunk.statistics.null_count
            assert (told.compressed, told.codec) == (chunk.total_compressed_size, "SNAPPY")
            if chunk.statistics.has_min_max and "." not in told.name:
                assert (told.least, told.greatest) == (chunk.statistics.min, chunk.statistics.max)


def test_a_large_file_of_unlike_values_takes_few_bytes(tmp_path):
    """Dictionaries of 800 KB and pages of as much: of both, what twenty rows need."""
    chance = np.random.default_rng(1)
    table = pa.table({f"c{n}": chance.random(100_000) for n in range(8)})
    path = tmp_path / "a.parquet"
    pq.write_table(table, path, row_group_size=100_000)
    store = CountingStore()
    found = look(path, fs=store)
    agrees(found, table)
    assert path.stat().st_size > 6_000_000
    assert found.read == store.bytes < 700_000
    assert store.requests < 40


@pytest.mark.full
def test_a_gibibyte_of_200_row_groups_takes_two_mebibytes(tmp_path):
    chance = np.random.default_rng(1)
    columns = [chance.random(75_000) for _ in range(8)]
    path = tmp_path / "a.parquet"
    writer = None
    for n in range(200):
        table = pa.table({f"c{at}": np.roll(c, n) for at, c in enumerate(columns)})
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table, row_group_size=75_000)
    writer.close()
    store = CountingStore()
    found = look(path, fs=store)
    assert path.stat().st_size > 2**30 * 0.9
    assert len(found.groups) == 200
    assert found.total_rows == 15_000_000
    assert found.rows.column("c3").to_pylist() == columns[3][:20].tolist()
    assert store.bytes <= 2 * 2**20


def test_no_rows_and_no_columns(tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(TABLE.slice(0, 0), path)
    found = look(path)
    assert (found.total_rows, found.rows.num_rows) == (0, 0)
    assert found.schema.types == TABLE.schema.types
    pq.write_table(pa.table({}), path)
    assert look(path).schema.names == []


def test_hostile_names_of_columns(tmp_path):
    names = ["", "a.b", "<img src=x onerror=alert(1)>", "\u202egnp", "a\nb", "é" * 300, "x"]
    table = pa.table([pa.array([1, 2])] * 7, names=names)
    pq.write_table(table, tmp_path / "a.parquet")
    agrees(look(tmp_path / "a.parquet"), table)


def broken(path, data, at, value):
    path.write_bytes(data[:at] + value + data[at + len(value) :])
    return path


def test_a_broken_footer_says_what_is_wrong(tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(TABLE.select(["i64", "s"]), path)
    data = path.read_bytes()
    size = len(data)
    path.write_bytes(data[:-100])
    assert "does not end with PAR1" in refused(path)
    assert "2,147,483,647 bytes" in refused(
        broken(path, data, size - 8, struct.pack("<i", 2**31 - 1))
    )
    assert "footer" in refused(broken(path, data, size - 8, struct.pack("<I", 10)))
    assert "encrypted" in refused(broken(path, data, size - 4, b"PARE"))
    path.write_bytes(b"PAR1\x15\x00")
    assert "does not end with PAR1" in refused(path)


def test_a_file_that_lost_its_middle_is_not_read_past_its_end(tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(TABLE, path)
    data = path.read_bytes()
    footer = struct.unpack("<I", data[-8:-4])[0] + 8
    path.write_bytes(b"PAR1" + data[-footer:])
    assert "should lie at bytes" in refused(path)


def test_a_bomb_is_not_inflated(tmp_path):
    """A value of 20 MiB that takes a few KB."""
    path = tmp_path / "a.parquet"
    table = pa.table({"bomb": pa.array(["x" * 20 * 2**20], pa.large_string()), "n": [1]})
    pq.write_table(table, path, compression="zstd", use_dictionary=False)
    assert path.stat().st_size < 200_000
    found = look(path)
    assert found.rows.to_pylist() == [{"n": 1}]
    assert any("'bomb' is not among the first rows" in note for note in found.notes)


def test_a_column_that_fails_is_known_by_its_place(tmp_path):
    """Names may have dots in them, and two columns one name."""
    path = tmp_path / "a.parquet"
    large = pa.array(["x" * 20 * 2**20], pa.large_string())
    pq.write_table(pa.table([large, [1], [2], [3]], names=["a.b", "a", "x", "x"]), path,
                   use_dictionary=False)  # fmt: skip
    found = look(path)
    assert found.rows.column_names == ["a", "x", "x"]
    assert [c.to_pylist() for c in found.rows.columns] == [[1], [2], [3]]
    assert any("'a.b' is not among" in note for note in found.notes)


def test_values_that_no_page_can_show_are_told(tmp_path):
    path = tmp_path / "a.parquet"
    days = pa.array([2**31 - 1, 0], pa.int32()).cast(pa.date32())
    text = pa.array([b"\xff\xfe", b"ok"]).view(pa.string())
    pq.write_table(pa.table({"day": days, "text": text}), path)
    found = look(path)
    assert found.rows.to_pylist() == [
        {"day": 2**31 - 1, "text": b"\xff\xfe"},
        {"day": 0, "text": b"ok"},
    ]
    assert len(found.notes) == 2
    assert found.schema.types == [pa.date32(), pa.string()]
