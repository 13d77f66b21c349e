"""Long work with an id: its progress is told while it runs, its outcome kept a while after."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from emr_nb.errors import EmrError, NotKeptError
from emr_nb.server.calls import Calls
from emr_nb.server.failures import failure_of, unexpected
from emr_nb.server.models.common import Failure, JobView
from emr_nb.wording import printable

log = logging.getLogger(__name__)

_KEPT = 100
_LINES = 20


@dataclass
class Job:
    """One piece of work; `say` and `look` are called by it, on its own thread."""

    id: str
    kind: str
    about: str
    told: Callable[[Job], None]
    stoppable: bool = False
    state: str = "running"
    text: str = ""
    plan: str = ""
    failure: Failure | None = None
    began: float = field(default_factory=time.time)
    ended: float | None = None
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=_LINES))
    stopped: threading.Event = field(default_factory=threading.Event)

    def say(self, line: str) -> None:
        """Tell of progress."""
        self.lines.append(printable(line))
        self.told(self)

    def look(self) -> None:
        """Raise KeyboardInterrupt where somebody asked for an end: the core knows what to do."""
        if self.stopped.is_set():
            raise KeyboardInterrupt

    def view(self) -> JobView:
        return JobView(
            job=self.id, kind=self.kind, about=printable(self.about), state=self.state,
            lines=list(self.lines), began=self.began, ended=self.ended, text=self.text,
            failure=self.failure, plan=self.plan, stoppable=self.stoppable,
        )  # fmt: skip


class Jobs:
    """The jobs of a server: at most eight at once; ended ones are kept until they are many."""

    def __init__(self, told: Callable[[Job], None]) -> None:
        self._told = told
        self._calls = Calls("jobs", 8, 24)
        self._lock = threading.Lock()
        self._jobs: OrderedDict[str, Job] = OrderedDict()

    def begin(
        self, kind: str, about: str, work: Callable[[Job], str], *, stoppable: bool = False
    ) -> Job:
        """Begin work that returns what it did, in words; raises ServerBusyError."""
        job = Job(secrets.token_hex(8), kind, about, self._told, stoppable)
        with self._lock:
            self._jobs[job.id] = job
        try:
            self._calls.submit(lambda: self._run(job, work))
        except EmrError:
            with self._lock:
                del self._jobs[job.id]
            raise
        self._drop_old()
        self._told(job)
        return job

    def find(self, job_id: str) -> Job:
        """Return a job; raises NotKeptError."""
        with self._lock:
            found = self._jobs.get(job_id)
        if found is None:
            raise NotKeptError("This job is not kept any more", advice="Look at what it changed.")
        return found

    def running(self, kind: str, about: str) -> Job | None:
        """Return the job of a kind that is at work on something now."""
        return next((j for j in self.all() if (j.kind, j.about) == (kind, about)
                     and j.state == "running"), None)  # fmt: skip

    def all(self) -> list[Job]:
        """Return the jobs, the newest first."""
        with self._lock:
            return list(reversed(self._jobs.values()))

    def close(self) -> None:
        """Ask all to end."""
        for job in self.all():
            job.stopped.set()
        self._calls.close()

    def _run(self, job: Job, work: Callable[[Job], str]) -> None:
        try:
            job.text = printable(work(job))
            ended = "done"
        except KeyboardInterrupt:
            ended = "cancelled"
        except EmrError as error:
            job.failure = failure_of(error)
            ended = "failed"
        except Exception as error:
            log.exception("the job %s failed", job.kind)
            job.failure = unexpected(error)
            ended = "failed"
        job.ended = time.time()
        job.state = ended
        self._told(job)

    def _drop_old(self) -> None:
        with self._lock:
            ended = [job.id for job in self._jobs.values() if job.state != "running"]
            for job_id in ended[: max(0, len(self._jobs) - _KEPT)]:
                del self._jobs[job_id]
