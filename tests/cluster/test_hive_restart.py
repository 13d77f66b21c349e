"""HiveServer2 is killed and started again: what was lost is named, what can be is told again."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest
from hive_rig import HiveRig, own_cluster, rows, run, submit

from emr_nb.errors import SessionLostError
from emr_nb.local import state as st
from emr_nb.model import SessionOptions

pytestmark = pytest.mark.full  # it kills what other tests would use, and so has its own

SLEEP = "select count(reflect('java.lang.Thread', 'sleep', bigint(60000))) from one"


def restart(hive: HiveRig) -> None:
    """Kill HiveServer2 and have the keeper start it again at the same port."""
    daemon = hive.clusters.state(hive.state.name).daemon("hiveserver2")
    assert daemon is not None
    os.kill(daemon.pid, signal.SIGKILL)
    end = time.monotonic() + 60
    while time.monotonic() < end:
        found = hive.clusters.state(hive.state.name).daemon("hiveserver2")
        if found is not None and found.state == st.DEAD:
            break
        time.sleep(0.1)
    hive.clusters.start(hive.state.name, ("hive",))


def test_a_killed_server_loses_the_session_and_says_so(tmp_path: Path) -> None:
    with own_cluster(tmp_path, "killed") as hive, hive.engine() as engine:
        name = f"emr_nb/tests/killed/{os.getpid()}"
        old = engine.open(SessionOptions(name))
        run(old, "set hive.exec.parallel.thread.number=6")
        run(old, "create temporary table one stored as textfile as select 1 as a")
        statement = submit(old, SLEEP)
        killer = threading.Thread(target=restart, args=(hive,))
        killer.start()
        try:
            with pytest.raises(SessionLostError, match="restarted") as caught:
                statement.result()
        finally:
            killer.join(150)
        assert "temporary table one" in caught.value.what
        assert "whether the statement had ended is not known" in caught.value.what
        with pytest.raises(SessionLostError):
            submit(old, "select 1")
        new = engine.open(SessionOptions(name))
        assert rows(new, "set hive.exec.parallel.thread.number")[0][0].endswith("=6")
        new.close()
