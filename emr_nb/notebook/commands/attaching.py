"""attach, detach, use, status, and what `%emr` alone says."""

from __future__ import annotations

import os
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from emr_nb.engines.target_folder import HDFS_SERVICES
from emr_nb.errors import SessionLostError, UsageError
from emr_nb.model import Service, SessionInfo
from emr_nb.notebook.answers import Facts, Text
from emr_nb.notebook.attachment import SPARK
from emr_nb.notebook.commands.base import ON, Command, placed
from emr_nb.notebook.gaining import gainable
from emr_nb.notebook.look import about, moment, seconds
from emr_nb.notebook.options import Option, Parsed
from emr_nb.notebook.past import clock, with_cells
from emr_nb.notebook.probes import silent
from emr_nb.notebook.progress_line import ProgressLine, starting

if TYPE_CHECKING:
    from emr_nb.notebook.attachment import Attachment
    from emr_nb.notebook.state import Notebook

# services by the engine that a user asks for; what is not there is said too
_ENGINES = {
    "Spark": ("livy",),
    "Hive": ("hive", "hiveserver2"),
    "Trino": ("trino",),
    "Presto": ("presto",),
    "Flink": ("flink",),
    "HBase": ("hbase",),
    "HDFS": (*HDFS_SERVICES, "hdfs"),
    "S3": ("s3",),
}
_TAKES_USER = {"hive": "Hive", "hiveserver2": "Hive", "trino": "Trino", "presto": "Presto"}


def attach(notebook: Notebook, given: Parsed) -> Any:
    """Attach a cluster and answer it; it shows as four lines, and a neighbour's below."""
    target = _with_yarn(given["target"] or "") if given["yarn"] else given["target"] or ""
    line = ProgressLine(notebook.screen)
    forced = os.environ.get("EMR_NB_CLUSTER", "")
    if forced and forced != target:
        notebook.screen.stream(
            f"EMR_NB_CLUSTER={forced} overrides {target or 'the default cluster'}\n"
        )
        target = forced
    try:
        made = notebook.attach(
            target,
            name=given["name"] or "",
            user=given["user"] or "",
            fresh=given["fresh"],
            notify=line.note,
            profile=given["profile"] or "",
            region=given["region"] or "",
            role=given["role"] or "",
        )
    except BaseException:
        line.end_if_shown("failed", f"{target or 'no cluster'} not attached")
        raise
    line.end_if_shown("done", f"attached {made.name}")
    if given["spark"]:
        _start_spark(notebook, made)
    made.facts = Facts([*facts(made, _silent(made)), *notebook.neighbours.attached(made)])
    notebook.show_as_facts(type(made.cluster))
    return made.cluster


def _with_yarn(target: str) -> str:
    if target.partition(":")[0] not in ("", "local"):
        raise UsageError(
            f"--yarn is for local clusters; {target} has what it has",
            where="%emr attach",
            advice="%emr attach local --yarn",
        )
    return f"{target or 'local'}+yarn"


def _start_spark(notebook: Notebook, made: Attachment) -> None:
    line = ProgressLine(notebook.screen)
    session = made.sessions.get(tick=starting(line))
    line.end("done", f"Spark session {session.info.label} is ready")


def _silent(made: Attachment) -> set[str]:
    """Return the services that do not answer now."""
    return silent(getattr(made.cluster, "route", None), made.cluster.services)


def facts(made: Attachment, quiet: AbstractSet[str] = frozenset()) -> Facts:
    """Return the four lines: cluster, engines, who I am, session.

    `quiet` are the services that do not answer.
    """
    lines = [
        ("cluster", _cluster_line(made)),
        ("engines", _engines_line(made, quiet)),
        ("who I am", _identity_line(made)),
        ("session", _session_line(made)),
    ]
    lines += [
        (f"{used.title} session", f"{opened.info.label} {opened.info.name} · {opened.info.state}")
        for used in made.in_use()
        if used.name != SPARK and (opened := used.sessions.opened()) is not None
    ]
    lines += [("left behind", notice) for notice in made.recovery.notices()]
    return Facts(lines)


def _cluster_line(made: Attachment) -> str:
    info = made.cluster.info
    up = ""
    if info.ready or info.created:
        since = info.ready or info.created
        assert since is not None
        up = f"up {about((datetime.now(UTC) - since).total_seconds())}"
    ends = f"ends after {seconds(info.idle_timeout)} idle" if info.idle_timeout else ""
    alias = f"{info.name} " if info.name not in ("", made.name) else ""
    parts = (f"{made.name} {alias}({info.id})", info.release, info.state.lower(), up, ends)
    return " · ".join(p for p in parts if p)


def _engines_line(made: Attachment, quiet: AbstractSet[str]) -> str:
    names = {s.name: s for s in made.cluster.services}
    found: list[str] = []
    mute: list[str] = []
    missing: list[str] = []
    waiting: list[str] = []
    versions = gainable(made)
    for engine, services in _ENGINES.items():
        known = [names[s] for s in services if s in names]
        service = next((s for s in known if s.name not in quiet), None)
        if not known and services[0] in versions:
            waiting.append(f"{engine} {versions[services[0]]}".rstrip())
            continue
        if service is None:
            (mute if known else missing).append(_with_port(engine, known))
            continue
        spark = made.cluster.info.application("spark") if engine == "Spark" else None
        version = spark.version if spark else "" if engine == "Spark" else service.version
        found.append(f"{engine} {version}".rstrip())
    absent = f" · started by the first cell: {', '.join(waiting)}" if waiting else ""
    absent += f" · no answer: {', '.join(mute)}" if mute else ""
    absent += f" · not found: {', '.join(missing)}" if missing else ""
    return f"{', '.join(found) or 'none'}{absent}"


def _with_port(engine: str, services: Sequence[Service]) -> str:
    """Name an engine with the port that did not answer."""
    ends = [e for s in services for e in s.endpoints]
    return f"{engine} (port {ends[0].port})" if ends else engine


def _identity_line(made: Attachment) -> str:
    names = {s.name: s for s in made.cluster.services}
    user = made.cluster.user
    parts = [f"{user} on HDFS"] if {"webhdfs", "httpfs"} & set(names) else []
    livy = names.get("livy")
    if livy is not None:
        impersonates = _livy_property(made, "livy.impersonation.enabled").lower() == "true"
        parts.append(f"{user} on Spark" if impersonates else "Livy's own user on Spark")
    parts += [f"{user} on {title}" for name, title in _TAKES_USER.items() if name in names]
    if "s3" in names:
        parts.append("the AWS credentials of this kernel on S3")
    return " · ".join(parts) or user


def _livy_property(made: Attachment, key: str) -> str:
    livy = next((s for s in made.cluster.services if s.name == "livy"), None)
    told = livy.properties.get(key, "") if livy else ""
    return told or made.cluster.info.property("livy-conf", key)


def _session_line(made: Attachment) -> str:
    sessions = made.sessions
    if opened := sessions.opened():
        return f"{_session_words(made, opened.info)}, open here"
    if made.problem:
        return f"not known: {made.problem}"
    if sessions.found is not None:
        used = made.recovery.last_used(sessions.found.id)
        since = clock(used) if used else moment(sessions.found.created)
        state = f"its state of {since} is there" if since else "its state is there"
        return f"found {_session_words(made, sessions.found)}: {state}; --fresh for a clean one"
    if made.lost is not None:
        return (
            f"{made.lost.id} {made.lost.name} of {clock(made.lost.since)} has ended; "
            "%emr restart --rerun runs its cells again, the next Spark cell starts a new one"
        )
    return "none yet: the first Spark cell starts one"


def _session_words(made: Attachment, info: SessionInfo) -> str:
    if info.app_id:
        (info,) = placed(made, [info])
    queue = f", queue {info.queue}" if info.queue else ""
    app = f" ({info.app_id}{queue})" if info.app_id else ""
    return f"{info.short or info.id} {info.name}{app} · {info.state}".strip()


def detach(notebook: Notebook, given: Parsed) -> Text:
    """Detach a cluster; what this kernel began there ends."""
    name = notebook.attachment(given["cluster"] or "").name
    ended = notebook.detach(given["cluster"] or "")
    what = f"; ended {', '.join(ended)}" if ended else ""
    return Text(f"Detached {name}{what}")


def use(notebook: Notebook, given: Parsed) -> Any:
    """Make another attached cluster the current one."""
    made = notebook.use(given["cluster"])
    made.facts = Facts([*facts(made, _silent(made)), *notebook.neighbours.attached(made)])
    return made.cluster


def status(notebook: Notebook, given: Parsed) -> Facts:
    """Say what is attached, who I am on each service, and how HDFS and the session do."""
    from emr_nb.notebook.commands.hdfs import status_line

    made = notebook.attachment(given["on"] or "")
    if opened := made.sessions.opened():
        try:
            opened.refresh()
        except SessionLostError as error:
            raise with_cells(error, notebook.lose(made)) from error
    quiet = _silent(made)
    lines = list(facts(made, quiet))
    for service in sorted(made.cluster.services, key=lambda s: s.name in quiet):
        urls = ", ".join(e.url for e in service.endpoints[:2])
        told = (service.version, urls, "no answer" if service.name in quiet else "")
        lines.append((service.name, " · ".join(p for p in told if p) or "available"))
    if any(s.name in HDFS_SERVICES and s.name not in quiet for s in made.cluster.services):
        line = status_line(made.cluster)
        lines += [("HDFS", line)] * bool(line)
    if opened:
        from emr_nb.notebook.commands.lasting import kept_line

        name = opened.info.name
        lines.append(("kept alive", kept_line(notebook, name, made.keeping.until(name))))
    running = notebook.journal.statements(cluster=made.cluster.info.id, open_only=True, limit=5)
    if running:
        words = ", ".join(f"{r.tag[:8]} {r.state}" for r in running)
        lines.append(("running", words))
    if len(notebook.attached) > 1:
        others = ", ".join(n for n in notebook.attached if n != made.name)
        lines.append(("also", others))
    return Facts(lines)


def overview(notebook: Notebook) -> Facts:
    """Answer `%emr` alone: what is attached, the session, three next commands."""
    if not notebook.attached:
        return Facts(
            [
                ("attached", "nothing yet"),
                ("next", "%emr clusters       list the clusters that you can attach"),
                ("", "%emr attach local   start and attach a local cluster"),
                ("", "%emr help           all commands"),
            ]
        )
    made = notebook.attachment()
    return Facts(
        [
            ("attached", ", ".join(f"{n}{' (current)' * (n == made.name)}"
                                   for n in notebook.attached)),
            ("session", _session_line(made)),
            ("next", "%%spark             run a cell on it; -l sql -o df brings a DataFrame"),
            ("", "%emr ls /           look at its files"),
            ("", "%emr status         who I am, what runs"),
        ]
    )  # fmt: skip


_AWS = (
    Option("profile", ("--profile",), "AWS profile", metavar="P"),
    Option("region", ("--region",), "AWS region", metavar="R"),
    Option("role", ("--role",), "Role to assume", metavar="ARN"),
)
COMMANDS = (
    Command(
        "attach",
        "Attach a running cluster; the last attached one is current.",
        attach,
        (
            Option(
                "target",
                help="cluster id, name, tag:K=V, local[:NAME], http://host:8998, or nothing",
                source="cluster",
            ),
            Option("name", ("--name",), "Call it so here", metavar="ALIAS"),
            Option("user", ("--user",), "Who I am on the cluster", metavar="NAME"),
            *_AWS,
            Option("fresh", ("--fresh",), "Do not join a session that is there", "flag"),
            Option("yarn", ("--yarn",), "A local cluster with a real YARN", "flag"),
            Option("spark", ("--spark",), "Start the Spark session now", "flag"),
        ),
        aliases=("connect",),
    ),
    Command(
        "detach",
        "Detach a cluster and end what this kernel began there.",
        detach,
        (Option("cluster", help="the current one by default", source="attached"),),
        aliases=("disconnect",),
    ),
    Command(
        "use",
        "Make another attached cluster the current one.",
        use,
        (Option("cluster", help="an attached cluster", required=True, source="attached"),),
    ),
    Command("status", "Say what is attached, who I am, and what runs.", status, (ON,)),
)
