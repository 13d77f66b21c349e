"""The frozen dataclasses that every package speaks; no behaviour beyond spelling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any

from emr_nb.file_model import FileEntry as FileEntry  # noqa: PLC0414 -- re-exported
from emr_nb.file_model import FilePath as FilePath  # noqa: PLC0414 -- re-exported
from emr_nb.file_model import Page as Page  # noqa: PLC0414 -- re-exported

LIVE_STATES = frozenset({"STARTING", "BOOTSTRAPPING", "RUNNING", "WAITING", "TERMINATING"})
READY_STATES = frozenset({"RUNNING", "WAITING"})


# -- clusters -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Application:
    """An application that EMR installed on a cluster, as DescribeCluster names it."""

    name: str
    version: str = ""


@dataclass(frozen=True, slots=True)
class Configuration:
    """One EMR configuration classification with its properties and nested classifications."""

    classification: str
    properties: Mapping[str, str] = field(default_factory=dict)
    configurations: tuple[Configuration, ...] = ()


@dataclass(frozen=True, slots=True)
class Node:
    """One instance of a cluster; `role` is `MASTER`, `CORE` or `TASK`."""

    id: str
    role: str
    state: str
    instance_type: str = ""
    private_dns: str = ""
    private_ip: str = ""
    public_dns: str = ""
    market: str = ""


@dataclass(frozen=True, slots=True)
class NodeGroup:
    """An instance group or fleet of a cluster; counts are instances (fleets: capacity units)."""

    id: str
    name: str
    role: str
    kind: str  # "group" or "fleet"
    instance_types: tuple[str, ...]
    requested: int
    running: int
    market: str = ""
    state: str = ""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where one service of a cluster answers."""

    service: str
    host: str
    port: int
    scheme: str = "http"
    path: str = ""

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}{self.path}"


@dataclass(frozen=True, slots=True)
class Service:
    """A service found on a cluster: `livy`, `webhdfs`, `s3`, `spark-ui`, `hive` and so on.

    `endpoints` has one entry per primary node, the preferred one first; `properties` are
    facts from configuration that the service's client needs.
    """

    name: str
    endpoints: tuple[Endpoint, ...] = ()
    version: str = ""
    properties: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ClusterSummary:
    """What ListClusters tells of a cluster; times are aware datetimes."""

    id: str
    name: str
    state: str
    provider: str = "aws"
    state_reason: str = ""
    created: datetime | None = None
    ready: datetime | None = None
    ended: datetime | None = None
    normalized_hours: int = 0


@dataclass(frozen=True, slots=True)
class Cluster:
    """The facts of one cluster: DescribeCluster with its groups or fleets and primaries."""

    id: str
    name: str
    state: str
    provider: str = "aws"
    state_reason: str = ""
    release: str = ""
    region: str = ""
    applications: tuple[Application, ...] = ()
    configurations: tuple[Configuration, ...] = ()
    groups: tuple[NodeGroup, ...] = ()
    primaries: tuple[Node, ...] = ()
    primary_dns: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    security_configuration: str = ""
    kerberos_realm: str = ""
    log_uri: str = ""
    created: datetime | None = None
    ready: datetime | None = None
    ended: datetime | None = None
    auto_terminate: bool = False
    idle_timeout: int | None = None  # seconds, from the auto-termination policy

    def application(self, name: str) -> Application | None:
        """Return the installed application of that name, whatever its case, or None."""
        wanted = name.lower()
        return next((a for a in self.applications if a.name.lower() == wanted), None)

    def property(self, classification: str, key: str, default: str = "") -> str:
        """Return one configuration property, the last occurrence winning as on EMR."""
        found = default
        for conf in self.configurations:
            if conf.classification == classification:
                found = conf.properties.get(key, found)
        return found


# -- statements and sessions --------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """A session of an engine as its server reports it; `state` is the engine's own word."""

    id: str
    name: str
    engine: str
    state: str
    owner: str = ""
    proxy_user: str = ""
    language: str = ""
    app_id: str = ""
    ui_url: str = ""
    queue: str = ""  # of YARN; only where it was asked for
    created: datetime | None = None
    log: tuple[str, ...] = ()
    short: str = ""  # the part of a long `id` that people see

    @property
    def label(self) -> str:
        """What a page calls the session: the short form of its id, else its name."""
        return self.short or self.id or self.name

    def called(self, word: str) -> bool:
        """Tell whether somebody who writes this word means this session."""
        return bool(word) and word in (self.name, self.id, self.short)


@dataclass(frozen=True, slots=True)
class SessionOptions:
    """How to open a session: found by `name` unless `fresh`; `conf` goes to the engine as is.

    `create` False refuses to start one (a typo in `-s` must not start a second session).
    `start_timeout` is in seconds.
    """

    name: str
    language: str = "python"
    conf: Mapping[str, Any] = field(default_factory=dict)
    fresh: bool = False
    create: bool = True
    start_timeout: float = 600.0


FORMATS = ("parquet", "csv", "arrow")


@dataclass(frozen=True, slots=True)
class WriteTarget:
    """Where a cell's table is written instead of being brought; `format` is one of FORMATS."""

    path: FilePath
    format: str = "parquet"
    overwrite: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """One cell or line to run.

    `output` is the name of the remote variable to bring back (`-o`), `rows` the limit
    (`None`: the whole result with `output`, else the rows shown; `-1`: all; `0`: schema
    only). `shown` is how many rows a table on the page has. With `target` the engine writes
    the table to files on the cluster. `tag` is 32 hex digits.
    `inputs` are local data that the statement takes first, as `Session.stage` gave them.
    `catalog` and `database` are those of this statement alone.
    """

    code: str
    language: str
    tag: str
    output: str | None = None
    rows: int | None = None
    shown: int = 1000
    target: WriteTarget | None = None
    quiet: bool = False
    database: str | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    cell_id: str = ""
    notebook: str = ""
    line: str = ""  # the magic and its options as written
    inputs: str = ""
    catalog: str | None = None


@dataclass(frozen=True, slots=True)
class StatementReference:
    """All that another process needs to find a statement again."""

    tag: str
    cluster_id: str
    engine: str
    session_id: str
    statement_id: str = ""


@dataclass(frozen=True, slots=True)
class StageProgress:
    """One Spark stage, Tez vertex or the like, counted in tasks."""

    name: str
    done: int
    running: int
    failed: int
    total: int


@dataclass(frozen=True, slots=True)
class Progress:
    """A look at a running statement; `fraction` (0–1) only where the engine tells a true one.

    `phase` is `starting`, `queued`, `running` or `fetching`; `elapsed` is in seconds.
    `stages` are those at work now, `stages_total` all that have been known to run. Splits,
    `peak_memory` (bytes) and `queued_seconds` are what Presto and Trino tell.
    """

    phase: str
    elapsed: float
    fraction: float | None = None
    detail: str = ""
    stages: tuple[StageProgress, ...] = ()
    stages_total: int = 0
    jobs_done: int = 0
    jobs_total: int = 0
    queued_behind: int = 0
    rows: int | None = None
    bytes: int | None = None
    splits_done: int = 0
    splits_total: int = 0
    peak_memory: int = 0
    queued_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Output:
    """A MIME bundle from the remote side, to be displayed in order of arrival."""

    data: Mapping[str, Any]
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Log:
    """Lines of a log or a stream; `stream` is `stdout`, `stderr` or `log`."""

    lines: tuple[str, ...]
    stream: str = "log"


Event = Progress | Output | Log


class CancelOutcome(Enum):
    """What a cancel achieved, told truthfully."""

    STOPPED = "stopped"
    STILL_RUNNING = "still running"
    ALREADY_ENDED = "already ended"


@dataclass(frozen=True, slots=True)
class Completion:
    """One completion that replaces `start:end` of the text; `kind` as IPython's types."""

    text: str
    start: int
    end: int
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A result column: the engine's own type text, as the engine spells it."""

    name: str
    engine_type: str
    nullable: bool = True


@dataclass(frozen=True, slots=True)
class CatalogNode:
    """A node of a catalog tree; `catalog(node)` of its engine lists what is below it.

    `qualified` is its name as SQL takes it, with its catalog and schema where it has such.
    """

    name: str
    kind: str  # "catalog", "schema", "table", "view" or "column"
    qualified: str = ""
    type: str = ""
