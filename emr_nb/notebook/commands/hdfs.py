"""df, snapshots: what HDFS tells of itself as a whole, and of a folder's past."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from emr_nb.errors import EmrError, UsageError
from emr_nb.files.abilities import Snapshots
from emr_nb.files.webhdfs_health import Healthy, StoreHealth
from emr_nb.model import Cluster, FileEntry, FilePath
from emr_nb.notebook.answers import Facts, Field, Records
from emr_nb.notebook.commands.base import ON, Command
from emr_nb.notebook.commands.file_lines import Paths
from emr_nb.notebook.look import count, moment, plural, size
from emr_nb.notebook.options import Option, Parsed

if TYPE_CHECKING:
    from emr_nb.notebook.sessions import Attached
    from emr_nb.notebook.state import Notebook

# EC2's families with disks of their own: named so (i4i, d3, h1), or by a d behind the number
_OWN_DISKS = re.compile(r"^(?:i\d|d\d|h\d|im\d|is\d|x1|[a-z]+\d+[a-z]*d[a-z]*)")
_CHANGE_FIELDS = (
    Field[tuple[str, str]]("change", lambda pair: pair[0]),
    Field[tuple[str, str]]("path", lambda pair: pair[1]),
)
_SNAPSHOT_FIELDS = (
    Field[FileEntry]("name", lambda e: e.name),
    Field[FileEntry]("taken", lambda e: e.modified, moment),
    Field[FileEntry]("path", lambda e: str(e.path)),
)


def df(notebook: Notebook, given: Parsed) -> Facts:
    """Say how full HDFS is, how its DataNodes and blocks do, and what it lies on."""
    made = notebook.attachment(given["on"] or "")
    store = made.cluster.filesystem(FilePath("hdfs", "", "/"))
    if not isinstance(store, Healthy):
        raise UsageError(
            "This file system does not tell how full it is",
            where=made.name,
            advice="%emr du PATH sums what lies below a path.",
        )
    return Facts([*health_lines(store.health()), ("lies on", lies_on(made.cluster.info))])


def status_line(cluster: Attached) -> str:
    """Return HDFS in one line for `%emr status`; empty where the cluster's store is another."""
    try:
        store = cluster.filesystem(FilePath("hdfs", "", "/"))
        return health_line(store.health()) if isinstance(store, Healthy) else ""
    except EmrError as error:
        return error.what


def health_line(told: StoreHealth) -> str:
    """Return a store's health in one line: how full it is, and what is wrong with it."""
    lines = dict(health_lines(told))
    words = [lines["capacity"].replace(" with replicas", "")]
    if told.live_nodes is not None:
        words.append(f"DataNodes: {lines['DataNodes']}")
        words += [f"blocks: {lines['blocks']}"] * lines["blocks"][0].isdigit()
        words += [f"safe mode: {told.safe_mode}"] * bool(told.safe_mode)
    return " · ".join(words)


def health_lines(told: StoreHealth) -> Iterator[tuple[str, str]]:
    """Yield a store's health as labelled lines; what could not be asked is said."""
    share = f" ({100 * told.used / told.capacity:.1f} %)" if told.capacity else ""
    whole, used, free = size(told.capacity), size(told.used), size(told.remaining)
    yield "capacity", f"{whole} with replicas, {used} used{share}, {free} free"
    if told.live_nodes is None:
        yield "DataNodes", "not known: the NameNode cannot be reached, and HttpFS does not tell"
        return
    dead = f", {told.dead_nodes} dead" if told.dead_nodes else ""
    yield "DataNodes", f"{told.live_nodes} live{dead}"
    yield "blocks", _blocks(told)
    if told.files is not None:
        yield "files and folders", count(told.files)
    yield "safe mode", told.safe_mode or "off"


def _blocks(told: StoreHealth) -> str:
    wrong = {
        "under-replicated": told.under_replicated,
        "missing": told.missing,
        "corrupt": told.corrupt,
    }
    words = [f"{count(number)} {what}" for what, number in wrong.items() if number]
    unknown = [what for what, number in wrong.items() if number is None]
    words += [f"{', '.join(unknown)} not known"] if unknown else []
    return ", ".join(words) or "each has its replicas"


def lies_on(cluster: Cluster) -> str:
    """Say what HDFS lies on, and that it ends with the cluster."""
    if cluster.provider == "local":
        return "this machine's disk; it ends with the local cluster (stop --keep-data keeps it)"
    groups = [g for g in cluster.groups if g.role == "CORE"] or [
        g for g in cluster.groups if g.role == "MASTER"
    ]
    types = sorted({kind for group in groups for kind in group.instance_types if kind})
    own = [kind for kind in types if _OWN_DISKS.match(kind)]
    where = "instance store" if types and len(own) == len(types) else "EBS volumes"
    if not types or 0 < len(own) < len(types):
        where = "instance store or EBS volumes"
    of = f" of {', '.join(types)}" if types else ""
    nodes = plural(sum(group.running for group in groups), "node") if groups else "core nodes"
    return (
        f"the {where}{of} ({nodes}): ephemeral, it ends with the cluster. Keep on s3:// what "
        "is to stay"
    )


def snapshots(notebook: Notebook, given: Parsed) -> Records[FileEntry] | Records[tuple[str, str]]:
    """List a folder's snapshots, or what changed between one and another (or now)."""
    paths = Paths(notebook, given)
    path = paths.target(given["path"])
    store = paths.files.store(path)
    if not isinstance(store, Snapshots):
        raise UsageError(f"{path.scheme}:// keeps no snapshots", where=str(path))
    if given["older"]:
        newer = given["newer"] or ""
        found = store.changes(path, given["older"], newer)
        until = newer or "now"
        notice = f"{plural(len(found), 'change')} from {given['older']} to {until}"
        return Records(found, _CHANGE_FIELDS, notice)
    taken = store.snapshots(path)
    notice = (
        "" if taken else "It has no snapshot; `hdfs dfsadmin -allowSnapshot` lets it have some."
    )
    return Records(taken, _SNAPSHOT_FIELDS, notice)


COMMANDS = (
    Command(
        "df",
        "Say how full HDFS is, and how its DataNodes and blocks do.",
        df,
        (
            Option("path", help="as hdfs dfs has it; all of HDFS is told", source="path"),
            Option("human", ("-h",), "As hdfs dfs has it; sizes always have units", "flag"),
            ON,
        ),
    ),
    Command(
        "snapshots",
        "List the snapshots of a folder, or what changed since one.",
        snapshots,
        (
            Option("path", help="a folder on HDFS", required=True, source="path"),
            Option("older", help="compare this snapshot", metavar="OLDER"),
            Option("newer", help="with this one (default: with now)", metavar="NEWER"),
            ON,
        ),
    ),
)
