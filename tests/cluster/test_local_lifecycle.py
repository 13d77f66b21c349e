"""The life of a local cluster, on the real daemons: start, join, death, logs, stop."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from dataclasses import replace
from pathlib import Path

import pytest

from emr_nb.errors import ClusterNotFoundError, DaemonDiedError
from emr_nb.journal import process_started
from emr_nb.local import state as st
from emr_nb.local.lifecycle import LocalClusters
from emr_nb.local.ports import is_free
from emr_nb.local.processes import alive, marked, rss
from emr_nb.local.provider import LocalProvider
from emr_nb.settings import Settings

_ROOT = Path(__file__).parents[2]
_DEAD_SECONDS = 5.0
_MEMORY = 2 << 30


@pytest.fixture
def home(tmp_path):
    """A home of its own; whatever a test leaves running is ended."""
    yield tmp_path
    clusters = LocalClusters(replace(Settings(), data_home=tmp_path))
    for state in clusters.all():
        clusters.stop(state.name)


def _clusters(home):
    clusters = LocalClusters(replace(Settings(), data_home=home))
    clusters.fetch(clusters.missing(("hdfs", "spark", "aws")), lambda *_: None)
    return clusters


def _cli(home, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "emr_nb.cli", "local", *arguments],
        cwd=_ROOT,
        env={**os.environ, "EMR_NB_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )


def _call(method, url, body=None):
    request = urllib.request.Request(url, method=method, data=body)
    with urllib.request.urlopen(request, timeout=30) as reply:
        return reply.read()


def _webhdfs(state, user, path, operation):
    return f"http://localhost:{state.ports['namenode-http']}/webhdfs/v1{path}?op={operation}&user.name={user}"


def _livy(state, method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{state.ports['livy']}{path}",
        method=method,
        data=data,
        headers={"Content-Type": "application/json", "X-Requested-By": "test"},
    )
    with urllib.request.urlopen(request, timeout=30) as reply:
        return json.load(reply)


def _wait(condition, seconds):
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up:
        if found := condition():
            return found
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} s")


@pytest.mark.full
def test_start_session_and_nothing_survives_stop(home):
    clusters = _clusters(home)
    state = clusters.start("one")
    root = clusters.folders("one").root
    session = _livy(state, "POST", "/sessions", {"kind": "pyspark"})["id"]
    _wait(lambda: _livy(state, "GET", f"/sessions/{session}")["state"] == "idle", 240)
    statement = _livy(
        state,
        "POST",
        f"/sessions/{session}/statements",
        {"code": "spark.range(1000).rdd.map(lambda row: row.id + 1).sum()"},
    )["id"]
    path = f"/sessions/{session}/statements/{statement}"
    done = _wait(lambda: (s := _livy(state, "GET", path))["state"] == "available" and s, 240)
    assert done["output"].get("data") == {"text/plain": "500500"}, done
    pids = marked(root)
    assert len(pids) >= 6  # four daemons, the driver, its Python
    assert rss(pids) < _MEMORY
    started = {pid: process_started(pid) for pid in pids}

    clusters.stop("one")

    assert marked(root) == []
    # an ended orphan may wait in the table for init to collect it; it runs no more
    assert not any(alive(pid, at) for pid, at in started.items())
    assert not state.keeper.alive
    assert all(is_free(port) for port in state.ports.values())
    assert not root.exists()


@pytest.mark.full
def test_drivers_end_after_the_livy_that_started_them(home):
    clusters = _clusters(home)
    state = clusters.start("eight")
    session = _livy(state, "POST", "/sessions", {"kind": "pyspark"})["id"]
    _wait(lambda: _livy(state, "GET", f"/sessions/{session}")["state"] == "idle", 240)
    daemons = {daemon.pid for daemon in state.daemons} | {state.keeper.pid}
    drivers = [pid for pid in marked(clusters.folders("eight").root) if pid not in daemons]
    assert len(drivers) >= 2  # the JVM and its Python
    started = {pid: process_started(pid) for pid in drivers}
    os.kill(state.daemon("livy").pid, signal.SIGKILL)
    _wait(lambda: not any(alive(pid, at) for pid, at in started.items()), 120)


@pytest.mark.full
def test_two_starts_at_once_join(home):
    clusters = _clusters(home)
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(clusters.start("two", ("hdfs", "aws"))))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    first, second = found
    assert first.keeper == second.keeper
    assert {d.pid for d in first.daemons} == {d.pid for d in second.daemons}
    assert len(marked(clusters.folders("two").root)) == 3


def test_a_killed_daemon_is_told_with_its_log_and_started_again(home):
    clusters = _clusters(home)
    state = clusters.start("three", ("hdfs", "aws"))
    os.kill(state.daemon("datanode").pid, signal.SIGKILL)
    killed = time.monotonic()
    _wait(lambda: clusters.state("three").dead(), _DEAD_SECONDS)
    told = _cli(home, "status", "--name", "three")
    assert time.monotonic() - killed < _DEAD_SECONDS + 3  # a Python's start comes on top
    assert told.returncode == 3
    assert "datanode died" in told.stdout
    assert "DataNode" in told.stdout.split("its last log lines:")[1]

    again = clusters.start("three", ("hdfs", "aws"))
    assert again.dead() == []
    assert again.daemon("datanode").pid != state.daemon("datanode").pid
    assert again.daemon("aws").pid == state.daemon("aws").pid
    assert _call("GET", _webhdfs(again, "me", "/", "LISTSTATUS"))


@pytest.mark.full
def test_a_daemon_that_dies_while_starting_ends_the_start(home, monkeypatch):
    broken = home / "livy"
    (broken / "jars").mkdir(parents=True)  # a Livy without a server
    monkeypatch.setenv("EMR_NB_LIVY_HOME", str(broken))
    clusters = _clusters(home)
    began = time.monotonic()
    with pytest.raises(DaemonDiedError, match=r"(?s)livy ended by itself.*LivyServer"):
        clusters.start("four")
    assert time.monotonic() - began < 60
    _wait(lambda: not clusters.state("four").keeper.alive, 30)
    assert marked(clusters.folders("four").root) == []


@pytest.mark.full
def test_keep_data_keeps_hdfs(home):
    clusters = _clusters(home)
    state = clusters.start("five", ("hdfs",))
    create = _webhdfs(state, "hdfs", "/kept", "CREATE") + "&noredirect=true"
    place = json.loads(_call("PUT", create))["Location"]
    _call("PUT", place, b"still here")
    clusters.stop("five", keep_data=True)
    with pytest.raises(ClusterNotFoundError):
        clusters.state("five")
    state = clusters.start("five", ("hdfs",))
    assert _call("GET", _webhdfs(state, "me", "/kept", "OPEN")) == b"still here"
    clusters.stop("five")
    assert not clusters.folders("five").root.exists()


def test_permissions_are_on_and_folders_have_their_owners(local_cluster):
    state, user = local_cluster.state, local_cluster.settings.user
    listed = json.loads(_call("GET", _webhdfs(state, user, "/user", "LISTSTATUS")))
    owners = {s["pathSuffix"]: s["owner"] for s in listed["FileStatuses"]["FileStatus"]}
    assert owners["livy"] == "livy"
    assert owners[user] == user
    with pytest.raises(urllib.error.HTTPError, match="403"):
        _call("PUT", _webhdfs(state, "somebody", "/user/livy/x", "MKDIRS"))
    acl = json.loads(_call("GET", _webhdfs(state, user, "/tmp", "GETACLSTATUS")))
    assert acl["AclStatus"]["stickyBit"] is True


def test_its_own_aws_apis_list_it(local_cluster):
    provider = LocalProvider(local_cluster.settings)
    try:
        named = [c for c in provider.clusters() if c.id == local_cluster.state.cluster_id]
        assert [c.name for c in named] == ["local"]
        cluster, services = provider.attach(local_cluster.target, lambda _: None)
    finally:
        provider.close()
    assert cluster.release.startswith("emr-7.")
    assert cluster.primary_dns == "localhost"
    ports = {s.name: s.endpoints[0].port for s in services if s.endpoints}
    assert ports["livy"] == local_cluster.state.ports["livy"]
    assert ports["webhdfs"] == local_cluster.state.ports["namenode-http"]


def test_commands(local_cluster):
    home = local_cluster.settings.data_home
    status = _cli(home, "status")
    assert status.returncode == 0, status.stderr
    assert local_cluster.livy in status.stdout
    assert "running" in _cli(home, "list").stdout
    assert "WebServer: Starting server on" in _cli(home, "logs", "livy").stdout
    unknown = _cli(home, "logs", "nosuch")
    assert unknown.returncode == 1
    assert "There are:" in unknown.stderr
    assert _cli(home, "status", "--name", "nosuch").returncode == 1
    assert "no application 'hvie'" in _cli(home, "start", "--apps", "hvie").stderr


def test_the_keeper_killed_leaves_nothing_that_stop_does_not_end(home):
    clusters = _clusters(home)
    state = clusters.start("six", ("aws",))
    os.kill(state.keeper.pid, signal.SIGKILL)
    _wait(lambda: not clusters.state("six").running, 10)
    assert state.daemon("aws").alive
    clusters.stop("six")
    assert not state.daemon("aws").alive


def test_idle_limit_ends_it(home):
    clusters = _clusters(home)
    clusters.start("seven", ("aws",), idle_limit=2.0)
    ended = _wait(lambda: (s := clusters.state("seven")).phase == "stopped" and s, 30)
    assert "no use" in ended.error
    assert [d.state for d in ended.daemons] == [st.STOPPED]
