"""An attached cluster: the only wiring of facts, transport and credentials to engines and files."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, Protocol, Self, runtime_checkable

from emr_nb.context import Asking, ClusterContext
from emr_nb.errors import EmrError, ServiceNotInstalledError, UsageError
from emr_nb.files.base import FileSystem
from emr_nb.files.paths import cluster_path
from emr_nb.journal import Journal
from emr_nb.model import (
    Cluster,
    ClusterSummary,
    Event,
    FilePath,
    Request,
    Service,
    SessionOptions,
)
from emr_nb.settings import Settings
from emr_nb.transport.base import Route

if TYPE_CHECKING:
    from emr_nb.aws.access import AwsAccess
    from emr_nb.cluster_files import ClusterFiles
    from emr_nb.engines.base import Engine, Session, Statement
    from emr_nb.results.result import Result

Notify = Callable[[str], None]


class ClusterProvider(Protocol):
    """A source of clusters, found by the entry-point group `emr_nb.clusters`.

    An implementation is made with `Settings` as its only argument.
    """

    name: str
    access: AwsAccess

    def handles(self, target: str) -> bool:
        """Tell whether this target can only be meant for this provider."""
        ...

    def clusters(self, *, live_only: bool = True) -> Iterable[ClusterSummary]:
        """List clusters, newest first, page by page."""
        ...

    def attach(self, target: str, notify: Notify) -> tuple[Cluster, tuple[Service, ...]]:
        """Find one cluster (starting or waiting for it, with `notify`) and its services."""
        ...

    def close(self) -> None:
        """Release connections."""
        ...


@runtime_checkable
class HasRoute(Protocol):
    """A provider whose clusters are reached by a route of its own (with credentials, say)."""

    def route(self) -> Route:
        """Return the way to the cluster that was attached last."""
        ...


@runtime_checkable
class StartsEngines(Protocol):
    """A provider that can start an engine beside what runs of a cluster; optional."""

    def startable(self) -> Mapping[str, str]:
        """Return those that it can, on the cluster that was attached last, by version."""
        ...

    def start_engine(self, engine: str, notify: Notify) -> tuple[Cluster, tuple[Service, ...]]:
        """Start it and wait for it; return the cluster's facts and services anew."""
        ...


@runtime_checkable
class Joins(Protocol):
    """A provider that also gives what runs by looking alone; optional."""

    def joining(self, cluster_id: str) -> ClusterProvider:
        """Return a provider that attaches this cluster without starting, adding or waiting.

        It asks with this one's identity and within its budget. Raises ClusterNotFoundError.
        """
        ...


@runtime_checkable
class Outlines(Protocol):
    """A provider that tells the most of a cluster by few calls; optional."""

    def outline(self, cluster_id: str) -> Cluster:
        """Return release, applications, tags and groups; raises ClusterNotFoundError."""
        ...

    def room(self) -> int:
        """Return how many calls to its API may go out now without waiting."""
        ...


def _quiet(_: str) -> None:
    """Take no notice."""


def providers(settings: Settings) -> Iterator[ClusterProvider]:
    """Make every installed provider of clusters; `aws` comes last, as it takes any target."""
    found = sorted(entry_points(group="emr_nb.clusters"), key=lambda e: (e.name == "aws", e.name))
    for entry in found:
        yield entry.load()(settings)


def list_clusters(
    settings: Settings,
    *,
    live_only: bool = True,
    on_error: Callable[[str, EmrError], None] | None = None,
) -> Iterator[ClusterSummary]:
    """List the clusters of every provider, provider by provider.

    With `on_error` a provider that fails (no AWS credentials, say) is told by its name and
    the others are still listed; without, its error is raised.
    """
    for provider in providers(settings):
        try:
            yield from provider.clusters(live_only=live_only)
        except EmrError as error:
            if on_error is None:
                raise
            on_error(provider.name, error)
        finally:
            provider.close()


def attach(
    target: str = "",
    *,
    settings: Settings | None = None,
    journal: Journal | None = None,
    notify: Notify = _quiet,
    user: str = "",
    name: str = "",
) -> AttachedCluster:
    """Attach a running cluster: by id, name, `tag:K=V`, `local[:NAME]` or a Livy URL.

    No session is started. `notify` receives lines of progress. Raises ClusterNotFoundError,
    ClusterAmbiguousError, ClusterTerminatedError, AwsError or TransportError.
    """
    settings = settings or Settings()
    target = target or settings.cluster
    for provider in providers(settings):
        if provider.name == "aws" or provider.handles(target):
            info, services = provider.attach(target, notify)
            route = provider.route() if isinstance(provider, HasRoute) else None
            return AttachedCluster(
                *(info, services, provider, settings, journal), user=user, name=name, route=route
            )
        provider.close()
    raise UsageError(f"Nothing here knows what {target!r} is", advice="%emr clusters lists them")


class AttachedCluster:
    """A cluster with its engines and file systems, each made on first use.

    Closing it ends the sessions that this object began, and nothing else.
    """

    def __init__(
        self,
        info: Cluster,
        services: tuple[Service, ...],
        provider: ClusterProvider,
        settings: Settings,
        journal: Journal | None = None,
        *,
        user: str = "",
        name: str = "",
        route: Route | None = None,
    ) -> None:
        self.info = info
        self.services = services
        self.name = name or info.name or info.id
        self.user = user or settings.user
        self.settings = settings
        self._provider = provider
        self._owns_journal = journal is None
        self.journal = journal or Journal(settings.data_home / "journal.sqlite")
        self.route = route or _direct_route(settings)
        self.told: Notify = _quiet  # what stores wait for, as it comes; an empty text ends it
        self._engines: dict[str, Engine] = {}
        self.context = ClusterContext(
            *(info, services, self.route, provider.access, self.journal, settings, self.user),
            asking=self._asking,
        )
        self._file_systems: dict[str, FileSystem] = {}
        self._sessions: dict[str, Session] = {}
        self._default_session = f"emr_nb/{self.user}/python/{secrets.token_hex(4)}"

    # -- engines --------------------------------------------------------------------------

    def engine(self, name: str = "spark") -> Engine:
        """Return an engine by its entry-point name; raises ServiceNotInstalledError."""
        if name not in self._engines:
            self._engines[name] = self._load("emr_nb.engines", name)(self.context)
        return self._engines[name]

    def gainable(self) -> Mapping[str, str]:
        """Return the engines that the cluster lacks and can have started, with their versions."""
        if not isinstance(self._provider, StartsEngines):
            return {}
        there = {service.name for service in self.services}
        return {n: v for n, v in self._provider.startable().items() if n not in there}

    def gain(self, engine: str, notify: Notify = _quiet) -> None:
        """Have an engine started that the cluster lacks; those that are open go on.

        Raises what the provider raises: the cluster is then what it was before.
        """
        assert isinstance(self._provider, StartsEngines)
        self.info, self.services = self._provider.start_engine(engine, notify)
        self.context = replace(self.context, cluster=self.info, services=self.services)

    def session(self, options: SessionOptions | None = None, engine: str = "spark") -> Session:
        """Return a session, opened on first use; raises SessionError."""
        options = options or SessionOptions(
            name=self._default_session,
            conf=self.settings.session_conf,
            start_timeout=self.settings.session_start_timeout,
        )
        key = f"{engine}/{options.name}"
        if key not in self._sessions or options.fresh:
            self._sessions[key] = self.engine(engine).open(options)
        return self._sessions[key]

    def run(
        self,
        code: str,
        *,
        language: str = "python",
        output: str | None = None,
        rows: int | None = None,
        session: Session | None = None,
        on_event: Callable[[Event], None] | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> Result | None:
        """Run code once on the cluster and return its table, if it has one.

        An interrupt cancels on the cluster and is raised again. Raises StatementError,
        SessionError or TransportError.
        """
        from emr_nb.results.budget import byte_budget
        from emr_nb.results.plan import plan_transfer

        request = Request(
            code=code,
            language=language,
            tag=secrets.token_hex(16),
            output=output,
            rows=rows,
            settings=settings or {},
        )
        budget = byte_budget(self.settings.result_bytes, "arrow")
        plan = plan_transfer(request, budget=budget)
        statement = (session or self.session()).submit(request, plan)
        return _drain(statement, on_event)

    def sql(self, query: str, *, rows: int | None = -1) -> Result:
        """Run Spark SQL once and return its result; `rows` -1 brings all of it."""
        result = self.run(query, language="sql", rows=rows)
        assert result is not None, "a SQL statement has a schema, if only an empty one"
        return result

    # -- files ----------------------------------------------------------------------------

    @property
    def files(self) -> ClusterFiles:
        """The cluster's stores as one: ls, info, read, write, get, put by path text."""
        from emr_nb.cluster_files import ClusterFiles

        return ClusterFiles(self)

    def path(self, text: str) -> FilePath:
        """Resolve path text; a bare absolute path is on the cluster's default file system."""
        return cluster_path(text, self.services)

    def filesystem(self, path: FilePath) -> FileSystem:
        """Return the file system that holds a path; raises ServiceNotInstalledError."""
        if path.scheme not in self._file_systems:
            factory = self._load("emr_nb.filesystems", path.scheme)
            self._file_systems[path.scheme] = factory(self.context)
        return self._file_systems[path.scheme]

    def _asking(self) -> Asking | None:
        """Return an open Spark session for stores that ask one; none is opened."""
        from emr_nb.engines.base import AnswersStores

        found = self._engines.get("spark")
        if not isinstance(found, AnswersStores):
            return None
        return found.asking(self.told)

    # -- life -----------------------------------------------------------------------------

    def close(self, *, end_sessions: bool = True) -> None:
        """End the sessions that this object began and release every connection."""
        try:
            if end_sessions:
                for session in self._sessions.values():
                    session.close()
        finally:
            self._sessions.clear()
            for engine in self._engines.values():
                engine.close()
            self.route.close()
            self._provider.close()
            if self._owns_journal:
                self.journal.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<{self.name} {self.info.id} {self.info.release} {self.info.state}>"

    def _load(self, group: str, name: str) -> Callable[[ClusterContext], Any]:
        found = {entry.name: entry for entry in entry_points(group=group)}
        if name not in found:
            raise ServiceNotInstalledError(
                f"No {group.rpartition('.')[2]} plugin is called {name!r}",
                where=self.name,
                advice=f"There are: {', '.join(sorted(found))}.",
            )
        factory: Callable[[ClusterContext], Any] = found[name].load()
        return factory() if isinstance(factory, type) else factory


def _direct_route(settings: Settings) -> Route:
    from emr_nb.transport.direct import DirectRoute

    return DirectRoute(timeout=settings.request_timeout)


def _drain(statement: Statement, on_event: Callable[[Event], None] | None) -> Result | None:
    try:
        for event in statement.events():
            if on_event:
                on_event(event)
        return statement.result()
    except KeyboardInterrupt:
        statement.cancel()
        raise
