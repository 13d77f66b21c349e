"""From what a user wrote to one ready cluster."""

from __future__ import annotations

import difflib
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from emr_nb.errors import (
    ClusterAmbiguousError,
    ClusterNotFoundError,
    ClusterStartingError,
    ClusterTerminatedError,
    UsageError,
)
from emr_nb.model import LIVE_STATES, READY_STATES, Cluster, ClusterSummary

CLUSTER_ID = re.compile(r"j-[A-Z0-9]{8,}\Z")
TAG_PREFIX = "tag:"
_SLICE = 0.5  # seconds between two chances to be interrupted
_TAGS_TRIED = 5


class Directory(Protocol):
    """What the search needs to know; `ClusterDirectory` is the one that asks EMR."""

    def summaries(
        self, *, live_only: bool = True, fresh: bool = False
    ) -> Sequence[ClusterSummary]: ...

    def summary(self, cluster_id: str, *, fresh: bool = False) -> ClusterSummary: ...

    def cluster(self, cluster_id: str, *, fresh: bool = False) -> Cluster: ...

    def tagged(self, key: str, value: str) -> frozenset[str] | None: ...


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a starting cluster is waited for, and how often it is looked at; seconds.

    Four looks a minute leave room in EMR's budget for everything else.
    """

    wait: float = 1800.0
    look: float = 15.0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


def resolve(
    target: str,
    directory: Directory,
    notify: Callable[[str], None],
    *,
    where: str = "",
    patience: Patience | None = None,
) -> Cluster:
    """Return the ready cluster that `target` means: an id, a name, `tag:K=V`, or the only one.

    A starting cluster is waited for. Raises ClusterNotFoundError, ClusterAmbiguousError,
    ClusterStartingError, ClusterTerminatedError, UsageError and AwsError's leaves.
    """
    chosen = _choose(target.strip(), directory, where)
    if chosen.state in READY_STATES:
        cluster = directory.cluster(chosen.id)
        if cluster.state in READY_STATES:
            return cluster
    chosen = directory.summary(chosen.id, fresh=True)  # a list may be older than the truth
    _wait_ready(chosen, directory, notify, where, patience or Patience())
    return directory.cluster(chosen.id, fresh=True)


def describe_line(entry: ClusterSummary) -> str:
    """Return one line on a cluster: id, name, state, age."""
    age = f", started {_ago(entry.created)}" if entry.created else ""
    return f"{entry.id}  {entry.name}  {entry.state}{age}"


def _choose(target: str, directory: Directory, where: str) -> ClusterSummary:
    if not target:
        return _only(directory, where)
    if target.startswith(TAG_PREFIX):
        return _by_tag(target, directory, where)
    if CLUSTER_ID.match(target):
        try:
            return directory.summary(target)
        except ClusterNotFoundError as error:
            return _by_name(target, directory, where, error)
    return _by_name(target, directory, where, None)


def _only(directory: Directory, where: str) -> ClusterSummary:
    live = _attachable(directory.summaries())
    if not live:
        raise ClusterNotFoundError(
            "No cluster is running",
            where=where,
            advice="`%emr attach local` starts a local one; check --region and --profile.",
        )
    return _one("Several clusters are running", live, where)


def _by_name(
    name: str, directory: Directory, where: str, cause: ClusterNotFoundError | None
) -> ClusterSummary:
    listed = directory.summaries()
    live = _attachable([c for c in listed if c.name == name])
    if live:
        return _one(f"Several live clusters are called {name}", live, where)
    ended = [c for c in directory.summaries(live_only=False) if c.name == name]
    if ended:
        return ended[0]  # the newest; the caller says when and why it ended
    known = {c.name for c in listed} | {c.id for c in listed}
    near = difflib.get_close_matches(name, sorted(known), n=3, cutoff=0.5)
    advice = f"Did you mean {', '.join(near)}?" if near else "`%emr clusters` lists them."
    if not listed:
        advice = "No cluster is live here; check --region and --profile."
    raise ClusterNotFoundError(
        f"No cluster has the id or name {name}", where=where, advice=advice
    ) from cause


def _by_tag(target: str, directory: Directory, where: str) -> ClusterSummary:
    key, equals, value = target.removeprefix(TAG_PREFIX).partition("=")
    if not key or not equals:
        raise UsageError(
            f"{target} names no tag", advice="Write tag:KEY=VALUE, such as tag:team=analytics."
        )
    listed = _attachable(directory.summaries())
    ids = directory.tagged(key, value)
    if ids is None:  # the search is not allowed: ask cluster by cluster, within the budget
        ids = frozenset(c.id for c in listed if directory.cluster(c.id).tags.get(key) == value)
    live = [c for c in listed if c.id in ids]
    if not live:
        raise ClusterNotFoundError(
            f"No live cluster has the tag {key}={value}",
            where=where,
            advice="Tags are case-sensitive; `%emr clusters` lists what is live.",
        )
    return _one(f"Several live clusters have the tag {key}={value}", live, where)


def _attachable(entries: Sequence[ClusterSummary]) -> list[ClusterSummary]:
    """Leave out clusters that are ending, unless there is nothing else."""
    staying = [c for c in entries if c.state != "TERMINATING"]
    return staying or list(entries)


def _one(what: str, found: Sequence[ClusterSummary], where: str) -> ClusterSummary:
    if len(found) == 1:
        return found[0]
    lines = "\n".join(f"    {describe_line(entry)}" for entry in found)
    raise ClusterAmbiguousError(
        what, where=where, advice=f"Name one by its id, as `%emr attach {found[0].id}`:\n{lines}"
    )


def _wait_ready(
    chosen: ClusterSummary,
    directory: Directory,
    notify: Callable[[str], None],
    where: str,
    patience: Patience,
) -> None:
    end = patience.clock() + patience.wait
    began = patience.clock()
    entry = chosen
    while entry.state not in READY_STATES:
        if entry.state not in LIVE_STATES or entry.state == "TERMINATING":
            raise _ended(entry, directory, where)
        if patience.clock() >= end:
            raise ClusterStartingError(
                f"{entry.name} ({entry.id}) is still {entry.state} after"
                f" {_minutes(patience.clock() - began)}",
                where=where,
                advice=f"Run `%emr attach {entry.id}` again; it goes on waiting.",
            )
        why = f": {entry.state_reason}" if entry.state_reason else ""
        notify(
            f"{entry.name} ({entry.id}) is {entry.state}{why};"
            f" waited {_minutes(patience.clock() - began)}"
        )
        _pause(min(patience.look, max(end - patience.clock(), 0.0)), patience)
        entry = directory.summary(entry.id, fresh=True)


def _pause(seconds: float, patience: Patience) -> None:
    until = patience.clock() + seconds
    while (left := until - patience.clock()) > 0:
        patience.sleep(min(left, _SLICE))


def _ended(entry: ClusterSummary, directory: Directory, where: str) -> ClusterTerminatedError:
    reason = f": {entry.state_reason}" if entry.state_reason else ""
    if entry.state == "TERMINATING":
        what = f"{entry.name} ({entry.id}) is ending now{reason}"
    else:
        when = f" {_ago(entry.ended)}" if entry.ended else ""
        failed = " with errors" if entry.state == "TERMINATED_WITH_ERRORS" else ""
        what = f"{entry.name} ({entry.id}) ended{failed}{when}{reason}"
    related = _relatives(entry, directory)
    if related:
        lines = "; ".join(describe_line(c) for c in related)
        advice = f"Live with the same name or tags: {lines}. `%emr attach {related[0].id}`"
    else:
        advice = "No live cluster shares its name or tags; `%emr clusters` lists what is live."
    return ClusterTerminatedError(
        f"{what}. Its HDFS is gone; what it wrote to S3 is there.", where=where, advice=advice
    )


def _relatives(entry: ClusterSummary, directory: Directory) -> list[ClusterSummary]:
    """Return the live clusters that share a name or a tag of the user's with an ended one."""
    live = [c for c in directory.summaries() if c.state != "TERMINATING" and c.id != entry.id]
    if not live:
        return []
    shared: set[str] = {c.id for c in live if c.name == entry.name}
    tags = directory.cluster(entry.id).tags.items()
    own = [(k, v) for k, v in tags if v and not k.startswith(("aws:", "emr-nb:"))]
    for key, value in own[:_TAGS_TRIED]:
        shared |= directory.tagged(key, value) or frozenset()
    return [c for c in live if c.id in shared]


def _ago(moment: datetime | None) -> str:
    if moment is None:
        return "at an unknown time"
    seconds = (datetime.now(UTC) - moment).total_seconds()
    stamp = moment.astimezone().strftime("%Y-%m-%d %H:%M")
    return f"{_minutes(max(seconds, 0.0))} ago ({stamp})"


def _minutes(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    if seconds < 172_800:
        return f"{seconds / 3600:.0f} h"
    return f"{seconds / 86_400:.0f} days"
