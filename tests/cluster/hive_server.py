"""A further HiveServer2 beside the cluster's own, on the same metastore and HDFS."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hive_rig import HiveRig

from emr_nb.local import state as st
from emr_nb.local.daemon import DaemonSpec, start, wait_ready
from emr_nb.local.hive import Hive, launcher_jar, listens
from emr_nb.local.parts import Cache
from emr_nb.local.plan import Plan
from emr_nb.local.ports import choose_ports

CONTEXTS = "org/apache/hadoop/hive/ql/io/IOContextMap"
MAPPER = "org/apache/hadoop/hive/ql/exec/mr/ExecMapper"


@contextmanager
def another_server(hive: HiveRig, conf: dict[str, str], *, stock: str = "") -> Iterator[int]:
    """Run a server with further configuration; yield its port.

    `stock` is a class that it has of Hive's own in place of ours.
    """
    folders = st.Folders.of(hive.clusters.settings.data_home, hive.state.name)
    cache = Cache(hive.clusters.settings.cache_home)
    state = hive.state
    plan = Plan(state.name, state.user, folders, cache, state.ports, state.apps)
    port = choose_ports(["hive"])["hive"]
    scratch = Path(tempfile.mkdtemp(prefix="emr_nb-hive-"))
    launcher = launcher_jar(cache)
    spec = Hive().server(plan, _without(stock, launcher, scratch) if stock else launcher)
    settings = {
        "hive.server2.thrift.port": str(port),
        "hive.server2.thrift.http.port": str(port),
        "hive.exec.local.scratchdir": str(scratch / "scratch"),
        "hive.server2.logging.operation.log.location": str(scratch / "operations"),
        "hive.downloaded.resources.dir": str(scratch / "resources"),
        **conf,
    }
    options = [part for k, v in settings.items() for part in ("--hiveconf", f"{k}={v}")]
    spec = DaemonSpec(
        name="hiveserver2-2",
        app="hive",
        command=(*spec.command, *options),
        log=scratch / "hiveserver2.log",
        root=scratch,
        ready=lambda: listens(port),  # whatever it speaks
        environment=spec.environment,
    )
    process = start(spec)
    try:
        wait_ready(spec, process, threading.Event())
        yield port
    finally:
        process.kill()
        process.wait(20)
        shutil.rmtree(scratch, ignore_errors=True)


def _without(stock: str, launcher: Path, folder: Path) -> Path:
    import zipfile

    made = folder / launcher.name
    with zipfile.ZipFile(launcher) as source, zipfile.ZipFile(made, "w") as target:
        for name in source.namelist():
            if not name.startswith(stock):
                target.writestr(name, source.read(name))
    return made
