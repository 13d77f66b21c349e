"""A spooled result beside Spark writing Parquet and pyarrow reading it; joining a session."""

from __future__ import annotations

import io
import time
import uuid
from collections.abc import Callable

import emr_nb
from emr_nb.cluster import AttachedCluster
from emr_nb.model import SessionOptions
from tests.bench.cases import MIXED

ROWS = 1_000_000
_WARM = 3


def measure(runs: int) -> dict[str, list[float]]:
    """Seconds of each way, by turns after three discarded rounds: A B B A."""
    name = f"emr_nb/bench/spool-{uuid.uuid4().hex[:6]}"
    found: dict[str, list[float]] = {"spool": [], "parquet": [], "joined": []}
    with emr_nb.attach("local") as cluster:
        session = cluster.session(SessionOptions(name))
        make = (
            f"_ = spark.range({ROWS}).selectExpr(*{MIXED!r}).repartition(2).cache(); "
            "_.createOrReplaceTempView('spooled'); _.count()"
        )
        cluster.run(make, session=session)
        ways: list[tuple[str, Callable[[], int]]] = [
            ("spool", lambda: spooled(cluster, session)),
            ("parquet", lambda: parquet(cluster, session)),
        ]
        for number in range(_WARM + runs):
            for key, way in ways if number % 2 == 0 else reversed(ways):
                began = time.perf_counter()
                assert way() == ROWS
                if number >= _WARM:
                    found[key].append(time.perf_counter() - began)
        for _ in range(runs):
            found["joined"].append(joined(name))
    return found


def spooled(cluster: AttachedCluster, session: object) -> int:
    """Bring the view as every cell does."""
    result = cluster.run("select * from spooled", language="sql", rows=-1, session=session)
    return len(result.to_pandas())


def parquet(cluster: AttachedCluster, session: object) -> int:
    """Let Spark write Parquet and pyarrow read the parts, with nothing of ours between."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = f"/tmp/bench-{uuid.uuid4().hex}"
    cluster.run(f"spark.table('spooled').write.parquet({path!r})", session=session)
    parts = [e for e in cluster.files.ls(path) if e.name.startswith("part-")]
    tables = [pq.read_table(io.BytesIO(cluster.files.read(str(e.path)))) for e in parts]
    return len(pa.concat_tables(tables).to_pandas())


def joined(name: str) -> float:
    """Seconds from nothing attached to the living session's first answer, as after a restart."""
    began = time.perf_counter()
    cluster = emr_nb.attach("local")
    session = cluster.engine().open(SessionOptions(name, create=False))
    cluster.run("1", session=session)
    seconds = time.perf_counter() - began
    cluster.close(end_sessions=False)
    return seconds
