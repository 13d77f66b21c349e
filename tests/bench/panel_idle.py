"""What five open tabs cost while nobody does anything: calls of EMR, processor, memory.

The server's clock runs ten times as fast where EMR is spared (see panel_clock.py), so that a
minute stands for ten. EMR is moto's with some clusters, behind a proxy that counts every call.
The processor time is the server's own, undivided, the pages' requests in it.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

from emr_nb.testing.fault_proxy import FaultProxy
from tests.bench import panel_clock
from tests.bench.panel_rig import LONG, laboratory

SCALE = 10
TABS = 5
CLUSTERS = 8
_TICKS = os.sysconf("SC_CLK_TCK")


def measure(aws_port: int, minutes: float) -> dict[str, Any]:
    """Return calls, seconds of processor time and MiB of memory at every half minute."""
    with FaultProxy("127.0.0.1", aws_port) as proxy:
        environment = {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{proxy.port}", "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench",
        }  # fmt: skip
        before = {name: os.environ.get(name) for name in environment}
        os.environ.update(environment)
        try:
            ids = run_clusters()
            try:
                with laboratory(panel_clock.CONFIG.format(scale=SCALE)) as lab:
                    return idle(lab, proxy, minutes)
            finally:
                emr().terminate_job_flows(JobFlowIds=ids)
        finally:
            for name, value in before.items():
                os.environ.pop(name) if value is None else os.environ.update({name: value})


def emr() -> Any:
    """Return a client of what the environment names."""
    import boto3

    return boto3.client("emr")


def run_clusters() -> list[str]:
    """Run clusters that the panel lists and describes; returns their ids."""
    nodes = {
        "MasterInstanceType": "m5.xlarge", "SlaveInstanceType": "m5.xlarge", "InstanceCount": 3,
        "KeepJobFlowAliveWhenNoSteps": True,
    }  # fmt: skip
    return [
        emr().run_job_flow(
            Name=f"idle-{number}", ReleaseLabel="emr-7.10.0", Instances=nodes,
            Applications=[{"Name": "Spark"}], JobFlowRole="EMR_EC2_DefaultRole",
            ServiceRole="EMR_DefaultRole",
        )["JobFlowId"]
        for number in range(CLUSTERS)
    ]  # fmt: skip


def idle(lab: Any, proxy: FaultProxy, minutes: float) -> dict[str, Any]:
    pages = [lab.page, *(lab.page.context.new_page() for _ in range(TABS - 1))]
    for page in pages:
        page.goto(f"{lab.server.url}/lab?reset&token={lab.server.token}")
        page.wait_for_function("() => window.jupyterapp?.restored", timeout=LONG)
        page.evaluate("() => window.jupyterapp.commands.execute('emr-nb:show-clusters')")
        shown = page.locator(".emrnb-ClusterList .emrnb-Cluster").filter(has_text="idle-")
        shown.first.wait_for(timeout=LONG)
    time.sleep(30)  # what a start does is not idle
    process = lab.server._process.pid
    told: dict[str, Any] = {"minutes": minutes, "cpu": [], "memory": []}
    calls, seconds = proxy.count(".*"), spent(process)
    began = time.monotonic()
    while time.monotonic() < began + 60 * minutes:
        time.sleep(30)
        told["cpu"].append(spent(process) - seconds)
        told["memory"].append(memory(process))
        print(f"  idle: {told['memory'][-1]:.0f} MiB", file=sys.stderr, flush=True)
    told["seconds"] = time.monotonic() - began
    told["calls"] = proxy.count(".*") - calls
    return told


def spent(process: int) -> float:
    """Return the seconds of processor time that a process has used."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def memory(process: int) -> float:
    """Return the MiB that a process alone holds."""
    lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) / 1024
