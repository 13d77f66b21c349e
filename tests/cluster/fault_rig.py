"""One Spark session for all fault tests, and ways to reach it through the fault proxy."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import pytest

from emr_nb.cluster import AttachedCluster
from emr_nb.context import ClusterContext
from emr_nb.engines.livy import LivyEngine
from emr_nb.engines.livy.session import LivySession
from emr_nb.journal import Journal
from emr_nb.local.provider import LocalProvider
from emr_nb.model import Cluster, Endpoint, Request, Service, SessionOptions
from emr_nb.results.plan import plan_transfer
from emr_nb.settings import Settings
from emr_nb.testing.engines import text_of
from emr_nb.testing.fault_proxy import FaultProxy
from emr_nb.transport.direct import DirectRoute

ROOT = Path(__file__).parents[2]
CHILD = Path(__file__).with_name("fault_child.py")
MARKS = "spark._jvm.java.lang.System"  # the driver's properties count what really ran
POST = r"/statements$"
LOOK = r"/statements/\d+$"


def submit(session: LivySession, code: str, language: str = "python", **more: Any) -> Any:
    request = Request(code, language, uuid.uuid4().hex, **more)
    return session.submit(request, plan_transfer(request))


def counting(key: str) -> str:
    """Return Python code that counts its own executions on the driver and prints the count."""
    return (
        f"n = int({MARKS}.getProperty('{key}', '0')) + 1\n"
        f"{MARKS}.setProperty('{key}', str(n))\nprint('ran', n)"
    )


@dataclass
class Rig:
    """The shared session; `engine` and `attached` make further ways to it."""

    cluster: Any
    journal: Path
    name: str
    session: LivySession

    @property
    def livy_port(self) -> int:
        return int(self.cluster.state.ports["livy"])

    @contextmanager
    def proxy(self) -> Iterator[FaultProxy]:
        with FaultProxy("127.0.0.1", self.livy_port) as proxy:
            yield proxy

    @contextmanager
    def engine(self, port: int | None = None, timeout: float = 60) -> Iterator[LivyEngine]:
        made = context(self.cluster, self.journal, port or self.livy_port, timeout)
        engine = LivyEngine(made)
        try:
            yield engine
        finally:
            engine.close()
            made.route.close()
            made.journal.close()

    @contextmanager
    def through(self, port: int, timeout: float = 60) -> Iterator[LivySession]:
        """Open the shared session by way of another port."""
        with self.engine(port, timeout) as engine:
            yield engine.open(SessionOptions(self.name, create=False))

    def ran(self, key: str) -> int:
        """Return how often the code of `counting(key)` ran."""
        return int(self.say(f"print({MARKS}.getProperty('{key}', '0'))"))

    def say(self, code: str, language: str = "python") -> str:
        """Run a cell on the shared session and return what it printed."""
        return text_of(list(submit(self.session, code, language).events())).strip()


def context(cluster: Any, journal: Path, livy: int, timeout: float) -> ClusterContext:
    webhdfs = Endpoint("webhdfs", "localhost", cluster.state.ports["namenode-http"])
    return ClusterContext(
        cluster=Cluster("local", "local", "WAITING", provider="local"),
        services=(
            Service("livy", (Endpoint("livy", "127.0.0.1", livy),)),
            Service("webhdfs", (webhdfs,)),
        ),
        route=DirectRoute(timeout=timeout),
        access=None,  # type: ignore[arg-type]  # the engine makes no AWS call
        journal=Journal(journal),
        settings=Settings(user="ada", request_timeout=timeout),
        user="ada",
    )


@pytest.fixture(scope="session")
def rig(local_cluster: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    journal = tmp_path_factory.mktemp("faults") / "journal.db"
    name = f"emr_nb/ada/faults/{os.getpid()}"
    engine = LivyEngine(context(local_cluster, journal, local_cluster.state.ports["livy"], 60))
    session = engine.open(SessionOptions(name, start_timeout=300))
    yield Rig(local_cluster, journal, name, session)
    session.close()
    engine.close()


def attached(home: Path, journal: Journal, livy: int, **more: Any) -> AttachedCluster:
    """Attach the running local cluster, its Livy reached by this port; `more` are settings."""
    settings = replace(Settings(), data_home=home, user="ada", **more)
    provider = LocalProvider(settings)
    info, services = provider.attach("local", lambda _: None)
    services = tuple(
        replace(s, endpoints=tuple(replace(e, port=livy) for e in s.endpoints))
        if s.name == "livy"
        else s
        for s in services
    )
    return AttachedCluster(info, services, provider, settings, journal, user="ada")


@dataclass
class Child:
    """A process of `fault_child.py`: takes cells as lines of JSON and answers each."""

    process: subprocess.Popen[str]
    last: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def start(cls, rig: Rig, mode: str, port: int, **more: Any) -> Self:
        given = {
            "mode": mode,
            "port": port,
            "home": str(rig.cluster.settings.data_home),
            "journal": str(rig.journal),
            "session": rig.name,
            **more,
        }
        process = subprocess.Popen(
            [sys.executable, str(CHILD), json.dumps(given)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        child = cls(process)
        assert child.answer() == {"ready": True}
        return child

    def send(self, **given: Any) -> None:
        assert self.process.stdin is not None
        print(json.dumps(given), file=self.process.stdin, flush=True)

    def answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"the child ended with {self.process.wait(10)}"
        self.last = json.loads(line)
        return self.last

    def run(self, cell: str) -> dict[str, Any]:
        self.send(cell=cell)
        return self.answer()

    def interrupt(self) -> tuple[dict[str, Any], float]:
        """Send a real SIGINT; return the answer and the seconds from the signal to it."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        answer = self.answer()
        return answer, answer["at"] - began

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(20)
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()


def wait_until(test: Any, seconds: float = 60.0, doing: str = "it did not happen") -> None:
    end = time.monotonic() + seconds
    while not test():
        assert time.monotonic() < end, doing
        time.sleep(0.02)
