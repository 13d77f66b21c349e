"""What the local EMR knows of clusters: plain records; their life is in `life`."""

from __future__ import annotations

import json
import secrets
import string
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

PREFIX = "emr-nb:"
_ALPHABET = string.ascii_uppercase + string.digits


def new_id(prefix: str) -> str:
    """Return an id as EMR spells them: `j-`, `s-`, `ig-`, `if-`, `ci-` and 13 characters."""
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(13))


def utc(seconds: float | None) -> datetime | None:
    """Return epoch seconds as an aware datetime."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


@dataclass
class Step:
    """One step; times are epoch seconds."""

    request: dict[str, Any]
    created: float
    id: str = field(default_factory=lambda: new_id("s-"))
    state: str = "PENDING"
    started: float | None = None
    ended: float | None = None
    reason: str = ""


@dataclass
class Machine:
    """One instance."""

    owner: NodeSet
    instance_type: str
    market: str
    created: float
    ec2_id: str
    public_dns: str
    private_dns: str
    public_ip: str
    private_ip: str
    id: str = field(default_factory=lambda: new_id("ci-"))
    ended: float | None = None
    released: bool = False  # its EC2 instance has been terminated


@dataclass
class NodeSet:
    """One instance group or fleet, with the request that made it."""

    kind: str  # "group" or "fleet"
    role: str
    request: dict[str, Any]
    created: float
    id: str = ""
    configurations: list[dict[str, Any]] = field(default_factory=list)
    configurations_version: int = 0
    auto_scaling: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        self.id = self.id or new_id("ig-" if self.kind == "group" else "if-")
        self.configurations = list(self.request.get("Configurations", []))

    @property
    def name(self) -> str:
        return str(self.request.get("Name") or f"{self.role.title()} {self.kind}")

    @property
    def on_demand(self) -> int:
        """Wanted on-demand units (a group: instances, unless it is a spot group)."""
        if self.kind == "fleet":
            return int(self.request.get("TargetOnDemandCapacity", 0))
        return 0 if self.market == "SPOT" else int(self.request.get("InstanceCount", 0))

    @property
    def spot(self) -> int:
        """Wanted spot units."""
        if self.kind == "fleet":
            return int(self.request.get("TargetSpotCapacity", 0))
        return int(self.request.get("InstanceCount", 0)) if self.market == "SPOT" else 0

    @property
    def market(self) -> str:
        return str(self.request.get("Market", "ON_DEMAND"))

    @property
    def types(self) -> list[dict[str, Any]]:
        """The instance types with their weights; a group has one of weight 1."""
        if self.kind == "fleet":
            return list(self.request.get("InstanceTypeConfigs", []))
        return [{"InstanceType": self.request.get("InstanceType", "")}]


@dataclass
class Cluster:
    """One cluster; `state` and the like are brought up to date by `life.advance`."""

    request: dict[str, Any]
    account: str
    region: str
    created: float
    id: str = field(default_factory=lambda: new_id("j-"))
    state: str = "STARTING"
    reason_code: str = ""
    reason: str = ""
    ready: float | None = None
    ending: float | None = None  # when TERMINATING began
    ended: float | None = None
    failed: bool = False
    tags: dict[str, str] = field(default_factory=dict)
    sets: list[NodeSet] = field(default_factory=list)
    machines: list[Machine] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    keep_alive: bool = False
    protected: bool = False
    visible: bool = True
    concurrency: int = 1
    auto_termination: dict[str, Any] | None = None
    managed_scaling: dict[str, Any] | None = None

    @property
    def arn(self) -> str:
        return f"arn:aws:elasticmapreduce:{self.region}:{self.account}:cluster/{self.id}"

    @property
    def uses_fleets(self) -> bool:
        return any(s.kind == "fleet" for s in self.sets)

    @property
    def over(self) -> bool:
        return self.state.startswith("TERMINATED")

    def fact(self, name: str) -> str:
        """Return one of our steering tags, or the same key of AdditionalInfo."""
        if PREFIX + name in self.tags:
            return self.tags[PREFIX + name]
        try:
            info = json.loads(self.request.get("AdditionalInfo") or "{}")
        except ValueError:
            return ""
        return str(info.get(PREFIX + name, "")) if isinstance(info, dict) else ""

    def primaries(self) -> list[Machine]:
        """Return the primary instances, oldest first."""
        return [m for m in self.machines if m.owner.role == "MASTER"]


@dataclass
class Delays:
    """How long each part of a cluster's life takes, in seconds."""

    starting: float = 0.0
    bootstrapping: float = 0.0
    step: float = 0.2
    terminating: float = 0.0

    def of(self, cluster: Cluster) -> Delays:
        """Return these delays with what the cluster's own tag says."""
        values = {k: getattr(self, k) for k in ("starting", "bootstrapping", "step", "terminating")}
        for word in cluster.fact("delays").split():
            name, _, seconds = word.partition("=")
            if name in values:
                values[name] = float(seconds)
        return Delays(**values)


@dataclass
class World:
    """All clusters of all accounts and regions of one server."""

    delays: Delays = field(default_factory=Delays)
    lock: threading.RLock = field(default_factory=threading.RLock)
    clusters: dict[tuple[str, str], dict[str, Cluster]] = field(default_factory=dict)
    app_uis: dict[str, dict[str, Any]] = field(default_factory=dict)

    def of(self, account: str, region: str) -> dict[str, Cluster]:
        """Return the clusters of one account and region, by id."""
        return self.clusters.setdefault((account, region), {})
