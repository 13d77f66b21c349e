"""Brings a local cluster up with its progress told as text: to a terminal or to a notebook."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable

from emr_nb.errors import ClusterTerminatedError
from emr_nb.local import state as st
from emr_nb.local.apps import APPS, TITLES, with_companions
from emr_nb.local.board import Board, megabytes
from emr_nb.local.datanodes import FURTHER
from emr_nb.local.lifecycle import LocalClusters

_SAY_SECONDS = 2.0

_WORDS = {
    "namenode": "HDFS NameNode",
    "datanode": "HDFS DataNode",
    **{name: f"HDFS DataNode {number}" for number, name in enumerate(FURTHER, 2)},
    "httpfs": "HttpFS",
    "resourcemanager": "YARN ResourceManager",
    "nodemanager": "YARN NodeManager",
    "metastore": "Hive metastore",
    "hiveserver2": "HiveServer2",
    "livy": "Livy with Spark",
    "aws": "AWS APIs and S3",
    "trino": "Trino",
    "prestosql": "PrestoSQL",
}


def start_on_board(
    clusters: LocalClusters,
    name: str,
    board: Board,
    apps: Iterable[str] = APPS,
    idle_limit: float | None = None,
) -> st.State:
    """Start a cluster with a line per part and per daemon."""
    apps = clusters.remembered(name, apps)
    missing = {part.title: part for part in clusters.missing(apps)}
    for title, part in missing.items():
        board.update(title, f"{megabytes(part.size)} to fetch")

    def progress(title: str, done: int, total: int) -> None:
        words = f"{megabytes(done)} of {megabytes(total)}"
        board.update(title, words if done < total else f"{words}, unpacking")

    def whole(title: str) -> None:
        board.update(title, f"{megabytes(missing[title].size)} fetched", final=True)

    clusters.fetch(missing.values(), progress, whole)
    board.close()

    def watch(state: st.State) -> None:
        for daemon in state.daemons:
            board.update(
                _WORDS[daemon.name], _daemon_words(daemon), final=daemon.state != "starting"
            )

    try:
        return clusters.start(name, apps, watch=watch, idle_limit=idle_limit)
    finally:
        board.close()


def start_saying(
    clusters: LocalClusters,
    name: str,
    notify: Callable[[str], None],
    apps: Iterable[str] = APPS,
    look: Callable[[], None] = lambda: None,
) -> st.State:
    """Start a cluster with a line of text now and then; say nothing when it runs already.

    `look` is called several times a second; what it raises ends the wait.
    """
    apps = clusters.remembered(name, apps)
    missing = clusters.missing(apps)
    if missing:
        total = sum(part.size for part in missing)
        notify(f"fetching the local cluster's parts, once: {megabytes(total)}")
        clusters.fetch(missing, _Saying(notify, total, look=look))
    said: set[str] = set()

    def watch(state: st.State) -> None:
        look()
        for daemon in state.daemons:
            words = f"{_WORDS[daemon.name]} {_daemon_words(daemon)}"
            if state.phase == "starting" and daemon.state == st.READY and words not in said:
                said.add(words)
                notify(words)

    known = next((s for s in clusters.all() if s.name == name), None)
    if known is None or not known.running:
        notify(f"starting the local cluster {name!r}")
    return clusters.start(name, apps, watch=watch)


def add_saying(
    clusters: LocalClusters, name: str, app: str, notify: Callable[[str], None]
) -> st.State:
    """Start an application and its companions beside what runs of a cluster, told as text.

    Raises ClusterTerminatedError where the cluster itself does not run, DownloadError,
    DaemonDiedError, DeadlineExceededError.
    """
    if not clusters.state(name).running:
        raise ClusterTerminatedError(
            f"The local cluster {name!r} does not run any more",
            where=str(clusters.folders(name).root),
            advice="%emr attach local starts it.",
        )
    title = TITLES[app]
    apps = clusters.remembered(name, with_companions(app))
    if missing := clusters.missing(apps):
        total = sum(part.size for part in missing)
        notify(f"fetching {title}, once: {megabytes(total)}")
        clusters.fetch(missing, _Saying(notify, total, f"fetching {title}, once: "))

    def watch(state: st.State) -> None:
        waits = [_WORDS[d.name] for d in state.daemons if d.state == st.STARTING]
        notify(f"starting {title}" + (f" ({', '.join(waits)})" if waits else ""))

    return clusters.start(name, apps, watch=watch)


class _Saying:
    """Adds up the parts' progress and says it every few seconds."""

    def __init__(
        self,
        notify: Callable[[str], None],
        total: int,
        before: str = "fetched ",
        look: Callable[[], None] = lambda: None,
    ) -> None:
        self._notify, self._total, self._before, self._look = notify, total, before, look
        self._lock = threading.Lock()
        self._done: dict[str, int] = {}
        self._last = time.monotonic()

    def __call__(self, title: str, done: int, _: int) -> None:
        self._look()
        with self._lock:
            self._done[title] = done
            now = time.monotonic()
            if now - self._last < _SAY_SECONDS:
                return
            self._last = now
            fetched = min(sum(self._done.values()), self._total)
        self._notify(f"{self._before}{megabytes(fetched)} of {megabytes(self._total)}")


def _daemon_words(daemon: st.Daemon) -> str:
    if daemon.state == st.READY and daemon.ready_after is not None:
        return f"ready after {daemon.ready_after:.1f} s"
    if daemon.state == st.DEAD:
        return f"died (exit {daemon.exit})"
    return daemon.state
