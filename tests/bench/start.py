"""The local cluster's own figures, and how often a client looks at a running statement."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import emr_nb
from emr_nb.model import SessionOptions
from emr_nb.settings import Settings
from emr_nb.testing.fault_proxy import FaultProxy


@contextmanager
def cluster(raw: dict[str, Any]) -> Iterator[str]:
    """Start a local cluster, measure it and its first session, yield Livy's URL, stop it."""
    command = [sys.executable, "-m", "emr_nb.cli", "local"]
    begun = time.perf_counter()
    subprocess.run([*command, "start"], check=True, stdout=sys.stderr, timeout=900)
    raw["start"] = {"ready": time.perf_counter() - begun}
    try:
        attached = emr_nb.attach("local")
        begun = time.perf_counter()
        session = attached.engine("spark").open(SessionOptions(name="emr_nb/bench/first"))
        raw["start"]["session"] = time.perf_counter() - begun
        attached.run("spark.range(10).count()", session=session)
        raw["start"]["rss"] = resident(Settings().data_home)
        session.close()
        livy = attached.context.service("livy").endpoints[0].url
        attached.close()
        yield livy
    finally:
        subprocess.run([*command, "stop"], check=True, stdout=sys.stderr, timeout=300)


def resident(home: Path) -> int:
    """Bytes that the cluster's processes hold, shared pages counted once (PSS)."""
    total = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if str(home) not in (process / "environ").read_text(errors="replace"):
                continue
            if process.name == str(Path("/proc/self").resolve().name):
                continue
            lines = (process / "smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
    return total


def before(livy: str) -> FaultProxy:
    """Return a proxy to stand before a Livy."""
    where = urlsplit(livy)
    assert where.hostname is not None
    assert where.port is not None
    return FaultProxy(where.hostname, where.port)


def looks(livy: str) -> int:
    """Count how often our client asks for a statement in its first 12 seconds."""
    with (
        before(livy) as proxy,
        emr_nb.attach(f"http://127.0.0.1:{proxy.port}") as attached,
    ):
        attached.run("1 + 1")
        earlier = sum("/statements/" in call.target for call in proxy.calls)
        attached.run("import time; time.sleep(12)")
        return sum("/statements/" in call.target for call in proxy.calls) - earlier
