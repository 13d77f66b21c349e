"""Clusters of an account in which every name is a payload; a server's configuration makes it.

A fake account, since AWS, Hive and YARN would refuse most of these names today, and no page may
rely on that.
"""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from payloads import ALL, PAYLOADS, flat, one_line

from emr_nb.errors import EmrError, PathDeniedError, TransportError
from emr_nb.local import state as st
from emr_nb.model import (
    Application,
    CatalogNode,
    Cluster,
    ClusterSummary,
    FileEntry,
    FilePath,
    NodeGroup,
    Service,
    SessionInfo,
)
from emr_nb.testing.fake_catalog import FakeCatalogEngine, nodes
from emr_nb.testing.fake_engine import FakeCluster, FakeEngine, MemoryFileSystem
from emr_nb.testing.fake_server import FakeBackend, FakeLocal, FakeProvider, summary

MAIN = "j-all"  # the cluster whose sessions, files and catalog are looked at
NAMES = tuple(dict.fromkeys(p.strip()[:1000] for p in PAYLOADS))
FLAT = tuple(dict.fromkeys(flat(name) for name in NAMES))
CELLS = tuple(dict.fromkeys(one_line(name) for name in NAMES))


class PayloadProvider(FakeProvider):
    """Describes each cluster by the payload that it is called."""

    def outline(self, cluster_id: str) -> Cluster:
        name = next(c.name for c in self.listed if c.id == cluster_id)
        groups = tuple(NodeGroup("g", name, role, "group", (name,), 2, 1, name)
                       for role in ("MASTER", name))  # fmt: skip
        return Cluster(
            cluster_id, name, "WAITING", self.name, release=name, region=name,
            applications=(Application(name, name),), groups=groups, tags={name: name},
            log_uri=name, idle_timeout=3600,
        )  # fmt: skip


class FailingOnce(FakeProvider):
    """Says once why it does not tell, and has nothing when it is asked anew."""

    every = 3600.0  # nobody asks by the clock

    def clusters(self, *, live_only: bool = True) -> Iterable[ClusterSummary]:
        error, self.error = self.error, None
        if error is not None:
            raise error
        return []


class PayloadLocal(FakeLocal):
    """Local clusters that failed for a reason that is a payload."""

    def all(self) -> Sequence[st.State]:
        keeper = st.Daemon("keeper", "")
        return [st.State(p, "ada", (), keeper, "failed", error=p) for p in NAMES]

    def start(
        self, name: str, apps: Iterable[str], say: Callable[[str], None], look: Callable[[], None]
    ) -> None:
        say(ALL)
        until = time.monotonic() + 60
        while time.monotonic() < until:
            look()
            time.sleep(0.05)


class PayloadSpark(FakeEngine):
    """Sessions whose every word is a payload, of somebody else and of this user."""

    def __init__(self) -> None:
        super().__init__()
        self.cluster_id = MAIN
        for i, p in enumerate(NAMES):
            for owner in ("mine", "theirs"):
                self.alive[f"{owner}{i}"] = SessionInfo(
                    f"{owner}-{i}", p, "spark", p, owner=p, app_id=p, queue=p, short=p
                )
        self.alive["all"] = SessionInfo("all", "all", "spark", "idle", short=ALL)

    def recover(self, reference: Any) -> Any:
        raise TransportError(ALL, where=ALL, advice=ALL)


class FailingEngine(FakeEngine):
    """An engine that tells only why it does not tell."""

    def sessions(self) -> Sequence[SessionInfo]:
        raise TransportError(ALL, where=ALL, advice=ALL)


@dataclass
class PayloadStore(MemoryFileSystem):
    """Files whose owners and groups are called as they are; one folder is refused."""

    def ls(self, path: FilePath, after: str | None = None) -> Any:
        if path.key.startswith("/refused"):
            raise PathDeniedError(ALL, where=ALL, advice=ALL)
        return super().ls(path, after)

    def write(
        self, path: FilePath, chunks: Iterable[bytes], *, overwrite: bool = False
    ) -> FileEntry:
        if path.key.startswith("/denied"):
            raise PathDeniedError(ALL, where=ALL)
        return super().write(path, chunks, overwrite=overwrite)

    def _entry(self, path: FilePath, kind: str, size: int) -> FileEntry:
        return replace(super()._entry(path, kind, size), owner=path.name, group=path.name)


class PayloadBackend(FakeBackend):
    """All of it."""

    def __init__(self) -> None:
        super().__init__()
        now = datetime.now(UTC)
        listed = [
            ClusterSummary(f"j-{i}{flat(p)}"[:200], p, "WAITING", state_reason=p, created=now)
            for i, p in enumerate(NAMES)
        ]
        ended = [replace(c, id=f"e{c.id}"[:200], state=c.name, ended=now) for c in listed]
        self.provider = PayloadProvider(listed=[*listed, summary(MAIN, ALL)], ended=ended)
        self.failing = [
            FailingOnce(f"failing {i}", error=EmrError(p, where=p, advice=p))
            for i, p in enumerate(NAMES)
        ]
        self.control: FakeLocal = PayloadLocal()
        self.attached[MAIN] = _main()

    def providers(self, settings: Any) -> Any:
        return [*super().providers(settings), *self.failing]


def _main() -> FakeCluster:
    made = FakeCluster(PayloadSpark(), name=ALL)
    made.services = (*made.services, Service("hive"), Service("trino"))
    made.engines = {"hive": _hive(), "trino": _trino(), "presto": FailingEngine()}
    store = PayloadStore("hdfs")
    for name in FLAT:
        store.files[f"hdfs:///odd/{name}"] = ALL.encode()
    store.files[f"hdfs:///dialogs/{flat(ALL)}"] = ALL.encode()
    store.files["hdfs:///looks/cells.csv"] = _csv().encode()
    store.files["hdfs:///looks/text.txt"] = "\n".join(CELLS).encode()
    store.files["hdfs:///denied/x"] = store.files["hdfs:///refused/x"] = b""
    made.stores["hdfs"] = store
    return made


def _csv() -> str:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([CELLS, CELLS, CELLS])
    return text.getvalue()


def _hive() -> FakeCatalogEngine:
    hive = FakeCatalogEngine("hive")
    hive.listed = {
        "": nodes("schema", "air", *NAMES),
        "`air`": [
            *nodes("table", "flights", *NAMES, below="`air`"),
            *nodes("view", *(f"v {name}" for name in NAMES), below="`air`"),
        ],
    }
    hive.asides = {
        "DESCRIBE `air`.`flights`": pa.table({"n": CELLS, "t": CELLS, "c": CELLS}),
        "SHOW PARTITIONS `air`.`flights`": pa.table({"p": [f"k={name}" for name in FLAT]}),
        "SELECT * FROM `air`.`flights` LIMIT 51": pa.table(
            [pa.array([name] * 2) for name in CELLS], names=list(CELLS)
        ),
    }
    return hive


def _trino() -> FakeCatalogEngine:
    trino = FakeCatalogEngine("trino")
    trino.listed = {
        "": [CatalogNode(n, "catalog", '"' + n.replace('"', '""') + '"') for n in ("bad", *NAMES)],
        '"bad"': TransportError(ALL, where=ALL, advice=ALL),
    }
    return trino


def make() -> PayloadBackend:
    """Return the backend, for `c.EmrNbApp.make_backend`."""
    return PayloadBackend()


__all__ = ["CELLS", "FLAT", "MAIN", "NAMES", "PayloadBackend", "make"]
