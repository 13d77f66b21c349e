"""Daemons as tiny real processes: readiness, death, groups, marks; state and ports."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from emr_nb.errors import DaemonDiedError, DeadlineExceededError, LocalClusterError
from emr_nb.journal import process_started
from emr_nb.local import state as st
from emr_nb.local.commands import chosen_apps
from emr_nb.local.daemon import DaemonSpec, start, tail, wait_ready
from emr_nb.local.ports import choose_ports, is_free, keep_ports, kept_ports
from emr_nb.local.processes import alive, end_all, marked


def _spec(root, code, ready=lambda: False, seconds=20.0):
    return DaemonSpec(
        name="tiny",
        app="tiny",
        command=(sys.executable, "-u", "-c", code),
        log=root / "tiny.log",
        root=root,
        ready=ready,
        seconds=seconds,
    )


@pytest.fixture
def root(tmp_path):
    yield tmp_path
    end_all(tmp_path)


def test_a_dying_daemon_is_told_within_a_second_with_its_log(root):
    spec = _spec(root, "import time; time.sleep(.2); print('disk on fire'); raise SystemExit(7)")
    process = start(spec)
    process_end = time.monotonic() + 20
    with pytest.raises(DaemonDiedError, match=r"(?s)exit code 7.*disk on fire") as caught:
        wait_ready(spec, process, threading.Event())
    assert time.monotonic() < process_end  # its own deadline is 20 s away
    assert caught.value.where == str(spec.log)


def test_a_daemon_that_never_answers_meets_its_deadline(root):
    spec = _spec(root, "print('thinking'); import time; time.sleep(60)", seconds=0.5)
    with pytest.raises(DeadlineExceededError, match="did not answer within"):
        wait_ready(spec, start(spec), threading.Event())


def test_ready_and_stop(root):
    mark = root / "up"
    spec = _spec(root, f"open({str(mark)!r}, 'w'); import time; time.sleep(60)", mark.exists)
    seconds = wait_ready(spec, start(spec), threading.Event())
    assert seconds is not None
    stop = threading.Event()
    stop.set()
    assert wait_ready(spec, start(spec), stop) is None


def test_a_program_that_is_missing(root):
    spec = DaemonSpec("tiny", "tiny", ("/nowhere/java",), root / "l", root, lambda: True)
    with pytest.raises(DaemonDiedError, match="cannot be started"):
        start(spec)


def test_end_all_reaches_children_in_groups_of_their_own(root):
    child = "import time; time.sleep(60)"
    code = f"import os, subprocess, sys; subprocess.Popen([sys.executable, '-c', {child!r}], "
    code += "start_new_session=True); import time; time.sleep(60)"
    process = start(_spec(root, code))
    give_up = time.monotonic() + 20
    while len(marked(root)) < 2 and time.monotonic() < give_up:
        time.sleep(0.05)
    pids = marked(root)
    assert len(pids) == 2
    assert end_all(root) == []
    process.wait(5)
    assert marked(root) == []
    assert not any(alive(pid, process_started(pid)) for pid in pids)


def test_end_all_kills_what_does_not_listen(root, monkeypatch):
    monkeypatch.setattr("emr_nb.local.processes._TERM_SECONDS", 0.5)
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    mark = root / "up"
    spec = _spec(root, deaf + f"open({str(mark)!r}, 'w'); time.sleep(60)", mark.exists)
    process = start(spec)
    wait_ready(spec, process, threading.Event())
    assert end_all(root) == []
    assert process.wait(5) == -signal.SIGKILL


def test_end_all_waits_for_a_process_whose_environment_is_gone_already(root):
    """As a process does that is ending: its memory goes first, its ports and files later."""
    mark = root / "up"
    code = (
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: (time.sleep(0.5), sys.exit()))\n"
        f"open({str(mark)!r}, 'w')\n"
        "time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", code], env={}, start_new_session=True)
    began = process_started(process.pid)
    give_up = time.monotonic() + 20
    while not mark.exists() and time.monotonic() < give_up:
        time.sleep(0.02)
    try:
        assert end_all(root, [process.pid]) == []
        assert not alive(process.pid, began)
    finally:
        process.kill()
        process.wait(5)


def test_another_cluster_is_left_alone(root, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    mine, theirs = (start(_spec(r, "import time; time.sleep(60)")) for r in (root, other))
    try:
        assert end_all(root) == []
        mine.wait(5)
        assert theirs.poll() is None
    finally:
        end_all(other)
        theirs.wait(5)


def test_a_zombie_is_not_alive():
    process = subprocess.Popen([sys.executable, "-c", "pass"])
    started = process_started(process.pid)
    give_up = time.monotonic() + 20
    while alive(process.pid, started) and time.monotonic() < give_up:
        time.sleep(0.02)
    assert process_started(process.pid) == started  # still in the table, uncollected
    assert not alive(process.pid, started)
    process.wait()


def test_a_reused_pid_is_not_the_daemon():
    me = os.getpid()
    assert alive(me, process_started(me))
    assert not alive(me, process_started(me) + 1)


def test_tail_is_the_end(tmp_path):
    log = tmp_path / "l"
    log.write_text("".join(f"line {i}\n" for i in range(1000)))
    assert tail(log, 2) == "line 998\nline 999"
    assert "no log" in tail(tmp_path / "none")


def test_state_file_and_back(tmp_path):
    folders = st.Folders.of(tmp_path, "n")
    folders.root.mkdir(parents=True)
    assert st.load(folders) is None
    keeper = st.Daemon("keeper", "", os.getpid(), process_started(os.getpid()), st.READY)
    state = st.State("n", "me", ("hdfs",), keeper, ports={"aws": 5}, settled=("hdfs",))
    state = state.with_daemon(st.Daemon("livy", "spark", 1, 1.0, st.READY, 2.5))
    st.save(folders, state)
    assert st.load(folders) == state
    assert state.running
    assert state.endpoint_url == "http://127.0.0.1:5"
    assert [d.name for d in state.dead()] == ["livy"]  # no process has that start time
    assert [p.name for p in folders.root.iterdir()] == ["state.json"]


def test_ports_are_free_and_distinct():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert not is_free(taken.getsockname()[1])
    chosen = choose_ports([f"use{i}" for i in range(50)])
    assert len(set(chosen.values())) == 50
    assert not set(chosen.values()) & {8020, 8998, 9870, 9864, 5000}
    more = choose_ports(["x"], taken=set(range(21000, 28999)))
    assert more == {"x": 28999}
    with pytest.raises(LocalClusterError, match="No free port"):
        choose_ports(["x"], taken=range(21000, 29000))


def test_a_port_that_the_data_names_is_taken_again(tmp_path):
    data = tmp_path / "data"
    assert kept_ports(data, ["namenode-rpc"]) == {}
    (port,) = choose_ports(["namenode-rpc"]).values()
    keep_ports(data, {"namenode-rpc": port, "livy": 1})
    assert kept_ports(data, ["namenode-rpc", "livy"]) == {"namenode-rpc": port}
    assert kept_ports(data, ["livy"]) == {}


def test_a_kept_port_that_another_holds_is_told(tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        keep_ports(tmp_path, {"namenode-rpc": port})
        with pytest.raises(LocalClusterError, match=f"Port {port} is taken.*kept data"):
            kept_ports(tmp_path, ["namenode-rpc"])


def test_applications_with_a_plus_come_beside_what_runs():
    assert chosen_apps("hdfs,hive") == ("hdfs", "hive")
    assert chosen_apps("+hive") == ("hdfs", "spark", "aws", "hive")
    assert chosen_apps("+hive, +trino", ("hdfs", "aws")) == ("hdfs", "aws", "hive", "trino")
