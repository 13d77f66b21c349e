"""The server over the real backend: the run's local cluster, its HDFS, S3, sessions and journal."""

from __future__ import annotations

import os
import time

import pytest
from server_rig import ServerRig

import emr_nb
from emr_nb.model import FilePath
from emr_nb.server.backend import RealBackend

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def rig(local_cluster, tmp_path_factory):
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID"):
        assert name not in os.environ, "the test must find no AWS but the local one"
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
    with ServerRig(tmp_path_factory.mktemp("real"), RealBackend(), {"real": True}) as made:
        yield made
    del os.environ["AWS_EC2_METADATA_DISABLED"]


@pytest.fixture(scope="module")
def cluster(rig, local_cluster) -> str:
    return f"/clusters/{local_cluster.state.cluster_id}"


def eventually(ask, test):
    until = time.monotonic() + 60
    while not test(found := ask()):
        assert time.monotonic() < until, found
        time.sleep(0.1)
    return found


def test_the_local_cluster_is_listed_and_described(rig, cluster, local_cluster):
    found = eventually(lambda: rig.get(cluster).json, lambda c: c.get("facts"))
    assert (found["local"], found["state"], found["provider"]) == (
        *(local_cluster.state.name, "WAITING", "local"),
    )  # fmt: skip
    assert found["facts"]["release"].startswith("emr-")
    assert {n["role"] for n in found["facts"]["nodes"]} >= {"MASTER"}
    local = next(c for c in rig.get("/local").json["clusters"] if c["id"] == found["id"])
    assert {"namenode", "livy"} <= {d["name"] for d in local["daemons"]}
    aws = next(p for p in rig.get("/clusters").json["providers"] if p["name"] == "aws")
    assert aws["failure"]["kind"] in ("AwsCredentialsError", "AwsError")


@pytest.mark.parametrize("store", ["hdfs", "s3"])
def test_files_of_a_real_store(rig, cluster, local_cluster, store):
    user = rig.state.settings.user
    base = {"hdfs": f"/user/{user}", "s3": f"s3://{local_cluster.bucket}"}[store]
    folder = f"{base}/server-{time.time_ns()}"
    with emr_nb.attach(local_cluster.target, settings=local_cluster.settings) as attached:
        attached.files.write(f"{folder}/seen.txt", b"one\ntwo\n")
    data = os.urandom(3_000_000)
    where = f"/emr-nb{cluster}/files/content?folder={folder}&name=up.bin"
    reply = rig.ask("PUT", where, content=data)
    assert (reply.status, reply.json["size"]) == (201, len(data)), reply.content
    listing = rig.post(f"{cluster}/listings", path=folder).json
    rows = eventually(
        lambda: rig.get(f"/listings/{listing['listing']}/rows").json, lambda r: r["done"]
    )
    assert sorted(row[0] for row in rows["rows"]) == ["seen.txt", "up.bin"]
    part = rig.ask("GET", f"/emr-nb{cluster}/files/content?path={folder}/up.bin",
                   headers={"Range": "bytes=1000000-1999999"})  # fmt: skip
    assert (part.status, part.content) == (206, data[1_000_000:2_000_000])
    text = rig.get(f"{cluster}/files/preview", path=f"{folder}/seen.txt").json["text"]
    assert text.splitlines() == ["one", "two"]
    plan = rig.post(f"{cluster}/plans", kind="rename", name="new.bin",
                    entries=[{"path": f"{folder}/up.bin"}]).json  # fmt: skip
    assert rig.wait(rig.post(f"/plans/{plan['plan']}").json["job"])["state"] == "done"
    names = [e["name"] for e in rig.get(f"{cluster}/files", path=folder).json["entries"]]
    assert sorted(names) == ["new.bin", "seen.txt"]


def test_an_upload_that_breaks_off_leaves_nothing_in_hdfs(rig, cluster, local_cluster):
    import socket

    from server_rig import TOKEN

    folder = f"/user/{rig.state.settings.user}/half-{time.time_ns()}"
    with emr_nb.attach(local_cluster.target, settings=local_cluster.settings) as attached:
        attached.files.mkdir(folder)
        raw = socket.create_connection(("127.0.0.1", rig.port))
        head = (
            f"PUT /emr-nb{cluster}/files/content?folder={folder}&name=half HTTP/1.1\r\n"
            f"Host: localhost\r\nAuthorization: token {TOKEN}\r\nContent-Length: 9000000\r\n\r\n"
        )
        raw.sendall(head.encode() + b"x" * 5_000_000)
        time.sleep(1)
        raw.close()
        eventually(lambda: rig.state.calls._inside, lambda inside: inside == 0)
        assert [e.name for e in attached.files.ls(folder)] == []
        assert FilePath.parse(folder).name.startswith("half-")


def test_a_session_and_its_running_statement_are_seen_and_stopped(rig, cluster, local_cluster):
    import threading

    with emr_nb.attach(local_cluster.target, settings=local_cluster.settings) as attached:
        session = attached.session()
        failures: list[BaseException] = []

        def run() -> None:
            try:
                attached.run("import time\nfor _ in range(600): time.sleep(0.1)", session=session)
            except BaseException as error:
                failures.append(error)

        page = rig.live("statements")
        thread = threading.Thread(target=run)
        thread.start()
        told = page.until("statements", lambda s: s["session"] == session.info.id
                          and s["state"] == "running")  # fmt: skip
        sessions = rig.get(f"{cluster}/sessions").json["sessions"]
        seen = next(s for s in sessions if s["id"] == session.info.id)
        assert seen["mine"]
        assert told["tag"] in seen["running"]
        # a busy machine may not have begun the code yet: what still runs is asked again
        cancel = f"/statements/{told['tag']}/cancel"
        outcome = eventually(
            lambda: rig.post(cancel).json["outcome"], lambda told: told != "still running"
        )
        assert outcome in ("stopped", "already ended")
        thread.join(60)
        assert failures
        page.until("statements", lambda s: s["tag"] == told["tag"] and s["state"] == "cancelled")
        page.close()
        stopped = rig.post(f"{cluster}/sessions/spark/{session.info.id}/stop")
        assert stopped.status == 200, stopped.content
    assert session.info.id not in [
        s["id"] for s in rig.get(f"{cluster}/sessions").json["sessions"] if s["state"] != "dead"
    ]
