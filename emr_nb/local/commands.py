"""`emr-nb local …`: start, status, logs, stop, list, apps."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TextIO

from emr_nb.errors import UsageError
from emr_nb.local import state as st
from emr_nb.local.apps import ALL_APPS, APPS, service_of, with_yarn
from emr_nb.local.aws import require_moto
from emr_nb.local.board import Board, megabytes
from emr_nb.local.daemon import tail
from emr_nb.local.datanodes import MOST, with_datanodes
from emr_nb.local.lifecycle import DEFAULT_NAME, IDLE_LIMIT, LocalClusters
from emr_nb.local.parts import Cache
from emr_nb.local.processes import marked, rss
from emr_nb.local.starting import start_on_board
from emr_nb.settings import Settings

_FOLLOW_SECONDS = 0.3


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the `local` command."""
    local = commands.add_parser("local", help="a local cluster of the real daemons")
    verbs = local.add_subparsers(
        dest="verb", required=True, metavar="start|status|logs|stop|list|apps"
    )
    start = verbs.add_parser("start", help="start it, or what is not running of it")
    start.add_argument(
        "--apps",
        default=",".join(APPS),
        metavar="APP,…",
        help=f"of {', '.join(ALL_APPS)}; +APP: beside what runs, or beside the default "
        "(%(default)s). `emr-nb local apps` tells which versions they are",
    )
    start.add_argument(
        "--yarn",
        action="store_true",
        help="with a real ResourceManager and NodeManager: Spark sessions run on YARN",
    )
    start.add_argument(
        "--datanodes",
        type=int,
        default=1,
        metavar="N",
        help=f"DataNodes of HDFS, 1 to {MOST}; each after the first takes some 200 MB of memory. "
        "Files have one replica unless more are asked for (%%emr setrep), as EMR has it below "
        "four core nodes",
    )
    start.add_argument(
        "--idle-stop",
        type=float,
        metavar="MINUTES",
        help="end it after so long without a session or an attach; 0: never; "
        f"default {IDLE_LIMIT / 60:g}",
    )
    status = verbs.add_parser("status", help="what runs, where, since when")
    logs = verbs.add_parser("logs", help="a daemon's log, or the end of all")
    logs.add_argument("service", nargs="?", default="", help="such as livy or namenode")
    logs.add_argument("-f", "--follow", action="store_true", help="go on until Ctrl-C")
    stop = verbs.add_parser("stop", help="end every process of it and remove its data")
    stop.add_argument(
        "--keep-data", action="store_true", help="keep what is in HDFS, and Hive's tables"
    )
    verbs.add_parser("list", help="the local clusters there are")
    verbs.add_parser("apps", help="what may run: engines, their versions, what is fetched")
    for verb in (start, status, logs, stop):
        verb.add_argument("--name", default=DEFAULT_NAME, help="which one (default %(default)s)")


def run(options: argparse.Namespace, out: TextIO) -> int:
    """Run `emr-nb local …`; return the exit code."""
    clusters = LocalClusters(Settings())
    verbs: dict[str, Callable[[LocalClusters, argparse.Namespace, TextIO], int]] = {
        "start": _start,
        "status": _status,
        "logs": _logs,
        "stop": _stop,
        "list": _list,
        "apps": _apps,
    }
    return verbs[options.verb](clusters, options, out)


def _start(clusters: LocalClusters, options: argparse.Namespace, out: TextIO) -> int:
    apps = chosen_apps(options.apps, _running(clusters, options.name))
    if options.yarn:
        apps = with_yarn(apps)
    apps = with_datanodes(apps, options.datanodes)
    if "aws" in apps:
        require_moto()
    for app in apps:
        service_of(app)  # an unknown name is told before anything is fetched
    if not apps:
        raise UsageError("No application is named", advice=f"It has: {', '.join(ALL_APPS)}.")
    limit = None if options.idle_stop is None else options.idle_stop * 60
    began = time.monotonic()
    state = start_on_board(clusters, options.name, Board(out), apps, limit)
    out.write(f"\n{options.name} runs (after {time.monotonic() - began:.1f} s)\n")
    out.writelines(f"{line}\n" for line in describe(state))
    return 0


def chosen_apps(text: str, running: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return the applications that `--apps` names; with a `+` beside those that run."""
    words = [word.strip() for word in text.split(",") if word.strip()]
    more = [word for word in words if word.startswith("+")]
    base = (running or APPS) if more else ()
    return tuple(dict.fromkeys([*base, *(word.removeprefix("+") for word in words)]))


def _running(clusters: LocalClusters, name: str) -> tuple[str, ...]:
    known = st.load(clusters.folders(name))
    return known.apps if known is not None and known.running else ()


def _status(clusters: LocalClusters, options: argparse.Namespace, out: TextIO) -> int:
    state = clusters.state(options.name)
    folders = clusters.folders(options.name)
    memory = megabytes(rss(marked(folders.root)))
    if not state.running:
        how = state.error.splitlines()[0] if state.error else "its keeper is gone"
        out.write(f"{state.name}: {state.phase}, not running ({how})\n")
        return 3
    out.write(f"{state.name}: {state.phase}, {memory} resident, keeper pid {state.keeper.pid}\n")
    dead = {daemon.name for daemon in state.dead()}
    for daemon in state.daemons:
        what = "dead" if daemon.name in dead else daemon.state
        out.write(f"  {daemon.name:<15} {what:<9} pid {daemon.pid}\n")
    out.writelines(f"{line}\n" for line in describe(state))
    for daemon in state.dead():
        out.write(f"\n{daemon.name} died (exit {daemon.exit}); its last log lines:\n")
        out.write(tail(folders.log(daemon.name)) + "\n")
    return 3 if dead else 0


def describe(state: st.State) -> Iterator[str]:
    """Yield where a cluster's services answer, a line each."""
    ports = state.ports
    if "hdfs" in state.apps:
        yield f"  HDFS     hdfs://localhost:{ports['namenode-rpc']}"
        yield f"  WebHDFS  http://localhost:{ports['namenode-http']}/webhdfs/v1"
    if "httpfs" in state.apps:
        yield f"  HttpFS   http://localhost:{ports['httpfs']}/webhdfs/v1"
    if "yarn" in state.apps:
        yield f"  YARN     http://localhost:{ports['rm-http']}/cluster"
    if "hive" in state.apps:
        yield f"  Hive     thrift://127.0.0.1:{ports['hive']}"
        yield f"  Hive metastore  thrift://127.0.0.1:{ports['metastore']}"
    if "spark" in state.apps:
        yield f"  Livy     http://127.0.0.1:{ports['livy']}"
    if "trino" in state.apps:
        url = f"http://127.0.0.1:{ports['trino']}"
        too = "" if "prestosql" in state.apps else "  (Presto's dialect too)"
        yield f"  Trino    {url}{too}"
    if "prestosql" in state.apps:
        yield f"  PrestoSQL  http://127.0.0.1:{ports['prestosql']}  (what %%presto runs on)"
    if "aws" in state.apps:
        yield f"  AWS, S3  {state.endpoint_url}  (cluster {state.cluster_id})"


def _logs(clusters: LocalClusters, options: argparse.Namespace, out: TextIO) -> int:
    folders = clusters.folders(options.name)
    clusters.state(options.name)
    found = {path.stem: path for path in sorted(folders.logs.glob("*.log"))}
    if options.service:
        if options.service not in found:
            raise UsageError(
                f"There is no log of {options.service!r}", advice=f"There are: {', '.join(found)}."
            )
        found = {options.service: found[options.service]}
        out.write(found[options.service].read_text(encoding="utf-8", errors="replace"))
    else:
        for name, path in found.items():
            out.write(f"==> {name} ({path})\n{tail(path)}\n\n")
    if options.follow:
        _follow(found, out)
    return 0


def _follow(logs: dict[str, Path], out: TextIO) -> None:
    """Write what is added to the logs until interrupted."""
    ends = {name: path.stat().st_size for name, path in logs.items()}
    prefix = len(logs) > 1
    while True:
        for name, path in logs.items():
            with path.open("rb") as source:
                source.seek(ends[name])
                fresh = source.read()
            whole = fresh[: fresh.rfind(b"\n") + 1]
            ends[name] += len(whole)
            for line in whole.decode("utf-8", "replace").splitlines():
                out.write(f"{name}: {line}\n" if prefix else f"{line}\n")
        out.flush()
        time.sleep(_FOLLOW_SECONDS)


def _stop(clusters: LocalClusters, options: argparse.Namespace, out: TextIO) -> int:
    clusters.stop(options.name, keep_data=options.keep_data)
    kept = "; what is in HDFS and Hive's tables are kept, S3 is not" if options.keep_data else ""
    out.write(f"{options.name} is stopped{kept}\n")
    return 0


def _apps(clusters: LocalClusters, _: argparse.Namespace, out: TextIO) -> int:
    from emr_nb.local.versions import table

    out.writelines(f"{line}\n" for line in table(Cache(clusters.settings.cache_home)) if line)
    return 0


def _list(clusters: LocalClusters, _: argparse.Namespace, out: TextIO) -> int:
    for state in clusters.all():
        runs = "running" if state.running else "not running"
        out.write(f"{state.name:<16} {runs:<12} {', '.join(state.apps):<20} {state.cluster_id}\n")
    return 0
