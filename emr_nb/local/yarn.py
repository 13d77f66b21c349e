"""YARN: a real ResourceManager and NodeManager, run as user `yarn`."""

from __future__ import annotations

import os

from emr_nb.local.daemon import DaemonSpec
from emr_nb.local.http import answers
from emr_nb.local.plan import Plan
from emr_nb.local.processes import MARKER

USER = "yarn"
QUEUES = {"default": 70, "adhoc": 30}  # shares of the cluster in percent; each may take all

_MAIN = "org.apache.hadoop.yarn.server"
_MOST_MEMORY = 8192  # MB of containers
_LEAST_MEMORY = 3072  # one session with its executor
_STEP = 128


class Yarn:
    """The ResourceManager and the NodeManager of a local cluster."""

    app = "yarn"
    parts = ("java", "hdfs", "yarn")
    needs = ("hdfs",)
    ports = (
        *("rm-client", "rm-scheduler", "rm-tracker", "rm-admin", "rm-http"),
        *("nodemanager", "nodemanager-localizer", "nodemanager-http"),
    )

    def prepare(self, plan: Plan) -> None:
        """Make the folders; the configuration is there already, since Livy reads it too."""
        for name in ("local", "containers"):
            (plan.folders.data / "yarn" / name).mkdir(parents=True, exist_ok=True)

    def daemons(self, plan: Plan) -> tuple[DaemonSpec, ...]:
        url = f"http://localhost:{plan.ports['rm-http']}/ws/v1/cluster"

        def manager() -> bool:
            return answers(f"{url}/info") is not None

        def node() -> bool:
            metrics = (answers(f"{url}/metrics") or {}).get("clusterMetrics") or {}
            return int(metrics.get("activeNodes") or 0) > 0

        return (
            self._spec(plan, "resourcemanager", "resourcemanager.ResourceManager", manager),
            self._spec(plan, "nodemanager", "nodemanager.NodeManager", node),
        )

    def settle(self, plan: Plan) -> None:
        """Nothing to do: HDFS has the folders that sessions need."""

    def _spec(self, plan: Plan, name: str, main: str, ready: object) -> DaemonSpec:
        assert callable(ready)
        logs = f"-Dyarn.log.dir={plan.folders.logs}"
        flags = ("-Xmx256m", "-XX:TieredStopAtLevel=1", f"-Dproc_{name}", logs)
        jars = [*plan.cache.jars("hdfs"), *plan.cache.jars("yarn")]
        classpath = ":".join([str(plan.hadoop_conf), *map(str, jars)])
        return DaemonSpec(
            name=name,
            app=self.app,
            command=plan.java(f"{_MAIN}.{main}", classpath, *flags),
            log=plan.folders.log(name),
            root=plan.folders.root,
            ready=ready,
            environment=plan.environment(USER),
        )


def yarn_site(plan: Plan) -> dict[str, str]:
    """Return yarn-site.xml: our ports, one node, memory checked as on EMR."""
    ports, data = plan.ports, plan.folders.data / "yarn"
    manager, node = "yarn.resourcemanager", "yarn.nodemanager"
    return {
        f"{manager}.hostname": "localhost",
        f"{manager}.address": f"localhost:{ports['rm-client']}",
        f"{manager}.scheduler.address": f"localhost:{ports['rm-scheduler']}",
        f"{manager}.resource-tracker.address": f"localhost:{ports['rm-tracker']}",
        f"{manager}.admin.address": f"localhost:{ports['rm-admin']}",
        f"{manager}.webapp.address": f"localhost:{ports['rm-http']}",
        f"{manager}.scheduler.class": (
            "org.apache.hadoop.yarn.server.resourcemanager.scheduler.capacity.CapacityScheduler"
        ),
        # at the ResourceManager's own address it serves the proxy to drivers' pages itself
        "yarn.web-proxy.address": f"localhost:{ports['rm-http']}",
        f"{node}.hostname": "localhost",
        f"{node}.address": f"localhost:{ports['nodemanager']}",
        f"{node}.localizer.address": f"localhost:{ports['nodemanager-localizer']}",
        f"{node}.webapp.address": f"localhost:{ports['nodemanager-http']}",
        f"{node}.collector-service.address": "localhost:0",
        f"{node}.local-dirs": str(data / "local"),
        f"{node}.log-dirs": str(data / "containers"),
        f"{node}.resource.memory-mb": str(node_memory()),
        f"{node}.resource.cpu-vcores": "8",
        f"{node}.vmem-check-enabled": "false",
        # else the NodeManager leaves the check to cgroups, and there are none here
        f"{node}.resource.memory.enforced": "false",
        # a laptop's disk may be nearly full, by which the node would count as unhealthy
        f"{node}.disk-health-checker.enable": "false",
        f"{node}.env-whitelist": "JAVA_HOME,HADOOP_CONF_DIR,SPARK_LOCAL_IP,PATH,LANG,TZ",
        f"{node}.admin-env": f"{MARKER}={plan.folders.root}",  # by which `stop` finds containers
        f"{node}.sleep-delay-before-sigkill.ms": "2000",
        "yarn.scheduler.minimum-allocation-mb": str(_STEP),
        "yarn.scheduler.maximum-allocation-mb": str(node_memory()),
        "yarn.timeline-service.enabled": "false",
        "yarn.log-aggregation-enable": "false",
        "yarn.webapp.api-service.enable": "false",
    }


def capacity_scheduler() -> dict[str, str]:
    """Return capacity-scheduler.xml: the queues, of which each may take what others leave."""
    root = "yarn.scheduler.capacity.root"
    site = {
        f"{root}.queues": ",".join(QUEUES),
        "yarn.scheduler.capacity.maximum-am-resource-percent": "0.9",
        "yarn.scheduler.capacity.resource-calculator": (
            "org.apache.hadoop.yarn.util.resource.DominantResourceCalculator"
        ),
    }
    for queue, share in QUEUES.items():
        site[f"{root}.{queue}.capacity"] = str(share)
        site[f"{root}.{queue}.maximum-capacity"] = "100"
        site[f"{root}.{queue}.user-limit-factor"] = "10"
    return site


def node_memory() -> int:
    """Return the MB that containers may take together: half of this machine's, within limits."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    half = pages // 2 // 2**20
    return max(_LEAST_MEMORY, min(_MOST_MEMORY, half)) // _STEP * _STEP
