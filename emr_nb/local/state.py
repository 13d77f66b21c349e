"""What is known of a local cluster, in one file that its keeper writes and others read."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from emr_nb.local.processes import alive

STARTING, READY, DEAD, STOPPED = "starting", "ready", "dead", "stopped"


@dataclass(frozen=True, slots=True)
class Folders:
    """Where a local cluster keeps its files; separate by name."""

    root: Path

    @classmethod
    def of(cls, data_home: Path, name: str) -> Folders:
        return cls((data_home / "local" / name).absolute())

    @property
    def state(self) -> Path:
        return self.root / "state.json"

    @property
    def request(self) -> Path:
        return self.root / "request.json"

    @property
    def lock(self) -> Path:
        return self.root.with_name(self.root.name + ".lock")

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def conf(self) -> Path:
        return self.root / "conf"

    @property
    def data(self) -> Path:
        return self.root / "data"

    def log(self, daemon: str) -> Path:
        return self.logs / f"{daemon}.log"


@dataclass(frozen=True, slots=True)
class Daemon:
    """One daemon as its keeper sees it; `ready_after` is in seconds from its start."""

    name: str
    app: str
    pid: int = 0
    started: float = 0.0  # clock ticks since boot, as journal.process_started tells
    state: str = STARTING
    ready_after: float | None = None
    exit: int | None = None

    @property
    def alive(self) -> bool:
        """Whether this very process is still there."""
        return self.pid > 0 and alive(self.pid, self.started)


@dataclass(frozen=True, slots=True)
class State:
    """One local cluster; `phase` is `starting`, `running`, `stopping` or `failed`.

    `ports` maps a use (`livy`, `namenode-http`, …) to its port on 127.0.0.1. `keeper` is the
    process that watches the daemons.
    """

    name: str
    user: str
    apps: tuple[str, ...]
    keeper: Daemon
    phase: str = "starting"
    ports: Mapping[str, int] = field(default_factory=dict)
    daemons: tuple[Daemon, ...] = ()
    settled: tuple[str, ...] = ()  # apps that are ready for use
    cluster_id: str = ""
    error: str = ""
    created: float = 0.0
    idle_limit: float = 0.0
    served: float = 0.0  # when the last request that the keeper knows of was written
    refused: float = 0.0  # of the last one whose applications did not start; `error` tells why

    @property
    def endpoint_url(self) -> str:
        """The AWS endpoint of the cluster; empty where it has none."""
        return f"http://127.0.0.1:{self.ports['aws']}" if "aws" in self.ports else ""

    @property
    def running(self) -> bool:
        """Whether the keeper is there to watch over it."""
        return self.keeper.alive

    def daemon(self, name: str) -> Daemon | None:
        return next((d for d in self.daemons if d.name == name), None)

    def dead(self) -> list[Daemon]:
        """Daemons that should be there and are not."""
        return [d for d in self.daemons if d.state == DEAD or (d.state == READY and not d.alive)]

    def with_daemon(self, daemon: Daemon) -> State:
        """Return the state with one daemon added or replaced."""
        others = tuple(d for d in self.daemons if d.name != daemon.name)
        return replace(self, daemons=(*others, daemon))


def write_json(path: Path, body: Mapping[str, Any]) -> None:
    """Write a file that a reader sees whole or not at all."""
    scratch = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    scratch.write_text(json.dumps(body, indent=1), encoding="utf-8")
    scratch.replace(path)


def read_json(path: Path) -> dict[str, Any] | None:
    """Read what `write_json` wrote; None where there is nothing."""
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return found


def save(folders: Folders, state: State) -> None:
    """Write a cluster's state."""
    write_json(folders.state, asdict(state))


def load(folders: Folders) -> State | None:
    """Read a cluster's state; None where no such cluster was started."""
    body = read_json(folders.state)
    if body is None:
        return None
    body["keeper"] = Daemon(**body["keeper"])
    body["daemons"] = tuple(Daemon(**d) for d in body["daemons"])
    body["apps"], body["settled"] = tuple(body["apps"]), tuple(body["settled"])
    return State(**body)
