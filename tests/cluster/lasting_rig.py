"""Real Jupyter kernels as a front end drives them, and a Livy server of a test's own."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from fault_rig import ROOT, wait_until
from jupyter_client.manager import KernelManager

from emr_nb.local import state as st
from emr_nb.local.daemon import DaemonSpec, start
from emr_nb.local.livy import Livy
from emr_nb.local.parts import Cache
from emr_nb.local.plan import Plan
from emr_nb.local.ports import choose_ports
from emr_nb.local.processes import signal_groups


class Kernel:
    """A kernel of one notebook, as a Jupyter server starts it."""

    def __init__(self, home: Path, notebook: str, folder: Path) -> None:
        env = {
            **os.environ,
            "EMR_NB_HOME": str(home),
            "JPY_SESSION_NAME": notebook,
            "PYTHONPATH": str(ROOT),
            "IPYTHONDIR": str(folder / "ipython"),
        }
        self.manager = KernelManager()
        self.manager.start_kernel(env=env, cwd=str(folder))
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=120)
        self.run("%load_ext emr_nb")

    def send(self, code: str, cell: str = "") -> str:
        """Execute a cell under its id, as JupyterLab does; returns the message's id."""
        content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False,
                   "user_expressions": {}, "stop_on_error": True}  # fmt: skip
        message = self.client.session.msg(
            "execute_request", content, metadata={"cellId": cell} if cell else {}
        )
        self.client.shell_channel.send(message)
        return str(message["header"]["msg_id"])

    def run(self, code: str, cell: str = "", *, fails: bool = False) -> str:
        """Run a cell to its end; returns its text: streams, displays and the error."""
        sent = self.send(code, cell)
        texts: list[str] = []
        failed = False
        while True:
            message = self.client.get_iopub_msg(timeout=240)
            if message["parent_header"].get("msg_id") != sent:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "status" and content["execution_state"] == "idle":
                break
            failed = failed or kind == "error"
            texts.append(_text(kind, content))
        text = "\n".join(texts)
        assert failed is fails, text
        return text

    def kill(self) -> None:
        """End it as `kill -9` does."""
        self.manager.signal_kernel(signal.SIGKILL)
        self.close()

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


def _text(kind: str, content: dict[str, Any]) -> str:
    if kind == "error":
        return "\n".join(content["traceback"])
    return str(content.get("text") or content.get("data", {}).get("text/plain", ""))


@dataclass
class OwnLivy:
    """The local cluster's Livy a second time, with other settings: it may be killed."""

    spec: DaemonSpec
    port: int
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self) -> None:
        self.processes.append(start(self.spec))
        wait_until(self.spec.ready, 120, "the second Livy does not start")

    def signal(self, number: int) -> None:
        """Signal the server alone: its drivers live on."""
        self.processes[-1].send_signal(number)
        if number == signal.SIGKILL:
            self.processes[-1].wait(20)

    def stop(self) -> None:
        groups = [process.pid for process in self.processes]
        signal_groups(groups, signal.SIGTERM)
        time.sleep(3)
        signal_groups(groups, signal.SIGKILL)
        for process in self.processes:
            process.wait(20)


@contextmanager
def own_livy(cluster: Any, folder: Path, **conf: str) -> Iterator[OwnLivy]:
    """Start a Livy of our own over the running cluster's HDFS and parts; `_` stands for `.`."""
    state = cluster.state
    folders = st.Folders.of(cluster.settings.data_home, state.name)
    ports = {**state.ports, **choose_ports(["livy"], state.ports.values())}
    cache = Cache(cluster.settings.cache_home)
    plan = Plan(state.name, state.user, folders, cache, ports, state.apps)
    (spec,) = Livy().daemons(plan)
    own = folder / "conf"
    shutil.copytree(folders.conf / "livy", own)
    changed = {"livy.server.port": str(ports["livy"])}
    changed |= {key.replace("_", "."): value for key, value in conf.items()}
    written = (own / "livy.conf").read_text().splitlines()
    kept = [line for line in written if line.partition(" ")[0] not in changed]
    lines = [*kept, *(f"{key} = {value}" for key, value in changed.items())]
    (own / "livy.conf").write_text("\n".join(lines) + "\n")
    there = str(folders.conf / "livy")
    spec = replace(
        spec,
        log=folder / "livy.log",
        command=tuple(part.replace(there, str(own)) for part in spec.command),
        environment={**spec.environment, "LIVY_CONF_DIR": str(own)},
    )
    made = OwnLivy(spec, ports["livy"])
    made.start()
    try:
        yield made
    finally:
        made.stop()
