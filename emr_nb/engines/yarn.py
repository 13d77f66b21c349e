"""Applications of a cluster's YARN, from its ResourceManager's REST API.

`/ws/v1/cluster/apps` and `/ws/v1/cluster/metrics` (Hadoop's ResourceManager REST API). Of
several ResourceManagers the active one answers; a standby one sends elsewhere.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from emr_nb.errors import EmrError, HttpStatusError, ReplyLostError, TransportError
from emr_nb.model import Service, SessionInfo
from emr_nb.transport.base import Deadline, HttpClient, Retry, Route

T = TypeVar("T")

_CALL_SECONDS = 3.0
_REST_SECONDS = 60.0  # until a ResourceManager that did not answer is asked again
_EVERY = 2.0
_ENDED = frozenset({"FINISHED", "FAILED", "KILLED"})
_WAITING = frozenset({"NEW", "NEW_SAVING", "SUBMITTED", "ACCEPTED"})
_SETTLE_SECONDS = 5.0
_SETTLE_EVERY = 0.5
_LIMIT = re.compile(r"(\w[\w' ]*(?:limit|Limit)[\w' ]* exceeded)")
_KILLED = re.compile(r"killed by user (\S+?)[.,]?(?:\s|$)")
_MEMORY = re.compile(
    r"beyond (?:the )?'?(?:PHYSICAL|VIRTUAL|physical|virtual)'? memory limits?\. "
    r"Current usage: (.*? used)"
)
_EXIT = re.compile(r"exitCode: (-?\d+)")
_MOST_LINES = 12
_LOG_HINT = re.compile(r"\s*For more detailed output, check the application tracking page.*", re.S)


@dataclass(frozen=True, slots=True)
class Resources:
    """An amount of what YARN gives out: memory in MB, and virtual cores."""

    memory: int = 0
    cores: int = 0

    def covers(self, other: Resources) -> bool:
        return self.memory >= other.memory and self.cores >= other.cores

    def words(self, *, cores: bool) -> str:
        said = f"{self.memory / 1024:.1f}".removesuffix(".0") + " GB"
        return f"{said} and {self.cores} vcores" if cores else said


@dataclass(frozen=True, slots=True)
class YarnApp:
    """One application as the ResourceManager reports it; `needs` is what it waits for."""

    id: str
    state: str
    queue: str = ""
    user: str = ""
    final_status: str = ""
    diagnostics: str = ""
    needs: Resources = Resources()

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> YarnApp:
        asked = [r for r in body.get("resourceRequests") or () if r.get("resourceName") == "*"]
        counted = [(r["capability"], int(r.get("numContainers") or 0)) for r in asked]
        return cls(
            id=str(body["id"]),
            state=str(body.get("state") or ""),
            # newer ones tell the whole path; users and spark.yarn.queue name the leaf
            queue=str(body.get("queue") or "").removeprefix("root."),
            user=str(body.get("user") or ""),
            final_status=str(body.get("finalStatus") or ""),
            diagnostics=_cleaned(str(body.get("diagnostics") or "")),
            needs=Resources(
                sum(int(c.get("memory") or 0) * n for c, n in counted),
                sum(int(c.get("vCores") or 0) * n for c, n in counted),
            ),
        )

    @property
    def ended(self) -> bool:
        return self.state in _ENDED

    @property
    def waiting(self) -> bool:
        """Whether its driver has not been given a container yet."""
        return self.state in _WAITING and self.needs.memory > 0


class Yarn:
    """The ResourceManager of a cluster; may be used from several threads.

    Raises what HttpClient raises, and ReplyLostError for an answer of another form.
    """

    def __init__(self, clients: Sequence[HttpClient]) -> None:
        self._clients = tuple(clients)
        self._failed_at = 0.0

    @classmethod
    def of(cls, route: Route, services: Sequence[Service]) -> Yarn | None:
        """Return the ResourceManager among the services; None where Spark does not use it."""
        found = next((s for s in services if s.name == "yarn" and s.endpoints), None)
        livy = next((s for s in services if s.name == "livy"), None)
        master = livy.properties.get("spark.master", "") if livy else ""
        if found is None or master.startswith("local"):
            return None
        return cls([route.http(endpoint) for endpoint in found.endpoints])

    @property
    def rested(self) -> bool:
        """Whether it answered last time, or has not been asked for a while."""
        return not self._failed_at or time.monotonic() - self._failed_at > _REST_SECONDS

    def app(self, app_id: str) -> YarnApp | None:
        """Return one application; None where it is not known (any more)."""
        try:
            body = self._get(f"/apps/{app_id}")
        except HttpStatusError as error:
            if error.status == 404:
                return None
            raise
        return self._read(body, lambda b: YarnApp.parse(b["app"]))

    def active(self) -> dict[str, YarnApp]:
        """Return the Spark applications that have not ended, by id, in one request."""
        params = {
            "states": ",".join(sorted(_WAITING | {"RUNNING"})),
            "applicationTypes": "SPARK",
            "deSelects": "resourceRequests",
        }
        body = self._get("/apps", params)
        apps = self._read(
            body, lambda b: [YarnApp.parse(a) for a in (b.get("apps") or {}).get("app") or ()]
        )
        return {app.id: app for app in apps}

    def free(self) -> Resources:
        """Return what no container has, on all nodes together."""
        body = self._get("/metrics")
        return self._read(
            body,
            lambda b: Resources(
                int(b["clusterMetrics"]["availableMB"]),
                int(b["clusterMetrics"]["availableVirtualCores"]),
            ),
        )

    def settled(self, app_id: str, seconds: float = _SETTLE_SECONDS) -> YarnApp | None:
        """Return an application whose session is lost, waiting a little for it to have ended.

        None where the ResourceManager does not answer or know it.
        """
        end = time.monotonic() + seconds
        while self.rested:
            try:
                app = self.app(app_id)
            except TransportError:
                return None
            if app is None or app.ended or time.monotonic() > end:
                return app
            time.sleep(_SETTLE_EVERY)
        return None

    # -- inside ---------------------------------------------------------------------------

    def _get(self, path: str, params: Mapping[str, str] | None = None) -> Any:
        failure: TransportError | None = None
        for client in self._clients:
            try:
                reply = client.request(
                    "GET",
                    f"/ws/v1/cluster{path}",
                    params=params,
                    headers={"Accept": "application/json"},
                    deadline=Deadline.after(_CALL_SECONDS),
                    retry=Retry.NEVER,
                )
                if reply.status < 300:
                    self._failed_at = 0.0
                    return reply.json()
                failure = ReplyLostError(
                    f"This ResourceManager sends elsewhere ({reply.status}): a standby one",
                    where=client.endpoint.url,
                )
            except HttpStatusError as error:
                if error.status == 404:
                    self._failed_at = 0.0
                    raise
                failure = error
            except TransportError as error:
                failure = error
        self._failed_at = time.monotonic()
        assert failure is not None, "a service has an endpoint"
        raise failure

    def _read(self, body: Any, parse: Callable[[Any], T]) -> T:
        try:
            return parse(body)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ReplyLostError(
                f"The ResourceManager's answer has another form: {error!r}",
                where=self._clients[0].endpoint.url,
            ) from error


@dataclass
class YarnWait:
    """How a starting application fares; asks on threads of its own, so it delays nobody."""

    yarn: Yarn | None
    _text: str = ""
    _asked_at: float = field(default=0.0)
    _asking: threading.Lock = field(default_factory=threading.Lock)

    def words(self, app_id: str) -> str:
        """Return what was found out last, and ask again now and then."""
        due = time.monotonic() - self._asked_at > _EVERY
        if app_id and due and self.yarn and self.yarn.rested and self._asking.acquire(False):
            self._asked_at = time.monotonic()
            threading.Thread(
                target=self._ask, args=(self.yarn, app_id), name="emr_nb-yarn", daemon=True
            ).start()
        return self._text

    def _ask(self, yarn: Yarn, app_id: str) -> None:
        try:
            app = yarn.app(app_id)
            if app is not None:
                self._text = waiting_words(app, yarn.free()) if app.waiting else app_words(app)
        except EmrError:
            self._text = ""
        finally:
            self._asking.release()


def waiting_words(app: YarnApp, free: Resources) -> str:
    """Say what an application waits for: its queue, what it needs and what is free."""
    cores = app.needs.cores > free.cores
    needs, room = app.needs.words(cores=cores), free.words(cores=cores)
    said = f"waiting in YARN queue {app.queue}: needs {needs}, {room} free"
    limit = _LIMIT.search(app.diagnostics)
    if limit and free.covers(app.needs):  # there is room, and a limit of the queue forbids it
        said += f" ({limit[1]})"
    return said


def app_words(app: YarnApp) -> str:
    """Say how far an application is that waits for nothing."""
    return f"YARN queue {app.queue}, {app.state.lower()}"


def cause_of(app: YarnApp) -> str:
    """Return in a few words why an application ended; empty where YARN does not tell."""
    if not app.ended:
        return ""
    if found := _KILLED.search(app.diagnostics):
        return f"its YARN application was killed by user {found[1]}"
    if found := _MEMORY.search(app.diagnostics):
        return (
            f"YARN killed its driver's container for using too much memory ({found[1]}; "
            "raise driverMemory or spark.driver.memoryOverhead)"
        )
    if found := _EXIT.search(app.diagnostics):
        return f"its driver's YARN container ended with exit code {found[1]}"
    if app.state == "FINISHED":
        return f"its YARN application ended as {app.final_status}" if app.final_status else ""
    return f"its YARN application {'was killed' if app.state == 'KILLED' else 'failed'}"


def diagnostics_of(app: YarnApp) -> str:
    """Return YARN's own words on an application, under a line that names it."""
    lines = app.diagnostics.splitlines()
    shown = [f"  {line}" for line in lines[:_MOST_LINES]]
    if len(lines) > len(shown):
        shown.append(f"  … {len(lines) - len(shown)} more lines on the application's page in YARN")
    queue = f", queue {app.queue}" if app.queue else ""
    head = f"YARN's diagnostics of {app.id} ({app.state}{queue}, user {app.user}):"
    return "\n".join([head, *shown])


def with_queues(yarn: Yarn | None, infos: Sequence[SessionInfo]) -> list[SessionInfo]:
    """Return the sessions with their applications' queues, as far as YARN tells them."""
    if yarn is None or not yarn.rested or not any(info.app_id for info in infos):
        return list(infos)
    try:
        apps = yarn.active()
    except TransportError:
        return list(infos)
    return [replace(i, queue=apps[i.app_id].queue) if i.app_id in apps else i for i in infos]


def _cleaned(text: str) -> str:
    """Return diagnostics without the advice to open a page and without blank lines."""
    lines = (line.strip() for line in _LOG_HINT.sub("", text).splitlines())
    return "\n".join(line for line in lines if line)
