"""How previews read: what a store raises comes through, nothing is read twice or beyond bounds."""

import threading

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from preview_rig import CountingStore, FailingStore, every_type, look
from pyarrow import orc

from emr_nb.errors import ReplyLostError
from emr_nb.files.preview.damage import BudgetSpentError, DamageError
from emr_nb.files.preview.source import Source
from emr_nb.model import FilePath

TABLE = every_type(20_000).drop_columns(["u32", "nothing", "fixed"])


def written(folder, kind):
    path = folder / f"a.{kind}"
    if kind == "parquet":
        pq.write_table(TABLE, path, row_group_size=5000)
    elif kind == "orc":
        orc.write_table(TABLE, path, compression="zstd")
    elif kind == "csv":
        path.write_text("a,b\n" + "1,2\n" * 200_000)
    else:
        with pa.ipc.new_file(path, TABLE.schema) as writer:
            writer.write_table(TABLE)
    return path


@pytest.mark.parametrize("kind", ["parquet", "orc", "arrow", "csv"])
def test_what_the_store_raises_comes_through(tmp_path, kind):
    path = written(tmp_path, kind)
    store = CountingStore()
    look(path, fs=store)
    assert store.requests > 1 or kind == "csv"
    for good in range(store.requests):
        with pytest.raises(ReplyLostError, match="the line was cut"):
            look(path, fs=FailingStore(good))


@pytest.mark.parametrize("kind", ["parquet", "orc", "arrow"])
def test_a_small_budget_shows_what_fits_and_says_the_rest(tmp_path, kind):
    path = written(tmp_path, kind)
    store = CountingStore()
    found = look(path, fs=store, budget=220_000)
    assert store.bytes <= 220_000
    assert found.schema.names == TABLE.schema.names
    missing = set(TABLE.schema.names) - set(found.rows.column_names)
    told = " ".join(found.notes)
    assert "not among the first rows" in told or not missing
    assert all(repr(name) in told for name in missing) or f"{len(missing)} columns are not" in told
    assert missing or store.bytes < 220_000


@pytest.fixture
def source(tmp_path):
    data = bytes(n % 251 for n in range(300_000))
    (tmp_path / "x").write_bytes(data)
    store = CountingStore()
    made = Source(store, FilePath("file", "", str(tmp_path / "x")), len(data), 150_000)
    made.data, made.store = data, store
    return made


def test_each_byte_is_read_once(source):
    assert source.read(1000, 10) == source.data[1000:1010]
    assert source.read(500, 1000) == source.data[500:1500]
    source.prefetch([(0, 3000), (2000, 40_000), (100_000, 10), (290_000, 20_000)])
    assert source.read(0, 42_000) == source.data[:42_000]
    assert source.read(299_990, 100) == source.data[-10:]
    assert source.tail(5) == source.data[-5:]
    assert source.count == source.store.bytes < 75_000


def test_bounds(source):
    with pytest.raises(BudgetSpentError, match="150,000 bytes"):
        source.read(0, 200_000)
    assert source.store.bytes == 0
    with pytest.raises(DamageError, match="300,000"):
        source.exactly(299_999, 2, "a page")
    with pytest.raises(DamageError):
        source.read(-1, 5)
    assert source.read(400_000, 5) == b""


def test_the_store_is_read_by_several_threads(source):
    seen = set()
    plain = source.store.read

    def read(path, start=0, length=None):
        seen.add(threading.current_thread().name)
        return plain(path, start, length)

    source.store.read = read
    source.prefetch([(n * 40_000, 10) for n in range(7)])
    assert all(name.startswith("emr_nb-preview") for name in seen)
    assert source.count == 70
