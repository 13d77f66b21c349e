"""One session of the fake Livy: statements in order, one at a time, each by its script."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emr_nb.testing.fake_livy import FakeLivy

_RETAINED = 100  # livy.rsc.retained-statements
_ASK_SECONDS = 0.1  # livy.rsc.job-cancel.trigger-interval


@dataclass(frozen=True)
class Script:
    """What a statement does: how long it runs, what it answers, what a cancel does to it.

    `kind` is `job` (a Spark job: a cancel ends it), `loop` (code that no cancel reaches) or
    `signal` (code that ends when the cancel file's watcher strikes: `interrupt()` of the
    statement's session). `kills` names the state that the session ends in. The output is
    there only `half` seconds after the state says so, as Livy under load shows it.
    """

    seconds: float = 0.0
    output: Mapping[str, Any] = field(default_factory=dict)
    kind: str = "job"
    progress: float = 0.0
    kills: str = ""
    half: float = 0.0
    log: tuple[str, ...] = ()


def ok(text: str = "", seconds: float = 0.0, **data: Any) -> Script:
    """Return a script that succeeds with a text, or with the MIME bundle given."""
    bundle = data.pop("data", None) or {"text/plain": text}
    output = {"status": "ok", "execution_count": 0, "data": bundle}
    return Script(seconds=seconds, output=output, **data)


def failed(ename: str, evalue: str, traceback: tuple[str, ...] = ()) -> Mapping[str, Any]:
    """Return the output of a statement that failed."""
    return {
        "status": "error",
        "execution_count": 0,
        "ename": ename,
        "evalue": evalue,
        "traceback": list(traceback),
    }


@dataclass
class _Statement:
    id: int
    code: str
    kind: str
    state: str = "waiting"
    output: Mapping[str, Any] | None = None
    progress: float = 0.0
    started: int = 0
    completed: int = 0


class FakeSession:
    """A session; every method may be called from any thread."""

    def __init__(self, number: int, body: dict[str, Any], livy: FakeLivy) -> None:
        self.id = number
        self.body = body
        self.name = body.get("name")
        self.kind = str(body["kind"])
        self.state = "starting"
        self.executed: list[str] = []
        self.completions: list[str] = []
        self.log: list[str] = ["stdout: ", "\nstderr: "]
        self.app_id: str | None = None
        self.app_info: dict[str, str | None] = {"driverLogUrl": None, "sparkUiUrl": None}
        self._livy = livy
        self._statements: OrderedDict[int, _Statement] = OrderedDict()
        self._next = 0
        self._change = threading.Condition(threading.RLock())
        self._interrupted = threading.Event()

    @property
    def active(self) -> bool:
        return self.state not in ("dead", "killed", "shutting_down", "success")

    def view(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "name": self.name,
            "appId": self.app_id,
            "owner": None,
            "proxyUser": self.body.get("proxyUser"),
            "state": self.state,
            "kind": self.kind,
            "appInfo": self.app_info,
            "log": self.log[-10:],
        }

    def start(self, seconds: float) -> None:
        threading.Thread(target=self._run, args=(seconds,), daemon=True).start()

    def end(self, state: str, *log: str) -> None:
        """End the session at once, as a driver that dies does."""
        with self._change:
            self.log.extend(log)
            self.state = state
            self._change.notify_all()

    def interrupt(self) -> None:
        """Interrupt the running `signal` statement, as the watcher in the session does."""
        self._interrupted.set()

    def submit(self, code: str, kind: str) -> tuple[int, Any]:
        with self._change:
            if self.state not in ("idle", "busy"):
                return 500, f"java.lang.IllegalStateException: Session is in state {self.state}"
            statement = _Statement(self._next, code, kind)
            self._next += 1
            self._statements[statement.id] = statement
            if len(self._statements) > _RETAINED:
                self._statements.popitem(last=False)
            self._change.notify_all()
            return 201, _view(statement)

    def statement(self, number: int) -> dict[str, Any] | None:
        with self._change:
            found = self._statements.get(number)
            return _view(found) if found else None

    def cancel(self, number: int) -> None:
        with self._change:
            found = self._statements.get(number)
            if found and found.state == "waiting":
                found.state = "cancelled"
            elif found and found.state == "running":
                found.state = "cancelling"
                timer = threading.Timer(self._livy.cancel_timeout, self._give_up, (found,))
                timer.daemon = True
                timer.start()
            self._change.notify_all()

    def _give_up(self, statement: _Statement) -> None:
        with self._change:
            if statement.state == "cancelling":
                statement.state = "cancelled"
                statement.completed = _now()

    # -- the interpreter's thread ---------------------------------------------------------

    def _run(self, seconds: float) -> None:
        time.sleep(seconds)
        with self._change:
            if self.state == "starting":
                self.state = "idle"
        while self.active:
            with self._change:
                waiting = [s for s in self._statements.values() if s.state == "waiting"]
                if not waiting:
                    self._change.wait(0.2)
                    continue
            time.sleep(self._livy.interpreter_seconds)
            with self._change:
                if waiting[0].state != "waiting":
                    continue
                statement = waiting[0]
                statement.state, statement.started = "running", _now()
                self.state = "busy"
                self.executed.append(statement.code)
            self._play(statement, self._livy.script(statement.code, statement.kind))

    def _play(self, statement: _Statement, script: Script) -> None:
        self._interrupted.clear()
        output = self._pass_time(statement, script) or script.output
        with self._change:
            if script.kills:
                self.end(script.kills, *script.log)
                return
            if not self.active:
                return
            done = statement.state in ("cancelling", "cancelled")
            statement.state = "cancelled" if done else "available"
            self._change.wait_for(lambda: not self.active, script.half)
            statement.output = {**output, "execution_count": statement.id}
            statement.progress, statement.completed = 1.0, _now()
            if not any(s.state == "waiting" for s in self._statements.values()):
                self.state = "idle"

    def _pass_time(self, statement: _Statement, script: Script) -> Mapping[str, Any] | None:
        end = time.monotonic() + script.seconds
        statement.progress = script.progress
        while (left := end - time.monotonic()) > 0 and self.active:
            if script.kind == "job" and statement.state == "cancelling":
                return failed("Py4JJavaError", "Job 7 cancelled part of cancelled job group")
            if script.kind == "signal" and self._interrupted.is_set():
                return failed("KeyboardInterrupt", "")
            time.sleep(min(left, 0.01))
        return None


def _view(statement: _Statement) -> dict[str, Any]:
    return {
        "id": statement.id,
        "code": statement.code,
        "state": statement.state,
        "output": statement.output,
        "progress": statement.progress,
        "started": statement.started,
        "completed": statement.completed,
    }


def _now() -> int:
    return int(time.time() * 1000)
