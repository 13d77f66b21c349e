"""A spool of Parquet files passes through as one file, wherever its blocks end."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emr_nb.engines import spool
from emr_nb.engines.spool import Spooled
from emr_nb.engines.spool_file import JoinedParquet
from emr_nb.errors import ResultError
from emr_nb.files.local import LocalFileSystem
from emr_nb.model import FilePath

FIELDS = [{"name": "at", "type": "timestamp", "nullable": True}]
ZONE = "America/New_York"


@pytest.fixture
def spooled(tmp_path: Path) -> Spooled:
    parts = []
    for part in range(3):
        rows = range(part * 500, part * 500 + 500)
        table = pa.table({"at": pa.array(rows, pa.timestamp("us", "UTC"))})
        pq.write_table(table, tmp_path / f"part-{part}", row_group_size=50)
        parts.append([f"part-{part}", (tmp_path / f"part-{part}").stat().st_size])
    header = {"parts": parts, "parquet": True, "schema": {"fields": FIELDS}, "zone": ZONE}
    return Spooled(LocalFileSystem(), FilePath("file", "", str(tmp_path)), header, b"")


@pytest.mark.parametrize(("block", "rest"), [(64, 8), (500, 100), (4096, 1), (1 << 23, 1 << 20)])
def test_every_row_is_there_in_the_sessions_zone(
    spooled: Spooled, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int, rest: int
) -> None:
    monkeypatch.setattr(spool, "_BLOCK", block)
    monkeypatch.setattr(spool, "_REST", rest)
    file = JoinedParquet(spooled)
    (tmp_path / "one").write_bytes(b"".join(file))
    table = pq.read_table(tmp_path / "one")
    assert file.rows == table.num_rows == 1500
    assert table.schema.field("at").type == pa.timestamp("us", ZONE)
    assert table.column("at").cast(pa.int64()).to_pylist() == list(range(1500))


def test_a_part_that_is_gone_is_no_shorter_file(spooled: Spooled, tmp_path: Path) -> None:
    (tmp_path / "part-2").unlink()
    with pytest.raises(ResultError, match="gone: part-2"):
        list(JoinedParquet(spooled))


def test_a_part_that_was_cut_is_refused(spooled: Spooled, tmp_path: Path) -> None:
    whole = (tmp_path / "part-1").read_bytes()
    (tmp_path / "part-1").write_bytes(whole[:-1])
    with pytest.raises(ResultError, match=r"of .* bytes"):
        list(JoinedParquet(spooled))
