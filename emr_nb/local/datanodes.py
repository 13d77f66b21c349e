"""Further DataNodes of a local cluster, so that a block can have more than one replica.

`datanode2` and `datanode3` are applications of their own: a keeper starts them beside what
runs, and a test can end one alone. Each is a JVM of some 200 MB.
"""

from __future__ import annotations

from emr_nb.errors import UsageError
from emr_nb.local.daemon import DaemonSpec
from emr_nb.local.hdfs import DATANODE_MAIN, daemon_spec, is_serving, state_of
from emr_nb.local.plan import Plan

MOST = 3  # an erasure-coded file of the least policy (XOR-2-1) needs three
FURTHER = tuple(f"datanode{number}" for number in range(2, MOST + 1))


class DataNode:
    """One DataNode beside the first, with its own data and ports."""

    parts = ("java", "hdfs")
    needs = ("hdfs",)

    def __init__(self, number: int) -> None:
        self.number = number
        self.app = f"datanode{number}"
        self.ports = (self.app, f"{self.app}-http", f"{self.app}-ipc")

    @property
    def after(self) -> tuple[str, ...]:
        """HDFS's own daemons: whether this one is alive is the NameNode's to say."""
        return ("hdfs",)

    def prepare(self, plan: Plan) -> None:
        """Nothing: what differs from the first one's configuration is on the command line."""

    def daemons(self, plan: Plan) -> tuple[DaemonSpec, ...]:
        ports, data = plan.ports, plan.folders.data / "hdfs"
        own = {
            "dfs.datanode.data.dir": (data / self.app).as_uri(),
            "dfs.datanode.address": f"localhost:{ports[self.app]}",
            "dfs.datanode.http.address": f"localhost:{ports[f'{self.app}-http']}",
            "dfs.datanode.ipc.address": f"localhost:{ports[f'{self.app}-ipc']}",
        }
        options = tuple(f"-D{name}={value}" for name, value in own.items())

        def ready() -> bool:
            return is_serving(plan, self.app, state_of(plan))

        return (daemon_spec(plan, self.app, self.app, DATANODE_MAIN, ready, options),)

    def settle(self, plan: Plan) -> None:
        """Nothing is to be laid out."""


def with_datanodes(apps: tuple[str, ...], count: int) -> tuple[str, ...]:
    """Return the applications with as many DataNodes; raises UsageError."""
    if not 1 <= count <= MOST:
        raise UsageError(
            f"A local cluster has 1 to {MOST} DataNodes, not {count}",
            advice="Each is a JVM of some 200 MB; two are enough to lose one.",
        )
    return (*apps, *FURTHER[: count - 1])
