"""Clusters as the sidebar shows them. Times are epoch seconds, ages and durations seconds."""

from __future__ import annotations

from emr_nb.server.models.common import Answer, Failure, Input, Name, Word


class ClusterId(Input, frozen=True, kw_only=True):
    """Names a cluster by its id: one that a provider lists, nothing else."""

    cluster: Word


class ClustersWanted(Input, frozen=True, kw_only=True):
    """Which clusters: with `ended` those too that ended in the last seven days."""

    ended: bool = False


class NodesView(Answer, frozen=True, kw_only=True):
    """The nodes of one role (`MASTER`, `CORE`, `TASK`); of fleets, units of capacity."""

    role: str
    running: int
    requested: int
    instance_types: list[str]
    market: str = ""


class FactsView(Answer, frozen=True, kw_only=True):
    """What changes rarely of a cluster, and how old it is."""

    release: str
    applications: list[str]
    nodes: list[NodesView]
    tags: dict[str, str]
    services: list[str]
    age: float
    region: str = ""
    idle_timeout: int | None = None


class ClusterView(Answer, frozen=True, kw_only=True):
    """One cluster; `facts` is None until it was described. `notebooks` have sessions on it.

    `local` is the name of a local cluster, by which it is started and stopped.
    """

    id: str
    name: str
    state: str
    provider: str
    live: bool
    ready: bool
    state_reason: str = ""
    created: float | None = None
    ready_at: float | None = None
    ended: float | None = None
    uptime: float | None = None
    notebooks: tuple[str, ...] = ()
    facts: FactsView | None = None
    local: str = ""


class ProviderView(Answer, frozen=True, kw_only=True):
    """How a source of clusters does: the age of its list, what is wrong, when it is asked next."""

    name: str
    age: float | None = None
    next_in: float = 0.0
    backing_off: bool = False
    failure: Failure | None = None


class ClusterList(Answer, frozen=True, kw_only=True):
    """All clusters that are known, the newest first, and how their providers do."""

    clusters: list[ClusterView]
    providers: list[ProviderView]


# -- local clusters -----------------------------------------------------------------------


class LocalStart(Input, frozen=True, kw_only=True):
    """Starts a local cluster; `apps` empty: those that it has by default."""

    name: Name
    apps: tuple[Word, ...] = ()


class LocalStop(Input, frozen=True, kw_only=True):
    """Ends a local cluster; with `keep_data` its HDFS stays."""

    name: Name
    keep_data: bool = False


class DaemonView(Answer, frozen=True, kw_only=True):
    """One daemon of a local cluster; `ready_after` in seconds from its start."""

    name: str
    state: str
    ready_after: float | None = None


class LocalView(Answer, frozen=True, kw_only=True):
    """A local cluster; `phase` is `starting`, `running`, `stopping`, `failed` or `stopped`.

    `id` is empty while it has none; `job` is the work that starts or ends it now.
    """

    name: str
    phase: str
    apps: list[str]
    daemons: list[DaemonView]
    id: str = ""
    created: float | None = None
    error: str = ""
    job: str = ""


class LocalList(Answer, frozen=True, kw_only=True):
    """The local clusters, and the applications that one can have."""

    clusters: list[LocalView]
    apps: list[str]
