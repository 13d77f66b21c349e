"""Real kernels in an environment that has sparkmagic 0.23 and this checkout of emr_nb."""

from __future__ import annotations

import json
import os
import re
import time
import tomllib
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty
from typing import Any

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import KernelManager

from tests.bench.rival_env import rival_python

ROOT = Path(__file__).parents[2]
PYTHON = "ipykernel_launcher"
PYSPARK = "sparkmagic.kernels.pysparkkernel.pysparkkernel"
SCALA = "sparkmagic.kernels.sparkkernel.sparkkernel"
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def environment(cache: Path) -> Path:
    """Return the Python of the environment: sparkmagic, and what emr_nb with `local` needs."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    ours = [*project["dependencies"], *project["optional-dependencies"]["local"]]
    return rival_python(cache, "neighbour", ours)


def linked(folder: Path) -> Path:
    """Make the metadata by which this checkout's entry points are found; returns its folder."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    info = folder / "emr_nb-0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: emr-nb\nVersion: 0\n")
    groups = project["entry-points"].items()
    texts = [f"[{g}]\n" + "".join(f"{k} = {v}\n" for k, v in e.items()) for g, e in groups]
    (info / "entry_points.txt").write_text("\n".join(texts))
    return folder


@dataclass
class Ran:
    """What a cell showed and whether it failed."""

    text: str = ""
    error: str = ""
    mimes: list[dict[str, Any]] = field(default_factory=list)


class Kernel:
    """One running kernel; `run` sends a cell as a front end does."""

    def __init__(self, manager: KernelManager, client: Any) -> None:
        self._manager = manager
        self._client = client

    def run(self, code: str, seconds: float = 240.0) -> Ran:
        request = self._client.execute(code)
        ran, until = Ran(), time.monotonic() + seconds
        while True:
            try:
                message = self._client.get_iopub_msg(timeout=max(0.1, until - time.monotonic()))
            except Empty:
                raise AssertionError(f"no end of {code!r} in {seconds} s: {ran}") from None
            if message["parent_header"].get("msg_id") != request:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "stream":
                ran.text += _COLOUR.sub("", content["text"])
            elif kind in ("execute_result", "display_data"):
                ran.mimes.append(content["data"])
                ran.text += content["data"].get("text/plain", "") + "\n"
            elif kind == "error":
                ran.error = _COLOUR.sub("", "\n".join(content["traceback"]))
            elif kind == "status" and content["execution_state"] == "idle":
                return ran

    def good(self, code: str) -> str:
        """Run a cell that has to succeed; returns its text."""
        ran = self.run(code)
        assert not ran.error, f"{code!r}: {ran.error}"
        return ran.text


@dataclass(frozen=True)
class Rig:
    """Starts kernels; all share one home, as a user's kernels do."""

    python: Path
    link: Path
    home: Path
    livy: str
    cluster_home: Path

    @property
    def config(self) -> Path:
        return self.home / ".sparkmagic" / "config.json"

    @contextmanager
    def kernel(self, module: str = PYTHON) -> Iterator[Kernel]:
        """Start a kernel of the environment, and end it cleanly."""
        argv = [str(self.python), "-m", module, "-f", "{connection_file}"]
        manager = KernelManager()
        manager._kernel_spec = KernelSpec(argv=argv, display_name=module, language="python")
        env = {
            **os.environ,
            "HOME": str(self.home),
            "IPYTHONDIR": str(self.home / ".ipython"),
            "PYTHONPATH": f"{ROOT}{os.pathsep}{self.link}",
            "EMR_NB_HOME": str(self.cluster_home),
        }
        for name in ("EMR_NB_CLUSTER", "SPARKMAGIC_CONF_DIR", "SPARKMAGIC_CONF_FILE"):
            env.pop(name, None)
        manager.start_kernel(env=env, cwd=str(self.home))
        client = manager.client()
        client.start_channels()
        try:
            client.wait_for_ready(timeout=90)
            yield Kernel(manager, client)
        finally:
            client.stop_channels()
            manager.shutdown_kernel()

    def sessions(self) -> dict[int, dict[str, Any]]:
        """Return what the cluster's own Livy has, by id, without what has a name.

        sparkmagic names none of its sessions, and other tests' come and go meanwhile.
        """
        with urllib.request.urlopen(f"{self.livy}/sessions?size=100", timeout=30) as reply:
            return {s["id"]: s for s in json.load(reply)["sessions"] if not s.get("name")}

    def end(self, sessions: set[int]) -> None:
        for number in sessions:
            url = f"{self.livy}/sessions/{number}"
            asked = urllib.request.Request(url, method="DELETE", headers={"X-Requested-By": "test"})
            with urllib.request.urlopen(asked, timeout=60):
                pass
