"""Which machine a session's driver runs on, told as truly as it can be known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from emr_nb.errors import StoreLacksError
from emr_nb.model import Cluster, FilePath

_PRIMARY = "primary"  # a word in the place of a host


@dataclass(frozen=True, slots=True)
class Host:
    """The machine behind an answer; `primary` is None where nothing tells."""

    name: str
    user: str
    label: str  # of the session
    primary: bool | None
    why: str = ""  # it is not the primary node, or may not be

    @property
    def said(self) -> str:
        """The machine in words."""
        if self.primary:
            return f"{self.name}, the primary node"
        return f"{self.name}, {self.why}"

    def check(self, path: FilePath) -> None:
        """Raise StoreLacksError where a path insists on another machine."""
        wanted = path.authority
        if not wanted or (wanted == _PRIMARY and self.primary) or _same(wanted, self.name):
            return
        raise StoreLacksError(
            f"{self.label} runs on {self.said}, and sees no other machine's disk",
            where=str(path),
            advice="node:///… is the machine that it runs on.",
        )


def host_of(told: Mapping[str, Any], label: str, cluster: Cluster) -> Host:
    """Return the host of an answer: by its own word on EMR, else by the cluster's names.

    A driver in YARN's cluster mode is in a container on any node.
    """
    name, user = str(told["host"]), str(told["user"])
    primary = told.get("primary")
    if primary is None:
        names = [cluster.primary_dns, *(n.private_dns for n in cluster.primaries)]
        names += ["ip-" + n.private_ip.replace(".", "-") for n in cluster.primaries if n.private_ip]
        primary = True if any(_same(one, name) for one in names if one) else None
    if primary:
        return Host(name, user, label, True)
    if str(told.get("master", "")).startswith("local"):
        why = "where Spark runs beside Livy (master local)"
        return Host(name, user, label, primary, why)
    if told.get("mode") == "cluster":
        why = "not the primary node: its driver runs in a YARN container (cluster mode)"
        return Host(name, user, label, False, why)
    sure = "not the primary node" if primary is False else "which may not be the primary node"
    return Host(name, user, label, primary, f"{sure}: its driver runs where Livy does")


def _same(one: str, other: str) -> bool:
    """Tell whether two names are of one host; one of them may lack its domain."""
    first, second = one.lower().rstrip("."), other.lower().rstrip(".")
    if "." in first and "." in second:
        return first == second
    return first.partition(".")[0] == second.partition(".")[0]
