"""A session of an attached cluster that is sent frames, and that writes files on the cluster."""

from __future__ import annotations

import io
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

import emr_nb
from emr_nb.cluster import AttachedCluster
from emr_nb.engines.base import TakesInputs, abilities_of
from emr_nb.engines.inputs import local_input
from emr_nb.errors import ResultError, ServiceNotInstalledError, StatementError, UsageError
from emr_nb.model import Request, SessionOptions, WriteTarget
from emr_nb.results.plan import plan_transfer


@dataclass(frozen=True)
class Sent:
    """A session, with the cluster whose files it shares."""

    cluster: AttachedCluster
    engine: Any
    session: Any

    @property
    def writes(self) -> bool:
        return abilities_of(self.engine).writes_targets

    def run(self, sql: str, **more: Any) -> Any:
        request = Request(sql, "sql", uuid.uuid4().hex, rows=-1, **more)
        return self.session.submit(request, plan_transfer(request)).result()


@contextmanager
def session_on(name: str, zone: str) -> Iterator[Sent | None]:
    """Yield a session of the local cluster in this zone; None where it has no such engine."""
    with emr_nb.attach("local") as cluster:
        try:
            engine = cluster.engine(name)
        except ServiceNotInstalledError:
            yield None
            return
        conf = {} if name == "hive" else {"time_zone": zone, "catalog": "hive", "schema": "default"}
        options = SessionOptions(f"emr_nb/bench/{uuid.uuid4().hex[:8]}", conf=conf)
        made = Sent(cluster, engine, engine.open(options))
        if name == "hive":
            made.run(f"set hive.local.time.zone={zone}")
        try:
            yield made if isinstance(made.session, TakesInputs) else None
        finally:
            made.session.close()


def sendable(made: Sent, table: pa.Table) -> bool:
    """Tell whether a frame's types have a way to the engine; nothing is sent."""
    try:
        local_input("frame", table, way=abilities_of(made.engine).way)
    except UsageError:
        return False
    return True


def sent(made: Sent, table: pa.Table) -> list[pa.ChunkedArray | None]:
    """Send a frame and bring back its columns as the engine reads them; None: not readable."""
    frame = local_input("types_sent", table, way=abilities_of(made.engine).way)
    staged = made.session.stage((frame,), language="sql")
    try:
        found = made.run("select * from types_sent", inputs=staged.inputs).table.columns
        return list(found)
    except (ResultError, StatementError):  # one spoils all
        return [_alone(made, name, staged.inputs) for name in table.column_names]


def _alone(made: Sent, name: str, inputs: str) -> pa.ChunkedArray | None:
    try:
        column: pa.ChunkedArray = made.run(
            f"select {name} from types_sent", inputs=inputs
        ).table.column(0)
    except (ResultError, StatementError):
        return None
    return column


def wrote(made: Sent, sql: str) -> pa.Table:
    """Let the engine write a query's rows as Parquet; returns what pyarrow reads of it."""
    path = made.cluster.path(f"/tmp/types-{uuid.uuid4().hex}")
    made.run(sql, target=WriteTarget(path, "parquet", overwrite=False))
    files = made.cluster.files
    parts = [entry for entry in files.ls(str(path)) if entry.name[:1] not in "_."]
    return pa.concat_tables(
        [pq.read_table(io.BytesIO(files.read(str(entry.path)))) for entry in parts]
    )
