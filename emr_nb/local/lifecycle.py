"""Starts, joins, inspects and ends local clusters; the keeper does the work behind it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass

from emr_nb.errors import (
    ClusterNotFoundError,
    DaemonDiedError,
    DeadlineExceededError,
    LocalClusterError,
    UsageError,
)
from emr_nb.local import state as st
from emr_nb.local.apps import APPS, parts_of, with_needs, with_yarn
from emr_nb.local.daemon import tail
from emr_nb.local.fetch import Progress
from emr_nb.local.locking import file_lock
from emr_nb.local.parts import Cache, Part
from emr_nb.local.plan import python_path
from emr_nb.local.processes import end_all, marked
from emr_nb.settings import Settings

DEFAULT_NAME = "local"
IDLE_LIMIT = 8 * 3600.0

_START_SECONDS = 300.0
_STOP_SECONDS = 20.0
_LOOK_SECONDS = 0.1

Watch = Callable[[st.State], None]


@dataclass(frozen=True)
class LocalClusters:
    """The local clusters of one user."""

    settings: Settings

    # -- looking ----------------------------------------------------------------------------

    def folders(self, name: str) -> st.Folders:
        """Return a cluster's folders; raises UsageError for a name that is no file name."""
        if not name or not name.replace("-", "").replace("_", "").isalnum() or len(name) > 40:
            raise UsageError(
                f"{name!r} cannot be the name of a local cluster",
                advice="Use up to 40 letters, digits, - and _.",
            )
        return st.Folders.of(self.settings.data_home, name)

    def state(self, name: str) -> st.State:
        """Return what is known of a cluster; raises ClusterNotFoundError."""
        found = st.load(self.folders(name))
        if found is None:
            raise ClusterNotFoundError(
                f"There is no local cluster {name!r}",
                where=str(self.settings.data_home),
                advice="Start it with `emr-nb local start`.",
            )
        return found

    def all(self) -> list[st.State]:
        """Return every cluster that has a state, by name."""
        root = self.settings.data_home / "local"
        names = sorted(path.parent.name for path in root.glob("*/state.json"))
        return [self.state(name) for name in names]

    # -- starting ---------------------------------------------------------------------------

    def remembered(self, name: str, apps: Iterable[str]) -> tuple[str, ...]:
        """Return the applications to start, with those that run, and YARN for whom had it.

        Raises UsageError where its sessions run without YARN and would be lost by it.
        """
        wanted = with_needs(apps)
        known = st.load(self.folders(name))
        if known is not None and known.running and "yarn" not in wanted:
            wanted = with_needs({*wanted, *known.apps})
        if known is None or "spark" not in wanted:
            return wanted
        if "yarn" in known.apps:
            return with_yarn(wanted)
        if "yarn" in wanted and known.running and "spark" in known.apps:
            raise UsageError(
                f"The local cluster {name!r} runs without YARN, and its Livy with it",
                where=str(self.folders(name).root),
                advice=f"Start one beside it with --name yarn (%emr attach local:yarn --yarn), "
                f"or end it first with `emr-nb local stop --name {name}`.",
            )
        return wanted

    def missing(self, apps: Iterable[str]) -> list[Part]:
        """Return the parts of these applications that the cache does not have yet."""
        cache = Cache(self.settings.cache_home)
        return [part for name in parts_of(apps) if not (part := cache.part(name)).ready]

    def fetch(
        self,
        parts: Iterable[Part],
        progress: Progress,
        done: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Bring parts into the cache, all at the same time; raises DownloadError.

        `done` is called with a part's title when it is whole; both are called from threads.
        """
        stop = threading.Event()

        def ensure(part: Part) -> None:
            part.ensure(progress, stop)
            done(part.title)

        pool = ThreadPoolExecutor(8, thread_name_prefix="emr_nb-parts")
        try:
            for job in as_completed([pool.submit(ensure, part) for part in parts]):
                job.result()
        finally:
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)

    def start(
        self,
        name: str = DEFAULT_NAME,
        apps: Iterable[str] = APPS,
        *,
        watch: Watch = lambda _: None,
        idle_limit: float | None = None,
    ) -> st.State:
        """Start what is not running of a cluster, whose parts are there, and join what is.

        `watch` is called at each look; `idle_limit` (seconds) None leaves a running cluster's
        own. What is added to a running cluster goes on to start after an interrupt; where it
        does not start, the cluster is left as it was. Raises DaemonDiedError,
        DeadlineExceededError.
        """
        wanted = self.remembered(name, apps)
        folders = self.folders(name)
        began, asked = self._request(folders, name, wanted, idle_limit)
        try:
            return self._wait(folders, watch, asked)
        except KeyboardInterrupt:
            state = st.load(folders)
            if began and state is not None and state.running:
                os.kill(state.keeper.pid, signal.SIGTERM)  # it ends everything by itself
            raise

    def _request(
        self, folders: st.Folders, name: str, apps: tuple[str, ...], idle_limit: float | None
    ) -> tuple[bool, float]:
        """Ask the keeper for applications; return whether it had to be started, and when."""
        with file_lock(folders.lock, _START_SECONDS, f"starting or stopping {name}"):
            known = st.load(folders)
            folders.logs.mkdir(parents=True, exist_ok=True)
            fresh = known is None or not known.running or known.phase in ("stopping", "failed")
            if fresh:
                self._end(folders, known)
                self._spawn(folders, name, IDLE_LIMIT if idle_limit is None else idle_limit)
            at = time.time()
            request = {"at": at, "apps": list(apps), "idle_limit": idle_limit}
            unread = st.read_json(folders.request)
            if unread is not None and known is not None and unread["at"] > known.served:
                request["apps"] = sorted({*apps, *unread["apps"]})  # another start's
            st.write_json(folders.request, request)
        return fresh, at

    def _spawn(self, folders: st.Folders, name: str, idle_limit: float) -> None:
        folders.request.unlink(missing_ok=True)
        state = st.State(
            name=name,
            user=self.settings.user,
            apps=(),
            keeper=st.Daemon("keeper", ""),
            created=time.time(),
            idle_limit=idle_limit,
        )
        st.save(folders, state)
        home, cache = self.settings.data_home.absolute(), self.settings.cache_home.absolute()
        command = [sys.executable, "-m", "emr_nb.local.keeper", str(home), str(cache), name]
        with folders.log("keeper").open("wb") as log:
            subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONPATH": python_path()},
                cwd=folders.root,
                start_new_session=True,
                timeout=60,
                check=False,  # a keeper that ended is seen in the state
            )

    def _wait(self, folders: st.Folders, watch: Watch, asked: float) -> st.State:
        give_up = time.monotonic() + _START_SECONDS
        while True:
            state = st.load(folders)
            if state is not None:
                watch(state)
            if state is not None and state.refused >= asked:
                raise _start_failed(folders, state)
            if state is not None and state.served >= asked and state.phase == "running":
                return state
            if state is None or state.phase == "failed" or not state.running:
                raise _start_failed(folders, state)
            if time.monotonic() > give_up:
                raise DeadlineExceededError(
                    f"The local cluster was not ready within {_START_SECONDS:.0f} s",
                    where=str(folders.logs),
                    advice="See `emr-nb local logs`; a busy machine may need a second try.",
                )
            time.sleep(_LOOK_SECONDS)

    # -- ending -----------------------------------------------------------------------------

    def stop(self, name: str = DEFAULT_NAME, *, keep_data: bool = False) -> None:
        """End every process of a cluster and remove its files, or all but HDFS's data."""
        folders = self.folders(name)
        with file_lock(folders.lock, _START_SECONDS, f"starting or stopping {name}"):
            self._end(folders, self.state(name))
            if keep_data:
                for path in folders.root.iterdir():
                    if path != folders.data:
                        shutil.rmtree(path) if path.is_dir() else path.unlink()
                for scratch in ("tmp", "yarn"):
                    shutil.rmtree(folders.data / scratch, ignore_errors=True)
            else:
                shutil.rmtree(folders.root)

    def _end(self, folders: st.Folders, state: st.State | None) -> None:
        """Let the keeper end everything; do it ourselves where it is gone or stuck."""
        if state is not None and state.running:
            os.kill(state.keeper.pid, signal.SIGTERM)
            give_up = time.monotonic() + _STOP_SECONDS
            while state.running and time.monotonic() < give_up:
                time.sleep(0.05)
            if state.running:
                os.kill(state.keeper.pid, signal.SIGKILL)
        groups = [d.pid for d in state.daemons if d.alive] if state else []
        if (groups or marked(folders.root)) and (left := end_all(folders.root, groups)):
            raise LocalClusterError(
                f"These processes would not end: {', '.join(map(str, left))}",
                where=str(folders.root),
                advice="End them by hand and run it again.",
            )


def _start_failed(folders: st.Folders, state: st.State | None) -> DaemonDiedError:
    if state is not None and state.error:
        what, _, advice = state.error.partition("\n→ ")
        return DaemonDiedError(what, advice=advice)
    return DaemonDiedError(
        f"The keeper of the local cluster ended; its log:\n{tail(folders.log('keeper'))}",
        where=str(folders.log("keeper")),
        advice="Start it again with `emr-nb local start`.",
    )
