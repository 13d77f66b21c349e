"""Arrow IPC previews: files and streams, batches small and large."""

import pyarrow as pa
import pytest
from preview_rig import CountingStore, agrees, every_type, look, refused

TABLE = every_type(3000)
LARGE = pa.concat_tables([TABLE] * 15).combine_chunks()


def written(path, table, new=pa.ipc.new_file, codec=None, rows=None):
    options = pa.ipc.IpcWriteOptions(compression=codec)
    with new(path, table.schema, options=options) as writer:
        writer.write_table(table, max_chunksize=rows)
    return path


@pytest.mark.parametrize("codec", [None, "lz4", "zstd"])
@pytest.mark.parametrize("new", [pa.ipc.new_file, pa.ipc.new_stream])
@pytest.mark.parametrize(("table", "rows"), [(TABLE.slice(0, 0), None), (TABLE, 7), (LARGE, None)])
def test_first_rows(tmp_path, codec, new, table, rows):
    store = CountingStore()
    found = look(written(tmp_path / "a", table, new, codec, rows), fs=store)
    agrees(found, table)
    assert found.compression == (codec or "" if found.groups else "")
    assert found.read == store.bytes < 2_000_000
    if new is pa.ipc.new_file and rows is None:
        assert found.total_rows == len(table)


def test_dictionaries_and_views_of_small_batches(tmp_path):
    words = pa.array([f"w{n % 5}" for n in range(100)])
    table = pa.table(
        {"d": words.dictionary_encode(), "v": words.cast(pa.string_view()), "n": words}
    )
    agrees(look(written(tmp_path / "a", table)), table)


def test_what_a_large_batch_cannot_show_is_told(tmp_path):
    words = pa.array([f"word {n % 50_000}" for n in range(200_000)])
    table = pa.table(
        {"d": words.dictionary_encode(), "v": words.cast(pa.string_view()), "n": words}
    )
    found = look(written(tmp_path / "a", table))
    assert found.rows.to_pylist() == table.select(["n"]).slice(0, 20).to_pylist()
    assert sum("read only where its batch is small" in note for note in found.notes) == 2


def test_a_stream_tells_that_its_rows_are_not_known(tmp_path):
    found = look(written(tmp_path / "a", LARGE, pa.ipc.new_stream, rows=1000))
    assert found.total_rows is None
    assert any("no footer" in note for note in found.notes)


def test_damage_says_what_is_wrong(tmp_path):
    path = written(tmp_path / "a.arrow", TABLE)
    data = path.read_bytes()
    path.write_bytes(data[:-6])
    assert "does not end with ARROW1" in refused(path)
    path.write_bytes(data[:-10] + (2**31 - 1).to_bytes(4, "little") + data[-6:])
    assert "2,147,483,647 bytes" in refused(path)
    path.write_bytes(data[:12] + b"\xff\xff\xff\x7f" + data[16:])
    refused(path)
    path = written(tmp_path / "a.arrows", TABLE, pa.ipc.new_stream)
    path.write_bytes(path.read_bytes()[:2000])
    refused(path)


def test_offsets_that_point_anywhere_are_refused_or_told(tmp_path):
    offsets = pa.py_buffer(b"".join(n.to_bytes(4, "little") for n in (0, 2**31 - 1, 5)))
    array = pa.Array.from_buffers(pa.string(), 2, [None, offsets, pa.py_buffer(b"abcde")])
    table = pa.table({"s": array, "n": [1, 2]})
    found = look(written(tmp_path / "a", table))
    assert found.rows.to_pylist() == [{"n": 1}, {"n": 2}]
    assert any("'s' is not among" in note for note in found.notes)
