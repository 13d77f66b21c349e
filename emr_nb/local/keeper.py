"""The keeper: a detached process per local cluster that starts its daemons and watches them.

`python -m emr_nb.local.keeper DATA_HOME CACHE_HOME NAME`. Daemons are its children, so it
learns of an end at once. It ends everything when it is told to (TERM), when a start fails,
and when nobody has used the cluster for its idle limit. Applications that are added to a
cluster which runs leave it as it was when they do not start.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from emr_nb.errors import EmrError
from emr_nb.journal import process_started
from emr_nb.local import state as st
from emr_nb.local.apps import service_of
from emr_nb.local.conf import write_shared, write_spark
from emr_nb.local.daemon import DaemonSpec, died, start, wait_ready
from emr_nb.local.in_use import has_queries, in_use
from emr_nb.local.parts import Cache
from emr_nb.local.plan import LocalService, Plan, StartsAfter
from emr_nb.local.ports import choose_ports, keep_ports, kept_ports
from emr_nb.local.processes import end_all, signal_groups

_LOOK_SECONDS = 0.25
_IDLE_LOOK_SECONDS = 30.0
_GIVE_UP_SECONDS = 10.0  # for the other starts to see that one has failed


class Keeper:
    """Starts, watches and ends the daemons of one cluster; the only writer of its state."""

    def __init__(self, folders: st.Folders, cache: Cache, state: st.State) -> None:
        self._folders, self._cache = folders, cache
        self._state = state
        self._lock = threading.RLock()
        self._stop = threading.Event()
        self._abort = threading.Event()  # the start that is going on is given up
        self._running: dict[str, tuple[DaemonSpec, subprocess.Popen[bytes]]] = {}
        self._used = time.monotonic()
        self._asked = 0.0

    def run(self) -> None:
        """Serve until told to stop."""
        signal.signal(signal.SIGTERM, self._told_to_stop)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            while not self._stop.is_set():
                self._serve_request()
                self._look()
                self._stop.wait(_LOOK_SECONDS)
        except EmrError as error:
            self._fail(str(error))
        finally:
            self._end()

    def _told_to_stop(self, *_: object) -> None:
        self._stop.set()
        self._abort.set()

    # -- starting ---------------------------------------------------------------------------

    def _serve_request(self) -> None:
        """Start the applications that are wanted and not ready, all at the same time."""
        request = st.read_json(self._folders.request)
        if request is None or request["at"] <= self._asked:
            return
        self._asked = request["at"]
        self._used = time.monotonic()
        if request["idle_limit"] is not None:
            self._change(lambda s: replace(s, idle_limit=request["idle_limit"]))
        before = self._state
        apps = tuple(dict.fromkeys([*before.apps, *request["apps"]]))
        dead = {d.app for d in before.dead()}
        missing = [a for a in apps if a not in before.settled or a in dead]
        if not missing:
            self._change(lambda s: replace(s, served=request["at"]))
            return
        try:
            self._bring(before, apps, missing)
        except EmrError as error:
            if not before.settled or self._stop.is_set():
                raise
            self._leave(before, missing, error)
        self._used = time.monotonic()

    def _bring(self, before: st.State, apps: tuple[str, ...], missing: list[str]) -> None:
        """Start the missing applications, then again what has to learn of them."""
        with self._lock:
            self._state = replace(
                self._state,
                apps=apps,
                phase="starting",
                served=self._asked,
                settled=tuple(a for a in self._state.settled if a not in missing),
            )
            plan = self._plan()
            self._save()
        write_shared(plan)
        if not before.settled or "spark" in missing:
            write_spark(plan)
        self._start_all(plan, missing)
        if self._stop.is_set():
            return
        write_spark(plan)  # not earlier: a session would look for a metastore that is starting
        if "hive" in missing and "hive" not in before.apps:
            for app in {"trino", "prestosql"} & {*before.settled} - {*missing}:
                self._teach(plan, app)
        if "aws" in plan.apps and "aws" not in missing:
            self._enter(plan)  # its entry names what was there before
        self._change(lambda s: replace(s, phase="running"))

    def _teach(self, plan: Plan, app: str) -> None:
        """Start Trino again with the catalog of Hive, unless somebody's query runs on it."""
        if has_queries(app, plan.ports[app]):
            self._tell(f"{app} has a query at work and goes on without the catalog hive")
            return
        self._change(lambda s: replace(s, settled=tuple(a for a in s.settled if a != app)))
        self._clear(app)
        try:
            self._start_all(plan, [app])
        except EmrError as error:  # what was asked for runs; who asks for this starts it again
            self._clear(app)
            self._tell(str(error))

    def _leave(self, before: st.State, missing: list[str], error: EmrError) -> None:
        """Take back what did not start; the cluster is what it was before, and says why."""
        for app in missing:
            self._clear(app)
        write_shared(replace(self._plan(), apps=before.apps, ports=before.ports))
        self._change(
            lambda s: replace(
                s,
                apps=before.apps,
                ports=before.ports,
                daemons=tuple(
                    replace(d, state=st.DEAD) if d.app in missing else d
                    for d in s.daemons
                    if d.app in before.apps
                ),
                settled=tuple(a for a in before.settled if a not in missing),
                phase="running",
                error=str(error),
                refused=self._asked,
            )
        )

    def _plan(self) -> Plan:
        uses = [use for app in self._state.apps for use in service_of(app).ports]
        have = dict(self._state.ports)
        have |= kept_ports(self._folders.data, [use for use in uses if use not in have])
        have |= choose_ports([use for use in uses if use not in have], have.values())
        keep_ports(self._folders.data, have)
        self._state = replace(self._state, ports=have)
        state = self._state
        return Plan(state.name, state.user, self._folders, self._cache, have, state.apps)

    def _start_all(self, plan: Plan, apps: list[str]) -> None:
        failures: list[EmrError] = []
        self._abort.clear()
        if self._stop.is_set():
            return
        threads = [
            threading.Thread(target=self._guard, args=(failures, self._start_app, plan, app))
            for app in apps
        ]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            if failures or self._stop.is_set():
                break
            self._stop.wait(_LOOK_SECONDS / 5)
        if failures:
            self._abort.set()
            for thread in threads:
                thread.join(_GIVE_UP_SECONDS)
            raise failures[0]

    def _guard(
        self, failures: list[EmrError], action: Callable[[Plan, str], None], plan: Plan, app: str
    ) -> None:
        try:
            action(plan, app)
        except EmrError as error:
            failures.append(error)
        except Exception as error:  # noqa: BLE001 - a thread's error must reach the starter
            failures.append(EmrError(f"{app} could not be started: {error!r}", where=plan.name))

    def _start_app(self, plan: Plan, app: str) -> None:
        service = service_of(app)
        if isinstance(service, StartsAfter) and not self._await(service.after):
            return
        self._clear(app, dead=True)
        service.prepare(plan)
        specs = [spec for spec in service.daemons(plan) if spec.name not in self._running]
        if self._abort.is_set():
            return
        waits = []
        for spec in specs:
            process = start(spec)
            with self._lock:
                self._running[spec.name] = (spec, process)
            self._note(spec, process, st.STARTING)
            waits.append((spec, process))
        for spec, process in waits:
            seconds = wait_ready(spec, process, self._abort)
            if seconds is None:
                return
            self._note(spec, process, st.READY, seconds)
        service.settle(plan)
        if app == "aws":
            self._enter(plan)
        self._settled(service)

    def _await(self, apps: tuple[str, ...]) -> bool:
        """Wait until other applications are ready; False when the start has ended before.

        They end by themselves: each has its own deadline, and one that fails ends all.
        """
        while not set(apps) <= set(self._state.settled):
            if self._abort.wait(_LOOK_SECONDS / 5):
                return False
        return True

    def _clear(self, app: str, *, dead: bool = False) -> None:
        """End the daemons of an application, or what is left of its dead ones."""
        with self._lock:
            left = [
                name
                for name, (spec, process) in self._running.items()
                if spec.app == app and not (dead and process.poll() is None)
            ]
            taken = [self._running.pop(name)[1] for name in left]
        groups = [process.pid for process in taken]  # a dead server's sessions live on in it
        signal_groups(groups, signal.SIGTERM)
        for process in taken:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(6)
        signal_groups(groups, signal.SIGKILL)

    def _settled(self, service: LocalService) -> None:
        self._change(lambda s: replace(s, settled=(*s.settled, service.app)))

    def _enter(self, plan: Plan) -> None:
        """Enter the cluster in its AWS APIs: all its ports are known by now."""
        from emr_nb.local.register import register

        cluster_id = register(plan, self._state.cluster_id)
        self._change(lambda s: replace(s, cluster_id=cluster_id))

    # -- watching ---------------------------------------------------------------------------

    def _look(self) -> None:
        for spec, process in list(self._running.values()):
            known = self._state.daemon(spec.name)
            if process.poll() is not None and known and known.state != st.DEAD:
                self._note(spec, process, st.DEAD)
                self._tell(str(died(spec, process.returncode)))
        self._look_idle()

    def _look_idle(self) -> None:
        limit = self._state.idle_limit
        idle = time.monotonic() - self._used
        if limit <= 0 or idle < min(limit, _IDLE_LOOK_SECONDS):
            return
        if in_use(self._state):  # attaching also counts, as a request
            self._used = time.monotonic()
        elif idle > limit:
            self._tell(f"stopped after {limit:.0f} s of no use")
            self._stop.set()

    # -- the state --------------------------------------------------------------------------

    def _note(
        self,
        spec: DaemonSpec,
        process: subprocess.Popen[bytes],
        state: str,
        seconds: float | None = None,
    ) -> None:
        known = self._state.daemon(spec.name)
        began = known.started if known and known.pid == process.pid else 0.0
        daemon = st.Daemon(
            name=spec.name,
            app=spec.app,
            pid=process.pid,
            started=began or process_started(process.pid),
            state=state,
            ready_after=seconds,
            exit=process.returncode,
        )
        self._change(lambda s: s.with_daemon(daemon))

    def _change(self, change: Callable[[st.State], st.State]) -> None:
        with self._lock:
            self._state = change(self._state)
            self._save()

    def _fail(self, error: str) -> None:
        self._change(lambda s: replace(s, phase="failed", error=error))

    def _tell(self, error: str) -> None:
        self._change(lambda s: replace(s, error=error))

    def _save(self) -> None:
        st.save(self._folders, self._state)

    # -- the end ----------------------------------------------------------------------------

    def _end(self) -> None:
        failed = self._state.phase == "failed"
        if not failed:
            self._change(lambda s: replace(s, phase="stopping"))
        groups = [process.pid for _, process in self._running.values() if process.poll() is None]
        end_all(self._folders.root, groups)
        for _, process in self._running.values():
            process.wait(5)
        stopped = tuple(
            d if d.state == st.DEAD else replace(d, state=st.STOPPED) for d in self._state.daemons
        )
        self._change(
            lambda s: replace(
                s, phase="failed" if failed else "stopped", daemons=stopped, settled=()
            )
        )


def main(arguments: list[str]) -> None:
    """Run the keeper of a cluster whose first state the starter has written."""
    data_home, cache_home, name = Path(arguments[0]), Path(arguments[1]), arguments[2]
    folders = st.Folders.of(data_home, name)
    recorded = _leave_starter()
    state = st.load(folders)
    assert state is not None
    pid = os.getpid()
    keeper = st.Daemon("keeper", "", pid, process_started(pid), st.READY)
    state = replace(state, keeper=keeper)
    st.save(folders, state)
    os.close(recorded)
    Keeper(folders, Cache(cache_home), state).run()


def _leave_starter() -> int:
    """Go on as a child of nobody; the process that was started ends when we have a state.

    Return the descriptor to close then. A starter that lives long (a kernel) so never has to
    collect us.
    """
    read, write = os.pipe()
    if os.fork():
        os.close(write)
        os.read(read, 1)
        os._exit(0)
    os.close(read)
    return write


if __name__ == "__main__":
    main(sys.argv[1:])
