"""Jobs and stages of a running statement, from the Spark UI's REST where it is reachable.

`/api/v1/applications/{app}/jobs` (Spark's monitoring API); a job belongs to a statement by
its job group, which Livy sets to the statement's id. A thread of its own asks, so that a slow
or unreachable UI never delays a look at the statement.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from emr_nb.errors import EmrError
from emr_nb.model import Endpoint, StageProgress
from emr_nb.transport.base import Deadline, HttpClient, Retry, Route

_AFTER = 1.0  # seconds; shorter statements are never asked about
_EVERY = 0.7
_CALL_SECONDS = 5.0  # a UI that is asked for the first time on a busy machine is slow
_MOST_FAILURES = 3
_AGAIN_SECONDS = 60.0  # until a UI that failed so often is asked again
_TOTAL_SECONDS = 1.0  # on a busy machine; mostly it takes a tenth
_SETTLE_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class SparkLook:
    """What one look at the UI told."""

    jobs_done: int = 0
    jobs_total: int = 0
    stages: tuple[StageProgress, ...] = ()
    stages_total: int = 0  # known when the statement has ended

    @property
    def detail(self) -> str:
        return f"job {min(self.jobs_done + 1, self.jobs_total)} of {self.jobs_total}"


def ui_endpoint(url: str) -> Endpoint | None:
    """Return where a UI's URL points; None for what is no http(s) URL."""
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return None
    return Endpoint("spark-ui", parts.hostname, port, parts.scheme, parts.path.rstrip("/"))


@dataclass
class SparkUi:
    """One application's UI, shared by the statements of a session."""

    http: HttpClient
    app: str = ""
    failures: int = 0
    failed_at: float = 0.0

    @classmethod
    def at(cls, route: Route, url: str, app: str = "") -> SparkUi | None:
        endpoint = ui_endpoint(url)
        return cls(route.http(endpoint), app) if endpoint else None

    @property
    def usable(self) -> bool:
        rested = time.monotonic() - self.failed_at > _AGAIN_SECONDS
        return self.failures < _MOST_FAILURES or rested

    def failed(self) -> None:
        """Count a failure; after some the UI has rest."""
        self.failures += 1
        self.failed_at = time.monotonic()

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Any:
        """Return the decoded reply; raises TransportError or ValueError."""
        reply = self.http.request(
            "GET",
            f"/api/v1/applications{path}",
            params=params,
            deadline=Deadline.after(_CALL_SECONDS),
            retry=Retry.NEVER,
        )
        return reply.json()

    def application(self) -> str:
        """Return the application's id; a driver's own UI knows just one."""
        if not self.app:
            self.app = str(self.get("")[0]["id"])
        return self.app


@dataclass
class SparkWatch:
    """Asks in a thread while one statement runs; `look` is the newest answer."""

    find: Callable[[], SparkUi | None]  # asked in the thread, and only by longer statements
    group: str
    look: SparkLook | None = None
    _seen: set[int] = field(default_factory=set)
    _stop: threading.Event = field(default_factory=threading.Event)
    _total: SparkLook | None = None
    _ended: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        threading.Thread(target=self._run, name="emr_nb-spark-ui", daemon=True).start()

    def stop(self) -> None:
        self._stop.set()

    def total(self, seconds: float = _TOTAL_SECONDS) -> SparkLook | None:
        """Return what the ended statement took in all; None where it is not known in time.

        Only a statement seen at a job is asked about, so that no other one waits.
        """
        if not self._seen:
            return None
        self._ended.wait(seconds)
        return self._total

    def _run(self) -> None:
        try:
            if not self._stop.wait(_AFTER) and (ui := self.find()) is not None:
                self._ask(ui)
        finally:
            self._ended.set()

    def _ask(self, ui: SparkUi) -> None:
        wait = 0.0
        while ui.usable and not self._stop.wait(wait):
            wait = _EVERY
            with self._counted(ui):
                self.look = self._ask_look(ui) or self.look
        if self._seen and ui.usable:
            with self._counted(ui):
                self._total = self._ask_total(ui)
                time.sleep(_SETTLE_SECONDS)  # a UI hears of a job a little after it has ended
                self._total = self._ask_total(ui)

    @contextlib.contextmanager
    def _counted(self, ui: SparkUi) -> Iterator[None]:
        try:
            yield
            ui.failures = 0
        except (EmrError, ValueError, KeyError, IndexError, TypeError):
            ui.failed()

    def _ask_total(self, ui: SparkUi) -> SparkLook:
        """Count the statement's jobs, and their stages without those that Spark skipped."""
        jobs = ui.get(f"/{ui.application()}/jobs")
        mine = [j for j in jobs if j.get("jobGroup") == self.group]
        stages = sum(len(j.get("stageIds") or ()) - int(j["numSkippedStages"]) for j in mine)
        return SparkLook(len(mine), len(mine), stages_total=stages)

    def _ask_look(self, ui: SparkUi) -> SparkLook | None:
        app = ui.application()
        jobs = ui.get(f"/{app}/jobs", {"status": "running"})
        running = {int(j["jobId"]): j for j in jobs if j.get("jobGroup") == self.group}
        self._seen |= set(running)
        if not self._seen:
            return None
        stages: tuple[StageProgress, ...] = ()
        if running:
            wanted = {int(s) for job in running.values() for s in job.get("stageIds") or ()}
            active = ui.get(f"/{app}/stages", {"status": "active"})
            stages = tuple(_stage(s) for s in active if int(s["stageId"]) in wanted)
        return SparkLook(len(self._seen) - len(running), len(self._seen), stages)


def _stage(body: Mapping[str, Any]) -> StageProgress:
    return StageProgress(
        name=f"stage {body['stageId']}: {str(body.get('name') or '').partition(' at ')[0]}",
        done=int(body.get("numCompleteTasks") or 0),
        running=int(body.get("numActiveTasks") or 0),
        failed=int(body.get("numFailedTasks") or 0),
        total=int(body.get("numTasks") or 0),
    )
