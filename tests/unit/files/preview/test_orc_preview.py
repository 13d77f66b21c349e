"""ORC previews against what pyarrow reads."""

import random

import pyarrow as pa
import pytest
from preview_rig import RECORDED, CountingStore, agrees, every_type, look, refused
from pyarrow import orc

from emr_nb.errors import FileFormatError, PathDeniedError

# types that pyarrow writes to ORC
TABLE = every_type(3000).drop_columns(["u32", "nothing", "fixed"])


@pytest.mark.parametrize("codec", ["uncompressed", "zlib", "snappy", "lz4", "zstd"])
@pytest.mark.parametrize("rows", [0, 7, 3000])
def test_first_rows_are_those_that_pyarrow_reads(tmp_path, codec, rows):
    path = tmp_path / "a.orc"
    orc.write_table(TABLE.slice(0, rows), path, compression=codec)
    found = look(path)
    agrees(found, orc.read_table(path))
    assert found.total_rows == rows
    assert found.unit == "stripe"
    assert not found.notes


def test_stripes_with_their_statistics(tmp_path):
    path = tmp_path / "a.orc"
    table = pa.concat_tables([TABLE] * 20)
    orc.write_table(table, path, compression="zstd", stripe_size=200_000, batch_size=3000)
    store = CountingStore()
    found = look(path, fs=store)
    assert len(found.groups) > 2
    assert sum(g.rows for g in found.groups) == found.total_rows == 60_000
    assert found.read == store.bytes < path.stat().st_size / 2
    told = {c.name: c for c in found.groups[0].columns}
    first = table.slice(0, found.groups[0].rows)
    column = first.column("i64").drop_null().to_pylist()
    assert (told["i64"].least, told["i64"].greatest) == (min(column), max(column))
    assert told["i64"].nulls == first.column("i64").null_count
    texts = first.column("s").drop_null().to_pylist()
    assert (told["s"].least, told["s"].greatest) == (min(texts), max(texts))
    days = first.column("day").drop_null().to_pylist()
    assert (told["day"].least, told["day"].greatest) == (min(days), max(days))
    prices = first.column("dec").drop_null().to_pylist()
    assert (told["dec"].least, told["dec"].greatest) == (min(prices), max(prices))
    assert told["struct.a"].least == 0


def test_more_rows_than_the_first_stripe_has(tmp_path):
    path = tmp_path / "a.orc"
    chance = random.Random(1)
    texts = [chance.randbytes(100).hex() for _ in range(3000)]
    table = pa.table({"n": pa.array(range(3000), pa.int64()), "s": texts})
    orc.write_table(table, path, compression="snappy", stripe_size=10_000, batch_size=100)
    found = look(path, rows=1000)
    assert len(found.groups) > 4
    agrees(found, table, 1000)
    assert found.groups[0].rows < 1000


def test_of_very_many_columns_those_that_fit_are_shown(tmp_path):
    path = tmp_path / "a.orc"
    table = pa.table({f"c{n}": [n / 7 + m for m in range(2000)] for n in range(300)})
    orc.write_table(table, path, compression="uncompressed")
    found = look(path, budget=1_500_000)
    shown = found.rows.num_columns
    assert 10 < shown < 300
    assert found.rows.to_pylist() == table.select(range(shown)).slice(0, 20).to_pylist()
    assert any(f"{300 - shown} columns are not among the first rows" in n for n in found.notes)


def test_a_broken_tail_says_what_is_wrong(tmp_path):
    path = tmp_path / "a.orc"
    orc.write_table(TABLE, path, compression="zlib")
    data = path.read_bytes()
    path.write_bytes(data[:-1])
    refused(path)
    path.write_bytes(data[: len(data) // 2])
    assert "ORC" in refused(path)
    path.write_bytes(data[:3] + data[2000:])
    assert "stripe" in refused(path)
    path.write_bytes(data[:3] + data[-200:])
    refused(path)


def test_a_file_that_liborc_does_not_survive_is_refused():
    """Found by changing bytes at random: pyarrow 26 ends the process that reads it."""
    with pytest.raises(FileFormatError, match="did not survive"):
        look(RECORDED / "damaged.orc")


def test_what_the_store_raises_comes_through(tmp_path):
    path = tmp_path / "a.orc"
    orc.write_table(every_type(20_000).select(["i64", "s"]), path, compression="uncompressed")

    class Breaking(CountingStore):
        def read(self, path, start=0, length=None):
            if 3 < start + (length or 0) < 200_000:
                raise PathDeniedError("Not yours", where=str(path))
            return super().read(path, start, length)

    with pytest.raises(PathDeniedError, match="Not yours"):
        look(path, fs=Breaking())
