"""The cluster with Hive, Trino and S3 as a notebook's engines have it, for pushes and `--to`."""

from __future__ import annotations

import io
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from emr_nb.cluster import AttachedCluster, attach
from emr_nb.errors import PathNotFoundError
from emr_nb.journal import Journal
from emr_nb.model import Request, SessionOptions, WriteTarget
from emr_nb.results.plan import plan_transfer
from emr_nb.results.result import Result

ENGINES = ("hive", "trino")


@dataclass
class WriteRig:
    """An attached cluster, its bucket, and a place of this run on each of its stores."""

    cluster: AttachedCluster
    bucket: str

    @contextmanager
    def session(self, engine: str) -> Iterator[Any]:
        zone = {"time_zone": "America/St_Johns"}  # whose clock must change no value
        conf = {} if engine == "hive" else {"catalog": "hive", "schema": "default", **zone}
        name = f"emr_nb/tests/{uuid.uuid4().hex[:8]}"
        made = self.cluster.engine(engine).open(SessionOptions(name, conf=conf))
        try:
            yield made
        finally:
            made.close()

    def place(self, store: str) -> str:
        key = f"w_write/{uuid.uuid4().hex[:8]}/out"
        return f"s3://{self.bucket}/{key}" if store == "s3" else f"/user/{self.cluster.user}/{key}"

    def request(self, code: str, to: str = "", **more: Any) -> Request:
        target = None
        if to:
            wanted = {k: more.pop(k) for k in ("format", "overwrite") if k in more}
            target = WriteTarget(self.cluster.path(to), **wanted)
        rows = {"rows": -1, **more}
        return Request(code, "sql", uuid.uuid4().hex, target=target, **rows)

    def submit(self, session: Any, code: str, to: str = "", **more: Any) -> Any:
        request = self.request(code, to, **more)
        return session.submit(request, plan_transfer(request))

    def run(self, session: Any, code: str, to: str = "", **more: Any) -> Result | None:
        found: Result | None = self.submit(session, code, to, **more).result()
        return found

    def table(self, session: Any, code: str) -> pa.Table:
        result = self.run(session, code)
        assert result is not None
        return result.table

    def names(self, folder: str) -> list[str]:
        """What lies in a folder, hidden things too; nothing where there is none."""
        try:
            return sorted(entry.name for entry in self.cluster.files.ls(folder))
        except PathNotFoundError:
            return []

    def read(self, folder: str) -> pa.Table:
        """The rows of a folder's Parquet files, in the order of their names."""
        entries = sorted(self.cluster.files.ls(folder), key=lambda e: e.name)
        parts = [io.BytesIO(self.cluster.files.read(str(e.path))) for e in entries]
        return pa.concat_tables([parquet.read_table(part) for part in parts])


@pytest.fixture(scope="session")
def write_rig(sql_cluster: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WriteRig]:
    name = sql_cluster.state.name
    journal = Journal(tmp_path_factory.mktemp("write-journal") / "journal.db")
    settings = replace(sql_cluster.settings, request_timeout=60)
    target = "local" if name == "local" else f"local:{name}"
    cluster = attach(target, settings=settings, journal=journal)
    yield WriteRig(cluster, sql_cluster.bucket)
    cluster.close()
    journal.close()


@pytest.fixture(scope="module", params=ENGINES)
def engine(request: Any) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def on(write_rig: WriteRig, engine: str) -> Iterator[Any]:
    """A session of the engine."""
    with write_rig.session(engine) as session:
        yield session
