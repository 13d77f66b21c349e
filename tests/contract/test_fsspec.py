"""Our paths in other libraries' hands: pandas, polars, DuckDB and pyarrow, by fsspec."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from emr_nb.cluster_files import ClusterFiles
from emr_nb.files.local import LocalFileSystem
from emr_nb.files.paths import cluster_path
from emr_nb.model import FilePath

fsspec = pytest.importorskip("fsspec")
ROWS = 300_000


@pytest.fixture(scope="module")
def s3() -> Iterator[Any]:
    pytest.importorskip("moto", reason="needs emr-nb[local]")
    from emr_nb.aws.access import AwsAccess
    from emr_nb.aws.credentials import Credentials
    from emr_nb.context import ClusterContext
    from emr_nb.files.s3 import S3Factory
    from emr_nb.local.aws_server.server import AwsServer
    from emr_nb.model import Cluster
    from emr_nb.settings import Settings
    from emr_nb.transport.direct import DirectRoute

    absent: Any = None
    with AwsServer() as server:
        access = AwsAccess(
            region="us-east-1", endpoint_url=server.url, credentials=Credentials("AKIA", "secret")
        )
        yield S3Factory()(
            ClusterContext(
                cluster=Cluster("j-TEST", "test", "WAITING"),
                services=(),
                route=DirectRoute(),
                access=access,
                journal=absent,
                settings=Settings(request_timeout=20),
                user="anna",
            )
        )


@pytest.fixture(params=["s3", "file"])
def base(request: Any, tmp_path: Path) -> str:
    if request.param == "file":
        return f"file://{tmp_path}/some dir"
    bucket = FilePath("s3", f"test-{secrets.token_hex(6)}", "")
    request.getfixturevalue("s3")._calls.request("PUT", bucket, "s3:CreateBucket")
    return f"{bucket}some dir"


@pytest.fixture
def files(request: Any, base: str) -> ClusterFiles:
    stores: dict[str, Any] = {"file": LocalFileSystem()}
    if base.startswith("s3"):
        stores["s3"] = request.getfixturevalue("s3")
    cluster: Any = SimpleNamespace(
        name="test", path=lambda text: cluster_path(text, ()), filesystem=lambda p: stores[p.scheme]
    )
    made = ClusterFiles(cluster)
    made.mkdir(base)
    return made


@pytest.fixture
def table() -> pa.Table:
    return pa.table({"n": range(ROWS), "t": [f"é{i % 1000}" for i in range(ROWS)]})


def test_every_library_reads_what_another_wrote(files: ClusterFiles, base: str, table: pa.Table):
    fs = files.fsspec()
    pq.write_table(table, f"{base}/t.parquet", filesystem=fs, row_group_size=20_000)
    frame = pd.read_parquet(f"{base}/t.parquet", filesystem=fs)
    assert (len(frame), frame["n"].sum()) == (ROWS, sum(range(ROWS)))
    with fs.open(f"{base}/t.parquet") as file:
        assert pl.read_parquet(file).height == ROWS
    dataset = ds.dataset(f"{base}/t.parquet", filesystem=fs)
    assert pl.scan_pyarrow_dataset(dataset).select(pl.col("n").max()).collect().item() == ROWS - 1
    with duckdb.connect() as database:
        database.register_filesystem(fs)
        query = f"select count(*), max(n) from read_parquet('emr://{base}/*.parquet')"
        assert database.sql(query).fetchall() == [(ROWS, ROWS - 1)]
        database.sql(f"copy (select 42 as a) to 'emr://{base}/duck.csv' (header)")
    assert pd.read_csv(fs.open(f"{base}/duck.csv"))["a"].tolist() == [42]
    with fs.open(f"{base}/p.csv", "w") as out:
        frame.head(3).to_csv(out, index=False)
    assert pl.read_csv(fs.open(f"{base}/p.csv")).height == 3


def test_parquet_takes_few_requests(files: ClusterFiles, base: str, table: pa.Table):
    fs = files.fsspec()
    pq.write_table(table, f"{base}/t.parquet", filesystem=fs, row_group_size=2_000)  # 150 groups
    file = fs.open(f"{base}/t.parquet")
    assert len(pd.read_parquet(file)) == ROWS
    assert file.raw.blocks.requests <= 2 + file.raw.size // (1024 * 1024)


def test_urls_where_they_are_registered(files: ClusterFiles, base: str):
    files.fsspec(register="emrtest")
    pd.DataFrame({"a": [1, 2]}).to_csv(f"emrtest://{base}/x.csv", index=False)
    assert pd.read_csv(f"emrtest://{base}/x.csv")["a"].tolist() == [1, 2]
    pd.DataFrame({"a": [3]}).to_parquet(f"emrtest://{base}/x.parquet")
    assert pd.read_parquet(f"emrtest://{base}/x.parquet")["a"].tolist() == [3]
    with fsspec.open(f"emrtest://{base}/x.csv") as file:
        assert file.read() == b"a\n1\n2\n"


def test_what_fsspecs_users_call(files: ClusterFiles, base: str, tmp_path: Path):
    fs = files.fsspec()
    fs.makedirs(f"{base}/d/e")
    fs.pipe(f"{base}/d/a.txt", b"hello")
    fs.pipe(f"{base}/d/e/b.txt", b"world!")
    assert fs.cat(f"{base}/d/a.txt") == b"hello"
    assert fs.cat_file(f"{base}/d/a.txt", start=-3) == b"llo"
    assert fs.cat_file(f"{base}/d/a.txt", start=1, end=-1) == b"ell"
    assert sorted(fs.ls(f"{base}/d", detail=False)) == [f"{base}/d/a.txt", f"{base}/d/e"]
    assert fs.find(f"{base}/d") == [f"{base}/d/a.txt", f"{base}/d/e/b.txt"]
    assert fs.glob(f"{base}/d/**/*.txt") == [f"{base}/d/a.txt", f"{base}/d/e/b.txt"]
    assert fs.du(f"{base}/d") == 11
    assert (fs.isfile(f"{base}/d/a.txt"), fs.isdir(f"{base}/d"), fs.exists(f"{base}/z")) == (
        True, True, False,
    )  # fmt: skip
    with pytest.raises(FileNotFoundError):
        fs.info(f"{base}/z")
    assert fs.size(f"{base}/d/a.txt") == 5
    fs.get(f"{base}/d/a.txt", str(tmp_path / "here.txt"))
    assert (tmp_path / "here.txt").read_bytes() == b"hello"
    fs.mv(f"{base}/d/a.txt", f"{base}/d/c.txt")
    assert not fs.exists(f"{base}/d/a.txt")
    fs.rm(f"{base}/d", recursive=True)
    assert not fs.exists(f"{base}/d/c.txt")


def test_a_frame_that_cannot_be_written_leaves_nothing(files: ClusterFiles, base: str):
    fs = files.fsspec()

    def write() -> None:
        with fs.open(f"{base}/half.csv", "w") as out:
            out.write("a\n" * 1_000_000)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write()
    assert not fs.exists(f"{base}/half.csv")
