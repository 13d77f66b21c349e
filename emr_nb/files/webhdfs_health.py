"""How a cluster's HDFS does as a whole: what its NameNode tells by JMX."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from emr_nb.errors import TransportError
from emr_nb.files.webhdfs_ways import Ways
from emr_nb.model import FilePath
from emr_nb.transport.base import Retry


@dataclass(frozen=True, slots=True)
class StoreHealth:
    """A store as a whole; bytes with replicas. None is what could not be asked.

    `safe_mode` is the NameNode's reason for taking no changes, empty when it takes them.
    """

    capacity: int
    used: int
    remaining: int
    live_nodes: int | None = None
    dead_nodes: int | None = None
    under_replicated: int | None = None
    missing: int | None = None
    corrupt: int | None = None
    files: int | None = None
    safe_mode: str | None = None


@runtime_checkable
class Healthy(Protocol):
    """Tells how it does as a whole."""

    def health(self) -> StoreHealth: ...


def health_of(ways: Ways) -> StoreHealth:
    """Ask the NameNode, or HttpFS for what little it tells; raises TransportError, FileError."""
    root = FilePath("hdfs", "", "/")
    ways.call("GET", root, "GETFILESTATUS", retry=Retry.READ)  # finds the active NameNode
    beans = {str(bean.get("name", "")).rpartition("=")[2]: bean for bean in _beans(ways)}
    state = {**beans.get("FSNamesystem", {}), **beans.get("FSNamesystemState", {})}
    if "CapacityTotal" not in state:
        return _status(ways)
    return StoreHealth(
        capacity=int(state["CapacityTotal"]),
        used=int(state["CapacityUsed"]),
        remaining=int(state["CapacityRemaining"]),
        live_nodes=_count(state, "NumLiveDataNodes"),
        dead_nodes=_count(state, "NumDeadDataNodes"),
        # it has had this name since erasure coding came; the older one is kept by most
        under_replicated=_count(state, "LowRedundancyBlocks", "UnderReplicatedBlocks"),
        missing=_count(state, "MissingBlocks"),
        corrupt=_count(state, "CorruptBlocks"),
        files=_count(state, "FilesTotal"),
        safe_mode=_safe_mode(beans.get("NameNodeInfo", {}), state),
    )


def _beans(ways: Ways) -> list[Mapping[str, Any]]:
    try:
        return [*ways.beans("FSNamesystem*"), *ways.beans("NameNodeInfo")]
    except TransportError:  # an administrator may keep JMX to himself
        return []


def _status(ways: Ways) -> StoreHealth:
    root = FilePath("hdfs", "", "/")
    told = ways.call("GET", root, "GETSTATUS", retry=Retry.READ).json()["FsStatus"]
    return StoreHealth(int(told["capacity"]), int(told["used"]), int(told["remaining"]))


def _count(bean: Mapping[str, Any], *names: str) -> int | None:
    found = next((bean[name] for name in names if name in bean), None)
    return None if found is None else int(found)


def _safe_mode(info: Mapping[str, Any], state: Mapping[str, Any]) -> str | None:
    told = info.get("Safemode")
    if told is not None:
        return str(told)
    known = state.get("FSState")
    return None if known is None else ("" if known == "Operational" else str(known))
