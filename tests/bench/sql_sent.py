"""What sends frames to an engine of the local cluster, and what writes files there."""

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
from emr_nb.model import Request, SessionOptions
from emr_nb.results.plan import plan_transfer
from tests.bench.sql_files import Cells


@dataclass(frozen=True)
class Sent:
    """A session, with the cluster whose files it shares."""

    cluster: AttachedCluster
    engine: Any
    session: Any

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


class Writing:
    """A notebook's shell whose cells write to the cluster, in a session of this zone."""

    def __init__(self, engine: str, zone: str) -> None:
        self._engine = engine
        self._cells = Cells()
        setting = f"set time zone '{zone}'"
        if engine == "hive":
            setting = f"set hive.local.time.zone={zone}"
        self._cells.must(f"%%{engine}\n{setting}")
        self._cluster = emr_nb.attach("local")

    def wrote(self, sql: str) -> pa.ChunkedArray | None:
        """Write a query's one column `--to` the cluster and read it; None where it is refused.

        Which of its two rows came first the files do not tell: the null is put last.
        """
        path = self._cluster.path(f"/tmp/types-{uuid.uuid4().hex}")
        if not self._cells.run(f"%%{self._engine} -q --to {path}\n{sql}", told=False)["success"]:
            return None
        files = self._cluster.files
        if files.info(str(path)).is_directory:
            parts = [str(e.path) for e in files.ls(str(path)) if e.name[:1] not in "_."]
        else:
            parts = [str(path)]
        tables = [pq.read_table(io.BytesIO(files.read(part))) for part in parts]
        column = pa.concat_tables(tables).column(0)
        return (
            column.take(pa.array([1, 0]))
            if column.null_count == 1 and not column[0].is_valid
            else column
        )

    def close(self) -> None:
        self._cells.close()
        self._cluster.close()
