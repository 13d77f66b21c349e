"""Previews on a real NameNode with its DataNodes and on moto's S3: few bytes, the same rows."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import emr_nb
from emr_nb.errors import FileFormatError
from emr_nb.files.preview import Options, preview
from emr_nb.model import FilePath

ROWS = 400_000
LITTLE = 600_000  # bytes


class Counted:
    """A store whose bytes are counted on their way."""

    def __init__(self, store: Any) -> None:
        self._store, self.bytes, self.reads = store, 0, 0

    def read(self, path: FilePath, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        self.reads += 1
        for piece in self._store.read(path, start, length):
            self.bytes += len(piece)
            yield piece

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


@pytest.fixture(scope="module")
def cluster(local_cluster: Any) -> Iterator[Any]:
    with emr_nb.attach(local_cluster.target, settings=local_cluster.settings) as attached:
        yield attached


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, pa.Table]:
    chance = np.random.default_rng(1)
    table = pa.table(
        {"n": np.arange(ROWS), "x": chance.random(ROWS), "y": chance.random(ROWS)}
        | {"t": [f"text {n % 1000}" for n in range(ROWS)]}
    )
    path = tmp_path_factory.mktemp("preview") / "a.parquet"
    pq.write_table(table, path, row_group_size=100_000)
    assert path.stat().st_size > 10 * LITTLE
    return path, table


@pytest.fixture(params=["hdfs:///tmp/preview", "s3://{bucket}/preview"], ids=["hdfs", "s3"])
def folder(request: Any, cluster: Any, local_cluster: Any) -> Iterator[str]:
    text = f"{request.param.format(bucket=local_cluster.bucket)}-{secrets.token_hex(4)}"
    yield text
    where = cluster.path(text)
    cluster.filesystem(where).rm(where, recursive=True)


def test_a_parquet_file_takes_few_bytes(
    cluster: Any, folder: str, written: tuple[Path, pa.Table]
) -> None:
    local, table = written
    cluster.files.put(str(local), f"{folder}/a.parquet")
    path = cluster.path(f"{folder}/a.parquet")
    store = Counted(cluster.filesystem(path))
    found = preview(store, path, Options(rows=20))
    assert found.rows.to_pylist() == table.slice(0, 20).to_pylist()
    assert (found.total_rows, len(found.groups)) == (ROWS, 4)
    assert found.groups[3].columns[0].greatest == ROWS - 1
    assert found.size == local.stat().st_size
    assert found.read == store.bytes <= LITTLE


def test_a_folder_and_a_table_of_a_format(
    cluster: Any, folder: str, written: tuple[Path, pa.Table], tmp_path: Path
) -> None:
    _, table = written
    for day in (1, 2):
        pq.write_table(table.slice(day, 5), tmp_path / "p.parquet")
        cluster.files.put(str(tmp_path / "p.parquet"), f"{folder}/t/day={day}/part-0.parquet")
    cluster.files.write(f"{folder}/t/_SUCCESS", [])
    found = cluster.files.preview(f"{folder}/t")
    assert (found.files, found.total_rows, found.partitions) == (2, 10, ("day",))
    assert found.rows.column("day").to_pylist() == ["1"] * 5 + ["2"] * 5
    pq.write_table(table.slice(0, 3), tmp_path / "d.parquet")
    cluster.files.put(str(tmp_path / "d.parquet"), f"{folder}/d/d.parquet")
    schema = (
        '{\\"type\\":\\"struct\\",\\"fields\\":['
        '{\\"name\\":\\"n\\",\\"type\\":\\"long\\",\\"nullable\\":true,\\"metadata\\":{}}]}'
    )
    log = (
        '{"protocol":{"minReaderVersion":1,"minWriterVersion":2}}\n'
        f'{{"metaData":{{"id":"1","schemaString":"{schema}","partitionColumns":[]}}}}\n'
        '{"add":{"path":"d.parquet","partitionValues":{},"size":0,"stats":"{\\"numRecords\\":3}"}}\n'
    )
    cluster.files.write(f"{folder}/d/_delta_log/{0:020}.json", [log.encode()])
    found = cluster.files.preview(f"{folder}/d")
    assert found.format.startswith("Delta table")
    assert found.rows.to_pylist() == [{"n": 0}, {"n": 1}, {"n": 2}]
    assert found.total_rows == 3


def test_a_cut_file_is_told_by_its_path(cluster: Any, folder: str, written: Any) -> None:
    local, _ = written
    cluster.files.write(f"{folder}/cut.parquet", [local.read_bytes()[:100_000]])
    with pytest.raises(FileFormatError, match=r"cut\.parquet"):
        cluster.files.preview(f"{folder}/cut.parquet")
